#include "jwk.h"

#include "jwe_alg.h"
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

/* What a key for an algorithm is made of. */
struct plan {
    enum jwk_type type;
    enum jwk_use use;
    const char *curve;
    size_t oct_bytes;
};

static bool plan_of_jws(const char *alg, struct plan *out)
{
    const struct jws_alg *row = jws_alg_find(slice_of(alg));
    if (row == NULL)
        return false;
    /* EdDSA leaves a choice; Ed25519 is what others support. */
    const char *curve = row->type == JWK_OKP ? "Ed25519" : row->curve;
    *out = (struct plan){row->type, JWK_USE_SIG, curve, row->signature_bytes};
    return true;
}

static bool plan_of_jwe(const char *alg, struct plan *out)
{
    const struct jwe_alg *row = jwe_alg_find(slice_of(alg));
    const struct jwe_enc *content = jwe_enc_find(slice_of(alg));
    struct plan plan = {.type = JWK_OCT, .use = JWK_USE_ENC};
    if (content != NULL) {
        plan.oct_bytes = content->cek_bytes;
    } else if (row == NULL || row->way == JWE_DIRECT) {
        return false;
    } else if (row->way == JWE_RSA) {
        plan.type = JWK_RSA;
    } else if (row->way == JWE_AGREE || row->way == JWE_AGREE_WRAP) {
        plan.type = JWK_EC;
        plan.curve = "P-256";
    } else {
        plan.oct_bytes = row->kek_bytes;
    }
    *out = plan;
    return true;
}

static bool generate_value(const struct plan *plan, struct jwk *key)
{
    const struct jwk_curve *curve = jwk_curve_find(plan->type, slice_of(plan->curve));
    if (curve != NULL)
        memcpy(key->curve, curve->name, strlen(curve->name));
    if (plan->type == JWK_OCT)
        return generate_oct(plan->oct_bytes, key);
    if (plan->type == JWK_RSA)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_NEW_BITS);
    else if (curve != NULL && plan->type == JWK_EC)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->openssl);
    else if (curve != NULL)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, curve->openssl);
    return key->pkey != NULL;
}

enum err jwk_generate(const char *alg, struct jwk **out)
{
    struct plan plan;
    if (!plan_of_jws(alg, &plan) && !plan_of_jwe(alg, &plan))
        return ERR_JWT_ALG;
    struct jwk *key = calloc(1, sizeof *key);
    if (key == NULL)
        return ERR_MEMORY;
    key->type = plan.type;
    key->use = plan.use;
    key->is_private = true;
    key->may_sign = key->may_verify = plan.use == JWK_USE_SIG;
    key->may_encrypt = key->may_decrypt = plan.use == JWK_USE_ENC;
    struct buf label = BUF(key->alg);
    buf_puts(&label, alg);
    enum err e = generate_value(&plan, key) ? jwk_thumbprint(key, key->kid) : ERR_INTERNAL;
    ERR_clear_error();
    if (e == ERR_OK)
        *out = key;
    else
        jwk_free(key);
    return e;
}
