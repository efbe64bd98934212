#include "fixture.h"

#include "base64url.h"
#include "jwe_content.h"
#include "vectors.h"

/* Real tokens of the RFCs with something changed, and real keys for what they are not for. */

#define RSA_OAEP "rfc7516-a1.json"      /* RSA-OAEP, A256GCM */
#define KW_CBC   "rfc7516-a3.json"      /* A128KW, A128CBC-HS256 */
#define ECDH_KW  "rfc7520-5.4.json"     /* ECDH-ES+A128KW on P-384, A128GCM */
#define ECDH_CBC "rfc7520-5.5.json"     /* ECDH-ES on P-256, A128CBC-HS256 */
#define DIRECT   "rfc7520-5.6.json"     /* dir, A128GCM */
#define GCM_KW   "rfc7520-5.7.json"     /* A256GCMKW, A128CBC-HS256 */
#define KW_GCM   "rfc7520-5.8.json"     /* A128KW, A128GCM */
#define X25519   "cookbook-x25519.json" /* ECDH-ES, A128GCM */

static const struct jwe_policy any = {.rsa_oaep = true};

enum part { HEADER, KEY, IV, TEXT, TAG };
enum change { FLIP_FIRST, FLIP_LAST, CUT, EXTEND, EMPTY, ZEROS, ONES };

static const struct {
    int line;
    const char *file;
    enum part part;
    enum change change;
    enum err want;
} changes[] = {
    /* a changed key, IV, text or tag: one and the same answer */
    {__LINE__, RSA_OAEP, KEY, FLIP_FIRST, ERR_JWE},
    {__LINE__, RSA_OAEP, KEY, FLIP_LAST, ERR_JWE},
    {__LINE__, RSA_OAEP, KEY, ZEROS, ERR_JWE},
    {__LINE__, RSA_OAEP, KEY, ONES, ERR_JWE}, /* larger than the modulus */
    {__LINE__, RSA_OAEP, KEY, CUT, ERR_JWE},
    {__LINE__, RSA_OAEP, KEY, EXTEND, ERR_JWE},
    {__LINE__, RSA_OAEP, IV, FLIP_FIRST, ERR_JWE},
    {__LINE__, RSA_OAEP, TEXT, FLIP_LAST, ERR_JWE},
    {__LINE__, RSA_OAEP, TEXT, CUT, ERR_JWE},
    {__LINE__, RSA_OAEP, TEXT, EXTEND, ERR_JWE},
    {__LINE__, RSA_OAEP, TEXT, EMPTY, ERR_JWE},
    {__LINE__, RSA_OAEP, TAG, FLIP_FIRST, ERR_JWE},
    {__LINE__, RSA_OAEP, TAG, FLIP_LAST, ERR_JWE},
    {__LINE__, RSA_OAEP, TAG, ZEROS, ERR_JWE},
    {__LINE__, KW_CBC, KEY, FLIP_FIRST, ERR_JWE},
    {__LINE__, KW_CBC, KEY, FLIP_LAST, ERR_JWE},
    {__LINE__, KW_CBC, KEY, ZEROS, ERR_JWE},
    {__LINE__, KW_CBC, IV, FLIP_LAST, ERR_JWE},
    {__LINE__, KW_CBC, TEXT, FLIP_FIRST, ERR_JWE},
    {__LINE__, KW_CBC, TEXT, FLIP_LAST, ERR_JWE}, /* the padding */
    {__LINE__, KW_CBC, TAG, FLIP_LAST, ERR_JWE},
    {__LINE__, ECDH_KW, KEY, FLIP_LAST, ERR_JWE},
    {__LINE__, ECDH_KW, TAG, FLIP_LAST, ERR_JWE},
    {__LINE__, ECDH_CBC, TEXT, FLIP_LAST, ERR_JWE},
    {__LINE__, ECDH_CBC, TAG, FLIP_FIRST, ERR_JWE},
    {__LINE__, DIRECT, IV, FLIP_LAST, ERR_JWE},
    {__LINE__, DIRECT, TAG, FLIP_LAST, ERR_JWE},
    {__LINE__, GCM_KW, KEY, FLIP_FIRST, ERR_JWE},
    {__LINE__, GCM_KW, TAG, FLIP_LAST, ERR_JWE},
    {__LINE__, X25519, TEXT, FLIP_FIRST, ERR_JWE},
    {__LINE__, X25519, TAG, ZEROS, ERR_JWE},
    /* what the form alone shows */
    {__LINE__, KW_CBC, KEY, CUT, ERR_JWE_FORM},
    {__LINE__, KW_CBC, KEY, EMPTY, ERR_JWE_FORM},
    {__LINE__, GCM_KW, KEY, EXTEND, ERR_JWE_FORM},
    {__LINE__, ECDH_KW, KEY, EMPTY, ERR_JWE_FORM},
    {__LINE__, DIRECT, KEY, EXTEND, ERR_JWE_FORM},
    {__LINE__, ECDH_CBC, KEY, EXTEND, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, KEY, EMPTY, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, TAG, CUT, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, TAG, EXTEND, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, TAG, EMPTY, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, IV, CUT, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, IV, EXTEND, ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, IV, EMPTY, ERR_JWE_FORM},
    {__LINE__, KW_CBC, TEXT, CUT, ERR_JWE_FORM},
    {__LINE__, KW_CBC, TEXT, EMPTY, ERR_JWE_FORM},
    {__LINE__, KW_CBC, TAG, CUT, ERR_JWE_FORM},
    {__LINE__, KW_CBC, IV, EXTEND, ERR_JWE_FORM},
};

