/*
 * Compact JWS (RFC 7515 section 7.1) with the algorithms of RFC 7518 section 3 and RFC 8037.
 * The verifier is chosen by the key, never by the token: the header's alg must be one that fits the
 * key's type, curve and alg, and one that the caller allows (RFC 8725 section 3.1).
 */
#ifndef FHIR_AUTH_JWS_H
#define FHIR_AUTH_JWS_H

#include "arena.h"
#include "jwk.h"

#define JWS_MAX_BYTES 16384 /* of the compact form */

struct jws_alg; /* a row of the algorithm table */

/* Exact, case-sensitive name; NULL for an unknown one, "none" included. */
const struct jws_alg *jws_alg_find(struct slice name);
const char *jws_alg_name(const struct jws_alg *alg);
/* A MAC (HS256, …) rather than a signature. */
bool jws_alg_is_mac(const struct jws_alg *alg);
/* All names in the table's order; NULL past the end. */
const char *jws_alg_at(size_t i);

struct jws {
    struct slice signing_input; /* header "." payload, as sent */
    struct slice payload;       /* decoded */
    struct slice signature;     /* decoded */
    const struct jws_alg *alg;
    struct slice kid;    /* SLICE_NONE when absent */
    struct slice typ;    /* likewise */
    struct slice jku;    /* likewise; never followed */
    struct slice header; /* decoded JSON text */
};

/*
 * Take the compact form apart, without cryptography.  Everything in *out borrows from compact or
 * from the arena.  ERR_JWT_FORM (not three parts, a header that is no object, a member of the wrong
 * type, kid over JWK_MAX_KID), ERR_BASE64, ERR_JSON, ERR_JWT_ALG, ERR_JWT_CRIT (any crit, any b64),
 * ERR_TOO_LARGE.
 */
MUST_USE enum err jws_parse(struct slice compact, struct arena *a, struct jws *out);

/* ERR_JWT_ALG when the header's alg does not fit the key, ERR_JWK_USE, ERR_JWT_SIGNATURE. */
MUST_USE enum err jws_verify(const struct jws *jws, const struct jwk *key);

/*
 * The key of a set for this token: by kid when the token has one (exactly one key must bear it);
 * without a kid, the set's only key.  ERR_JWT_KEY.
 */
MUST_USE enum err jws_find_key(const struct jws *jws, const struct jwk_set *set,
                               const struct jwk **out);

/*
 * Sign: header {"typ":typ,"alg":alg,"kid":kid of the key}, the payload as it is.  Appends the
 * compact form to out.  ERR_JWT_ALG, ERR_JWK_USE, ERR_TOO_LARGE, ERR_INTERNAL.
 */
MUST_USE enum err jws_sign(const struct jws_alg *alg, const struct jwk *key, const char *typ,
                           struct slice payload, struct arena *scratch, struct buf *out);
/* The same with a key that is used often; p is that key's, for signing. */
MUST_USE enum err jws_sign_prepared(const struct jws_alg *alg, const struct jwk *key,
                                    struct jws_prepared *p, const char *typ, struct slice payload,
                                    struct arena *scratch, struct buf *out);

#endif
