#include "jwt.h"

#include "buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define T53 INT64_C(9007199254740992)

#define JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define X5T "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

static const struct {
    int line;
    const char *text;
    enum err want;
} cases[] = {
    {__LINE__, "{}", ERR_OK},
    {__LINE__, "{\"iss\":\"\",\"other\":{\"x\":null}}", ERR_OK},
    {__LINE__, "{\"Exp\":\"x\"}", ERR_OK}, /* names are case-sensitive */
    {__LINE__, "[]", ERR_JWT_CLAIM},
    {__LINE__, "\"x\"", ERR_JWT_CLAIM},
    {__LINE__, "null", ERR_JWT_CLAIM},
    {__LINE__, "", ERR_JSON},
    {__LINE__, "{\"sub\":\"a\",\"sub\":\"b\"}", ERR_JSON},
    {__LINE__, "{\"sub\":\"admin\\u0000x\"}", ERR_JSON},
    /* strings */
    {__LINE__, "{\"iss\":1}", ERR_JWT_CLAIM},
    {__LINE__, "{\"sub\":null}", ERR_JWT_CLAIM},
    {__LINE__, "{\"jti\":[]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"client_id\":{}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"scope\":{\"a\":1}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"sub\":\"a\\nb\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"sub\":\"a\\r\\nX-Evil: 1\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"sub\":\"\\u007f\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"sub\":\"\\u0085\"}", ERR_JWT_CLAIM}, /* C1 */
    {__LINE__, "{\"sub\":\"\\u00a0\\u00e9\"}", ERR_OK},
    {__LINE__, "{\"scope\":\"\\t\"}", ERR_JWT_CLAIM},
    /* aud */
    {__LINE__, "{\"aud\":[\"a\"]}", ERR_OK},
    {__LINE__, "{\"aud\":[]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":7}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":null}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":{\"a\":\"b\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":[\"a\",7]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":[[\"a\"]]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"aud\":\"a\\nb\"}", ERR_JWT_CLAIM},
    /* 16, 17 */
    {__LINE__,
     "{\"aud\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}",
     ERR_OK},
    {__LINE__,
     "{\"aud\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
     "\"\"]}",
     ERR_JWT_CLAIM},
    /* times */
    {__LINE__, "{\"exp\":0}", ERR_OK},
    {__LINE__, "{\"exp\":-0}", ERR_OK},
    {__LINE__, "{\"exp\":9007199254740992}", ERR_OK},
    {__LINE__, "{\"exp\":9007199254740994}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":1e16}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":1e308}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":1e400}", ERR_JSON},
    {__LINE__, "{\"exp\":18446744073709551616}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":-1}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":-0.5}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":\"1300819380\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":true}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":null}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":[1]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"nbf\":\"1\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"iat\":-5}", ERR_JWT_CLAIM},
    {__LINE__, "{\"exp\":NaN}", ERR_JSON},
    /* a token is bound to what can be checked, or it is refused */
    {__LINE__, "{\"cnf\":null}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":[]}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":\"" JKT "\"}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"jkt\":1}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"jkt\":\"\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"jkt\":\"" JKT "x\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"kid\":\"k\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"jkt\":\"" JKT "\",\"kid\":\"k\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"x5t#S256\":\"\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"x5t#S256\":7}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"x5t#S256\":\"" JKT "x\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"x5t\":\"" JKT "\"}}", ERR_JWT_CLAIM},
    {__LINE__, "{\"cnf\":{\"x5t#S256\":\"" JKT "\",\"kid\":\"k\"}}", ERR_JWT_CLAIM},
};

static void test_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        struct jwt_claims claims = {.exp = -7};
        assert_true(arena_init(&a, 4096));
        enum err e = jwt_claims_parse(slice_of(cases[i].text), &a, &claims);
        if (e != cases[i].want || (claims.exp == -7) != (e != ERR_OK))
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
        arena_free(&a);
    }
}

static void test_reads(void **state)
{
    (void)state;
    struct arena a;
    struct jwt_claims c;
    char text[] =
        "{\"iss\":\"https://as\",\"sub\":\"s\\u00e9\",\"jti\":\"j\",\"client_id\":\"c\","
        "\"scope\":\"system/*.rs\",\"aud\":[\"x\",\"y\"],\"exp\":1300819380.9,\"nbf\":1e3,"
        "\"iat\":5}";
    assert_true(arena_init(&a, 4096));
    assert_int_equal(jwt_claims_parse(slice_of(text), &a, &c), ERR_OK);
    memset(text, 'z', sizeof text); /* the claims are copies */
    assert_true(slice_is(c.iss, "https://as") && slice_is(c.sub, "s\xc3\xa9"));
    assert_true(slice_is(c.jti, "j") && slice_is(c.client_id, "c"));
    assert_true(slice_is(c.scope, "system/*.rs"));
    assert_true(c.has_exp && c.has_nbf && c.has_iat && c.aud_is_array);
    assert_int_equal(c.exp, 1300819380);
    assert_int_equal(c.nbf, 1000);
    assert_int_equal(c.iat, 5);
    assert_int_equal(c.aud_count, 2);
    assert_true(jwt_has_audience(&c, SLICE("x")) && jwt_has_audience(&c, SLICE("y")));
    assert_false(jwt_has_audience(&c, SLICE("X")) || jwt_has_audience(&c, SLICE("xy")));
    assert_false(jwt_has_audience(&c, SLICE("")) || jwt_has_audience(&c, SLICE_NONE));

    assert_int_equal(jwt_claims_parse(SLICE("{\"aud\":\"one\"}"), &a, &c), ERR_OK);
    assert_true(jwt_has_audience(&c, SLICE("one")) && !c.aud_is_array);
    assert_true(c.iss.p == NULL && c.sub.p == NULL && c.scope.p == NULL);
    assert_false(c.has_exp || c.has_nbf || c.has_iat);
    /* an array is for jwt_scope.h, and grants nothing here */
    assert_int_equal(jwt_claims_parse(SLICE("{\"scope\":[\"system/*.rs\"]}"), &a, &c), ERR_OK);
    assert_null(c.scope.p);
    assert_int_equal(jwt_claims_parse(SLICE("{\"aud\":\"\"}"), &a, &c), ERR_OK);
    assert_false(jwt_has_audience(&c, SLICE("")));
    assert_null(c.cnf_jkt.p);
    assert_int_equal(jwt_claims_parse(SLICE("{\"cnf\":{\"jkt\":\"" JKT "\"}}"), &a, &c), ERR_OK);
    assert_true(slice_is(c.cnf_jkt, JKT));
    assert_null(c.cnf_x5t.p);
    assert_int_equal(
        jwt_claims_parse(SLICE("{\"cnf\":{\"x5t#S256\":\"" X5T "\",\"jkt\":\"" JKT "\"}}"), &a, &c),
        ERR_OK);
    assert_true(slice_is(c.cnf_x5t, X5T) && slice_is(c.cnf_jkt, JKT));
    arena_free(&a);
}

