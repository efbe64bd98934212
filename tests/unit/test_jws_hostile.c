#include "base64url.h"
#include "jwk_curve.h"
#include "jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "vectors.h"

/* Real tokens of the RFCs with something changed, against real keys. */

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    return arena_init(&arena, 65536) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct jwk *vector_key(const char *file)
{
    struct json *vector = vector_load(file);
    struct jwk *key = NULL;
    assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
    json_free(vector);
    return key;
}

static struct jws vector_jws(const char *file)
{
    struct json *vector = vector_load(file);
    struct slice compact = vector_text(vector, "compact");
    struct jws jws;
    compact = (struct slice){arena_dup(&arena, compact), compact.n};
    assert_int_equal(jws_parse(compact, &arena, &jws), ERR_OK);
    json_free(vector);
    return jws;
}

/* Each token with each key: right with its own only. */
static void test_every_key(void **state)
{
    (void)state;
    static const struct {
        const char *token, *key;
        enum err want;
    } cases[] = {
        {"rfc7515-a3.json", "rfc7515-a3.json", ERR_OK},
        {"rfc7515-a3.json", "rfc7515-a4.json", ERR_JWT_ALG}, /* another curve */
        {"rfc7515-a3.json", "rfc7515-a2.json", ERR_JWT_ALG},
        {"rfc7515-a3.json", "rfc7515-a1.json", ERR_JWT_ALG},
        {"rfc7515-a3.json", "rfc8037-a4.json", ERR_JWT_ALG},
        {"rfc8037-a4.json", "cookbook-x25519.json", ERR_JWT_ALG}, /* X25519 signs nothing */
        {"rfc7515-a1.json", "rfc7515-a2.json", ERR_JWT_ALG},      /* HS256 with an RSA key */
        {"rfc7515-a1.json", "rfc7515-a3.json", ERR_JWT_ALG},
        {"rfc7515-a1.json", "rfc7520-4.4.json", ERR_JWT_SIGNATURE},
        {"rfc7515-a2.json", "rfc7520-4.1.json", ERR_JWT_SIGNATURE},
        {"rfc7520-4.3.json", "rfc7515-a4.json", ERR_JWT_SIGNATURE},
        {"rfc7520-4.1.json", "rfc7520-4.2.json", ERR_OK},      /* the same key */
        {"rfc7520-4.2.json", "rfc7638-3.1.json", ERR_JWT_ALG}, /* alg RS256 of the key's own */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jws jws = vector_jws(cases[i].token);
        struct jwk *key = vector_key(cases[i].key);
        enum err e = jws_verify(&jws, key);
        if (e != cases[i].want)
            fail_msg("%s with %s: %s", cases[i].token, cases[i].key, err_row(e)->name);
        jwk_free(key);
    }
}

/* The attack of that name: the public key's text as the secret of a MAC. */
static void test_public_key_as_secret(void **state)
{
    (void)state;
    struct jwk *rsa = vector_key("rfc7515-a2.json");
    char jwk_text[2048], token[4096];
    struct buf b = BUF(jwk_text), t = BUF(token);
    struct jws jws;
    assert_int_equal(jwk_write_public(rsa, &b), ERR_OK);
    struct jwk mac = {
        .type = JWK_OCT, .may_sign = true, .oct = (unsigned char *)jwk_text, .oct_bytes = b.n};
    assert_int_equal(jws_sign(jws_alg_find(SLICE("HS256")), &mac, NULL, SLICE("{}"), &arena, &t),
                     ERR_OK);
    assert_int_equal(jws_parse(buf_slice(&t), &arena, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, rsa), ERR_JWT_ALG);
    jwk_free(rsa);
}

static void test_key_use(void **state)
{
    (void)state;
    static const char *const extra[] = {"\"use\":\"enc\"", "\"key_ops\":[\"sign\"]",
                                        "\"key_ops\":[]", "\"key_ops\":[\"deriveKey\"]"};
    struct jws jws = vector_jws("rfc7515-a3.json");
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        char text[512];
        struct buf b = BUF(text);
        struct jwk *key = NULL;
        buf_printf(&b,
                   "{%s,\"kty\":\"EC\",\"crv\":\"P-256\","
                   "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                   "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
                   extra[i]);
        assert_int_equal(jwk_parse(buf_slice(&b), &key), ERR_OK);
        assert_int_equal(jws_verify(&jws, key), ERR_JWK_USE);
        jwk_free(key);
    }
}

/* ---- signatures of ECDSA ---- */

enum part { ZERO, ONE, ORDER, ORDER_PLUS_ONE, ALL_ONES, GOOD };

static void put_part(enum part part, const struct jwk_curve *curve, const char *good, char *out)
{
    memset(out, part == ALL_ONES ? 0xff : 0, curve->bytes);
    if (part == ONE)
        out[curve->bytes - 1] = 1;
    if (part == ORDER || part == ORDER_PLUS_ONE)
        memcpy(out, curve->order, curve->bytes);
    if (part == ORDER_PLUS_ONE)
        out[curve->bytes - 1] += 1;
    if (part == GOOD)
        memcpy(out, good, curve->bytes);
}

