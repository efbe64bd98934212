#include "base64url.h"
#include "json.h"
#include "jws.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "vectors.h"

static char text[32768];

static struct arena new_arena(void)
{
    struct arena a;
    assert_true(arena_init(&a, 65536));
    return a;
}

/* ---- example values ---- */

static const char *const vectors[] = {
    "rfc7515-a1.json",  "rfc7515-a2.json",  "rfc7515-a3.json",
    "rfc7515-a4.json",  "rfc8037-a4.json",  "rfc7520-4.1.json",
    "rfc7520-4.2.json", "rfc7520-4.3.json", "rfc7520-4.4.json",
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct json *vector = vector_load(vectors[i]);
        struct arena a = new_arena();
        struct slice payload;
        struct jwk *key = NULL;
        struct jws jws;
        assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
        assert_int_equal(jws_parse(vector_text(vector, "compact"), &a, &jws), ERR_OK);
        assert_int_equal(jws_verify(&jws, key), ERR_OK);
        assert_true(slice_is(vector_text(vector, "alg"), jws_alg_name(jws.alg)));
        assert_int_equal(base64url_decode(vector_text(vector, "payload"), &a, &payload), ERR_OK);
        assert_true(slice_eq(payload, jws.payload));
        jwk_free(key);
        arena_free(&a);
        json_free(vector);
    }
}

/* RSASSA-PKCS1-v1_5, EdDSA and HMAC give one signature for one message: ours is the RFC's. */
static void test_sign_vectors(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7520-4.1.json", "rfc8037-a4.json", "rfc7520-4.4.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct json *vector = vector_load(files[i]);
        struct arena a = new_arena();
        struct slice payload;
        struct jwk *key = NULL;
        struct buf b = BUF(text);
        assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
        assert_int_equal(base64url_decode(vector_text(vector, "payload"), &a, &payload), ERR_OK);
        const struct jws_alg *alg = jws_alg_find(vector_text(vector, "alg"));
        assert_int_equal(jws_sign(alg, key, NULL, payload, &a, &b), ERR_OK);
        assert_true(slice_eq(buf_slice(&b), vector_text(vector, "compact")));
        jwk_free(key);
        arena_free(&a);
        json_free(vector);
    }
}

/* ---- every algorithm, and every key with every other algorithm ---- */

static void check_round_trip(const struct jwk *key, const char *name)
{
    struct arena a = new_arena();
    struct buf b = BUF(text);
    struct jws jws;
    struct slice payload = SLICE("{\"iss\":\"x\"}");
    buf_puts(&b, "kept:");
    const struct jws_alg *alg = jws_alg_find(slice_of(name));
    assert_int_equal(jws_sign(alg, key, "at+jwt", payload, &a, &b), ERR_OK);
    assert_true(slice_starts(buf_slice(&b), "kept:"));
    struct slice compact = slice_skip(buf_slice(&b), 5);
    assert_int_equal(jws_parse(compact, &a, &jws), ERR_OK);
    assert_true(slice_eq(jws.payload, payload));
    assert_true(slice_is(jws.typ, "at+jwt"));
    assert_true(slice_is(jws.kid, key->kid));
    assert_ptr_equal(jws.alg, alg);
    assert_int_equal(jws_verify(&jws, key), ERR_OK);
    /* one bit of the message, of the signature's ends, one byte less, one more */
    text[12] ^= 1;
    assert_int_equal(jws_verify(&jws, key), ERR_JWT_SIGNATURE);
    text[12] ^= 1;
    char changed[1025];
    memcpy(changed, jws.signature.p, jws.signature.n);
    changed[jws.signature.n] = 0;
    struct jws bad = jws;
    for (size_t at = 0; at < jws.signature.n; at += jws.signature.n - 1) {
        bad.signature = (struct slice){changed, jws.signature.n};
        changed[at] ^= 1;
        assert_int_equal(jws_verify(&bad, key), ERR_JWT_SIGNATURE);
        changed[at] ^= 1;
    }
    bad.signature.n = jws.signature.n - 1;
    assert_int_equal(jws_verify(&bad, key), ERR_JWT_SIGNATURE);
    bad.signature.n = jws.signature.n + 1;
    assert_int_equal(jws_verify(&bad, key), ERR_JWT_SIGNATURE);
    bad.signature.n = jws.signature.n;
    assert_int_equal(jws_verify(&bad, key), ERR_OK);
    arena_free(&a);
}

static void test_algorithms(void **state)
{
    (void)state;
    const char *name, *other;
    for (size_t i = 0; (name = jws_alg_at(i)) != NULL; i++) {
        struct jwk *key = NULL;
        assert_int_equal(jwk_generate(name, &key), ERR_OK);
        check_round_trip(key, name);
        for (size_t k = 0; (other = jws_alg_at(k)) != NULL; k++) {
            if (k == i)
                continue;
            struct arena a = new_arena();
            struct buf b = BUF(text);
            struct jws jws = {.alg = jws_alg_find(slice_of(other)), .signature = SLICE("x")};
            assert_int_equal(jws_sign(jws.alg, key, NULL, SLICE("{}"), &a, &b), ERR_JWT_ALG);
            assert_int_equal(b.n, 0);
            assert_int_equal(jws_verify(&jws, key), ERR_JWT_ALG);
            arena_free(&a);
        }
        jwk_free(key);
    }
}

