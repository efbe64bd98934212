#include "jwe_alg.h"

#include "jwk_curve.h"

static const struct jwe_alg algs[] = {
    {.name = "dir", .way = JWE_DIRECT},
    {.name = "A128KW", .way = JWE_WRAP, .kek_bytes = 16, .cipher = "AES-128-WRAP"},
    {.name = "A192KW", .way = JWE_WRAP, .kek_bytes = 24, .cipher = "AES-192-WRAP"},
    {.name = "A256KW", .way = JWE_WRAP, .kek_bytes = 32, .cipher = "AES-256-WRAP"},
    {.name = "A128GCMKW", .way = JWE_GCM_WRAP, .kek_bytes = 16, .cipher = "AES-128-GCM"},
    {.name = "A192GCMKW", .way = JWE_GCM_WRAP, .kek_bytes = 24, .cipher = "AES-192-GCM"},
    {.name = "A256GCMKW", .way = JWE_GCM_WRAP, .kek_bytes = 32, .cipher = "AES-256-GCM"},
    {.name = "RSA-OAEP", .way = JWE_RSA, .digest = "SHA1"},
    {.name = "RSA-OAEP-256", .way = JWE_RSA, .digest = "SHA256"},
    {.name = "ECDH-ES", .way = JWE_AGREE},
    {.name = "ECDH-ES+A128KW", .way = JWE_AGREE_WRAP, .kek_bytes = 16, .cipher = "AES-128-WRAP"},
    {.name = "ECDH-ES+A192KW", .way = JWE_AGREE_WRAP, .kek_bytes = 24, .cipher = "AES-192-WRAP"},
    {.name = "ECDH-ES+A256KW", .way = JWE_AGREE_WRAP, .kek_bytes = 32, .cipher = "AES-256-WRAP"},
}; /* RSA1_5 and PBES2 are no rows, so that they cannot be chosen */

static const struct jwe_enc encs[] = {
    {.name = "A128GCM", .cek_bytes = 16, .iv_bytes = 12, .tag_bytes = 16, .cipher = "AES-128-GCM"},
    {.name = "A192GCM", .cek_bytes = 24, .iv_bytes = 12, .tag_bytes = 16, .cipher = "AES-192-GCM"},
    {.name = "A256GCM", .cek_bytes = 32, .iv_bytes = 12, .tag_bytes = 16, .cipher = "AES-256-GCM"},
    {.name = "A128CBC-HS256",
     .cek_bytes = 32,
     .iv_bytes = 16,
     .tag_bytes = 16,
     .cipher = "AES-128-CBC",
     .digest = "SHA256"},
    {.name = "A192CBC-HS384",
     .cek_bytes = 48,
     .iv_bytes = 16,
     .tag_bytes = 24,
     .cipher = "AES-192-CBC",
     .digest = "SHA384"},
    {.name = "A256CBC-HS512",
     .cek_bytes = 64,
     .iv_bytes = 16,
     .tag_bytes = 32,
     .cipher = "AES-256-CBC",
     .digest = "SHA512"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct jwe_alg *jwe_alg_find(struct slice name)
{
    for (size_t i = 0; i < COUNT(algs); i++)
        if (slice_is(name, algs[i].name))
            return &algs[i];
    return NULL;
}

const struct jwe_enc *jwe_enc_find(struct slice name)
{
    for (size_t i = 0; i < COUNT(encs); i++)
        if (slice_is(name, encs[i].name))
            return &encs[i];
    return NULL;
}

const char *jwe_alg_at(size_t i)
{
    return i < COUNT(algs) ? algs[i].name : NULL;
}

const char *jwe_enc_at(size_t i)
{
    return i < COUNT(encs) ? encs[i].name : NULL;
}

static bool value_fits(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key)
{
    switch (alg->way) {
    case JWE_DIRECT:
        return key->type == JWK_OCT && key->oct_bytes == enc->cek_bytes;
    case JWE_WRAP:
    case JWE_GCM_WRAP:
        return key->type == JWK_OCT && key->oct_bytes == alg->kek_bytes;
    case JWE_RSA:
        return key->type == JWK_RSA;
    case JWE_AGREE:
    case JWE_AGREE_WRAP: {
        const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
        return curve != NULL && curve->use != JWK_USE_SIG;
    }
    }
    return false;
}

bool jwe_alg_fits(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key)
{
    if (!value_fits(alg, enc, key))
        return false;
    /* A key for "dir" is one for the content, and may say so (RFC 7520 section 5.6.1). */
    return key->alg[0] == '\0' || strcmp(key->alg, alg->name) == 0 ||
           (alg->way == JWE_DIRECT && strcmp(key->alg, enc->name) == 0);
}

bool jwe_alg_is_legacy(const struct jwe_alg *alg)
{
    return alg->digest != NULL && strcmp(alg->digest, "SHA1") == 0;
}
