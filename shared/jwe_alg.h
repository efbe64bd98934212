/* The tables of JWE algorithms (RFC 7518 sections 4.1 and 5.1, RFC 8037 section 3.2). */
#ifndef FHIR_AUTH_JWE_ALG_H
#define FHIR_AUTH_JWE_ALG_H

#include "jwe.h"

#define JWE_MAX_CEK   64 /* bytes: A256CBC-HS512 */
#define JWE_GCM_IV    12 /* bytes, RFC 7518 section 5.3 */
#define JWE_GCM_TAG   16
#define JWE_WRAP_MORE 8 /* bytes that AES key wrapping adds, RFC 3394 section 2.2 */

/* How the content encryption key comes to the recipient. */
enum jwe_way { JWE_DIRECT, JWE_WRAP, JWE_GCM_WRAP, JWE_RSA, JWE_AGREE, JWE_AGREE_WRAP };

struct jwe_alg {
    const char *name;
    enum jwe_way way;
    size_t kek_bytes;   /* of the key that wraps; 0 when none does */
    const char *cipher; /* OpenSSL's name of what wraps */
    const char *digest; /* of OAEP */
};

struct jwe_enc {
    const char *name;
    size_t cek_bytes;
    size_t iv_bytes;
    size_t tag_bytes;
    const char *cipher; /* OpenSSL's name */
    const char *digest; /* of the HMAC; NULL: the cipher authenticates */
};

/* Exact, case-sensitive name; NULL for an unknown one. */
const struct jwe_alg *jwe_alg_find(struct slice name);
const struct jwe_enc *jwe_enc_find(struct slice name);
/* All names in the tables' order; NULL past the end. */
const char *jwe_alg_at(size_t i);
const char *jwe_enc_at(size_t i);

/* Do the key's type, curve, length and own alg admit these algorithms? */
bool jwe_alg_fits(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key);
/* RSA-OAEP, with SHA-1. */
bool jwe_alg_is_legacy(const struct jwe_alg *alg);

#endif
