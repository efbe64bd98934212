/* A key that is used often gives and takes the same signatures as one that is used once. */
#include "fixture.h"

#include "jws_prepared.h"

static const char *const algs[] = {"RS256", "RS512", "PS256", "PS384", "ES256",
                                   "ES384", "ES512", "EdDSA", "HS256"};

static void check_alg(const char *name, const struct jwk *key, struct jws_prepared *signing,
                      struct jws_prepared *verifying)
{
    ARENA(a, 65536);
    const struct jws_alg *alg = jws_alg_find(slice_of(name));
    struct buf text = buf_in(&a, 8192);
    struct jws jws;
    assert_int_equal(jws_sign_prepared(alg, key, signing, "JWT", SLICE("{}"), &a, &text), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&text), &a, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, key), ERR_OK);
    assert_int_equal(jws_verify_prepared(&jws, key, verifying), ERR_OK);
    text.p[12] ^= 1;
    assert_int_equal(jws_verify_prepared(&jws, key, verifying), ERR_JWT_SIGNATURE);
    text.p[12] ^= 1;
    assert_int_equal(jws_verify_prepared(&jws, key, verifying), ERR_OK);
    text.n = 0;
    assert_int_equal(jws_sign(alg, key, "JWT", SLICE("{}"), &a, &text), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&text), &a, &jws), ERR_OK);
    assert_int_equal(jws_verify_prepared(&jws, key, verifying), ERR_OK);
}

static void every_algorithm_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct jws_prepared signing = {.alg = NULL}, verifying = {.alg = NULL};
        struct jwk *key;
        assert_int_equal(jwk_generate(algs[i], &key), ERR_OK);
        for (int times = 0; times < 3; times++)
            check_alg(algs[i], key, &signing, &verifying);
        jws_prepared_free(&signing);
        jws_prepared_free(&verifying);
        jwk_free(key);
    }
}

/* An RSA key that names no algorithm serves several, and each in its own way. */
static void one_key_with_several_algorithms(void **state)
{
    (void)state;
    static const char *const order[] = {"RS256", "PS256", "PS256", "RS384", "PS384", "RS256"};
    struct jws_prepared signing = {.alg = NULL}, verifying = {.alg = NULL};
    struct jwk *key;
    assert_int_equal(jwk_generate("RS256", &key), ERR_OK);
    key->alg[0] = '\0';
    for (size_t i = 0; i < COUNT(order); i++)
        check_alg(order[i], key, &signing, &verifying);
    jws_prepared_free(&signing);
    jws_prepared_free(&verifying);
    jws_prepared_free(&verifying); /* {0} again */
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_again_and_again),
        cmocka_unit_test(one_key_with_several_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
