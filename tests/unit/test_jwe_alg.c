#include "jwe_alg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OCT(n)  .type = JWK_OCT, .oct_bytes = (n)
#define EC(crv) .type = JWK_EC, .curve = crv

static const struct {
    int line;
    const char *alg, *enc;
    struct jwk key;
    bool want;
} cases[] = {
    {__LINE__, "dir", "A128GCM", {OCT(16)}, true},
    {__LINE__, "dir", "A128GCM", {OCT(32)}, false},
    {__LINE__, "dir", "A128GCM", {OCT(15)}, false},
    {__LINE__, "dir", "A128CBC-HS256", {OCT(32)}, true},
    {__LINE__, "dir", "A128CBC-HS256", {OCT(16)}, false},
    {__LINE__, "dir", "A256CBC-HS512", {OCT(64)}, true},
    {__LINE__, "dir", "A256GCM", {.type = JWK_RSA, .oct_bytes = 32}, false},
    {__LINE__, "A128KW", "A256GCM", {OCT(16)}, true},
    {__LINE__, "A128KW", "A256GCM", {OCT(32)}, false},
    {__LINE__, "A256KW", "A128GCM", {OCT(32)}, true},
    {__LINE__, "A192GCMKW", "A128GCM", {OCT(24)}, true},
    {__LINE__, "A192GCMKW", "A128GCM", {OCT(16)}, false},
    {__LINE__, "A128KW", "A128GCM", {EC("P-256")}, false},
    {__LINE__, "RSA-OAEP", "A128GCM", {.type = JWK_RSA}, true},
    {__LINE__, "RSA-OAEP-256", "A128GCM", {.type = JWK_RSA}, true},
    {__LINE__, "RSA-OAEP-256", "A128GCM", {OCT(16)}, false},
    {__LINE__, "RSA-OAEP-256", "A128GCM", {EC("P-256")}, false},
    {__LINE__, "ECDH-ES", "A128GCM", {EC("P-256")}, true},
    {__LINE__, "ECDH-ES", "A128GCM", {EC("P-521")}, true},
    {__LINE__, "ECDH-ES", "A128GCM", {.type = JWK_OKP, .curve = "X25519"}, true},
    {__LINE__, "ECDH-ES", "A128GCM", {.type = JWK_OKP, .curve = "Ed25519"}, false},
    {__LINE__, "ECDH-ES", "A128GCM", {.type = JWK_OKP, .curve = "P-256"}, false},
    {__LINE__, "ECDH-ES", "A128GCM", {.type = JWK_RSA}, false},
    {__LINE__, "ECDH-ES+A256KW", "A128GCM", {EC("P-384")}, true},
    {__LINE__, "ECDH-ES+A256KW", "A128GCM", {OCT(32)}, false},
    /* alg of the key */
    {__LINE__, "A128KW", "A128GCM", {OCT(16), .alg = "A128KW"}, true},
    {__LINE__, "A128KW", "A128GCM", {OCT(16), .alg = "A128GCMKW"}, false},
    {__LINE__, "A128KW", "A128GCM", {OCT(16), .alg = "A128GCM"}, false},
    {__LINE__, "A256KW", "A128GCM", {OCT(32), .alg = "HS256"}, false},
    {__LINE__, "dir", "A128GCM", {OCT(16), .alg = "dir"}, true},
    {__LINE__, "dir", "A128GCM", {OCT(16), .alg = "A128GCM"}, true},
    {__LINE__, "dir", "A128CBC-HS256", {OCT(32), .alg = "A256GCM"}, false},
    {__LINE__, "RSA-OAEP", "A128GCM", {.type = JWK_RSA, .alg = "RSA-OAEP-256"}, false},
    {__LINE__, "RSA-OAEP-256", "A128GCM", {.type = JWK_RSA, .alg = "RS256"}, false},
    {__LINE__, "ECDH-ES", "A128GCM", {EC("P-256"), .alg = "ECDH-ES+A128KW"}, false},
    {__LINE__, "ECDH-ES", "A128GCM", {EC("P-256"), .alg = "ES256"}, false},
};

static void test_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct jwe_alg *alg = jwe_alg_find(slice_of(cases[i].alg));
        const struct jwe_enc *enc = jwe_enc_find(slice_of(cases[i].enc));
        if (alg == NULL || enc == NULL || jwe_alg_fits(alg, enc, &cases[i].key) != cases[i].want)
            fail_msg("line %d", cases[i].line);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "",        "RSA1_5",  "PBES2-HS256+A128KW", "none",     "DIR",     "rsa-oaep",
        "ES256",   "HS256",   "RSA-OAEP-384",       "ECDH-1PU", "a128kw",  "A128KW ",
        "A128CTR", "A128CBC", "A256GCMKW+",         "ECDH-ES+", "A128gcm", "A512GCM",
        "XC20P",   "C20P",    "A128CBC-HS512",      "ECDH-SS",  "X25519",
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(jwe_alg_find(slice_of(unknown[i])));
        assert_null(jwe_enc_find(slice_of(unknown[i])));
    }
    assert_null(jwe_alg_find(SLICE_NONE));
    assert_null(jwe_enc_find(SLICE_NONE));
    assert_null(jwe_alg_find(SLICE("dir\0")));
    assert_null(jwe_alg_find(SLICE("A128GCM"))); /* one table is not the other */
    assert_null(jwe_enc_find(SLICE("dir")));
    assert_true(jwe_alg_is_legacy(jwe_alg_find(SLICE("RSA-OAEP"))));
    assert_false(jwe_alg_is_legacy(jwe_alg_find(SLICE("RSA-OAEP-256"))));
    assert_false(jwe_alg_is_legacy(jwe_alg_find(SLICE("dir"))));
}

static void test_sizes(void **state)
{
    (void)state;
    const char *name;
    size_t encs = 0, algs = 0;
    for (; (name = jwe_enc_at(encs)) != NULL; encs++) {
        const struct jwe_enc *enc = jwe_enc_find(slice_of(name));
        assert_string_equal(enc->name, name);
        assert_true(enc->cek_bytes >= 16 && enc->cek_bytes <= JWE_MAX_CEK);
        assert_int_equal(enc->tag_bytes, enc->digest ? enc->cek_bytes / 2 : 16);
        assert_int_equal(enc->iv_bytes, enc->digest ? 16 : 12);
    }
    for (; (name = jwe_alg_at(algs)) != NULL; algs++)
        assert_string_equal(jwe_alg_find(slice_of(name))->name, name);
    assert_int_equal(encs, 6);
    assert_int_equal(algs, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests_name("jwe_alg", tests, NULL, NULL);
}
