#include "jws_signature.h"

#include "jwk_curve.h"
#include "jws_prepared.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#define MAX_DER 160 /* bytes of an ECDSA signature in DER, P-521 */

static const unsigned char *octets(struct slice s)
{
    return (const unsigned char *)s.p;
}

/* ---- HMAC (RFC 7518 section 3.2) ---- */

static bool mac_make(const struct jws_alg *alg, const struct jwk *key, struct slice input,
                     unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes)
{
    size_t n = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, alg->digest, NULL, key->oct, key->oct_bytes, octets(input),
                  input.n, out, JWS_MAX_SIGNATURE, &n) == NULL)
        return false;
    *out_bytes = n;
    return n == alg->signature_bytes;
}

static bool mac_check(const struct jws_alg *alg, const struct jwk *key, struct slice input,
                      struct slice signature)
{
    unsigned char mac[JWS_MAX_SIGNATURE];
    size_t n = 0;
    bool ok = mac_make(alg, key, input, mac, &n) && n == signature.n &&
              CRYPTO_memcmp(mac, signature.p, n) == 0;
    OPENSSL_cleanse(mac, n); /* the right one, where a forger sent another */
    return ok;
}

/* ---- ECDSA: r and s side by side in JWS (RFC 7518 section 3.4), in DER with OpenSSL ---- */

static bool in_range(const unsigned char *number, const struct jwk_curve *curve)
{
    unsigned any = 0;
    for (size_t i = 0; i < curve->bytes; i++)
        any |= number[i];
    return any != 0 && memcmp(number, curve->order, curve->bytes) < 0;
}

static bool ecdsa_to_der(const struct jwk_curve *curve, const unsigned char *rs,
                         unsigned char der[MAX_DER], size_t *der_bytes)
{
    int half = (int)curve->bytes;
    if (!in_range(rs, curve) || !in_range(rs + half, curve))
        return false; /* r = s = 0 is valid for every message in a verifier that does not look */
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(rs, half, NULL), *s = BN_bin2bn(rs + half, half, NULL);
    int n = 0;
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL; /* sig owns them now */
        n = i2d_ECDSA_SIG(sig, NULL);
        n = n > 0 && n <= MAX_DER ? i2d_ECDSA_SIG(sig, &der) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    *der_bytes = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool ecdsa_from_der(const struct jwk_curve *curve, const unsigned char *der,
                           size_t der_bytes, unsigned char *rs)
{
    int half = (int)curve->bytes;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)der_bytes);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, half) == half &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + half, half) == half;
    ECDSA_SIG_free(sig);
    return ok;
}

/* ---- all that OpenSSL signs ---- */

static size_t signature_bytes(const struct jws_alg *alg, const struct jwk *key)
{
    if (alg->signature_bytes != 0)
        return alg->signature_bytes;
    int n = EVP_PKEY_get_size(key->pkey);
    return n > 0 ? (size_t)n : 0;
}

/* EdDSA has no digest that could be made apart from it. */
static bool can_prepare(const struct jws_alg *alg, const struct jws_prepared *p)
{
    return p != NULL && alg->digest != NULL;
}

static bool pkey_check(const struct jws_alg *alg, const struct jwk *key, struct jws_prepared *p,
                       struct slice input, const unsigned char *signature, size_t signature_n)
{
    if (can_prepare(alg, p))
        return jws_prepared_check(p, alg, key, input, signature, signature_n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL; /* belongs to ctx */
    bool ok =
        ctx != NULL &&
        EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, alg->digest, NULL, NULL, key->pkey, NULL) == 1 &&
        jws_set_padding(alg, pkey_ctx) &&
        EVP_DigestVerify(ctx, signature, signature_n, octets(input), input.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        ERR_clear_error();
    return ok;
}

bool jws_signature_check(const struct jws_alg *alg, const struct jwk *key, struct jws_prepared *p,
                         struct slice input, struct slice signature)
{
    if (alg->type == JWK_OCT)
        return mac_check(alg, key, input, signature);
    if (signature.n != signature_bytes(alg, key))
        return false;
    if (alg->type != JWK_EC)
        return pkey_check(alg, key, p, input, octets(signature), signature.n);
    const struct jwk_curve *curve = jwk_curve_find(JWK_EC, slice_of(alg->curve));
    unsigned char der[MAX_DER];
    size_t n;
    return curve != NULL && ecdsa_to_der(curve, octets(signature), der, &n) &&
           pkey_check(alg, key, p, input, der, n);
}

static bool pkey_make(const struct jws_alg *alg, const struct jwk *key, struct jws_prepared *p,
                      struct slice input, unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes)
{
    if (can_prepare(alg, p))
        return jws_prepared_sign(p, alg, key, input, out, out_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL; /* belongs to ctx */
    size_t n = JWS_MAX_SIGNATURE;
    bool ok =
        ctx != NULL &&
        EVP_DigestSignInit_ex(ctx, &pkey_ctx, alg->digest, NULL, NULL, key->pkey, NULL) == 1 &&
        jws_set_padding(alg, pkey_ctx) && EVP_DigestSign(ctx, out, &n, octets(input), input.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (ok)
        *out_bytes = n;
    else
        ERR_clear_error();
    return ok;
}

bool jws_signature_make(const struct jws_alg *alg, const struct jwk *key, struct slice input,
                        unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes)
{
    return jws_signature_make_prepared(alg, key, NULL, input, out, out_bytes);
}

bool jws_signature_make_prepared(const struct jws_alg *alg, const struct jwk *key,
                                 struct jws_prepared *p, struct slice input,
                                 unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes)
{
    if (alg->type == JWK_OCT)
        return mac_make(alg, key, input, out, out_bytes);
    if (alg->type != JWK_EC)
        return pkey_make(alg, key, p, input, out, out_bytes);
    const struct jwk_curve *curve = jwk_curve_find(JWK_EC, slice_of(alg->curve));
    unsigned char der[JWS_MAX_SIGNATURE];
    size_t n;
    if (curve == NULL || !pkey_make(alg, key, p, input, der, &n) ||
        !ecdsa_from_der(curve, der, n, out))
        return false;
    *out_bytes = alg->signature_bytes;
    return true;
}
