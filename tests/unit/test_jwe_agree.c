#include "fixture.h"

#include "base64url.h"
#include "jwe_agree.h"
#include "vectors.h"

static struct jwk *key_of(const struct json *object)
{
    struct jwk *key = NULL;
    assert_int_equal(jwk_from_json(object, &key), ERR_OK);
    return key;
}

/* RFC 8037 appendix A.6. */
static void test_x25519(void **state)
{
    (void)state;
    struct json *v = vector_load("rfc8037-a6.json");
    ARENA(a, 1024);
    struct jwk *own = key_of(json_member(v, "key")), *peer = key_of(json_member(v, "epk"));
    unsigned char z[JWE_MAX_AGREED];
    size_t n = 0;
    struct slice want;
    assert_int_equal(base64url_decode(vector_text(v, "z"), &a, &want), ERR_OK);
    assert_true(jwe_agree_secret(own->pkey, peer->pkey, z, &n));
    assert_int_equal(n, want.n);
    assert_memory_equal(z, want.p, n);
    assert_false(jwe_agree_secret(peer->pkey, own->pkey, z, &n)); /* it has no private half */
    jwk_free(own);
    jwk_free(peer);
    json_free(v);
}

/* Were one imported in spite of all: the secret zero is no secret. */
static void test_zero(void **state)
{
    (void)state;
    static const unsigned char points[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    };
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_non_null(own);
    for (size_t i = 0; i < COUNT(points); i++) {
        EVP_PKEY *peer =
            EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, points[i], sizeof points[i]);
        unsigned char z[JWE_MAX_AGREED];
        size_t n = 0;
        assert_non_null(peer);
        assert_false(jwe_agree_secret(own, peer, z, &n));
        EVP_PKEY_free(peer);
    }
    EVP_PKEY_free(own);
}

static void test_every_pair_of_curves(void **state)
{
    (void)state;
    static const char *const curves[] = {"P-256", "P-384", "P-521", "X25519"};
    static const size_t bytes[] = {32, 48, 66, 32};
    EVP_PKEY *keys[4], *others[4];
    for (size_t i = 0; i < 4; i++) {
        bool okp = curves[i][0] == 'X';
        keys[i] = okp ? EVP_PKEY_Q_keygen(NULL, NULL, curves[i])
                      : EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
        others[i] = okp ? EVP_PKEY_Q_keygen(NULL, NULL, curves[i])
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
    }
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            unsigned char z[JWE_MAX_AGREED], same[JWE_MAX_AGREED];
            size_t n = 0, same_n = 0;
            bool ok = jwe_agree_secret(keys[i], others[k], z, &n);
            assert_int_equal(ok, i == k);
            if (!ok)
                continue;
            assert_int_equal(n, bytes[i]);
            assert_true(jwe_agree_secret(others[k], keys[i], same, &same_n));
            assert_int_equal(same_n, n);
            assert_memory_equal(z, same, n);
        }
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY_free(keys[i]);
        EVP_PKEY_free(others[i]);
    }
}

/* RFC 7518 appendix C: apu, apv and enc have their part in the key. */
static void test_derived(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *alg, *enc, *apu, *apv;
        bool same;
    } cases[] = {
        {__LINE__, "ECDH-ES", "A128GCM", "Alice", "Bob", true},
        {__LINE__, "ECDH-ES", "A128GCM", "Alice", "Bo", false},
        {__LINE__, "ECDH-ES", "A128GCM", "AliceB", "ob", false},
        {__LINE__, "ECDH-ES", "A128GCM", "Bob", "Alice", false},
        {__LINE__, "ECDH-ES", "A128GCM", NULL, NULL, false},
        {__LINE__, "ECDH-ES", "A256GCM", "Alice", "Bob", false},
        {__LINE__, "ECDH-ES", "A128CBC-HS256", "Alice", "Bob", false},
        {__LINE__, "ECDH-ES+A128KW", "A128GCM", "Alice", "Bob", false},
    };
    struct json *v = vector_load("rfc7518-c.json");
    const struct json *epk = json_member(json_member(v, "header"), "epk");
    struct jwk *key = key_of(json_member(v, "key"));
    ARENA(a, 4096);
    struct buf header = buf_in(&a, 1024);
    struct slice want;
    assert_int_equal(base64url_decode(vector_text(v, "derived"), &a, &want), ERR_OK);
    buf_puts(&header, "{\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":");
    buf_json(&header, vector_text(epk, "x"));
    buf_puts(&header, ",\"y\":");
    buf_json(&header, vector_text(epk, "y"));
    buf_puts(&header, "}}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct jwe jwe = {.header = buf_slice(&header),
                                .alg = jwe_alg_find(slice_of(cases[i].alg)),
                                .enc = jwe_enc_find(slice_of(cases[i].enc)),
                                .apu = slice_of(cases[i].apu),
                                .apv = slice_of(cases[i].apv)};
        unsigned char out[JWE_MAX_CEK];
        assert_true(jwe_agree_recipient(&jwe, key, out));
        if ((memcmp(out, want.p, want.n) == 0) != cases[i].same)
            fail_msg("line %d", cases[i].line);
    }
    jwk_free(key);
    json_free(v);
}

