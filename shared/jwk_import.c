#include "jwk_import.h"

#include "base64url.h"
#include "jwk_curve.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192
#define OCT_MIN      16 /* bytes; what an algorithm needs beyond that, it checks itself */

/* Decoded members in the order of jwk_parts. */
struct parts {
    struct slice v[JWK_MAX_PARTS];
};

enum { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QI, RSA_COUNT };
enum { EC_X, EC_Y, EC_D };
enum { OKP_X, OKP_D };

static const unsigned char *octets(struct slice s)
{
    return (const unsigned char *)s.p;
}

static enum err decode_part(const struct json *object, const struct jwk_part *part, struct arena *a,
                            struct slice *out)
{
    struct slice text;
    if (!json_member_string(object, part->name, &text) || text.n == 0)
        return ERR_JWK_FORM;
    /* Too long for any key: not worth decoding. */
    if (text.n > BASE64URL_LENGTH(JWK_MAX_PART_BYTES))
        return ERR_JWK_WEAK;
    enum err e = base64url_decode(text, a, out);
    if (e != ERR_OK)
        return e == ERR_BASE64 ? ERR_JWK_FORM : ERR_MEMORY;
    return ERR_OK;
}

/* Private parts: all or none. */
static enum err decode_parts(const struct json *object, struct jwk *key, struct arena *a,
                             struct parts *out)
{
    size_t count;
    const struct jwk_part *part = jwk_parts(key->type, &count);
    key->is_private = key->type == JWK_OCT;
    for (size_t i = 0; i < count; i++)
        if (part[i].is_private && json_member(object, part[i].name) != NULL)
            key->is_private = true;
    for (size_t i = 0; i < count; i++) {
        if (part[i].is_private && !key->is_private)
            continue;
        enum err e = decode_part(object, &part[i], a, &out->v[i]);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* RFC 7518 section 6.2.1.2: as long as the field, leading zeros and all. */
static bool has_length(struct slice part, size_t bytes)
{
    return part.p != NULL && part.n == bytes;
}

static enum err import_params(const char *type, bool is_private, OSSL_PARAM_BLD *build,
                              EVP_PKEY **out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    enum err e = ERR_MEMORY;
    if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
        e = EVP_PKEY_fromdata(ctx, out, selection, params) == 1 ? ERR_OK : ERR_JWK_WEAK;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return e;
}

/* ---- RSA ---- */

static size_t bit_length(struct slice number)
{
    size_t bits = number.n * 8;
    for (unsigned top = (unsigned char)number.p[0]; top < 0x80; top <<= 1)
        bits--;
    return bits;
}

static bool is_odd(struct slice number)
{
    return (number.p[number.n - 1] & 1) != 0;
}

/*
 * No test whether n is a product of two primes: it takes up to a second for a large n, so that a
 * key set would stop the service, and only its owner is harmed by a bad one.
 */
static enum err rsa_check_public(const struct parts *parts)
{
    struct slice n = parts->v[RSA_N], e = parts->v[RSA_E];
    for (size_t i = 0; i < RSA_COUNT; i++)
        if (parts->v[i].p != NULL && parts->v[i].p[0] == 0)
            return ERR_JWK_FORM; /* RFC 7518 section 2: Base64urlUInt is minimal */
    if (bit_length(n) < RSA_MIN_BITS || bit_length(n) > RSA_MAX_BITS || !is_odd(n))
        return ERR_JWK_WEAK;
    if (e.n > sizeof(uint32_t) || !is_odd(e) || (e.n == 1 && e.p[0] == 1))
        return ERR_JWK_WEAK;
    return ERR_OK;
}

/* a * b = 1 (mod m) */
static bool is_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx, BIGNUM *t)
{
    return BN_mod_mul(t, a, b, m, ctx) == 1 && BN_is_one(t);
}

/*
 * RFC 8017 section 3.2.  Not EVP_PKEY_pairwise_check: that wants d below lcm(p - 1, q - 1), while
 * older Java and others make d modulo (p - 1)(q - 1), and it spends its time on primality.
 */
static bool rsa_private_fits(BIGNUM *const v[RSA_COUNT])
{
    BN_CTX *ctx = BN_CTX_secure_new();
    if (ctx == NULL)
        return false;
    BN_CTX_start(ctx);
    BIGNUM *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx), *t = BN_CTX_get(ctx);
    bool ok = t != NULL && BN_sub(p1, v[RSA_P], BN_value_one()) == 1 &&
              BN_sub(q1, v[RSA_Q], BN_value_one()) == 1 && !BN_is_zero(p1) && !BN_is_zero(q1);
    ok = ok && BN_mul(t, v[RSA_P], v[RSA_Q], ctx) == 1 && BN_cmp(t, v[RSA_N]) == 0;
    ok = ok && BN_cmp(v[RSA_D], v[RSA_N]) < 0;
    ok = ok && BN_mod(t, v[RSA_D], p1, ctx) == 1 && BN_cmp(t, v[RSA_DP]) == 0;
    ok = ok && BN_mod(t, v[RSA_D], q1, ctx) == 1 && BN_cmp(t, v[RSA_DQ]) == 0;
    ok = ok && is_inverse(v[RSA_E], v[RSA_DP], p1, ctx, t);
    ok = ok && is_inverse(v[RSA_E], v[RSA_DQ], q1, ctx, t);
    ok = ok && is_inverse(v[RSA_QI], v[RSA_Q], v[RSA_P], ctx, t);
    ok = ok && BN_cmp(v[RSA_QI], v[RSA_P]) < 0;
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

static enum err import_rsa(const struct parts *parts, struct jwk *key)
{
    size_t count = 0;
    const struct jwk_part *part = jwk_parts(JWK_RSA, &count);
    BIGNUM *v[RSA_COUNT] = {NULL};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bool ok = build != NULL;
    for (size_t i = 0; ok && i < RSA_COUNT && parts->v[i].p != NULL; i++) {
        v[i] = part[i].is_private ? BN_secure_new() : BN_new();
        if (v[i] != NULL && part[i].is_private)
            BN_set_flags(v[i], BN_FLG_CONSTTIME);
        ok = v[i] != NULL && BN_bin2bn(octets(parts->v[i]), (int)parts->v[i].n, v[i]) != NULL &&
             OSSL_PARAM_BLD_push_BN(build, part[i].param, v[i]) == 1;
    }
    enum err e = ok ? ERR_OK : ERR_MEMORY;
    if (e == ERR_OK && key->is_private && !rsa_private_fits(v))
        e = ERR_JWK_WEAK;
    if (e == ERR_OK)
        e = import_params("RSA", key->is_private, build, &key->pkey);
    OSSL_PARAM_BLD_free(build);
    for (size_t i = 0; i < RSA_COUNT; i++)
        BN_clear_free(v[i]);
    return e;
}

/* ---- EC ---- */

/*
 * Point on the curve and not at infinity; d in range and its public point the one given.  The quick
 * check leaves out only a multiplication by the order, which tells nothing where the cofactor is 1.
 */
static enum err ec_check(const struct jwk *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (ctx == NULL)
        return ERR_MEMORY;
    int ok = key->is_private ? EVP_PKEY_check(ctx) : EVP_PKEY_public_check_quick(ctx);
    EVP_PKEY_CTX_free(ctx);
    return ok == 1 ? ERR_OK : ERR_JWK_WEAK;
}

static enum err import_ec(const struct parts *parts, const struct jwk_curve *curve, struct jwk *key)
{
    struct slice x = parts->v[EC_X], y = parts->v[EC_Y], secret = parts->v[EC_D];
    if (!has_length(x, curve->bytes) || !has_length(y, curve->bytes) ||
        (key->is_private && !has_length(secret, curve->bytes)))
        return ERR_JWK_FORM;
    unsigned char point[1 + 2 * 66] = {4}; /* SEC 1 section 2.3.3: uncompressed */
    memcpy(point + 1, x.p, x.n);
    memcpy(point + 1 + x.n, y.p, y.n);

    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *d = BN_secure_new();
    bool ok = build != NULL && d != NULL &&
              OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl,
                                              0) == 1 &&
              OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                               1 + 2 * curve->bytes) == 1;
    if (ok && key->is_private)
        ok = BN_bin2bn(octets(secret), (int)secret.n, d) != NULL &&
             OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1;
    enum err e = ok ? import_params("EC", key->is_private, build, &key->pkey) : ERR_MEMORY;
    if (e == ERR_OK)
        e = ec_check(key);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(d);
    return e;
}