static const struct {
    int line;
    const char *file, *header;
    enum err want;
} headers[] = {
    /* the same header, spelt otherwise: the tag covers every byte of it */
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\", \"enc\":\"A128CBC-HS256\"}", ERR_JWE},
    {__LINE__, KW_CBC, "{\"enc\":\"A128CBC-HS256\",\"alg\":\"A128KW\"}", ERR_JWE},
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\",\"enc\":\"A128CBC-HS256\",\"typ\":\"JWT\"}", ERR_JWE},
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\",\"enc\":\"A128CBC-HS256\",\"zip\":\"DEF\"}",
     ERR_JWE_ZIP},
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\",\"enc\":\"A128CBC-HS256\",\"crit\":[\"zip\"]}",
     ERR_JWT_CRIT},
    /* another algorithm than the key is for */
    {__LINE__, KW_CBC, "{\"alg\":\"A256KW\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "{\"alg\":\"A192KW\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "{\"alg\":\"A128GCMKW\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_FORM},
    {__LINE__, KW_CBC, "{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_FORM},
    {__LINE__, KW_CBC, "{\"alg\":\"RSA-OAEP\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\",\"enc\":\"A256GCM\"}", ERR_JWE_FORM}, /* IV of 16 */
    {__LINE__, KW_CBC, "{\"alg\":\"A128KW\",\"enc\":\"A256CBC-HS512\"}", ERR_JWE_FORM},
    {__LINE__, RSA_OAEP, "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}", ERR_JWE_ALG},
    {__LINE__, RSA_OAEP, "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\"}", ERR_JWE},
    {__LINE__, RSA_OAEP, "{\"alg\":\"RSA-OAEP\",\"enc\":\"A128GCM\"}", ERR_JWE}, /* CEK of 32 */
    {__LINE__, RSA_OAEP, "{\"alg\":\"RSA-OAEP\",\"enc\":\"A192GCM\"}", ERR_JWE},
    {__LINE__, DIRECT, "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", ERR_JWE_ALG},
    {__LINE__, DIRECT, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"epk\":{}}", ERR_JWE_ALG},
    {__LINE__, ECDH_CBC, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128CBC-HS256\"}", ERR_JWE_FORM},
    {__LINE__, ECDH_CBC, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128CBC-HS256\",\"epk\":{}}", ERR_JWE},
    {__LINE__, ECDH_CBC, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128CBC-HS256\",\"epk\":\"x\"}", ERR_JWE},
    {__LINE__, ECDH_CBC,
     "{\"alg\":\"ECDH-ES\",\"enc\":\"A128CBC-HS256\",\"epk\":"
     "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}",
     ERR_JWE},
};

/* The token's parts, decoded. */
static void load(const struct json *vector, struct arena *a, struct slice parts[5])
{
    struct slice rest = vector_text(vector, "compact"), text;
    for (size_t i = 0; i < 5; i++) {
        assert_true(slice_cut(&rest, '.', &text));
        assert_int_equal(base64url_decode(text, a, &parts[i]), ERR_OK);
    }
}

static struct slice changed(struct slice part, enum change change, struct arena *a)
{
    char *copy = arena_alloc(a, part.n + 2);
    assert_non_null(copy);
    memcpy(copy, part.p, part.n);
    copy[part.n] = 0;
    switch (change) {
    case FLIP_FIRST:
        copy[0] ^= 1;
        break;
    case FLIP_LAST:
        copy[part.n - 1] ^= 1;
        break;
    case CUT:
        return (struct slice){copy, part.n - 1};
    case EXTEND:
        return (struct slice){copy, part.n + 1};
    case EMPTY:
        return (struct slice){copy, 0};
    case ZEROS:
    case ONES:
        memset(copy, change == ZEROS ? 0 : 0xff, part.n);
        break;
    }
    return (struct slice){copy, part.n};
}

/* The answer to these parts; on refusal nothing is handed out. */
static enum err answer(const struct json *vector, const struct slice parts[5], struct arena *a)
{
    struct jwk *key = NULL;
    struct jwe jwe;
    struct slice out = SLICE("untouched");
    struct buf b = buf_in(a, 32768);
    for (size_t i = 0; i < 5; i++) {
        buf_puts(&b, i > 0 ? "." : "");
        base64url_encode(parts[i], &b);
    }
    EXACT(compact, buf_slice(&b));
    enum err e = jwe_parse(compact, a, &jwe);
    assert_int_equal(jwk_from_json(json_member(vector, "key"), &key), ERR_OK);
    if (e == ERR_OK)
        e = jwe_decrypt(&jwe, key, &any, a, &out);
    assert_int_equal(slice_is(out, "untouched"), e != ERR_OK);
    jwk_free(key);
    return e;
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct json *v = vector_load(changes[i].file);
        ARENA(a, 131072);
        struct slice parts[5];
        load(v, &a, parts);
        check_err(changes[i].line, answer(v, parts, &a), ERR_OK);
        parts[changes[i].part] = changed(parts[changes[i].part], changes[i].change, &a);
        check_err(changes[i].line, answer(v, parts, &a), changes[i].want);
        json_free(v);
    }
}

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct json *v = vector_load(headers[i].file);
        ARENA(a, 131072);
        struct slice parts[5];
        load(v, &a, parts);
        parts[HEADER] = slice_of(headers[i].header);
        check_err(headers[i].line, answer(v, parts, &a), headers[i].want);
        json_free(v);
    }
}

