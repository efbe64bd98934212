/* Key agreement by ECDH-ES (RFC 7518 section 4.6; X25519: RFC 8037 section 3.2). */
#ifndef FHIR_AUTH_JWE_AGREE_H
#define FHIR_AUTH_JWE_AGREE_H

#include "jwe_alg.h"

#define JWE_MAX_AGREED 66 /* bytes of a shared secret: P-521 */

/* The shared secret Z, as long as a coordinate.  False for keys that do not match and for zero. */
MUST_USE bool jwe_agree_secret(EVP_PKEY *own, EVP_PKEY *peer, unsigned char z[JWE_MAX_AGREED],
                               size_t *z_bytes);

/*
 * The recipient's side: the key that the token's epk gives, enc->cek_bytes or alg->kek_bytes long.
 * False for an epk that is malformed, of another curve, off the curve or a private key.
 */
MUST_USE bool jwe_agree_recipient(const struct jwe *jwe, const struct jwk *key,
                                  unsigned char out[JWE_MAX_CEK]);

/* The sender's side, with a new ephemeral key, which is appended to the header as epk. */
MUST_USE bool jwe_agree_sender(const struct jwe_alg *alg, const struct jwe_enc *enc,
                               const struct jwk *key, struct buf *header,
                               unsigned char out[JWE_MAX_CEK]);

#endif