static enum err parse_scope(size_t length, size_t arena_bytes)
{
    static char text[JWT_MAX_SCOPE + 64];
    struct buf b = BUF(text);
    struct arena a;
    struct jwt_claims c;
    buf_puts(&b, "{\"scope\":\"");
    for (size_t i = 0; i < length; i++)
        buf_putc(&b, 'x');
    buf_puts(&b, "\"}");
    assert_true(!b.overflowed && arena_init(&a, arena_bytes));
    enum err e = jwt_claims_parse(buf_slice(&b), &a, &c);
    arena_free(&a);
    return e;
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(parse_scope(JWT_MAX_SCOPE, 16384), ERR_OK);
    assert_int_equal(parse_scope(JWT_MAX_SCOPE + 1, 16384), ERR_JWT_CLAIM);
    assert_int_equal(parse_scope(100, 64), ERR_TOO_LARGE);
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        int line;
        int64_t exp, nbf, iat; /* -1: absent */
        int64_t now, skew;
        enum err want;
    } rows[] = {
        {__LINE__, 1000, -1, -1, 999, 0, ERR_OK},
        {__LINE__, 1000, -1, -1, 1000, 0, ERR_JWT_EXPIRED},
        {__LINE__, 1000, -1, -1, 1059, 60, ERR_OK},
        {__LINE__, 1000, -1, -1, 1060, 60, ERR_JWT_EXPIRED},
        {__LINE__, -1, 900, 900, 950, 60, ERR_JWT_CLAIM},
        {__LINE__, 0, -1, -1, 0, 0, ERR_JWT_EXPIRED},
        {__LINE__, 1000, 900, -1, 900, 0, ERR_OK},
        {__LINE__, 1000, 901, -1, 900, 0, ERR_JWT_NOT_YET},
        {__LINE__, 1000, 960, -1, 900, 60, ERR_OK},
        {__LINE__, 1000, 961, -1, 900, 60, ERR_JWT_NOT_YET},
        {__LINE__, 1000, -1, 960, 900, 60, ERR_OK},
        {__LINE__, 1000, -1, 961, 900, 60, ERR_JWT_NOT_YET},
        {__LINE__, T53, T53, T53, 900, 60, ERR_JWT_NOT_YET},
        {__LINE__, T53, -1, -1, 900, INT64_MAX, ERR_OK},
        {__LINE__, INT64_MAX, -1, -1, 900, 60, ERR_OK},
        {__LINE__, 1000, 0, 0, INT64_MAX, 60, ERR_JWT_EXPIRED},
        {__LINE__, 1000, 1000, 1000, INT64_MIN, INT64_MIN, ERR_JWT_NOT_YET},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwt_claims c = {.has_exp = rows[i].exp >= 0,
                               .exp = rows[i].exp,
                               .has_nbf = rows[i].nbf >= 0,
                               .nbf = rows[i].nbf,
                               .has_iat = rows[i].iat >= 0,
                               .iat = rows[i].iat};
        enum err e = jwt_check_time(&c, rows[i].now, rows[i].skew);
        if (e != rows[i].want)
            fail_msg("line %d: %s", rows[i].line, err_row(e)->name);
    }
}

static void test_typ(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *typ;
        bool want;
    } rows[] = {
        {__LINE__, "at+jwt", true},
        {__LINE__, "AT+JWT", true},
        {__LINE__, "application/at+jwt", true},
        {__LINE__, "Application/AT+jwt", true},
        {__LINE__, "JWT", false},
        {__LINE__, "", false},
        {__LINE__, "application/", false},
        {__LINE__, "application/application/at+jwt", false},
        {__LINE__, "at+jwt ", false},
        {__LINE__, "text/at+jwt", false},
        {__LINE__, "at+jw", false},
        {__LINE__, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (jwt_typ_is(slice_of(rows[i].typ), "at+jwt") != rows[i].want)
            fail_msg("line %d", rows[i].line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_reads), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_time),    cmocka_unit_test(test_typ),
    };
    return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
