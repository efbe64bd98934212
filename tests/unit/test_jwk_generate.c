#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
    int line;
    const char *alg;
    enum jwk_type type;
    enum jwk_use use;
    const char *curve;
    size_t oct_bytes;
} cases[] = {
    {__LINE__, "ES384", JWK_EC, JWK_USE_SIG, "P-384", 0},
    {__LINE__, "EdDSA", JWK_OKP, JWK_USE_SIG, "Ed25519", 0},
    {__LINE__, "PS256", JWK_RSA, JWK_USE_SIG, "", 0},
    {__LINE__, "HS512", JWK_OCT, JWK_USE_SIG, "", 64},
    {__LINE__, "RSA-OAEP-256", JWK_RSA, JWK_USE_ENC, "", 0},
    {__LINE__, "ECDH-ES", JWK_EC, JWK_USE_ENC, "P-256", 0},
    {__LINE__, "ECDH-ES+A256KW", JWK_EC, JWK_USE_ENC, "P-256", 0},
    {__LINE__, "A128KW", JWK_OCT, JWK_USE_ENC, "", 16},
    {__LINE__, "A192GCMKW", JWK_OCT, JWK_USE_ENC, "", 24},
    {__LINE__, "A256GCM", JWK_OCT, JWK_USE_ENC, "", 32},
    {__LINE__, "A256CBC-HS512", JWK_OCT, JWK_USE_ENC, "", 64},
};

static bool is_as_planned(const struct jwk *key, size_t i)
{
    bool sig = cases[i].use == JWK_USE_SIG;
    return key->type == cases[i].type && key->use == cases[i].use && key->is_private &&
           strcmp(key->curve, cases[i].curve) == 0 && key->oct_bytes == cases[i].oct_bytes &&
           strcmp(key->alg, cases[i].alg) == 0 && strlen(key->kid) == JWK_THUMBPRINT &&
           key->may_sign == sig && key->may_verify == sig && key->may_encrypt == !sig &&
           key->may_decrypt == !sig;
}

/* As planned when made, and when written and read again. */
static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096];
        struct buf b = BUF(text);
        struct jwk *key = NULL, *again = NULL;
        assert_int_equal(jwk_generate(cases[i].alg, &key), ERR_OK);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        assert_int_equal(jwk_parse(buf_slice(&b), &again), ERR_OK);
        if (!is_as_planned(key, i) || !is_as_planned(again, i))
            fail_msg("line %d: %s", cases[i].line, text);
        jwk_free(key);
        jwk_free(again);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",       "none",   "dir",  "RSA1_5", "PBES2-HS256+A128KW",
                                        "P-256",  "ES256K", "X448", "es256",  "A128CTR",
                                        "A128KW "};
    struct jwk *key = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (jwk_generate(names[i], &key) != ERR_JWT_ALG)
            fail_msg("%s", names[i]);
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("jwk_generate", tests, NULL, NULL);
}
