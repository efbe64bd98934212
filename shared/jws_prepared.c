#include "jws_prepared.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

void jws_prepared_free(struct jws_prepared *p)
{
    EVP_PKEY_CTX_free(p->pkey);
    EVP_MD_free(p->digest_type);
    EVP_MD_CTX_free(p->digest);
    *p = (struct jws_prepared){0};
}

struct jws_prepared *jws_prepared_new(void)
{
    return calloc(1, sizeof(struct jws_prepared));
}

void jws_prepared_delete(struct jws_prepared *p)
{
    if (p != NULL)
        jws_prepared_free(p);
    free(p);
}

bool jws_set_padding(const struct jws_alg *alg, EVP_PKEY_CTX *ctx)
{
    if (alg->type != JWK_RSA)
        return true;
    if (!alg->pss)
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool make_ready(struct jws_prepared *p, const struct jws_alg *alg, const struct jwk *key,
                       int (*init)(EVP_PKEY_CTX *))
{
    if (p->alg == alg)
        return true;
    jws_prepared_free(p);
    p->pkey = EVP_PKEY_CTX_new(key->pkey, NULL);
    p->digest_type = EVP_MD_fetch(NULL, alg->digest, NULL);
    p->digest = EVP_MD_CTX_new();
    bool ready = p->pkey != NULL && p->digest_type != NULL && p->digest != NULL &&
                 init(p->pkey) == 1 &&
                 EVP_PKEY_CTX_set_signature_md(p->pkey, p->digest_type) == 1 &&
                 jws_set_padding(alg, p->pkey);
    if (ready)
        p->alg = alg;
    return ready;
}

static bool digest_of(struct jws_prepared *p, struct slice input,
                      unsigned char out[EVP_MAX_MD_SIZE], unsigned *out_bytes)
{
    return EVP_DigestInit_ex(p->digest, p->digest_type, NULL) == 1 &&
           EVP_DigestUpdate(p->digest, input.p, input.n) == 1 &&
           EVP_DigestFinal_ex(p->digest, out, out_bytes) == 1;
}

/* What failed once is not to be used again. */
static bool ended(struct jws_prepared *p, bool good)
{
    if (!good) {
        jws_prepared_free(p);
        ERR_clear_error();
    }
    return good;
}

bool jws_prepared_sign(struct jws_prepared *p, const struct jws_alg *alg, const struct jwk *key,
                       struct slice input, unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    size_t n = JWS_MAX_SIGNATURE;
    bool good = make_ready(p, alg, key, EVP_PKEY_sign_init) &&
                digest_of(p, input, digest, &digest_bytes) &&
                EVP_PKEY_sign(p->pkey, out, &n, digest, digest_bytes) == 1;
    if (good)
        *out_bytes = n;
    return ended(p, good);
}

bool jws_prepared_check(struct jws_prepared *p, const struct jws_alg *alg, const struct jwk *key,
                        struct slice input, const unsigned char *signature, size_t signature_bytes)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    bool good = make_ready(p, alg, key, EVP_PKEY_verify_init) &&
                digest_of(p, input, digest, &digest_bytes) &&
                EVP_PKEY_verify(p->pkey, signature, signature_bytes, digest, digest_bytes) == 1;
    return ended(p, good);
}
