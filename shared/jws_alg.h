/* The table of JWS algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1). */
#ifndef FHIR_AUTH_JWS_ALG_H
#define FHIR_AUTH_JWS_ALG_H

#include "jws.h"

#define JWS_MAX_SIGNATURE 1024 /* bytes: RSA with 8192 bits */

struct jws_alg {
    const char *name;
    enum jwk_type type;
    const char *curve;      /* the key's; NULL when the type leaves no choice or all are good */
    const char *digest;     /* OpenSSL's name; NULL where the signature scheme has its own */
    bool pss;               /* RSASSA-PSS; the salt as long as the digest, MGF1 with the same */
    size_t signature_bytes; /* 0: the key tells (EVP_PKEY_get_size) */
};

/* Does the key's type, curve, length and own alg admit this algorithm? */
bool jws_alg_fits(const struct jws_alg *alg, const struct jwk *key);

#endif
