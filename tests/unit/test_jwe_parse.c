#include "fixture.h"

#include "base64url.h"
#include "jwe.h"

static char text[65536];

#define K64  "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define A68  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A340 A68 A68 A68 A68 A68
#define DIR  "\"alg\":\"dir\",\"enc\":\"A128GCM\""
#define ECDH "\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\""
#define GCM  "\"alg\":\"A128GCMKW\",\"enc\":\"A128GCM\""
#define IV   "AAAAAAAAAAAAAAAA"
#define TAG  "AAAAAAAAAAAAAAAAAAAAAA"

/* Before parts of the right lengths for each: what the header alone shows. */
static const struct {
    int line;
    const char *header; /* JSON, encoded by the test */
    enum err want;
} headers[] = {
    {__LINE__, "{" DIR "}", ERR_OK},
    {__LINE__, "{" DIR ",\"kid\":\"" K64 K64 K64 K64 "\",\"typ\":\"JWT\",\"cty\":\"JWT\"}", ERR_OK},
    {__LINE__, "{" DIR ",\"epk\":7,\"iv\":7,\"p2c\":1e300,\"jwk\":{},\"other\":1}", ERR_OK},
    /* alg and enc */
    {__LINE__, "{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\",\"p2s\":\"AAAA\",\"p2c\":1}",
     ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"none\",\"enc\":\"A128GCM\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"DIR\",\"enc\":\"A128GCM\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"\",\"enc\":\"A128GCM\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"HS256\",\"enc\":\"A128GCM\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"dir\",\"enc\":\"none\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"dir\",\"enc\":\"A128CBC\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"dir\",\"enc\":\"a128gcm\"}", ERR_JWE_ALG},
    {__LINE__, "{\"alg\":\"dir\"}", ERR_JWE_FORM},
    {__LINE__, "{\"enc\":\"A128GCM\"}", ERR_JWE_FORM},
    {__LINE__, "{\"alg\":null,\"enc\":\"A128GCM\"}", ERR_JWE_FORM},
    {__LINE__, "{\"alg\":\"dir\",\"enc\":[\"A128GCM\"]}", ERR_JWE_FORM},
    {__LINE__, "{}", ERR_JWE_FORM},
    {__LINE__, "[]", ERR_JWE_FORM},
    {__LINE__, "\"dir\"", ERR_JWE_FORM},
    {__LINE__, "null", ERR_JWE_FORM},
    /* extensions and compression */
    {__LINE__, "{" DIR ",\"crit\":[]}", ERR_JWT_CRIT},
    {__LINE__, "{" DIR ",\"crit\":[\"exp\"],\"exp\":1}", ERR_JWT_CRIT},
    {__LINE__, "{" DIR ",\"crit\":null}", ERR_JWT_CRIT},
    {__LINE__, "{" DIR ",\"zip\":\"DEF\"}", ERR_JWE_ZIP},
    {__LINE__, "{" DIR ",\"zip\":\"none\"}", ERR_JWE_ZIP},
    {__LINE__, "{" DIR ",\"zip\":null}", ERR_JWE_ZIP},
    /* JSON */
    {__LINE__, "{" DIR ",\"alg\":\"A128KW\"}", ERR_JSON},
    {__LINE__, "{" DIR ",\"\\u0065nc\":\"A256GCM\"}", ERR_JSON},
    {__LINE__, "{\"alg\":\"dir\\u0000\",\"enc\":\"A128GCM\"}", ERR_JSON},
    {__LINE__, "\xef\xbb\xbf{" DIR "}", ERR_JSON},
    {__LINE__, "{" DIR "}x", ERR_JSON},
    {__LINE__, "{" DIR, ERR_JSON},
    {__LINE__, "", ERR_JSON},
    /* kid, typ, cty */
    {__LINE__, "{" DIR ",\"kid\":7}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"kid\":null}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"kid\":\"" K64 K64 K64 K64 "k\"}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"kid\":\"a\\nb\"}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"typ\":1}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"cty\":\"caf\\u00e9\"}", ERR_JWE_FORM},
    {__LINE__, "{" DIR ",\"cty\":\"" K64 K64 "k\"}", ERR_JWE_FORM},
    /* ECDH-ES: the key in epk itself is looked at in jwe_decrypt */
    {__LINE__, "{" ECDH ",\"epk\":{}}", ERR_OK},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apu\":\"\",\"apv\":\"QWxpY2U\"}", ERR_OK},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apu\":\"" A340 "AA\"}", ERR_OK},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apu\":\"" A340 "AAA\"}", ERR_JWE_FORM},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apv\":\"" A340 "AAA\"}", ERR_JWE_FORM},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apu\":\"Alice!\"}", ERR_BASE64},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apv\":\"Qm9j=\"}", ERR_BASE64},
    {__LINE__, "{" ECDH ",\"epk\":{},\"apv\":7}", ERR_JWE_FORM},
    {__LINE__, "{" ECDH "}", ERR_JWE_FORM},
    /* A128GCMKW */
    {__LINE__, "{" GCM ",\"iv\":\"" IV "\",\"tag\":\"" TAG "\"}", ERR_OK},
    {__LINE__, "{" GCM ",\"iv\":\"" IV "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"tag\":\"" TAG "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"\",\"tag\":\"" TAG "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"AAAAAAAAAAAAAAA\",\"tag\":\"" TAG "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"" IV "AA\",\"tag\":\"" TAG "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"" IV "\",\"tag\":\"AAAAAAAAAAAAAAAA\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"" IV "\",\"tag\":\"" TAG "AA\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":7,\"tag\":\"" TAG "\"}", ERR_JWE_FORM},
    {__LINE__, "{" GCM ",\"iv\":\"++++++++++++++++\",\"tag\":\"" TAG "\"}", ERR_BASE64},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        ARENA(a, 65536);
        struct buf b = BUF(text);
        struct jwe jwe = {.kid = SLICE("untouched")};
        bool wraps = strstr(headers[i].header, "GCMKW") != NULL;
        base64url_encode(slice_of(headers[i].header), &b);
        buf_puts(&b, wraps ? "." TAG "." IV ".AAAA." TAG : ".." IV ".AAAA." TAG);
        EXACT(compact, buf_slice(&b));
        enum err e = jwe_parse(compact, &a, &jwe);
        check_err(headers[i].line, e, headers[i].want);
        check_true(headers[i].line, slice_is(jwe.kid, "untouched") == (e != ERR_OK), "*out");
    }
}