/* ---- OKP and oct ---- */

static enum err import_okp(const struct parts *parts, const struct jwk_curve *curve,
                           struct jwk *key)
{
    struct slice x = parts->v[OKP_X], d = parts->v[OKP_D];
    if (!has_length(x, curve->bytes) || (key->is_private && !has_length(d, curve->bytes)))
        return ERR_JWK_FORM;
    if (jwk_curve_small_order(curve, x))
        return ERR_JWK_WEAK;
    key->pkey = key->is_private
                    ? EVP_PKEY_new_raw_private_key_ex(NULL, curve->openssl, NULL, octets(d), d.n)
                    : EVP_PKEY_new_raw_public_key_ex(NULL, curve->openssl, NULL, octets(x), x.n);
    unsigned char derived[57]; /* from d, when there is one */
    size_t n = sizeof derived;
    if (key->pkey == NULL || EVP_PKEY_get_raw_public_key(key->pkey, derived, &n) != 1)
        return ERR_MEMORY;
    return n == x.n && memcmp(derived, x.p, n) == 0 ? ERR_OK : ERR_JWK_WEAK;
}

static enum err import_oct(const struct parts *parts, struct jwk *key)
{
    struct slice k = parts->v[0];
    if (k.n < OCT_MIN)
        return ERR_JWK_WEAK;
    key->oct = OPENSSL_memdup(k.p, k.n);
    if (key->oct == NULL)
        return ERR_MEMORY;
    key->oct_bytes = k.n;
    return ERR_OK;
}

static enum err import_value(const struct json *object, struct jwk *key, struct arena *a)
{
    const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
    struct parts parts = {0};
    enum err e = decode_parts(object, key, a, &parts);
    if (e != ERR_OK)
        return e;
    switch (key->type) {
    case JWK_RSA:
        /* Nobody makes keys of more than two primes, and OpenSSL would leave the rest out. */
        e = json_member(object, "oth") ? ERR_JWK_FORM : rsa_check_public(&parts);
        return e == ERR_OK ? import_rsa(&parts, key) : e;
    case JWK_EC:
        return curve ? import_ec(&parts, curve, key) : ERR_JWK_TYPE;
    case JWK_OKP:
        return curve ? import_okp(&parts, curve, key) : ERR_JWK_TYPE;
    case JWK_OCT:
        return import_oct(&parts, key);
    }
    return ERR_JWK_TYPE;
}

enum err jwk_import(const struct json *object, struct jwk *key)
{
    struct arena scratch; /* wiped: it holds the private parts */
    if (!arena_init(&scratch, JWK_MAX_PARTS * (size_t)(JWK_MAX_PART_BYTES + 32)))
        return ERR_MEMORY;
    enum err e = import_value(object, key, &scratch);
    arena_free(&scratch);
    ERR_clear_error();
    return e;
}