/* Each token with each key. */
static void test_every_key(void **state)
{
    (void)state;
    static const char *const files[] = {
        RSA_OAEP, KW_CBC, ECDH_KW,           ECDH_CBC,          DIRECT,           GCM_KW,
        KW_GCM,   X25519, "rfc7515-a2.json", "rfc7515-a3.json", "rfc8037-a4.json"};
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < COUNT(files); k++) {
            struct json *v = vector_load(files[i]), *w = vector_load(files[k]);
            ARENA(a, 131072);
            struct slice parts[5];
            load(v, &a, parts);
            enum err e = answer(w, parts, &a);
            if (i == k ? e != ERR_OK : e != ERR_JWE && e != ERR_JWE_ALG)
                fail_msg("%s with the key of %s: %s", files[i], files[k], err_row(e)->name);
            json_free(v);
            json_free(w);
        }
}

/* The right key, but not for this. */
static const struct {
    int line;
    const char *file;
    const char *member, *raw; /* put in place of the vector's own */
    enum err want;
} uses[] = {
    {__LINE__, KW_CBC, "use", "\"enc\"", ERR_OK},
    {__LINE__, KW_CBC, "use", "\"sig\"", ERR_JWK_USE},
    {__LINE__, KW_CBC, "key_ops", "[\"unwrapKey\"]", ERR_OK},
    {__LINE__, KW_CBC, "key_ops", "[\"wrapKey\"]", ERR_JWK_USE},
    {__LINE__, KW_CBC, "key_ops", "[\"sign\",\"verify\"]", ERR_JWK_USE},
    {__LINE__, KW_CBC, "key_ops", "[]", ERR_JWK_USE},
    {__LINE__, KW_CBC, "alg", "\"A128KW\"", ERR_OK},
    {__LINE__, KW_CBC, "alg", "\"HS256\"", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "alg", "\"A128GCMKW\"", ERR_JWE_ALG},
    {__LINE__, KW_CBC, "alg", "\"A128CBC-HS256\"", ERR_JWE_ALG},
    {__LINE__, RSA_OAEP, "alg", "\"RSA-OAEP-256\"", ERR_JWE_ALG},
    {__LINE__, RSA_OAEP, "alg", "\"RS256\"", ERR_JWE_ALG},
    {__LINE__, RSA_OAEP, "use", "\"sig\"", ERR_JWK_USE},
    {__LINE__, ECDH_CBC, "alg", "\"ECDH-ES+A128KW\"", ERR_JWE_ALG},
    {__LINE__, ECDH_CBC, "key_ops", "[\"deriveKey\"]", ERR_OK},
    {__LINE__, ECDH_CBC, "use", "\"sig\"", ERR_JWK_USE},
    {__LINE__, ECDH_CBC, "d", NULL, ERR_JWK_USE}, /* the public half */
    {__LINE__, X25519, "d", NULL, ERR_JWK_USE},
    {__LINE__, X25519, "use", "\"sig\"", ERR_JWK_USE},
    {__LINE__, X25519, "key_ops", "[\"sign\"]", ERR_JWK_USE},
    {__LINE__, DIRECT, "alg", "\"A256GCM\"", ERR_JWE_ALG},
};