#define H   "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0"         /* {"alg":"dir","enc":"A128GCM"} */
#define CBC "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0" /* … "A128CBC-HS256" */
#define KW  "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0"     /* "A128KW", "A128GCM" */
#define RSA "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMTI4R0NNIn0" /* "RSA-OAEP-256" */
#define B16 TAG
#define B24 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
    int line;
    const char *compact;
    enum err want;
} compacts[] = {
    {__LINE__, H ".." IV ".AAAA." TAG, ERR_OK},
    {__LINE__, H ".." IV ".." TAG, ERR_OK}, /* an empty plaintext is a plaintext */
    {__LINE__, CBC ".." B16 "." B16 "." TAG, ERR_OK},
    {__LINE__, KW "." B24 "." IV ".AAAA." TAG, ERR_OK},
    {__LINE__, RSA ".AA." IV ".AAAA." TAG, ERR_OK},
    /* number of parts */
    {__LINE__, "", ERR_JWE_FORM},
    {__LINE__, "....", ERR_JSON},
    {__LINE__, "...", ERR_JWE_FORM},
    {__LINE__, ".....", ERR_JWE_FORM},
    {__LINE__, H, ERR_JWE_FORM},
    {__LINE__, H ".AAAA.AAAA", ERR_JWE_FORM}, /* the form of a JWS */
    {__LINE__, H "." IV ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, H ".." IV ".AAAA." TAG ".", ERR_JWE_FORM},
    {__LINE__, H ".." IV ".AAAA." TAG "." TAG, ERR_JWE_FORM},
    {__LINE__, ".." IV ".AAAA." TAG, ERR_JSON},
    /* lengths */
    {__LINE__, H ".." IV ".AAAA.", ERR_JWE_FORM},
    {__LINE__, H ".." IV ".AAAA.AAAA", ERR_JWE_FORM},
    {__LINE__, H ".." IV ".AAAA." IV, ERR_JWE_FORM}, /* tag of 12 bytes */
    {__LINE__, H ".." IV ".AAAA." B24, ERR_JWE_FORM},
    {__LINE__, H "...AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, H "..AAAAAAAAAAA.AAAA." TAG, ERR_JWE_FORM}, /* IV of 8 bytes */
    {__LINE__, H ".." B16 ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, H ".AA." IV ".AAAA." TAG, ERR_JWE_FORM}, /* a wrapped key with "dir" */
    {__LINE__, KW ".." IV ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, KW "." B16 "." IV ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, KW "." B24 B24 "." IV ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, RSA ".." IV ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, CBC ".." B16 ".." TAG, ERR_JWE_FORM},
    {__LINE__, CBC ".." B16 ".AAAA." TAG, ERR_JWE_FORM},
    {__LINE__, CBC ".." B16 "." B24 "." TAG, ERR_JWE_FORM}, /* a block and a half */
    {__LINE__, CBC ".." IV "." B16 "." TAG, ERR_JWE_FORM},
    /* base64url */
    {__LINE__, H "=.." IV ".AAAA." TAG, ERR_BASE64},
    {__LINE__, H "..AAAAAAAAAAAAAAA=.AAAA." TAG, ERR_BASE64},
    {__LINE__, H ".." IV ".AAB." TAG, ERR_BASE64}, /* spare bits */
    {__LINE__, H ".." IV ".A." TAG, ERR_BASE64},
    {__LINE__, H ".." IV ".AA+/." TAG, ERR_BASE64},
    {__LINE__, H ".." IV ".AAAA.AAAAAAAAAAAAAAAAAAAAAB", ERR_BASE64},
    {__LINE__, " " H ".." IV ".AAAA." TAG, ERR_BASE64},
    {__LINE__, H ".." IV ".AAAA." TAG "\n", ERR_BASE64},
    {__LINE__, "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}.." IV ".AAAA." TAG, ERR_BASE64},
};

static void test_compacts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(compacts); i++) {
        ARENA(a, 65536);
        struct jwe jwe;
        EXACT(compact, slice_of(compacts[i].compact));
        check_err(compacts[i].line, jwe_parse(compact, &a, &jwe), compacts[i].want);
    }
    ARENA(a, 4096);
    struct jwe jwe;
    assert_int_equal(jwe_parse(SLICE_NONE, &a, &jwe), ERR_JWE_FORM);
}