#define P256(x, y) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\""
#define EX         "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
#define EY         "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
#define ED         "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"

/* Against the key of RFC 7518 appendix C. */
static const struct {
    int line;
    const char *epk;
    bool good;
} epks[] = {
    {__LINE__, P256(EX, EY) "}", true},
    {__LINE__, P256(EX, EY) ",\"kid\":\"k\",\"use\":\"enc\",\"alg\":\"ECDH-ES\"}", true},
    {__LINE__, P256(EX, EY) ",\"d\":\"" ED "\"}", false}, /* a private key is no epk */
    {__LINE__, P256(EX, EY) ",\"d\":\"\"}", false},
    {__LINE__, P256(EX, EX) "}", false}, /* off the curve: the answers would tell d */
    {__LINE__, P256(EY, EX) "}", false},
    {__LINE__, P256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", EY) "}", false},
    {__LINE__, P256("__________________________________________8", EY) "}", false},
    {__LINE__, P256("", "") "}", false},
    {__LINE__, P256(EX, "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpg") "}", false},   /* 31 bytes */
    {__LINE__, P256(EX, "AEi1v8Un385T1qxxFSN9AxzP-HoFcLdzUKnlA-5zBaab") "}", false}, /* 33 */
    {__LINE__, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EX "\"}", false},
    {__LINE__, "{\"kty\":\"EC\",\"crv\":\"P-256K\",\"x\":\"" EX "\",\"y\":\"" EY "\"}", false},
    {__LINE__, "{\"kty\":\"EC\",\"x\":\"" EX "\",\"y\":\"" EY "\"}", false},
    {__LINE__, /* good, but of another curve: RFC 7520 section 5.4 */
     "{\"kty\":\"EC\",\"crv\":\"P-384\","
     "\"x\":\"uBo4kHPw6kbjx5l0xowrd_oYzBmaz-GKFZu4xAFFkbYiWgutEK6iuEDsQ6wNdNg3\","
     "\"y\":\"sp3p5SGhZVC2faXumI-e9JU2Mo8KpoYrFDr5yPNVtW4PgEwZOyQTA-JdaY8tb7E0\"}",
     false},
    {__LINE__, /* RFC 8037 appendix A.6 */
     "{\"kty\":\"OKP\",\"crv\":\"X25519\","
     "\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"}",
     false},
    {__LINE__, "{\"kty\":\"oct\",\"k\":\"" EX "\"}", false},
    {__LINE__, "{\"kty\":\"oct\",\"crv\":\"P-256\",\"k\":\"" EX "\"}", false},
    {__LINE__, "{\"kty\":\"RSA\",\"crv\":\"P-256\",\"n\":\"" EX "\",\"e\":\"AQAB\"}", false},
    {__LINE__, P256(EX, EY) ",\"use\":\"other\"}", false},
    {__LINE__, "{}", false},
    {__LINE__, "[" P256(EX, EY) "}]", false},
    {__LINE__, "\"x\"", false},
    {__LINE__, "null", false},
};

static void test_epk(void **state)
{
    (void)state;
    struct json *v = vector_load("rfc7518-c.json");
    struct jwk *key = key_of(json_member(v, "key"));
    for (size_t i = 0; i < COUNT(epks); i++) {
        ARENA(a, 4096);
        struct buf header = buf_in(&a, 1024);
        unsigned char out[JWE_MAX_CEK];
        buf_printf(&header, "{\"epk\":%s}", epks[i].epk);
        const struct jwe jwe = {.header = buf_slice(&header),
                                .alg = jwe_alg_find(SLICE("ECDH-ES")),
                                .enc = jwe_enc_find(SLICE("A128GCM"))};
        check_true(epks[i].line, jwe_agree_recipient(&jwe, key, out) == epks[i].good, "epk");
    }
    jwk_free(key);
    json_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_zero),
        cmocka_unit_test(test_every_pair_of_curves),
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_epk),
    };
    return cmocka_run_group_tests_name("jwe_agree", tests, NULL, NULL);
}
