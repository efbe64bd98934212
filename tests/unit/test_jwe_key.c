#include "fixture.h"

#include "base64url.h"
#include "jwe_key.h"
#include "vectors.h"

/* RFC 7520: the content encryption keys that its tokens hold ("cek" of sections 5.2 to 5.8). */
static const struct {
    int line;
    const char *file, *cek; /* base64url */
} ceks[] = {
    {__LINE__, "rfc7520-5.2.json", "mYMfsggkTAm0TbvtlFh2hyoXnbEzJQjMxmgLN3d8xXA"},
    {__LINE__, "rfc7520-5.4.json", "Nou2ueKlP70ZXDbq9UrRwg"},
    {__LINE__, "rfc7520-5.5.json", "hzHdlfQIAEehb8Hrd_mFRhKsKLEzPfshfXs9l6areCc"},
    {__LINE__, "rfc7520-5.6.json", "XctOhJAkA-pD9Lh7ZgW_2A"},
    {__LINE__, "rfc7520-5.7.json", "UWxARpat23nL9ReIj4WG3D1ee9I4r-Mv5QLuFXdy_rE"},
    {__LINE__, "rfc7520-5.8.json", "aY5_Ghmk9KxWPBLu_glx1w"},
};

static void test_ceks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ceks); i++) {
        struct json *v = vector_load(ceks[i].file);
        ARENA(a, 65536);
        struct jwk *key = NULL;
        struct jwe jwe;
        struct slice want;
        unsigned char cek[JWE_MAX_CEK];
        assert_int_equal(jwk_from_json(json_member(v, "key"), &key), ERR_OK);
        assert_int_equal(jwe_parse(vector_text(v, "compact"), &a, &jwe), ERR_OK);
        assert_int_equal(base64url_decode(slice_of(ceks[i].cek), &a, &want), ERR_OK);
        assert_int_equal(want.n, jwe.enc->cek_bytes);
        check_true(ceks[i].line, jwe_key_unwrap(&jwe, key, cek), "no key");
        check_true(ceks[i].line, memcmp(cek, want.p, want.n) == 0, "another key");
        jwk_free(key);
        json_free(v);
    }
}

/* With every alg and enc: unwrapped is what was wrapped, and nothing when the key has changed. */
static void check(const char *alg, const char *enc, const struct jwk *key)
{
    struct jwe jwe = {.alg = jwe_alg_find(slice_of(alg)), .enc = jwe_enc_find(slice_of(enc))};
    struct jwe_wrapped w;
    unsigned char cek[JWE_MAX_CEK];
    ARENA(a, 16384);
    struct buf header = buf_in(&a, 2048), compact = buf_in(&a, 8192);
    buf_printf(&header, "{\"alg\":\"%s\",\"enc\":\"%s\"", alg, enc);
    assert_true(jwe_key_wrap(jwe.alg, jwe.enc, key, &header, &w));
    buf_putc(&header, '}');
    base64url_encode(buf_slice(&header), &compact);
    buf_putc(&compact, '.');
    base64url_encode((struct slice){(const char *)w.key, w.key_bytes}, &compact);
    buf_puts(&compact, jwe.enc->iv_bytes == 12 ? ".AAAAAAAAAAAAAAAA." : ".AAAAAAAAAAAAAAAAAAAAAA.");
    buf_puts(&compact, "AAAAAAAAAAAAAAAAAAAAAA.");
    for (size_t i = 0; i < (jwe.enc->tag_bytes * 8 + 5) / 6; i++)
        buf_putc(&compact, 'A');
    assert_int_equal(jwe_parse(buf_slice(&compact), &a, &jwe), ERR_OK);
    assert_true(jwe_key_unwrap(&jwe, key, cek));
    assert_memory_equal(cek, w.cek, jwe.enc->cek_bytes);
    if (w.key_bytes > 0) {
        w.key[w.key_bytes - 1] ^= 1;
        jwe.encrypted_key = (struct slice){(const char *)w.key, w.key_bytes};
        assert_false(jwe_key_unwrap(&jwe, key, cek));
        for (size_t n = 0; n < sizeof w.key; n++) {
            jwe.encrypted_key.n = n;
            if (n != w.key_bytes)
                assert_false(jwe_key_unwrap(&jwe, key, cek));
        }
    }
}

static void test_every_pair(void **state)
{
    (void)state;
    const char *alg, *enc;
    for (size_t i = 0; (alg = jwe_alg_at(i)) != NULL; i++) {
        struct jwk *rsa = NULL;
        if (strncmp(alg, "RSA", 3) == 0)
            assert_int_equal(jwk_generate(alg, &rsa), ERR_OK);
        for (size_t k = 0; (enc = jwe_enc_at(k)) != NULL; k++) {
            struct jwk *key = rsa;
            if (rsa == NULL)
                assert_int_equal(jwk_generate(strcmp(alg, "dir") == 0 ? enc : alg, &key), ERR_OK);
            check(alg, enc, key);
            if (rsa == NULL)
                jwk_free(key);
        }
        jwk_free(rsa);
    }
}

/* A key that was wrapped for another enc has another length: never cut, never filled up. */
static void test_length_of_cek(void **state)
{
    (void)state;
    static const char *const algs[] = {"RSA-OAEP-256", "A256KW"};
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct jwk *key = NULL;
        assert_int_equal(jwk_generate(algs[i], &key), ERR_OK);
        ARENA(a, 4096);
        struct buf header = buf_in(&a, 1024);
        struct jwe_wrapped w;
        unsigned char cek[JWE_MAX_CEK];
        const struct jwe_alg *alg = jwe_alg_find(slice_of(algs[i]));
        assert_true(jwe_key_wrap(alg, jwe_enc_find(SLICE("A192GCM")), key, &header, &w));
        static const char *const others[] = {"A128GCM", "A256GCM", "A128CBC-HS256",
                                             "A256CBC-HS512"};
        for (size_t k = 0; k < COUNT(others); k++) {
            const struct jwe jwe = {.alg = alg,
                                    .enc = jwe_enc_find(slice_of(others[k])),
                                    .encrypted_key = {(const char *)w.key, w.key_bytes}};
            assert_false(jwe_key_unwrap(&jwe, key, cek));
        }
        jwk_free(key);
    }
}

/* RFC 8017 section 7.1.2: the ciphertext is as long as the modulus, its leading zeros included. */
static void test_leading_zero(void **state)
{
    (void)state;
    struct jwk *key = NULL;
    assert_int_equal(jwk_generate("RSA-OAEP-256", &key), ERR_OK);
    const struct jwe_enc *enc = jwe_enc_find(SLICE("A128GCM"));
    struct jwe_wrapped w = {.key = {1}};
    while (w.key[0] != 0) {
        ARENA(a, 1024);
        struct buf header = buf_in(&a, 1024);
        assert_true(jwe_key_wrap(jwe_alg_find(SLICE("RSA-OAEP-256")), enc, key, &header, &w));
    }
    struct jwe jwe = {.alg = jwe_alg_find(SLICE("RSA-OAEP-256")),
                      .enc = enc,
                      .encrypted_key = {(const char *)w.key, w.key_bytes}};
    unsigned char cek[JWE_MAX_CEK];
    assert_true(jwe_key_unwrap(&jwe, key, cek));
    jwe.encrypted_key = slice_skip(jwe.encrypted_key, 1);
    assert_false(jwe_key_unwrap(&jwe, key, cek));
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ceks),
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_length_of_cek),
        cmocka_unit_test(test_leading_zero),
    };
    return cmocka_run_group_tests_name("jwe_key", tests, NULL, NULL);
}