static void test_members(void **state)
{
    (void)state;
    ARENA(a, 65536);
    struct buf b = BUF(text);
    struct jwe jwe;
    base64url_encode(SLICE("{" ECDH ",\"epk\":{},\"apu\":\"QWxpY2U\",\"kid\":\"k\",\"typ\":\"t\"}"),
                     &b);
    size_t header_n = b.n;
    buf_puts(&b, ".." IV ".YWJj." TAG);
    assert_int_equal(jwe_parse(buf_slice(&b), &a, &jwe), ERR_OK);
    assert_true(slice_eq(jwe.aad, (struct slice){text, header_n}));
    check_slice(__LINE__, jwe.ciphertext, "abc");
    check_slice(__LINE__, jwe.apu, "Alice");
    assert_null(jwe.apv.p);
    check_slice(__LINE__, jwe.kid, "k");
    check_slice(__LINE__, jwe.typ, "t");
    assert_null(jwe.cty.p);
    check_slice(__LINE__, jwe.encrypted_key, "");
    assert_int_equal(jwe.iv.n, 12);
    assert_int_equal(jwe.tag.n, 16);
}

static void test_size(void **state)
{
    (void)state;
    ARENA(a, 65536);
    struct jwe jwe;
    struct buf b = BUF(text);
    buf_puts(&b, H ".." IV ".");
    while (b.n < JWE_MAX_BYTES - strlen("." TAG))
        buf_putc(&b, 'A');
    buf_puts(&b, "." TAG);
    assert_int_equal(jwe_parse(buf_slice(&b), &a, &jwe), ERR_OK);
    buf_putc(&b, 'A');
    arena_reset(&a);
    assert_int_equal(jwe_parse(buf_slice(&b), &a, &jwe), ERR_TOO_LARGE);
    for (size_t cap = 16; cap <= 96; cap += 16) {
        ARENA(small, cap);
        assert_int_equal(jwe_parse(SLICE(H ".." IV ".AAAA." TAG), &small, &jwe), ERR_TOO_LARGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_compacts),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests_name("jwe_parse", tests, NULL, NULL);
}
