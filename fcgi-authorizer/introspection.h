/*
 * Introspection of tokens at their issuer (RFC 7662).  One struct serves all threads of a process.
 *
 *  - Answers are kept in the store for all processes, never beyond the token's exp or
 *    introspection_cache; refusals for a few seconds only.  introspection_cache = 0 keeps none.
 *  - Of several threads that come with the same token one asks.
 *  - After failures in a row nobody asks for a while (store.h, breaker), then one process tries.
 *  - Not all threads of a process, nor all processes, are ever in it (gate.h).
 */
#ifndef FHIR_AUTH_INTROSPECTION_H
#define FHIR_AUTH_INTROSPECTION_H

#include "config.h"
#include "gate.h"
#include "store.h"
#include "token.h"

#define INTROSPECTION_REFUSED_S 10 /* so long at most counts that a token was refused */
#define INTROSPECTION_FAILED_S  2  /* so long nobody asks again about a token after a failure */

struct introspection;

/* All must outlive it; issuer->introspection is set.  NULL when memory is out. */
struct introspection *introspection_new(const struct config *conf,
                                        const struct config_issuer *issuer, struct gate *gate);
void introspection_free(struct introspection *in);

/*
 * Is the token, whatever it looks like, one of this issuer's that is good now?  May take
 * introspection_timeout.  Text of *out lies in the arena, its issuer in the configuration.  Errors:
 * ERR_TOKEN_INACTIVE, ERR_TOKEN_REVOKED, those of introspection_answer.h; ERR_INTROSPECTION (and
 * out->retry_after_s, when that is known), ERR_STORE, ERR_MEMORY.
 */
MUST_USE enum err introspection_check(struct introspection *in, struct store *st,
                                      struct slice token, int64_t now, struct arena *a,
                                      struct token *out);

#endif
