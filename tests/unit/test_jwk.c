#include "base64url.h"
#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "vectors.h"

static char text[32768];

/* The members of an object, strings all, with one replaced by raw JSON, added, or left out (NULL).
 */
static struct slice mutate(const struct json *object, const char *name, const char *raw)
{
    struct buf b = BUF(text);
    buf_putc(&b, '{');
    for (const struct json *m = json_first(object); m != NULL; m = json_next(m)) {
        struct slice value;
        if (slice_is(json_name(m), name) || !json_string(m, &value))
            continue;
        buf_puts(&b, b.n > 1 ? "," : "");
        buf_json(&b, json_name(m));
        buf_putc(&b, ':');
        buf_json(&b, value);
    }
    if (raw != NULL)
        buf_printf(&b, "%s\"%s\":%s", b.n > 1 ? "," : "", name, raw);
    buf_putc(&b, '}');
    assert_false(b.overflowed);
    return buf_slice(&b);
}

#define X256 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y256 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define A64  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A256 A64 A64 A64 A64
#define KID  "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

/* d of RFC 7515 A.2 plus lcm(p - 1, q - 1): as good, and of the size that older Java makes. */
#define D_LARGE                                                                                    \
    "Y6p8qds-7wX2ZZkC97GIujMqs_x52kGCt2BkIoNT9hgIAiy4i7IKogWsqBHYQfnbQEZjpo13AYUFjNQWsk9yYQ"       \
    "QcwOKq28Rxe6F3M3G73SRy4d93Z71KDe-mUptPYzRgo3fuq5kB7rVp4RYWLsKYoXInElEx3hl33a0agYHKAdFE"       \
    "JnQ8Sfg7mQMRKt5_fCeeeKXDtzWWFjJCprVsemtVvl2irU8l9j_B1DU261PalByChhVGTxHAooIQXppZ4MXYm4"       \
    "bHwEE-F_UoPIX4VtRpPVC3Z75P_83vtk02GeCcbeWsOGB1DM6ypln_G50g72Q-uhjejQgvoUNGQKOjR9yu3w"

