#include "jws_alg.h"

#include "jwk_curve.h"

static const struct jws_alg algs[] = {
    {.name = "RS256", .type = JWK_RSA, .digest = "SHA256"},
    {.name = "RS384", .type = JWK_RSA, .digest = "SHA384"},
    {.name = "RS512", .type = JWK_RSA, .digest = "SHA512"},
    {.name = "PS256", .type = JWK_RSA, .digest = "SHA256", .pss = true},
    {.name = "PS384", .type = JWK_RSA, .digest = "SHA384", .pss = true},
    {.name = "PS512", .type = JWK_RSA, .digest = "SHA512", .pss = true},
    {.name = "ES256", .type = JWK_EC, .curve = "P-256", .digest = "SHA256", .signature_bytes = 64},
    {.name = "ES384", .type = JWK_EC, .curve = "P-384", .digest = "SHA384", .signature_bytes = 96},
    {.name = "ES512", .type = JWK_EC, .curve = "P-521", .digest = "SHA512", .signature_bytes = 132},
    {.name = "EdDSA", .type = JWK_OKP},
    {.name = "HS256", .type = JWK_OCT, .digest = "SHA256", .signature_bytes = 32},
    {.name = "HS384", .type = JWK_OCT, .digest = "SHA384", .signature_bytes = 48},
    {.name = "HS512", .type = JWK_OCT, .digest = "SHA512", .signature_bytes = 64},
}; /* "none" is no row, so that it cannot be chosen */

#define COUNT (sizeof algs / sizeof algs[0])

const struct jws_alg *jws_alg_find(struct slice name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (slice_is(name, algs[i].name))
            return &algs[i];
    return NULL;
}

const char *jws_alg_name(const struct jws_alg *alg)
{
    return alg->name;
}

bool jws_alg_is_mac(const struct jws_alg *alg)
{
    return alg->type == JWK_OCT;
}

const char *jws_alg_at(size_t i)
{
    return i < COUNT ? algs[i].name : NULL;
}

bool jws_alg_fits(const struct jws_alg *alg, const struct jwk *key)
{
    if (alg->type != key->type || (alg->curve != NULL && strcmp(alg->curve, key->curve) != 0))
        return false;
    const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
    if (curve != NULL && curve->use == JWK_USE_ENC)
        return false;
    /* RFC 7518 section 3.2: a MAC key is at least as long as the hash. */
    if (alg->type == JWK_OCT && key->oct_bytes < alg->signature_bytes)
        return false;
    return key->alg[0] == '\0' || strcmp(key->alg, alg->name) == 0;
}
