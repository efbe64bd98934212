/* Access tokens that this site's token endpoint has issued: their keys and their whole check. */
#ifndef FHIR_AUTH_LOCAL_TOKEN_H
#define FHIR_AUTH_LOCAL_TOKEN_H

#include "config.h"
#include "jwt.h"
#include "store.h"

struct local_keys; /* the published signing keys of the store; immutable */

/* All that have not expired and can be used; none is no error.  ERR_STORE, ERR_MEMORY. */
MUST_USE enum err local_keys_load(struct store *st, struct local_keys **out);
void local_keys_free(struct local_keys *keys);

struct local_token_rules {
    const char *issuer;
    int64_t now;
    int64_t clock_skew;
};

/*
 * Form, typ at+jwt, issuer (before any cryptography), signature, times, the claims that RFC 9068
 * section 2.2 requires, revocation.  Text of *out lies in the arena; it is filled as soon as the
 * claims are readable, even when the result is an error (out->iss.p is NULL before that).
 * The audience is the caller's to check.
 * Errors: those of jws.h and jwt.h, ERR_JWT_ISSUER, ERR_JWT_TYP, ERR_JWT_KEY, ERR_TOKEN_REVOKED,
 * ERR_KEYS (no key at all), ERR_STORE.
 */
MUST_USE enum err local_token_check(const struct local_keys *keys, struct store *st,
                                    const struct local_token_rules *rules, struct slice token,
                                    struct arena *a, struct jwt_claims *out);

#endif