static void test_ed448(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    assert_non_null(pkey);
    struct jwk key = {.type = JWK_OKP,
                      .curve = "Ed448",
                      .kid = "k",
                      .may_sign = true,
                      .may_verify = true,
                      .is_private = true,
                      .pkey = pkey};
    check_round_trip(&key, "EdDSA");
    EVP_PKEY_free(pkey);
}

/* ---- hostile tokens: their form ---- */

#define K64 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

static const struct {
    int line;
    const char *header; /* JSON, encoded by the test */
    enum err want;
} headers[] = {
    {__LINE__, "{\"alg\":\"ES256\"}", ERR_OK},
    {__LINE__, "{\"alg\":\"ES256\",\"kid\":\"" K64 K64 K64 K64 "\"}", ERR_OK},
    {__LINE__, "{\"alg\":\"ES256\",\"x5c\":[],\"jwk\":{},\"other\":1}", ERR_OK}, /* never used */
    {__LINE__, "{\"alg\":\"none\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":\"None\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":\"NONE\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":\"nOnE\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":\"\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":\"es256\"}", ERR_JWT_ALG},
    {__LINE__, "{\"alg\":null}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":[\"ES256\"]}", ERR_JWT_FORM},
    {__LINE__, "{\"Alg\":\"ES256\"}", ERR_JWT_FORM},
    {__LINE__, "{}", ERR_JWT_FORM},
    {__LINE__, "[]", ERR_JWT_FORM},
    {__LINE__, "\"ES256\"", ERR_JWT_FORM},
    {__LINE__, "null", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"crit\":[]}", ERR_JWT_CRIT},
    {__LINE__, "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", ERR_JWT_CRIT},
    {__LINE__, "{\"alg\":\"ES256\",\"crit\":null}", ERR_JWT_CRIT},
    {__LINE__, "{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", ERR_JWT_CRIT},
    {__LINE__, "{\"alg\":\"ES256\",\"b64\":true}", ERR_JWT_CRIT},
    {__LINE__, "{\"alg\":\"ES256\",\"alg\":\"none\"}", ERR_JSON},
    {__LINE__, "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", ERR_JSON},
    {__LINE__, "{\"alg\":\"ES256\\u0000\"}", ERR_JSON},
    {__LINE__, "\xef\xbb\xbf{\"alg\":\"ES256\"}", ERR_JSON},
    {__LINE__, "{\"alg\":\"ES256\"}x", ERR_JSON},
    {__LINE__, "", ERR_JSON},
    {__LINE__, "{\"alg\":\"ES256\",\"kid\":7}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"kid\":null}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"kid\":\"" K64 K64 K64 K64 "k\"}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"kid\":\"a\\nb\"}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"typ\":1}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"typ\":\"a\\u007f\"}", ERR_JWT_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"jku\":{}}", ERR_JWT_FORM},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct arena a = new_arena();
        struct buf b = BUF(text);
        struct jws jws = {.kid = SLICE("untouched")};
        base64url_encode(slice_of(headers[i].header), &b);
        buf_puts(&b, ".e30.AAAA");
        enum err e = jws_parse(buf_slice(&b), &a, &jws);
        if (e != headers[i].want || slice_is(jws.kid, "untouched") == (e == ERR_OK))
            fail_msg("line %d: %s", headers[i].line, err_row(e)->name);
        arena_free(&a);
    }
}

#define H "eyJhbGciOiJFUzI1NiJ9" /* {"alg":"ES256"} */

static const struct {
    int line;
    const char *compact;
    enum err want;
} compacts[] = {
    {__LINE__, H ".e30.AAAA", ERR_OK},
    {__LINE__, H "..AAAA", ERR_OK}, /* an empty payload is a payload */
    {__LINE__, "", ERR_JWT_FORM},
    {__LINE__, ".", ERR_JWT_FORM},
    {__LINE__, H, ERR_JWT_FORM},
    {__LINE__, H ".e30", ERR_JWT_FORM},
    {__LINE__, H ".e30.AAAA.", ERR_JWT_FORM},
    {__LINE__, H ".e30.AAAA.AAAA", ERR_JWT_FORM},
    {__LINE__, H ".AAAA.AAAA.AAAA.AAAA", ERR_JWT_FORM}, /* the form of a JWE */
    {__LINE__, H ".e30.", ERR_JWT_FORM},                /* empty signature */
    {__LINE__, "..", ERR_JSON},
    {__LINE__, ".e30.AAAA", ERR_JSON},
    {__LINE__, "eyJhbGciOiJub25lIn0.e30.", ERR_JWT_ALG}, /* {"alg":"none"} */
    {__LINE__, H "=.e30.AAAA", ERR_BASE64},
    {__LINE__, H ".e30=.AAAA", ERR_BASE64},
    {__LINE__, H ".e30.AAA=", ERR_BASE64},
    {__LINE__, H ".e30.AAB", ERR_BASE64}, /* spare bits */
    {__LINE__, H ".e31.AAAA", ERR_BASE64},
    {__LINE__, "eyJhbGciOiJFUzI1NiJ9A.e30.AAAA", ERR_BASE64},
    {__LINE__, H ".e30.A", ERR_BASE64},
    {__LINE__, H ".e30.AA+/", ERR_BASE64},
    {__LINE__, " " H ".e30.AAAA", ERR_BASE64},
    {__LINE__, H ".e30.AAAA\n", ERR_BASE64},
    {__LINE__, H ".e30 .AAAA", ERR_BASE64},
    {__LINE__, "{\"alg\":\"ES256\"}.e30.AAAA", ERR_BASE64},
};

