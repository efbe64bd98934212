/* The store as one thread of the endpoint reaches it, with what it knows of it already. */
#ifndef FHIR_AUTH_REGISTRY_H
#define FHIR_AUTH_REGISTRY_H

#include "known_clients.h"
#include "store_group.h"

/* A jti to be used up; issuer SLICE_NONE: none is.  Times in seconds since 1970. */
struct jti_use {
    struct slice issuer, jti;
    int64_t expires_at, now;
};

struct registry {
    struct store *store;
    struct store_group *group;   /* of the process; NULL: what is written is written by store */
    struct known_clients *known; /* at the store's epoch of now; NULL: nothing is known */
    struct jti_use *later;       /* NULL: a jti is noted at once */
};

/* ---- what a token costs in writes, each in one transaction of the group ---- */

/*
 * As store_jti_once.  With r->later it is only looked for, as store_jti_seen, and put there: what
 * is issued notes it in its own transaction, and else registry_jti_note must.
 */
MUST_USE enum err registry_jti_once(const struct registry *r, const struct jti_use *use);

/* At once what was left for later, if anything was.  As store_jti_once. */
MUST_USE enum err registry_jti_note(const struct registry *r);

/* As store_opaque_add, and notes what was left for later: ERR_JWT_REPLAY if it was used since. */
MUST_USE enum err registry_opaque_add(const struct registry *r, const struct secret *digest,
                                      struct slice claims, int64_t expires_at);

/* As dpop_site_spend. */
struct dpop_proof;
MUST_USE enum err registry_dpop_spend(const struct registry *r, const struct dpop_proof *proof,
                                      int64_t now);

#endif
