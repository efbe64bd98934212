/* Access tokens of this issuer: RFC 9068 JWTs, or opaque ones with the claims of such. */
#ifndef FHIR_AUTH_ACCESS_TOKEN_H
#define FHIR_AUTH_ACCESS_TOKEN_H

#include "config.h"
#include "jws_prepared.h"
#include "store.h"

#define ACCESS_TOKEN_JTI 22 /* base64url characters of 128 random bits */

struct access_token {
    struct slice text;              /* in the arena */
    char jti[ACCESS_TOKEN_JTI + 1]; /* for the log */
    int64_t expires_in;             /* seconds */
    int64_t expires_at;             /* seconds since 1970 */
    struct slice claims;            /* JSON, in the arena */
};

/*
 * A token for the client: signed with the key and its own algorithm; with format = opaque random,
 * and key is NULL: it is good for nothing until its claims are in the store.  prepared: the key's
 * (jws_prepared.h), or NULL.  audience: a JSON
 * value; cnf: likewise, whom the token is bound to (RFC 7800), or SLICE_NONE.  ERR_TOO_LARGE,
 * ERR_INTERNAL, and the errors of jws_sign.
 */
MUST_USE enum err access_token_make(const struct config *conf, const struct jwk *key,
                                    struct jws_prepared *prepared, const struct client *client,
                                    struct slice scope, struct slice audience, struct slice cnf,
                                    int64_t now, struct arena *a, struct access_token *out);

/* {"jkt":…,"x5t#S256":…}: whom a token is bound to; one of the two may be empty. */
void confirmation_write(struct slice jkt, struct slice x5t, struct buf *out);

#endif
