/* Access tokens that this site's token endpoint has issued: their keys and their whole check. */
#ifndef FHIR_AUTH_LOCAL_TOKEN_H
#define FHIR_AUTH_LOCAL_TOKEN_H

#include "config.h"
#include "jws.h"
#include "jwt.h"
#include "store.h"

struct local_keys; /* the published signing keys of the store; immutable, shared by counting */

/* All that have not expired and can be used; none is no error.  ERR_STORE, ERR_MEMORY. */
MUST_USE enum err local_keys_load(struct store *st, struct local_keys **out);
/* One more owner; each frees it.  For any thread. */
struct local_keys *local_keys_share(struct local_keys *keys);
void local_keys_free(struct local_keys *keys);

/* By the kid of a key that has not expired.  ERR_KEYS (none at all), ERR_JWT_KEY, as jws_verify. */
MUST_USE enum err local_keys_verify(const struct local_keys *keys, const struct jws *jws,
                                    int64_t now);

#define LOCAL_OPAQUE_TEXT 43 /* base64url characters of 256 random bits */

/* No dot: neither a JWS nor a JWE, but a name for what its issuer knows. */
bool local_opaque_is(struct slice token);

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

/*
 * An opaque token, by what the store holds of it: all but form, typ and signature.  *out is filled
 * as above.  ERR_TOKEN_INACTIVE when the store has none of that text.
 */
MUST_USE enum err local_opaque_check(struct store *st, const struct local_token_rules *rules,
                                     struct slice token, struct arena *a, struct jwt_claims *out);

/* What the store holds of it, as JSON text in the arena.  ERR_TOKEN_INACTIVE, ERR_STORE. */
MUST_USE enum err local_opaque_claims(struct store *st, struct slice token, struct arena *a,
                                      struct slice *claims);

/* The same of a token that has been taken apart: all but its form. */
MUST_USE enum err local_claims_check(const struct local_keys *keys, struct store *st,
                                     const struct local_token_rules *rules, const struct jws *jws,
                                     const struct jwt_claims *claims);

#endif
