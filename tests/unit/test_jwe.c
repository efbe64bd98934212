#include "fixture.h"

#include "base64url.h"
#include "jwe_alg.h"
#include "vectors.h"

#include <pthread.h>

static char text[65536];
static const struct jwe_policy any = {.rsa_oaep = true}, usual = {.rsa_oaep = false};

static struct jwk *vector_key(const struct json *vector)
{
    struct jwk *key = NULL;
    assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
    return key;
}

/* ---- example values ---- */

static const char *const vectors[] = {
    "rfc7516-a1.json",  "rfc7516-a3.json",  "rfc7520-5.2.json",
    "rfc7520-5.4.json", "rfc7520-5.5.json", "rfc7520-5.6.json",
    "rfc7520-5.7.json", "rfc7520-5.8.json", "cookbook-x25519.json",
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct json *v = vector_load(vectors[i]);
        struct jwk *key = vector_key(v);
        ARENA(a, 65536);
        struct slice plaintext;
        struct jwe jwe;
        EXACT(compact, vector_text(v, "compact"));
        assert_int_equal(jwe_parse(compact, &a, &jwe), ERR_OK);
        assert_true(slice_is(vector_text(v, "alg"), jwe.alg->name));
        assert_true(slice_is(vector_text(v, "enc"), jwe.enc->name));
        assert_int_equal(jwe_decrypt(&jwe, key, &any, &a, &plaintext), ERR_OK);
        assert_true(slice_eq(plaintext, vector_text(v, "plaintext")));
        jwk_free(key);
        json_free(v);
    }
}

static void test_compressed(void **state)
{
    (void)state;
    struct json *v = vector_load("rfc7520-5.9.json");
    ARENA(a, 65536);
    struct jwe jwe;
    assert_int_equal(jwe_parse(vector_text(v, "compact"), &a, &jwe), ERR_JWE_ZIP);
    json_free(v);
}

/* RSA-OAEP hashes with SHA-1: only for a caller who says so. */
static void test_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct json *v = vector_load(vectors[i]);
        struct jwk *key = vector_key(v);
        ARENA(a, 65536);
        struct slice plaintext;
        struct jwe jwe;
        assert_int_equal(jwe_parse(vector_text(v, "compact"), &a, &jwe), ERR_OK);
        bool legacy = slice_is(vector_text(v, "alg"), "RSA-OAEP");
        assert_int_equal(jwe_decrypt(&jwe, key, &usual, &a, &plaintext),
                         legacy ? ERR_JWE_ALG : ERR_OK);
        jwk_free(key);
        json_free(v);
    }
}

/* ---- every alg with every enc ---- */

static void check_round_trip(const char *alg, const char *enc, const struct jwk *key)
{
    ARENA(a, 65536);
    struct buf b = BUF(text);
    struct jwe jwe;
    struct slice plaintext = SLICE("plaintext\0\xff\n"), out;
    buf_puts(&b, "kept:");
    assert_int_equal(jwe_encrypt(alg, enc, key, "JWT", "at+jwt", plaintext, &a, &b), ERR_OK);
    assert_true(slice_starts(buf_slice(&b), "kept:"));
    EXACT(compact, slice_skip(buf_slice(&b), 5));
    assert_int_equal(jwe_parse(compact, &a, &jwe), ERR_OK);
    assert_true(slice_is(jwe.typ, "JWT") && slice_is(jwe.cty, "at+jwt"));
    assert_true(slice_is(jwe.kid, key->kid));
    assert_string_equal(jwe.alg->name, alg);
    assert_string_equal(jwe.enc->name, enc);
    assert_int_equal(jwe_decrypt(&jwe, key, &usual, &a, &out), ERR_OK);
    assert_true(slice_eq(out, plaintext));
}

static struct jwk *key_for(const char *alg, const char *enc)
{
    struct jwk *key = NULL;
    assert_int_equal(jwk_generate(strcmp(alg, "dir") == 0 ? enc : alg, &key), ERR_OK);
    return key;
}

static void test_algorithms(void **state)
{
    (void)state;
    const char *alg, *enc;
    for (size_t i = 0; (alg = jwe_alg_at(i)) != NULL; i++) {
        struct jwk *rsa = strncmp(alg, "RSA", 3) == 0 ? key_for(alg, "") : NULL;
        for (size_t k = 0; (enc = jwe_enc_at(k)) != NULL && strcmp(alg, "RSA-OAEP") != 0; k++) {
            struct jwk *key = rsa ? rsa : key_for(alg, enc);
            check_round_trip(alg, enc, key);
            if (key != rsa)
                jwk_free(key);
        }
        jwk_free(rsa);
    }
}

