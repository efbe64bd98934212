#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "vectors.h"

#define EC(members)                                                                                \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","     \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"" members "}"
#define UNKNOWN(members) "{\"kty\":\"AKP\"" members "}"

static const struct {
    int line;
    const char *text;
    enum err want;
    size_t count;
} cases[] = {
    {__LINE__, "{\"keys\":[" EC("") "]}", ERR_OK, 1},
    {__LINE__, EC(""), ERR_OK, 1}, /* a single key */
    {__LINE__, "{\"keys\":[" EC(",\"kid\":\"a\"") "," EC(",\"kid\":\"b\"") "]}", ERR_OK, 2},
    {__LINE__, "{\"keys\":[" EC("") "," EC("") "]}", ERR_OK, 2}, /* no kid is no duplicate */
    {__LINE__, "{\"keys\":[" EC(",\"kid\":\"a\"") "," EC(",\"kid\":\"A\"") "]}", ERR_OK, 2},
    {__LINE__, "{\"x\":1,\"keys\":[" EC("") "]}", ERR_OK, 1},
    /* passed over */
    {__LINE__, "{\"keys\":[" UNKNOWN("") "," EC("") "]}", ERR_OK, 1},
    {__LINE__, "{\"keys\":[" EC("") ",{\"kty\":\"EC\",\"crv\":\"P-192\"}]}", ERR_OK, 1},
    {__LINE__, "{\"keys\":[" EC("") ",{\"kty\":\"OKP\",\"crv\":\"X448\",\"x\":\"AA\"}]}", ERR_OK,
     1},
    {__LINE__, "{\"keys\":[" UNKNOWN(",\"kid\":\"a\"") "," EC(",\"kid\":\"a\"") "]}", ERR_OK, 1},
    {__LINE__, "{\"keys\":[" UNKNOWN("") "]}", ERR_JWK_TYPE, 0},
    {__LINE__, UNKNOWN(""), ERR_JWK_TYPE, 0},
    /* one bad key fails all */
    {__LINE__, "{\"keys\":[" EC("") ",{}]}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":[" EC("") ",1]}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":[" EC("") ",{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}]}",
     ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":[" EC("") "," EC(",\"kid\":7") "]}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":[" EC("") ",{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
     ERR_JWK_WEAK, 0},
    {__LINE__, "{\"keys\":[" EC(",\"kid\":\"a\"") "," EC(",\"kid\":\"a\"") "]}", ERR_JWK_DUPLICATE,
     0},
    {__LINE__, "{\"keys\":[" EC(",\"kid\":\"a\"") "," EC(",\"kid\":\"\\u0061\"") "]}",
     ERR_JWK_DUPLICATE, 0},
    /* no set */
    {__LINE__, "{\"keys\":[]}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":{}}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"keys\":null}", ERR_JWK_FORM, 0},
    {__LINE__, "{\"Keys\":[" EC("") "]}", ERR_JWK_FORM, 0},
    {__LINE__, "[" EC("") "]", ERR_JWK_FORM, 0},
    {__LINE__, "{}", ERR_JWK_FORM, 0},
    {__LINE__, "null", ERR_JWK_FORM, 0},
    {__LINE__, "", ERR_JSON, 0},
    {__LINE__, "{\"keys\":[" EC("") "]", ERR_JSON, 0},
    {__LINE__, "{\"keys\":[" EC("") "],\"keys\":[]}", ERR_JSON, 0},
    {__LINE__, "{\"keys\":[" EC(",\"kty\":\"RSA\"") "]}", ERR_JSON, 0},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jwk_set *set = NULL;
        enum err e = jwk_set_parse(slice_of(cases[i].text), &set);
        if (e != cases[i].want || (set ? set->count : 0) != cases[i].count)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
        jwk_set_free(set);
    }
}

static enum err parse_many(size_t count, const char *key, size_t *got)
{
    static char text[65536];
    struct buf b = BUF(text);
    struct jwk_set *set = NULL;
    buf_puts(&b, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(&b, i > 0 ? "," : "");
        buf_puts(&b, key);
    }
    buf_puts(&b, "]}");
    assert_false(b.overflowed);
    enum err e = jwk_set_parse(buf_slice(&b), &set);
    *got = set ? set->count : 0;
    jwk_set_free(set);
    return e;
}

static void test_bounds(void **state)
{
    (void)state;
    size_t n;
    assert_int_equal(parse_many(JWK_SET_MAX_KEYS, EC(""), &n), ERR_OK);
    assert_int_equal(n, JWK_SET_MAX_KEYS);
    assert_int_equal(parse_many(JWK_SET_MAX_KEYS + 1, EC(""), &n), ERR_JWK_FORM);
    assert_int_equal(parse_many(JWK_SET_MAX_KEYS + 1, UNKNOWN(""), &n), ERR_JWK_FORM);
}

static void test_vectors(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7517-a1.json", "rfc7517-a2.json"};
    for (size_t i = 0; i < 2; i++) {
        struct json *document = vector_load(files[i]);
        const struct json *keys = json_member(document, "keys");
        struct jwk *ec = NULL, *rsa = NULL;
        assert_int_equal(jwk_from_json(json_first(keys), &ec), ERR_OK);
        assert_int_equal(jwk_from_json(json_next(json_first(keys)), &rsa), ERR_OK);
        assert_int_equal(ec->type, JWK_EC);
        assert_int_equal(ec->use, JWK_USE_ENC);
        assert_string_equal(ec->curve, "P-256");
        assert_false(ec->may_verify || ec->may_sign);
        assert_true(ec->may_encrypt);
        assert_int_equal(ec->may_decrypt, i == 1);
        assert_int_equal(rsa->type, JWK_RSA);
        assert_string_equal(rsa->alg, "RS256");
        assert_string_equal(rsa->kid, "2011-04-29");
        assert_true(rsa->may_verify);
        assert_int_equal(rsa->is_private, i == 1);
        assert_int_equal(rsa->may_sign, i == 1);
        jwk_free(ec);
        jwk_free(rsa);
        json_free(document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests_name("jwk_set", tests, NULL, NULL);
}