static const struct {
    int line;
    const char *file; /* whose "key" is changed */
    const char *member, *raw;
    enum err want;
} cases[] = {
    /* type */
    {__LINE__, "rfc7515-a3.json", "kty", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kty", "7", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kty", "\"ec\"", ERR_JWK_TYPE},
    {__LINE__, "rfc7515-a3.json", "kty", "\"AKP\"", ERR_JWK_TYPE},
    {__LINE__, "rfc7515-a3.json", "kty", "\"OKP\"", ERR_JWK_TYPE},
    {__LINE__, "rfc7515-a3.json", "kty", "\"RSA\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "crv", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "crv", "null", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "crv", "\"P-384\"", ERR_JWK_FORM}, /* wrong length for it */
    {__LINE__, "rfc7515-a3.json", "crv", "\"secp256k1\"", ERR_JWK_TYPE},
    {__LINE__, "rfc7515-a3.json", "crv", "\"p-256\"", ERR_JWK_TYPE},
    {__LINE__, "rfc8037-a4.json", "crv", "\"X25519\"", ERR_JWK_WEAK}, /* another x of this d */
    {__LINE__, "rfc8037-a4.json", "crv", "\"X448\"", ERR_JWK_TYPE},
    {__LINE__, "rfc8037-a4.json", "crv", "\"P-256\"", ERR_JWK_TYPE},
    {__LINE__, "rfc8037-a4.json", "crv", "\"Ed448\"", ERR_JWK_FORM},
    /* kid and alg */
    {__LINE__, "rfc7515-a3.json", "kid", "\"k\"", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "kid", "\"" KID KID KID KID "\"", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "kid", "\"" KID KID KID KID "k\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kid", "\"\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kid", "1", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kid", "\"a\\nb\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "kid", "\"caf\\u00e9\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "alg", "\"ES256\"", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "alg", "[]", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "alg", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", ERR_JWK_FORM},
    /* use and key_ops */
    {__LINE__, "rfc7515-a3.json", "use", "\"sig\"", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "use", "\"SIG\"", ERR_JWK_TYPE},
    {__LINE__, "rfc7515-a3.json", "use", "null", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[\"sign\",\"verify\"]", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[\"sign\",\"x-other\"]", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[]", ERR_OK},
    {__LINE__, "rfc7515-a3.json", "key_ops", "\"sign\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[1]", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[\"sign\",\"sign\"]", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "key_ops", "[\"x\",\"sign\",\"x\"]", ERR_JWK_FORM},
    {__LINE__, "rfc7520-4.3.json", "key_ops", "[\"verify\"]", ERR_OK}, /* it has use: sig */
    {__LINE__, "rfc7520-4.3.json", "key_ops", "[\"deriveKey\"]", ERR_JWK_FORM},
    {__LINE__, "rfc7520-4.3.json", "key_ops", "[\"sign\",\"decrypt\"]", ERR_JWK_FORM},
    /* EC */
    {__LINE__, "rfc7515-a3.json", "x", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "y", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "d", NULL, ERR_OK},
    {__LINE__, "rfc7515-a3.json", "d", "null", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "x", "\"\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "x", "\"AH_NzidwxsRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc7515-a3.json", "y", X256, ERR_JWK_WEAK}, /* off the curve */
    {__LINE__, "rfc7515-a3.json", "x", Y256, ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a3.json", "x", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a3.json", "x", "\"__________________________________________8\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a3.json", "d", X256, ERR_JWK_WEAK}, /* of another point */
    {__LINE__, "rfc7515-a3.json", "d", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a3.json", "d", "\"__________________________________________8\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a3.json", "d", "\"AQ\"", ERR_JWK_FORM},
    /* y of 65 bytes: its leading zero left out */
    {__LINE__, "rfc7515-a4.json", "y",
     "\"NKZEDjdnUNI3H9G9wsjztx0vTuXqNDLIFcyjFWD-XZOH7HdLVYOGMOXLv1qMvgqR3QBkxpmaH25uZ_rd7eTIyPY\"",
     ERR_JWK_FORM},
    /* RSA */
    {__LINE__, "rfc7515-a2.json", "n", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "e", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "e", "\"\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "e", "65537", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "e", "\"AAEAAQ\"", ERR_JWK_FORM}, /* leading zero */
    {__LINE__, "rfc7515-a2.json", "e", "\"AA\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "e", "\"AQ\"", ERR_JWK_WEAK},      /* 1 */
    {__LINE__, "rfc7515-a2.json", "e", "\"Ag\"", ERR_JWK_WEAK},      /* 2 */
    {__LINE__, "rfc7515-a2.json", "e", "\"AQAC\"", ERR_JWK_WEAK},    /* 65538 */
    {__LINE__, "rfc7515-a2.json", "e", "\"AQAAAAE\"", ERR_JWK_WEAK}, /* 2^32 + 1 */
    {__LINE__, "rfc7515-a2.json", "e", "\"Aw\"", ERR_JWK_WEAK},      /* 3, but d is not for it */
    {__LINE__, "rfc7515-a2.json", "n", "\"" A256 A256 A256 A256 A256 A256 A256 "\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "d", NULL, ERR_JWK_FORM}, /* some private parts, not all */
    {__LINE__, "rfc7515-a2.json", "p", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "dq", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "qi", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a2.json", "d", "\"AQAB\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "p", "\"Aw\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "p", "\"AQ\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "q", "\"Aw\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "dp", "\"Aw\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "dq", "\"Aw\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "qi", "\"Aw\"", ERR_JWK_WEAK},
    {__LINE__, "rfc7515-a2.json", "d", "\"" D_LARGE "\"", ERR_OK},
    {__LINE__, "rfc7515-a2.json", "oth", "[]", ERR_JWK_FORM},
    {__LINE__, "rfc7638-3.1.json", "d", "\"Aw\"", ERR_JWK_FORM}, /* no CRT members */
    {__LINE__, "rfc7638-3.1.json", "e", "\"Aw\"", ERR_OK},
    {__LINE__, "rfc7638-3.1.json", "e", "\"_____w\"", ERR_OK}, /* 2^32 - 1 */
    {__LINE__, "rfc7638-3.1.json", "x5c", "[\"unused\"]", ERR_OK},
    /* OKP */
    {__LINE__, "rfc8037-a4.json", "x", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc8037-a4.json", "d", NULL, ERR_OK},
    {__LINE__, "rfc8037-a4.json", "x", "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc8037-a4.json", "d", "\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyufw\"",
     ERR_JWK_FORM},
    {__LINE__, "rfc8037-a4.json", "d", "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc8037-a3.json", "x", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc8037-a3.json", "x", "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA\"",
     ERR_JWK_WEAK},
    {__LINE__, "rfc8037-a3.json", "x", "\"7P_______________________________________38\"",
     ERR_JWK_WEAK},
    {__LINE__, "cookbook-x25519.json", "x", NULL, ERR_JWK_FORM},
    {__LINE__, "cookbook-x25519.json", "d", NULL, ERR_OK},
    {__LINE__, "cookbook-x25519.json", "crv", "\"Ed25519\"", ERR_JWK_WEAK},
    {__LINE__, "cookbook-x25519.json", "x", "\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IKw\"",
     ERR_JWK_FORM},
    {__LINE__, "cookbook-x25519.json", "d", "\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4A\"",
     ERR_JWK_FORM},
    {__LINE__, "cookbook-x25519.json", "x", "\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"",
     ERR_JWK_WEAK}, /* of another key */
    /* oct */
    {__LINE__, "rfc7515-a1.json", "k", NULL, ERR_JWK_FORM},
    {__LINE__, "rfc7515-a1.json", "k", "\"\"", ERR_JWK_FORM},
    {__LINE__, "rfc7515-a1.json", "k", "\"AAAAAAAAAAAAAAAAAAAA\"", ERR_JWK_WEAK}, /* 15 bytes */
    {__LINE__, "rfc7515-a1.json", "k", "\"AAAAAAAAAAAAAAAAAAAAAA\"", ERR_OK},
    {__LINE__, "rfc7515-a1.json", "k", "\"A+==\"", ERR_JWK_FORM},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *vector = vector_load(cases[i].file);
        struct jwk *key = NULL;
        enum err e =
            jwk_parse(mutate(json_member(vector, "key"), cases[i].member, cases[i].raw), &key);
        if (e != cases[i].want || (key != NULL) != (e == ERR_OK))
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
        jwk_free(key);
        json_free(vector);
    }
}

static void test_not_objects(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "[]", "1", "null", "\"\"", "{", "{\"kty\":\"oct\",\"kty\":\"oct\"}"};
    struct jwk *key = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(jwk_parse(slice_of(texts[i]), &key), ERR_JWK_FORM);
    assert_int_equal(jwk_from_json(NULL, &key), ERR_JWK_FORM);
    assert_null(key);
}

static const struct {
    int line;
    size_t bits;
    enum err want;
} moduli[] = {
    {__LINE__, 1024, ERR_JWK_WEAK}, {__LINE__, 2040, ERR_JWK_WEAK},  {__LINE__, 2047, ERR_JWK_WEAK},
    {__LINE__, 2048, ERR_OK},       {__LINE__, 8192, ERR_OK},        {__LINE__, 8193, ERR_JWK_WEAK},
    {__LINE__, 8200, ERR_JWK_WEAK}, {__LINE__, 16384, ERR_JWK_WEAK},
};

static enum err parse_modulus(size_t bits, unsigned last)
{
    char n[2048];
    struct buf b = BUF(text);
    struct jwk *key = NULL;
    size_t bytes = (bits + 7) / 8;
    memset(n, 0xff, bytes);
    n[0] = (char)(0xff >> (bytes * 8 - bits));
    n[bytes - 1] = (char)last;
    buf_puts(&b, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    base64url_encode((struct slice){n, bytes}, &b);
    buf_puts(&b, "\"}");
    enum err e = jwk_parse(buf_slice(&b), &key);
    jwk_free(key);
    return e;
}

static void test_modulus(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof moduli / sizeof moduli[0]; i++) {
        enum err e = parse_modulus(moduli[i].bits, 0xff);
        if (e != moduli[i].want)
            fail_msg("line %d: %s", moduli[i].line, err_row(e)->name);
    }
    assert_int_equal(parse_modulus(3072, 0xfe), ERR_JWK_WEAK); /* even */
}

static const struct {
    int line;
    const char *member, *raw;
    enum jwk_use use;
    bool may_sign, may_verify, may_encrypt, may_decrypt;
} uses[] = {
    {__LINE__, "x-none", "1", JWK_USE_ANY, true, true, true, true},
    {__LINE__, "use", "\"sig\"", JWK_USE_SIG, true, true, false, false},
    {__LINE__, "use", "\"enc\"", JWK_USE_ENC, false, false, true, true},
    {__LINE__, "key_ops", "[\"sign\",\"verify\"]", JWK_USE_SIG, true, true, false, false},
    {__LINE__, "key_ops", "[\"sign\"]", JWK_USE_SIG, true, false, false, false},
    {__LINE__, "key_ops", "[\"verify\"]", JWK_USE_SIG, false, true, false, false},
    {__LINE__, "key_ops", "[]", JWK_USE_ANY, false, false, false, false},
    {__LINE__, "key_ops", "[\"Verify\"]", JWK_USE_ANY, false, false, false, false},
    {__LINE__, "key_ops", "[\"deriveBits\"]", JWK_USE_ENC, false, false, true, true},
    {__LINE__, "key_ops", "[\"deriveKey\"]", JWK_USE_ENC, false, false, true, true},
    {__LINE__, "key_ops", "[\"encrypt\"]", JWK_USE_ENC, false, false, true, false},
    {__LINE__, "key_ops", "[\"wrapKey\"]", JWK_USE_ENC, false, false, true, false},
    {__LINE__, "key_ops", "[\"decrypt\"]", JWK_USE_ENC, false, false, false, true},
    {__LINE__, "key_ops", "[\"unwrapKey\"]", JWK_USE_ENC, false, false, false, true},
    {__LINE__, "key_ops", "[\"unwrapkey\"]", JWK_USE_ANY, false, false, false, false},
    {__LINE__, "key_ops", "[\"verify\",\"encrypt\"]", JWK_USE_ANY, false, true, true, false},
};

static void test_use(void **state)
{
    (void)state;
    struct json *vector = vector_load("rfc7515-a3.json");
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        struct jwk *key = NULL;
        struct slice t = mutate(json_member(vector, "key"), uses[i].member, uses[i].raw);
        assert_int_equal(jwk_parse(t, &key), ERR_OK);
        if (key->use != uses[i].use || key->may_sign != uses[i].may_sign ||
            key->may_verify != uses[i].may_verify || key->may_encrypt != uses[i].may_encrypt ||
            key->may_decrypt != uses[i].may_decrypt)
            fail_msg("line %d", uses[i].line);
        jwk_free(key);
    }
    struct jwk *public = NULL;
    assert_int_equal(jwk_parse(mutate(json_member(vector, "key"), "d", NULL), &public), ERR_OK);
    assert_false(public->may_sign || public->may_decrypt || public->is_private);
    assert_true(public->may_verify && public->may_encrypt);
    jwk_free(public);
    json_free(vector);
}

/* A curve may be for one use only, whatever the key says. */
static void test_use_of_curve(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *file, *member, *raw;
        bool sig, enc;
    } rows[] = {
        {__LINE__, "rfc8037-a4.json", "x-none", "1", true, false},
        {__LINE__, "rfc8037-a4.json", "use", "\"enc\"", false, false},
        {__LINE__, "rfc8037-a4.json", "key_ops", "[\"deriveKey\"]", false, false},
        {__LINE__, "cookbook-x25519.json", "x-none", "1", false, true},
        {__LINE__, "cookbook-x25519.json", "use", "\"sig\"", false, false},
        {__LINE__, "cookbook-x25519.json", "key_ops", "[\"sign\",\"verify\"]", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *vector = vector_load(rows[i].file);
        struct jwk *key = NULL;
        struct slice t = mutate(json_member(vector, "key"), rows[i].member, rows[i].raw);
        assert_int_equal(jwk_parse(t, &key), ERR_OK);
        if (key->may_sign != rows[i].sig || key->may_verify != rows[i].sig ||
            key->may_encrypt != rows[i].enc || key->may_decrypt != rows[i].enc)
            fail_msg("line %d", rows[i].line);
        jwk_free(key);
        json_free(vector);
    }
}

/* RFC 7748 section 6.1: with these, everybody knows what is agreed on. */
static void test_x25519_small_order(void **state)
{
    (void)state;
    static const char *const points[] = {
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA",
        "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc",
        "7P_______________________________________38",
        "7f_______________________________________38",
        "7v_______________________________________38",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct buf b = BUF(text);
        struct jwk *key = NULL;
        buf_printf(&b, "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"%s\"}", points[i]);
        if (jwk_parse(buf_slice(&b), &key) != ERR_JWK_WEAK)
            fail_msg("%s", points[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_not_objects),
        cmocka_unit_test(test_modulus),      cmocka_unit_test(test_use),
        cmocka_unit_test(test_use_of_curve), cmocka_unit_test(test_x25519_small_order),
    };
    return cmocka_run_group_tests_name("jwk", tests, NULL, NULL);
}
