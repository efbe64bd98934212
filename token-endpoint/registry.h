/* The store as one thread of the endpoint reaches it, with what it knows of it already. */
#ifndef FHIR_AUTH_REGISTRY_H
#define FHIR_AUTH_REGISTRY_H

#include "known_clients.h"
#include "store_group.h"

struct registry {
    struct store *store;
    struct store_group *group;   /* of the process; NULL: what is written is written by store */
    struct known_clients *known; /* at the store's epoch of now; NULL: nothing is known */
};

/* ---- what a token may cost in writes: each in a transaction of the group when there is one ----
 */

/* As store_jti_once. */
MUST_USE enum err registry_jti_once(const struct registry *r, struct slice issuer, struct slice jti,
                                    int64_t expires_at, int64_t now);

/* As store_opaque_add. */
MUST_USE enum err registry_opaque_add(const struct registry *r, const struct secret *digest,
                                      struct slice claims, int64_t expires_at);

/* As dpop_site_spend. */
struct dpop_proof;
MUST_USE enum err registry_dpop_spend(const struct registry *r, const struct dpop_proof *proof,
                                      int64_t now);

#endif
