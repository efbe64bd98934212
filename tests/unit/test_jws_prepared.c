/* A key that is used often gives and takes the same signatures as one that is used once. */
#include "fixture.h"

#include "jws_prepared.h"

#include <pthread.h>

static const char *const algs[] = {"RS256", "RS512", "PS256", "PS384", "ES256",
                                   "ES384", "ES512", "EdDSA", "HS256"};

static void check_alg(const char *name, const struct jwk *key, struct jws_prepared *signing)
{
    ARENA(a, 65536);
    const struct jws_alg *alg = jws_alg_find(slice_of(name));
    struct buf text = buf_in(&a, 8192);
    struct jws jws;
    assert_int_equal(jws_sign_prepared(alg, key, signing, "JWT", SLICE("{}"), &a, &text), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&text), &a, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, key), ERR_OK);
    text.p[12] ^= 1;
    assert_int_equal(jws_verify(&jws, key), ERR_JWT_SIGNATURE);
    text.p[12] ^= 1;
    assert_int_equal(jws_verify(&jws, key), ERR_OK);
    text.n = 0;
    assert_int_equal(jws_sign(alg, key, "JWT", SLICE("{}"), &a, &text), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&text), &a, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, key), ERR_OK);
}

static void every_algorithm_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct jws_prepared signing = {.alg = NULL};
        struct jwk *key;
        assert_int_equal(jwk_generate(algs[i], &key), ERR_OK);
        for (int times = 0; times < 3; times++)
            check_alg(algs[i], key, &signing);
        jws_prepared_free(&signing);
        jwk_free(key);
    }
}

/* An RSA key that names no algorithm serves several, and each in its own way. */
static void one_key_with_several_algorithms(void **state)
{
    (void)state;
    static const char *const order[] = {"RS256", "PS256", "PS256", "RS384", "PS384", "RS256"};
    struct jws_prepared signing = {.alg = NULL};
    struct jwk *key;
    assert_int_equal(jwk_generate("RS256", &key), ERR_OK);
    key->alg[0] = '\0';
    for (size_t i = 0; i < COUNT(order); i++)
        check_alg(order[i], key, &signing);
    jws_prepared_free(&signing);
    jws_prepared_free(&signing); /* {0} again */
    jwk_free(key);
}

struct checker {
    pthread_t id;
    const struct jwk *key;
    const struct jws *good, *bad;
    int wrong;
};

static void *check_often(void *user)
{
    struct checker *c = user;
    for (int i = 0; i < 300; i++)
        c->wrong += jws_verify(i % 3 == 0 ? c->bad : c->good, c->key) !=
                    (i % 3 == 0 ? ERR_JWT_SIGNATURE : ERR_OK);
    return NULL;
}

static void threads_check_with_one_key(void **state)
{
    (void)state;
    ARENA(a, 65536);
    struct checker checkers[6];
    struct jws good, bad;
    struct jwk *key;
    struct buf text = buf_in(&a, 8192), other = buf_in(&a, 8192);
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    const struct jws_alg *alg = jws_alg_find(SLICE("ES256"));
    assert_int_equal(jws_sign(alg, key, "JWT", SLICE("{}"), &a, &text), ERR_OK);
    assert_int_equal(jws_sign(alg, key, "JWT", SLICE("[]"), &a, &other), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&text), &a, &good), ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&other), &a, &bad), ERR_OK);
    bad.signature = good.signature;
    for (size_t i = 0; i < COUNT(checkers); i++) {
        checkers[i] = (struct checker){.key = key, .good = &good, .bad = &bad};
        assert_int_equal(pthread_create(&checkers[i].id, NULL, check_often, &checkers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(checkers); i++) {
        pthread_join(checkers[i].id, NULL);
        assert_int_equal(checkers[i].wrong, 0);
    }
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_again_and_again),
        cmocka_unit_test(one_key_with_several_algorithms),
        cmocka_unit_test(threads_check_with_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
