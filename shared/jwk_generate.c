#include "jwk.h"

#include "jwk_curve.h"
#include "jws_alg.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define RSA_NEW_BITS 3072 /* NIST SP 800-57 part 1: good beyond 2030 */

static bool generate_oct(size_t bytes, struct jwk *key)
{
    key->oct = OPENSSL_malloc(bytes);
    key->oct_bytes = key->oct ? bytes : 0;
    return key->oct != NULL && RAND_priv_bytes(key->oct, (int)bytes) == 1;
}

static bool generate_value(const struct jws_alg *alg, struct jwk *key)
{
    /* EdDSA leaves a choice; Ed25519 is what others support. */
    const char *crv = alg->type == JWK_OKP ? "Ed25519" : alg->curve;
    const struct jwk_curve *curve = jwk_curve_find(alg->type, slice_of(crv));
    if (curve != NULL)
        memcpy(key->curve, curve->name, strlen(curve->name));
    if (alg->type == JWK_OCT)
        return generate_oct(alg->signature_bytes, key);
    if (alg->type == JWK_RSA)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_NEW_BITS);
    else if (curve != NULL && alg->type == JWK_EC)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->openssl);
    else if (curve != NULL)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, curve->openssl);
    return key->pkey != NULL;
}

enum err jwk_generate(const char *alg, struct jwk **out)
{
    const struct jws_alg *row = jws_alg_find(slice_of(alg));
    if (row == NULL)
        return ERR_JWT_ALG;
    struct jwk *key = calloc(1, sizeof *key);
    if (key == NULL)
        return ERR_MEMORY;
    key->type = row->type;
    key->use = JWK_USE_SIG;
    key->may_sign = key->may_verify = key->is_private = true;
    memcpy(key->alg, row->name, strlen(row->name));
    enum err e = generate_value(row, key) ? jwk_thumbprint(key, key->kid) : ERR_INTERNAL;
    ERR_clear_error();
    if (e == ERR_OK)
        *out = key;
    else
        jwk_free(key);
    return e;
}
