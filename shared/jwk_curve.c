#include "jwk_curve.h"

#include <openssl/core_names.h>

/* FIPS 186-5, SP 800-186 section 3.2.1: the order n of each group. */
static const unsigned char p256_order[] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const unsigned char p384_order[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};
static const unsigned char p521_order[] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b,
    0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c,
    0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09};

static const struct jwk_curve curves[] = {
    {.name = "P-256", .type = JWK_EC, .openssl = "P-256", .bytes = 32, .order = p256_order},
    {.name = "P-384", .type = JWK_EC, .openssl = "P-384", .bytes = 48, .order = p384_order},
    {.name = "P-521", .type = JWK_EC, .openssl = "P-521", .bytes = 66, .order = p521_order},
    {.name = "Ed25519", .type = JWK_OKP, .use = JWK_USE_SIG, .openssl = "ED25519", .bytes = 32},
    {.name = "Ed448", .type = JWK_OKP, .use = JWK_USE_SIG, .openssl = "ED448", .bytes = 57},
    {.name = "X25519", .type = JWK_OKP, .use = JWK_USE_ENC, .openssl = "X25519", .bytes = 32},
};

const struct jwk_curve *jwk_curve_find(enum jwk_type type, struct slice crv)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (curves[i].type == type && slice_is(crv, curves[i].name))
            return &curves[i];
    return NULL;
}

/*
 * The y (X25519: the u, RFC 7748 section 6.1) of every point whose order divides the cofactor, also
 * where it is not reduced; in hex, without the top bit.
 */
static const struct {
    const char *curve, *point;
} small_order[] = {
    {"Ed25519", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"Ed25519", "0100000000000000000000000000000000000000000000000000000000000000"},
    {"Ed25519", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
    {"Ed25519", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
    {"Ed25519", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"Ed25519", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"Ed25519", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"X25519", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"X25519", "0100000000000000000000000000000000000000000000000000000000000000"},
    {"X25519", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
    {"X25519", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
    {"X25519", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"X25519", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"X25519", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"Ed448", "0000000000000000000000000000000000000000000000000000000000"
              "00000000000000000000000000000000000000000000000000000000"},
    {"Ed448", "0100000000000000000000000000000000000000000000000000000000"
              "00000000000000000000000000000000000000000000000000000000"},
    {"Ed448", "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffff00"},
    {"Ed448", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffff00"},
    {"Ed448", "00000000000000000000000000000000000000000000000000000000ff"
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffff00"},
};

bool jwk_curve_small_order(const struct jwk_curve *curve, struct slice point)
{
    char text[2 * 57 + 1];
    struct buf hex = BUF(text);
    for (size_t i = 0; i < point.n; i++) {
        unsigned mask = i + 1 == point.n ? 0x7f : 0xff; /* without the sign of x */
        buf_printf(&hex, "%02x", (unsigned char)point.p[i] & mask);
    }
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        if (strcmp(small_order[i].curve, curve->name) == 0 &&
            slice_is(buf_slice(&hex), small_order[i].point))
            return true;
    return hex.overflowed;
}

static const struct jwk_part rsa_parts[JWK_MAX_PARTS] = {
    {"n", OSSL_PKEY_PARAM_RSA_N, false},         {"e", OSSL_PKEY_PARAM_RSA_E, false},
    {"d", OSSL_PKEY_PARAM_RSA_D, true},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1, true},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2, true},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, true},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, true}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true},
};
static const struct jwk_part ec_parts[] = {
    {"x", OSSL_PKEY_PARAM_EC_PUB_X, false},
    {"y", OSSL_PKEY_PARAM_EC_PUB_Y, false},
    {"d", OSSL_PKEY_PARAM_PRIV_KEY, true},
};
static const struct jwk_part okp_parts[] = {
    {"x", OSSL_PKEY_PARAM_PUB_KEY, false},
    {"d", OSSL_PKEY_PARAM_PRIV_KEY, true},
};
static const struct jwk_part oct_parts[] = {
    {"k", NULL, true},
};

#define PARTS(array) array, sizeof(array) / sizeof((array)[0])
static const struct {
    const char *kty;
    const struct jwk_part *parts;
    size_t count;
} types[] = {
    [JWK_RSA] = {"RSA", PARTS(rsa_parts)},
    [JWK_EC] = {"EC", PARTS(ec_parts)},
    [JWK_OKP] = {"OKP", PARTS(okp_parts)},
    [JWK_OCT] = {"oct", PARTS(oct_parts)},
};
#undef PARTS

const struct jwk_part *jwk_parts(enum jwk_type type, size_t *count)
{
    *count = types[type].count;
    return types[type].parts;
}

const char *jwk_type_name(enum jwk_type type)
{
    return types[type].kty;
}

bool jwk_type_find(struct slice kty, enum jwk_type *out)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!slice_is(kty, types[i].kty))
            continue;
        *out = (enum jwk_type)i;
        return true;
    }
    return false;
}