static void test_compacts(void **state)
{
    (void)state;
    struct arena a = new_arena();
    struct jws jws;
    for (size_t i = 0; i < sizeof compacts / sizeof compacts[0]; i++) {
        enum err e = jws_parse(slice_of(compacts[i].compact), &a, &jws);
        if (e != compacts[i].want)
            fail_msg("line %d: %s", compacts[i].line, err_row(e)->name);
    }
    assert_int_equal(jws_parse(SLICE_NONE, &a, &jws), ERR_JWT_FORM);
    arena_free(&a);
}

static void test_size(void **state)
{
    (void)state;
    struct arena a = new_arena();
    struct jws jws;
    struct buf b = BUF(text);
    buf_puts(&b, H ".e30.");
    while (b.n < JWS_MAX_BYTES)
        buf_putc(&b, 'A');
    assert_int_equal(jws_parse(buf_slice(&b), &a, &jws), ERR_OK);
    buf_putc(&b, 'A');
    assert_int_equal(jws_parse(buf_slice(&b), &a, &jws), ERR_TOO_LARGE);
    arena_free(&a);
    assert_true(arena_init(&a, 16));
    assert_int_equal(jws_parse(SLICE(H ".e30.AAAA"), &a, &jws), ERR_TOO_LARGE);
    arena_free(&a);
}

static void test_sign_refuses(void **state)
{
    (void)state;
    struct arena a = new_arena();
    struct jwk *key = NULL;
    struct buf b = BUF(text);
    const struct jws_alg *alg = jws_alg_find(SLICE("ES256"));
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    static char big[JWS_MAX_BYTES];
    memset(big, 'x', sizeof big);
    buf_puts(&b, "kept");
    assert_int_equal(jws_sign(alg, key, NULL, (struct slice){big, sizeof big}, &a, &b),
                     ERR_TOO_LARGE);
    assert_int_equal(jws_sign(alg, key, NULL, (struct slice){big, 12200}, &a, &b), ERR_TOO_LARGE);
    assert_true(slice_is(buf_slice(&b), "kept"));
    char small[64];
    struct buf tight = BUF(small);
    assert_int_equal(jws_sign(alg, key, NULL, SLICE("{}"), &a, &tight), ERR_TOO_LARGE);
    key->may_sign = false;
    assert_int_equal(jws_sign(alg, key, NULL, SLICE("{}"), &a, &b), ERR_JWK_USE);
    jwk_free(key);
    arena_free(&a);
}

/* ---- one key, many threads ---- */

struct job {
    const struct jws *jws;
    const struct jwk *key;
    unsigned wrong;
};

static void *verify_often(void *context)
{
    struct job *job = context;
    struct jws bad = *job->jws;
    bad.payload = bad.signing_input = SLICE("e30.e30");
    for (int i = 0; i < 50; i++) {
        job->wrong += jws_verify(job->jws, job->key) != ERR_OK;
        job->wrong += jws_verify(&bad, job->key) != ERR_JWT_SIGNATURE;
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7515-a3.json", "rfc7520-4.2.json"};
    for (size_t f = 0; f < 2; f++) {
        struct json *vector = vector_load(files[f]);
        struct arena a = new_arena();
        struct jwk *key = NULL;
        struct jws jws;
        pthread_t threads[4];
        struct job jobs[4];
        assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
        assert_int_equal(jws_parse(vector_text(vector, "compact"), &a, &jws), ERR_OK);
        for (size_t i = 0; i < 4; i++) {
            jobs[i] = (struct job){.jws = &jws, .key = key};
            assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &jobs[i]), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(jobs[i].wrong, 0);
        }
        jwk_free(key);
        arena_free(&a);
        json_free(vector);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),    cmocka_unit_test(test_sign_vectors),
        cmocka_unit_test(test_algorithms), cmocka_unit_test(test_ed448),

        cmocka_unit_test(test_headers),    cmocka_unit_test(test_compacts),
        cmocka_unit_test(test_size),       cmocka_unit_test(test_sign_refuses),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("jws", tests, NULL, NULL);
}
