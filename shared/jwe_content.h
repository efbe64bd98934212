/* Encrypting the content of a JWE (RFC 7518 section 5): the cryptography alone. */
#ifndef FHIR_AUTH_JWE_CONTENT_H
#define FHIR_AUTH_JWE_CONTENT_H

#include "jwe_alg.h"

#define JWE_MAX_IV    16 /* bytes */
#define JWE_MAX_TAG   32
#define JWE_MAX_BLOCK 16 /* what the ciphertext may be longer than the plaintext */

/*
 * cek: enc->cek_bytes.  out: room for ciphertext.n + JWE_MAX_BLOCK bytes; what may have been
 * written there on failure is wiped.  False for anything wrong, first of all the tag.
 */
MUST_USE bool jwe_content_decrypt(const struct jwe_enc *enc, const unsigned char *cek,
                                  struct slice aad, struct slice iv, struct slice ciphertext,
                                  struct slice tag, unsigned char *out, size_t *out_bytes);

/* iv and tag: of enc's lengths.  out: room for plaintext.n + JWE_MAX_BLOCK bytes. */
MUST_USE bool jwe_content_encrypt(const struct jwe_enc *enc, const unsigned char *cek,
                                  struct slice aad, const unsigned char *iv, struct slice plaintext,
                                  unsigned char *out, size_t *out_bytes,
                                  unsigned char tag[JWE_MAX_TAG]);

#endif
