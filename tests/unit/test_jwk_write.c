#include "jwk.h"
#include "jwk_curve.h"
#include "jws.h"

#include <openssl/core_names.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "vectors.h"

static char text[8192];

static void test_thumbprint(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7638-3.1.json", "rfc8037-a3.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct json *vector = vector_load(files[i]);
        struct jwk *key = NULL;
        char print[JWK_THUMBPRINT + 1];
        assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
        assert_int_equal(jwk_thumbprint(key, print), ERR_OK);
        assert_true(slice_is(vector_text(vector, "thumbprint"), print));
        jwk_free(key);
        json_free(vector);
    }
}

/* Every member of `want` is in `got` with the same value, and the other way round. */
static void assert_same(const struct json *want, const struct json *got)
{
    assert_int_equal(json_count(want), json_count(got));
    for (const struct json *m = json_first(want); m != NULL; m = json_next(m)) {
        struct slice name = json_name(m), a, b;
        assert_true(json_string(m, &a));
        assert_true(json_member_string(got, name.p, &b));
        assert_true(slice_eq(a, b));
    }
}

static void test_write(void **state)
{
    (void)state;
    static const char *const files[] = {
        "rfc7515-a1.json", "rfc7515-a2.json",  "rfc7515-a3.json",  "rfc7515-a4.json",
        "rfc8037-a4.json", "rfc7520-4.1.json", "rfc7520-4.3.json", "rfc7520-4.4.json",
    };
    static const char *const secrets[] = {"d", "p", "q", "dp", "dq", "qi", "k"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct json *vector = vector_load(files[i]), *written = NULL;
        struct jwk *key = NULL;
        struct buf b = BUF(text);
        assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        assert_int_equal(json_parse(buf_slice(&b), &written), ERR_OK);
        assert_same(json_member(vector, "key"), written);
        json_free(written);
        written = NULL;
        b = BUF(text);
        if (key->type == JWK_OCT) {
            assert_int_equal(jwk_write_public(key, &b), ERR_JWK_TYPE);
            assert_int_equal(b.n, 0);
        } else {
            assert_int_equal(jwk_write_public(key, &b), ERR_OK);
            assert_int_equal(json_parse(buf_slice(&b), &written), ERR_OK);
            for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++)
                assert_null(json_member(written, secrets[k]));
        }
        json_free(written);
        jwk_free(key);
        json_free(vector);
    }
}

static void test_write_fails(void **state)
{
    (void)state;
    char small[100] = "";
    struct buf b = BUF(small);
    struct json *vector = vector_load("rfc7515-a3.json"), *other = vector_load("rfc8037-a3.json");
    struct jwk *key = NULL, *public = NULL;
    assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
    buf_puts(&b, "before");
    assert_int_equal(jwk_write_private(key, &b), ERR_TOO_LARGE);
    assert_true(slice_is(buf_slice(&b), "before"));
    assert_null(memchr(small + b.n, '{', sizeof small - b.n)); /* nothing of the key stays */

    assert_int_equal(jwk_from_json(json_member(other, "key"), &public), ERR_OK);
    b = BUF(text);
    assert_int_equal(jwk_write_private(public, &b), ERR_JWK_USE);
    jwk_free(public);
    jwk_free(key);
    json_free(other);
    json_free(vector);
}

static void test_generate(void **state)
{
    (void)state;
    const char *alg;
    for (size_t i = 0; (alg = jws_alg_at(i)) != NULL; i++) {
        struct jwk *key = NULL, *again = NULL;
        struct buf b = BUF(text);
        char print[JWK_THUMBPRINT + 1];
        assert_int_equal(jwk_generate(alg, &key), ERR_OK);
        assert_string_equal(key->alg, alg);
        assert_true(key->may_sign && key->may_verify && key->is_private);
        assert_int_equal(key->use, JWK_USE_SIG);
        assert_int_equal(jwk_thumbprint(key, print), ERR_OK);
        assert_string_equal(key->kid, print);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        assert_int_equal(jwk_parse(buf_slice(&b), &again), ERR_OK);
        assert_int_equal(again->type, key->type);
        assert_string_equal(again->kid, key->kid);
        assert_true(key->pkey == NULL || EVP_PKEY_eq(key->pkey, again->pkey) == 1);
        if (key->type == JWK_RSA)
            assert_int_equal(EVP_PKEY_get_bits(key->pkey), 3072);
        jwk_free(again);
        jwk_free(key);
    }
    struct jwk *none = NULL;
    assert_int_equal(jwk_generate("none", &none), ERR_JWT_ALG);
    assert_int_equal(jwk_generate("", &none), ERR_JWT_ALG);
    assert_null(none);
}

/* The orders in the table are those that OpenSSL knows. */
static void test_orders(void **state)
{
    (void)state;
    static const char *const algs[] = {"ES256", "ES384", "ES512"};
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        struct jwk *key = NULL;
        BIGNUM *order = NULL;
        unsigned char bytes[66];
        assert_int_equal(jwk_generate(algs[i], &key), ERR_OK);
        const struct jwk_curve *curve = jwk_curve_find(JWK_EC, slice_of(key->curve));
        assert_non_null(curve);
        assert_int_equal(EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
        assert_int_equal(BN_bn2binpad(order, bytes, (int)curve->bytes), curve->bytes);
        assert_memory_equal(bytes, curve->order, curve->bytes);
        BN_free(order);
        jwk_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thumbprint),  cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_fails), cmocka_unit_test(test_generate),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests_name("jwk_write", tests, NULL, NULL);
}