/* {"key": that of the vector, with a member replaced or left out}, as another vector. */
static struct json *with_key(const struct json *vector, const char *member, const char *raw,
                             struct arena *a)
{
    struct buf b = buf_in(a, 8192);
    struct json *document = NULL;
    const struct json *key = json_member(vector, "key");
    buf_puts(&b, "{\"key\":{\"x-none\":1");
    for (const struct json *m = json_first(key); m != NULL; m = json_next(m)) {
        struct slice value;
        if (slice_is(json_name(m), member) || !json_string(m, &value))
            continue;
        buf_putc(&b, ',');
        buf_json(&b, json_name(m));
        buf_putc(&b, ':');
        buf_json(&b, value);
    }
    if (raw != NULL)
        buf_printf(&b, ",\"%s\":%s", member, raw);
    buf_puts(&b, "}}");
    assert_int_equal(json_parse(buf_slice(&b), &document), ERR_OK);
    return document;
}

static void test_uses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(uses); i++) {
        struct json *v = vector_load(uses[i].file);
        ARENA(a, 131072);
        struct slice parts[5];
        load(v, &a, parts);
        struct json *w = with_key(v, uses[i].member, uses[i].raw, &a);
        check_err(uses[i].line, answer(w, parts, &a), uses[i].want);
        json_free(v);
        json_free(w);
    }
}

/* The attack of that name, turned to encryption: the public key's text as a secret key. */
static void test_public_key_as_secret(void **state)
{
    (void)state;
    struct json *v = vector_load(ECDH_CBC);
    ARENA(a, 65536);
    struct jwk *ec = NULL;
    struct buf b = buf_in(&a, 1024), token = buf_in(&a, 2048);
    struct jwe jwe;
    struct slice out;
    assert_int_equal(jwk_from_json(json_member(v, "key"), &ec), ERR_OK);
    assert_int_equal(jwk_write_public(ec, &b), ERR_OK);
    struct jwk oct = {
        .type = JWK_OCT, .may_encrypt = true, .oct = (unsigned char *)b.p, .oct_bytes = 32};
    assert_int_equal(jwe_encrypt("dir", "A256GCM", &oct, NULL, NULL, SLICE("x"), &a, &token),
                     ERR_OK);
    assert_int_equal(jwe_parse(buf_slice(&token), &a, &jwe), ERR_OK);
    assert_int_equal(jwe_decrypt(&jwe, ec, &any, &a, &out), ERR_JWE_ALG);
    jwk_free(ec);
    json_free(v);
}

/* Where the key cannot be unwrapped, nobody can know what stands in its place. */
static void test_forged_with_zero_key(void **state)
{
    (void)state;
    static const char *const files[] = {RSA_OAEP, KW_CBC, ECDH_KW, GCM_KW, KW_GCM};
    static const unsigned char zero[JWE_MAX_CEK];
    for (size_t i = 0; i < COUNT(files); i++) {
        struct json *v = vector_load(files[i]);
        ARENA(a, 131072);
        struct slice parts[5], aad = vector_text(v, "compact");
        struct slice rest = aad;
        unsigned char text[64], tag[JWE_MAX_TAG];
        size_t n = 0;
        const struct jwe_enc *enc = jwe_enc_find(vector_text(v, "enc"));
        load(v, &a, parts);
        assert_true(slice_cut(&rest, '.', &aad));
        assert_true(jwe_content_encrypt(enc, zero, aad, (const unsigned char *)parts[IV].p,
                                        SLICE("forged"), text, &n, tag));
        parts[KEY] = changed(parts[KEY], ZEROS, &a);
        parts[TEXT] = (struct slice){(const char *)text, n};
        parts[TAG] = (struct slice){(const char *)tag, enc->tag_bytes};
        check_err(__LINE__, answer(v, parts, &a), ERR_JWE);
        json_free(v);
    }
}

/* No room for the plaintext: refused, and nothing is written. */
static void test_little_room(void **state)
{
    (void)state;
    struct json *v = vector_load(KW_GCM);
    ARENA(a, 65536);
    ARENA(small, 64);
    struct jwk *key = NULL;
    struct jwe jwe;
    struct slice out = SLICE("untouched");
    assert_int_equal(jwk_from_json(json_member(v, "key"), &key), ERR_OK);
    assert_int_equal(jwe_parse(vector_text(v, "compact"), &a, &jwe), ERR_OK);
    assert_int_equal(jwe_decrypt(&jwe, key, &any, &small, &out), ERR_TOO_LARGE);
    check_slice(__LINE__, out, "untouched");
    jwk_free(key);
    json_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_public_key_as_secret),
        cmocka_unit_test(test_forged_with_zero_key),
        cmocka_unit_test(test_little_room),
    };
    return cmocka_run_group_tests_name("jwe_hostile", tests, NULL, NULL);
}
