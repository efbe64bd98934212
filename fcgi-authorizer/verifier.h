/*
 * From the text of a token to verified facts: the cache, then what other processes have verified
 * (sharing.h), then the keys and revocations of the store.
 *
 * One verifier serves all threads of a process.  Whenever the store has changed (a client disabled,
 * a key retired, a token revoked), which its signal tells at no cost, one of them looks; everything
 * that was cached before is then verified anew.  Without a signal that look comes once a second.
 * While the store is out of reach nothing is let through.
 */
#ifndef FHIR_AUTH_VERIFIER_H
#define FHIR_AUTH_VERIFIER_H

#include "config.h"
#include "store.h"
#include "token.h"

struct verifier;

/* conf must outlive it.  NULL when memory is out. */
struct verifier *verifier_new(const struct config *conf);
void verifier_free(struct verifier *v);

/*
 * Verify an access token of a trusted issuer (RFC 9068 section 4; issuers.h).  *store:
 * the calling thread's own connection; NULL until the first call opens it; the caller closes it in
 * the end. now: seconds since 1970.  Text of *out lies in the arena. Errors: those of jws.h and
 * jwt.h; ERR_JWT_ISSUER, ERR_JWT_TYP, ERR_JWT_KEY, ERR_TOKEN_REVOKED, ERR_TOKEN_INACTIVE;
 * ERR_STORE, ERR_KEYS (no usable key is known), ERR_INTROSPECTION.  out->retry_after_s is set in
 * any case.
 */
MUST_USE enum err verifier_check(struct verifier *v, struct store **store, struct slice token,
                                 int64_t now, struct arena *a, struct token *out);

/* The calling thread's own connection, open.  ERR_STORE. */
MUST_USE enum err verifier_store(struct verifier *v, struct store **store);

#endif