static void test_ecdsa_numbers(void **state)
{
    (void)state;
    static const struct {
        int line;
        enum part r, s;
        enum err want;
    } cases[] = {
        {__LINE__, GOOD, GOOD, ERR_OK},
        {__LINE__, ZERO, ZERO, ERR_JWT_SIGNATURE},
        {__LINE__, ZERO, GOOD, ERR_JWT_SIGNATURE},
        {__LINE__, GOOD, ZERO, ERR_JWT_SIGNATURE},
        {__LINE__, ONE, ONE, ERR_JWT_SIGNATURE},
        {__LINE__, ORDER, ORDER, ERR_JWT_SIGNATURE},
        {__LINE__, GOOD, ORDER, ERR_JWT_SIGNATURE},
        {__LINE__, ORDER, GOOD, ERR_JWT_SIGNATURE},
        {__LINE__, ORDER_PLUS_ONE, ORDER_PLUS_ONE, ERR_JWT_SIGNATURE},
        {__LINE__, ALL_ONES, ALL_ONES, ERR_JWT_SIGNATURE},
    };
    static const char *const files[] = {"rfc7515-a3.json", "rfc7515-a4.json"};
    for (size_t f = 0; f < 2; f++) {
        struct jwk *key = vector_key(files[f]);
        const struct jwk_curve *curve = jwk_curve_find(JWK_EC, slice_of(key->curve));
        assert_non_null(curve);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct jws jws = vector_jws(files[f]);
            char rs[132];
            put_part(cases[i].r, curve, jws.signature.p, rs);
            put_part(cases[i].s, curve, jws.signature.p + curve->bytes, rs + curve->bytes);
            jws.signature = (struct slice){rs, 2 * curve->bytes};
            enum err e = jws_verify(&jws, key);
            if (e != cases[i].want)
                fail_msg("line %d, %s: %s", cases[i].line, files[f], err_row(e)->name);
        }
        jwk_free(key);
    }
}

/* The length is fixed; DER, which OpenSSL itself would take, is no JWS signature. */
static void test_ecdsa_lengths(void **state)
{
    (void)state;
    struct jwk *key = vector_key("rfc7515-a3.json");
    struct jws jws = vector_jws("rfc7515-a3.json");
    char bytes[160] = {0x30, 70, 2, 33, 0}; /* room for DER of two 33-byte integers */
    memcpy(bytes + 5, jws.signature.p, 32);
    memcpy(bytes + 37, "\x02\x21\x00", 3);
    memcpy(bytes + 40, jws.signature.p + 32, 32);
    struct jws der = jws;
    der.signature = (struct slice){bytes, 72};
    assert_int_equal(jws_verify(&der, key), ERR_JWT_SIGNATURE);
    for (size_t n = 0; n < 140; n++) {
        struct jws cut = jws;
        memset(bytes, 1, sizeof bytes);
        memcpy(bytes, jws.signature.p, 64);
        cut.signature = (struct slice){bytes, n};
        assert_int_equal(jws_verify(&cut, key), n == 64 ? ERR_OK : ERR_JWT_SIGNATURE);
    }
    jwk_free(key);
}

/* ---- choice of the key ---- */

static void test_find_key(void **state)
{
    (void)state;
    struct jwk a = {.kid = "a"}, b = {.kid = "b"}, a2 = {.kid = "a"}, bare = {.kid = ""};
    const struct {
        int line;
        struct slice kid;
        struct jwk_set set;
        const struct jwk *want; /* NULL: ERR_JWT_KEY */
    } cases[] = {
        {__LINE__, SLICE("a"), {2, {&a, &b}}, &a},   {__LINE__, SLICE("b"), {2, {&a, &b}}, &b},
        {__LINE__, SLICE("c"), {2, {&a, &b}}, NULL}, {__LINE__, SLICE("A"), {2, {&a, &b}}, NULL},
        {__LINE__, SLICE("a\0"), {1, {&a}}, NULL},   {__LINE__, SLICE("a"), {2, {&a, &a2}}, NULL},
        {__LINE__, SLICE("a"), {1, {&bare}}, NULL},  {__LINE__, SLICE(""), {1, {&bare}}, NULL},
        {__LINE__, SLICE("a"), {0, {NULL}}, NULL},   {__LINE__, SLICE_NONE, {1, {&a}}, &a},
        {__LINE__, SLICE_NONE, {1, {&bare}}, &bare}, {__LINE__, SLICE_NONE, {2, {&a, &bare}}, NULL},
        {__LINE__, SLICE_NONE, {0, {NULL}}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jws jws = {.kid = cases[i].kid};
        const struct jwk *found = NULL;
        enum err e = jws_find_key(&jws, &cases[i].set, &found);
        if (found != cases[i].want || e != (found ? ERR_OK : ERR_JWT_KEY))
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_key),     TEST(test_public_key_as_secret), TEST(test_key_use),
        TEST(test_ecdsa_numbers), TEST(test_ecdsa_lengths),        TEST(test_find_key),
    };
    return cmocka_run_group_tests_name("jws_hostile", tests, NULL, NULL);
}
