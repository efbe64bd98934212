#include "jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A key without alg of its own serves all the algorithms of its type that fit its length. */
static void test_key_without_alg(void **state)
{
    (void)state;
    static const struct {
        const char *make, *alg;
        size_t oct_bytes; /* 0: as made */
        enum err want;
    } cases[] = {
        {"RS256", "PS512", 0, ERR_OK},      {"RS256", "RS384", 0, ERR_OK},
        {"ES256", "ES384", 0, ERR_JWT_ALG}, {"RS256", "HS256", 0, ERR_JWT_ALG},
        {"HS512", "HS256", 0, ERR_OK},      {"HS512", "HS512", 63, ERR_JWT_ALG},
        {"HS512", "HS256", 32, ERR_OK},     {"HS512", "HS256", 31, ERR_JWT_ALG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        char text[1024];
        struct buf b = BUF(text);
        struct jwk *key = NULL;
        assert_true(arena_init(&a, 4096));
        assert_int_equal(jwk_generate(cases[i].make, &key), ERR_OK);
        key->alg[0] = '\0';
        size_t whole = key->oct_bytes;
        key->oct_bytes = cases[i].oct_bytes ? cases[i].oct_bytes : whole;
        assert_int_equal(
            jws_sign(jws_alg_find(slice_of(cases[i].alg)), key, NULL, SLICE("{}"), &a, &b),
            cases[i].want);
        key->oct_bytes = whole;
        jwk_free(key);
        arena_free(&a);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const unknown[] = {"none",     "None",   "NONE",   "nOnE", "",
                                          "es256",    "ES256K", "ES256 ", "RS1",  "HS1",
                                          "RSA-OAEP", "dir",    "Ed25519"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_null(jws_alg_find(slice_of(unknown[i])));
    assert_null(jws_alg_find(SLICE_NONE));
    assert_null(jws_alg_find(SLICE("ES256\0")));
    assert_true(jws_alg_is_mac(jws_alg_find(SLICE("HS384"))));
    assert_false(jws_alg_is_mac(jws_alg_find(SLICE("EdDSA"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_without_alg),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("jws_alg", tests, NULL, NULL);
}
