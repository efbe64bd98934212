/*
 * DPoP proofs as this site takes them: with its nonces, and each only once over all processes (RFC
 * 9449 sections 8 and 11.1).
 */
#ifndef FHIR_AUTH_DPOP_SITE_H
#define FHIR_AUTH_DPOP_SITE_H

#include "config.h"
#include "dpop.h"
#include "store.h"

/*
 * dpop_check with the window and the nonces of the configuration, which it fills into *rules.
 * *nonce: one for the header DPoP-Nonce, in the arena; SLICE_NONE when none are demanded.  Whether
 * the proof was used before is left open.  Errors as dpop_check; ERR_STORE.
 */
MUST_USE enum err dpop_site_check(const struct config *conf, struct store *st, struct slice proof,
                                  struct dpop_rules *rules, struct arena *a, struct dpop_proof *out,
                                  struct slice *nonce);

/* Use it.  ERR_DPOP_REPLAY when it was used before; ERR_STORE. */
MUST_USE enum err dpop_site_spend(struct store *st, const struct dpop_proof *p, int64_t now);

/* Only look: ERR_DPOP_REPLAY when it was used; ERR_STORE. */
MUST_USE enum err dpop_site_spent(struct store *st, const struct dpop_proof *p, int64_t now);

#endif