static void test_curves(void **state)
{
    (void)state;
    static const char *const curves[] = {"P-384", "P-521", "X25519"};
    for (size_t i = 0; i < COUNT(curves); i++) {
        bool okp = curves[i][0] == 'X';
        struct jwk key = {.type = okp ? JWK_OKP : JWK_EC,
                          .kid = "k",
                          .may_encrypt = true,
                          .may_decrypt = true,
                          .is_private = true};
        memcpy(key.curve, curves[i], strlen(curves[i]));
        key.pkey = okp ? EVP_PKEY_Q_keygen(NULL, NULL, curves[i])
                       : EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
        assert_non_null(key.pkey);
        check_round_trip("ECDH-ES", "A256CBC-HS512", &key);
        check_round_trip("ECDH-ES+A256KW", "A256GCM", &key);
        EVP_PKEY_free(key.pkey);
    }
}

/* A CEK, an IV and an ephemeral key are for one token. */
static void test_nothing_is_used_twice(void **state)
{
    (void)state;
    static const char *const algs[] = {"dir", "A256KW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A256KW"};
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct jwk *key = key_for(algs[i], "A256GCM");
        ARENA(a, 65536);
        struct jwe jwe[2];
        for (size_t k = 0; k < 2; k++) {
            struct buf b = buf_in(&a, 2048);
            assert_int_equal(
                jwe_encrypt(algs[i], "A256GCM", key, NULL, NULL, SLICE("same"), &a, &b), ERR_OK);
            assert_int_equal(jwe_parse(buf_slice(&b), &a, &jwe[k]), ERR_OK);
        }
        assert_false(slice_eq(jwe[0].iv, jwe[1].iv));
        assert_false(slice_eq(jwe[0].ciphertext, jwe[1].ciphertext));
        if (jwe[0].encrypted_key.n > 0)
            assert_false(slice_eq(jwe[0].encrypted_key, jwe[1].encrypted_key));
        assert_int_equal(slice_eq(jwe[0].header, jwe[1].header), i < 2); /* iv, tag or epk in it */
        jwk_free(key);
    }
}

/* ---- sizes and refusals ---- */

static void test_sizes(void **state)
{
    (void)state;
    static char big[JWE_MAX_BYTES + 1];
    memset(big, 'x', sizeof big);
    struct jwk *key = key_for("dir", "A128CBC-HS256");
    for (size_t n = 24300; n <= 24600; n += 20) {
        ARENA(a, 131072);
        struct buf b = BUF(text);
        struct slice out;
        struct jwe jwe;
        buf_puts(&b, "kept");
        enum err e =
            jwe_encrypt("dir", "A128CBC-HS256", key, NULL, NULL, (struct slice){big, n}, &a, &b);
        if (e != ERR_OK) {
            assert_int_equal(e, ERR_TOO_LARGE);
            assert_true(n > 24400);
            assert_true(slice_is(buf_slice(&b), "kept"));
            continue;
        }
        assert_true(b.n - 4 <= JWE_MAX_BYTES); /* what we make, we also take */
        assert_int_equal(jwe_parse(slice_skip(buf_slice(&b), 4), &a, &jwe), ERR_OK);
        assert_int_equal(jwe_decrypt(&jwe, key, &usual, &a, &out), ERR_OK);
        assert_int_equal(out.n, n);
        assert_true(n < 24600);
    }
    ARENA(a, 131072);
    struct buf b = BUF(text);
    assert_int_equal(jwe_encrypt("dir", "A128CBC-HS256", key, NULL, NULL,
                                 (struct slice){big, sizeof big}, &a, &b),
                     ERR_TOO_LARGE);
    jwk_free(key);
}

/* Whatever the room, all or nothing. */
static void test_little_room(void **state)
{
    (void)state;
    struct jwk *key = key_for("ECDH-ES+A128KW", "");
    for (size_t cap = 1; cap < 700; cap += 23) {
        ARENA(a, 8192);
        struct buf b = buf_over(text, cap);
        enum err e = jwe_encrypt("ECDH-ES+A128KW", "A128GCM", key, NULL, NULL, SLICE("x"), &a, &b);
        assert_int_equal(e == ERR_OK, b.n > 0);
        assert_true(e == ERR_OK || e == ERR_TOO_LARGE);
        assert_int_equal(text[b.n], '\0');
    }
    for (size_t cap = 16; cap < 8192; cap += 512) {
        ARENA(a, cap);
        struct buf b = BUF(text);
        enum err e = jwe_encrypt("ECDH-ES+A128KW", "A128GCM", key, NULL, NULL, SLICE("x"), &a, &b);
        assert_true(e == ERR_OK || e == ERR_TOO_LARGE);
        assert_int_equal(e == ERR_OK, b.n > 0);
    }
    jwk_free(key);
}

static void test_encrypt_refuses(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *alg, *enc;
        enum err want;
    } cases[] = {
        {__LINE__, "RSA-OAEP-256", "A128GCM", ERR_OK},
        {__LINE__, "RSA-OAEP", "A128GCM", ERR_JWE_ALG}, /* not made anew */
        {__LINE__, "RSA1_5", "A128GCM", ERR_JWE_ALG},
        {__LINE__, "RSA-OAEP-256", "A128CBC", ERR_JWE_ALG},
        {__LINE__, "ECDH-ES", "A128GCM", ERR_JWE_ALG},
        {__LINE__, "dir", "A128GCM", ERR_JWE_ALG},
    };
    struct json *v = vector_load("rfc7516-a1.json");
    struct jwk *key = vector_key(v);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ARENA(a, 8192);
        struct buf b = BUF(text);
        check_err(cases[i].line,
                  jwe_encrypt(cases[i].alg, cases[i].enc, key, NULL, NULL, SLICE("x"), &a, &b),
                  cases[i].want);
    }
    ARENA(a, 8192);
    struct buf b = BUF(text);
    key->may_encrypt = false;
    assert_int_equal(jwe_encrypt("RSA-OAEP-256", "A128GCM", key, NULL, NULL, SLICE("x"), &a, &b),
                     ERR_JWK_USE);
    assert_int_equal(b.n, 0);
    jwk_free(key);
    json_free(v);
}

