/* The content encryption key (CEK) on its way to the recipient (RFC 7518 section 4). */
#ifndef FHIR_AUTH_JWE_KEY_H
#define FHIR_AUTH_JWE_KEY_H

#include "jwe_alg.h"
#include "jwk_curve.h"

/*
 * The CEK of a token, jwe->enc->cek_bytes.  alg and enc fit the key.  False, and cek undefined,
 * when it cannot be had; the caller lets nobody see the difference.
 */
MUST_USE bool jwe_key_unwrap(const struct jwe *jwe, const struct jwk *key,
                             unsigned char cek[JWE_MAX_CEK]);

struct jwe_wrapped {
    unsigned char cek[JWE_MAX_CEK];
    unsigned char key[JWK_MAX_PART_BYTES]; /* the JWE Encrypted Key */
    size_t key_bytes;
};

/*
 * A new CEK, or with "dir" and ECDH-ES the one that the key gives, and it wrapped.  Appends the
 * header members that the recipient needs (,"epk":{…} and the like).  The caller wipes *out.
 */
MUST_USE bool jwe_key_wrap(const struct jwe_alg *alg, const struct jwe_enc *enc,
                           const struct jwk *key, struct buf *header, struct jwe_wrapped *out);

#endif