/* ---- choice of the key ---- */

static void test_find_key(void **state)
{
    (void)state;
#define KEY(id, n) .kid = id, .type = JWK_OCT, .oct_bytes = (n), .may_decrypt = true
    struct jwk a = {KEY("a", 16)}, b = {KEY("b", 32)}, a2 = {KEY("a", 16)}, bare = {KEY("", 16)};
    struct jwk sig = {.kid = "s", .type = JWK_OCT, .oct_bytes = 16, .may_verify = true};
    struct jwk other = {KEY("o", 16), .alg = "A128GCMKW"};
    const struct {
        int line;
        struct slice kid;
        struct jwk_set set;
        const struct jwk *want; /* NULL: ERR_JWE_KEY */
    } cases[] = {
        {__LINE__, SLICE("a"), {2, {&a, &b}}, &a},
        {__LINE__, SLICE("b"), {2, {&a, &b}}, &b}, /* it does not fit: jwe_decrypt says so */
        {__LINE__, SLICE("c"), {2, {&a, &b}}, NULL},
        {__LINE__, SLICE("A"), {2, {&a, &b}}, NULL},
        {__LINE__, SLICE("a\0"), {1, {&a}}, NULL},
        {__LINE__, SLICE("a"), {2, {&a, &a2}}, NULL},
        {__LINE__, SLICE("a"), {1, {&bare}}, NULL},
        {__LINE__, SLICE(""), {1, {&bare}}, NULL},
        {__LINE__, SLICE("a"), {0, {NULL}}, NULL},
        {__LINE__, SLICE_NONE, {1, {&a}}, &a},
        {__LINE__, SLICE_NONE, {2, {&a, &b}}, &a},
        {__LINE__, SLICE_NONE, {3, {&sig, &other, &a}}, &a},
        {__LINE__, SLICE_NONE, {2, {&a, &bare}}, NULL},
        {__LINE__, SLICE_NONE, {2, {&sig, &b}}, NULL},
        {__LINE__, SLICE_NONE, {0, {NULL}}, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct jwe jwe = {.kid = cases[i].kid,
                                .alg = jwe_alg_find(SLICE("A128KW")),
                                .enc = jwe_enc_find(SLICE("A128GCM"))};
        const struct jwk *found = NULL;
        enum err e = jwe_find_key(&jwe, &cases[i].set, &found);
        check_err(cases[i].line, e, cases[i].want ? ERR_OK : ERR_JWE_KEY);
        check_true(cases[i].line, found == cases[i].want, "another key");
    }
}

/* ---- one key, many threads ---- */

struct job {
    const struct jwe *jwe;
    const struct jwk *key;
    unsigned wrong;
};

static void *decrypt_often(void *context)
{
    struct job *job = context;
    struct jwe bad = *job->jwe;
    bad.aad = SLICE("e30");
    struct arena a;
    if (!arena_init(&a, 65536)) {
        job->wrong = 1;
        return NULL;
    }
    for (int i = 0; i < 40; i++) {
        struct slice out;
        job->wrong += jwe_decrypt(job->jwe, job->key, &any, &a, &out) != ERR_OK;
        job->wrong += jwe_decrypt(&bad, job->key, &any, &a, &out) != ERR_JWE;
    }
    arena_free(&a);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7516-a1.json", "rfc7520-5.4.json",
                                        "cookbook-x25519.json"};
    for (size_t f = 0; f < COUNT(files); f++) {
        struct json *v = vector_load(files[f]);
        struct jwk *key = vector_key(v);
        ARENA(a, 65536);
        struct jwe jwe;
        pthread_t threads[4];
        struct job jobs[4];
        assert_int_equal(jwe_parse(vector_text(v, "compact"), &a, &jwe), ERR_OK);
        for (size_t i = 0; i < 4; i++) {
            jobs[i] = (struct job){.jwe = &jwe, .key = key};
            assert_int_equal(pthread_create(&threads[i], NULL, decrypt_often, &jobs[i]), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(jobs[i].wrong, 0);
        }
        jwk_free(key);
        json_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),         cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_policy),          cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_curves),          cmocka_unit_test(test_nothing_is_used_twice),
        cmocka_unit_test(test_sizes),           cmocka_unit_test(test_little_room),
        cmocka_unit_test(test_encrypt_refuses), cmocka_unit_test(test_find_key),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("jwe", tests, NULL, NULL);
}
