#include "fixture.h"

#include "httpmsg.h"

static void bearer_tokens_have_one_form(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header;
        enum err why;
        const char *token;
    } rows[] = {
        {__LINE__, "Bearer abc", ERR_OK, "abc"},
        {__LINE__, "bearer abc", ERR_OK, "abc"},
        {__LINE__, "BEARER abc", ERR_OK, "abc"},
        {__LINE__, "Bearer  abc", ERR_OK, "abc"}, /* 1*SP */
        {__LINE__, " Bearer abc ", ERR_OK, "abc"},
        {__LINE__, "Bearer aZ09-._~+/==", ERR_OK, "aZ09-._~+/=="},
        {__LINE__, NULL, ERR_NO_TOKEN, NULL},
        {__LINE__, "", ERR_NO_TOKEN, NULL},
        {__LINE__, " \t", ERR_NO_TOKEN, NULL},
        {__LINE__, "Basic YTpi", ERR_NO_TOKEN, NULL},
        {__LINE__, "DPoP abc", ERR_NO_TOKEN, NULL},
        {__LINE__, "BearerX abc", ERR_NO_TOKEN, NULL},
        {__LINE__, "Bear abc", ERR_NO_TOKEN, NULL},
        {__LINE__, "Bearer\tabc", ERR_NO_TOKEN, NULL},
        {__LINE__, "Bearer=abc", ERR_NO_TOKEN, NULL},
        {__LINE__, "abc", ERR_NO_TOKEN, NULL},
        {__LINE__, "Bearer", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer ", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer =", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer ab=c", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer a b", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer a\tb", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer a;b", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer \"a\"", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer a\r\nX: y", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer \xc3\xa9", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer Bearer a", ERR_AUTH_HEADER, NULL},
        {__LINE__, "Bearer a, Bearer b", ERR_TWO_TOKENS, NULL},
        {__LINE__, "Bearer a,Bearer b", ERR_TWO_TOKENS, NULL},
        {__LINE__, "Bearer a, Basic YTpi", ERR_TWO_TOKENS, NULL},
        {__LINE__, "Basic YTpi, Bearer a", ERR_TWO_TOKENS, NULL},
        {__LINE__, ", Bearer a", ERR_TWO_TOKENS, NULL},
        {__LINE__, "Bearer a,", ERR_TWO_TOKENS, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice token = SLICE_NONE;
        EXACT(header, slice_of(rows[i].header));
        check_err(rows[i].line, http_bearer(header, &token), rows[i].why);
        check_slice(rows[i].line, token, rows[i].token);
    }
    struct slice token;
    assert_int_equal(http_bearer(SLICE("Bearer a\0b"), &token), ERR_AUTH_HEADER);
}

static void the_scheme_of_a_token_is_told(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header;
        enum err why;
        enum auth_scheme scheme;
    } rows[] = {
        {__LINE__, "Bearer a", ERR_OK, AUTH_BEARER},
        {__LINE__, "DPoP a", ERR_OK, AUTH_DPOP},
        {__LINE__, "dpop a", ERR_OK, AUTH_DPOP},
        {__LINE__, "DPOP  a ", ERR_OK, AUTH_DPOP},
        {__LINE__, "DPoPa", ERR_NO_TOKEN, AUTH_BEARER},
        {__LINE__, "DPoP", ERR_AUTH_HEADER, AUTH_BEARER},
        {__LINE__, "DPoP a b", ERR_AUTH_HEADER, AUTH_BEARER},
        {__LINE__, "DPoP a, Bearer a", ERR_TWO_TOKENS, AUTH_BEARER},
        {__LINE__, "Basic YTpi", ERR_NO_TOKEN, AUTH_BEARER},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice token = SLICE_NONE;
        enum auth_scheme scheme = AUTH_BEARER;
        EXACT(header, slice_of(rows[i].header));
        check_err(rows[i].line, http_token(header, &scheme, &token), rows[i].why);
        check_slice(rows[i].line, token, rows[i].why == ERR_OK ? "a" : NULL);
        check_true(rows[i].line, scheme == rows[i].scheme, "scheme");
        /* as a bearer only that scheme counts */
        if (rows[i].scheme == AUTH_DPOP)
            check_err(rows[i].line, http_bearer(header, &token), ERR_NO_TOKEN);
    }
}

static void basic_credentials_are_decoded_twice(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header;
        enum err why;
        const char *user, *password;
    } rows[] = {
        {__LINE__, "Basic YTpi", ERR_OK, "a", "b"},
        {__LINE__, "basic YTpi", ERR_OK, "a", "b"},
        {__LINE__, "Basic YTo=", ERR_OK, "a", ""},
        {__LINE__, "Basic Og==", ERR_OK, "", ""},
        {__LINE__, "Basic OmI=", ERR_OK, "", "b"},
        {__LINE__, "Basic YTpiOmM=", ERR_OK, "a", "b:c"},
        {__LINE__, "Basic YSUzQWI6YyUyNWQr", ERR_OK, "a:b", "c%d "}, /* a%3Ab:c%25d+ */
        {__LINE__, "Basic w7E6w7E=", ERR_OK, "\xc3\xb1", "\xc3\xb1"},
        {__LINE__, NULL, ERR_NO_TOKEN, NULL, NULL},
        {__LINE__, "", ERR_NO_TOKEN, NULL, NULL},
        {__LINE__, "Bearer YTpi", ERR_NO_TOKEN, NULL, NULL},
        {__LINE__, "Basic", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic ", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic YWI=", ERR_AUTH_HEADER, NULL, NULL}, /* no colon */
        {__LINE__, "Basic YTo", ERR_AUTH_HEADER, NULL, NULL},  /* no padding */
        {__LINE__, "Basic YTp=", ERR_AUTH_HEADER, NULL, NULL}, /* spare bits */
        {__LINE__, "Basic YTo==", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic ====", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic Y Tpi", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic YTpi, Basic YTpi", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic a:b", ERR_AUTH_HEADER, NULL, NULL},
        {__LINE__, "Basic YSU6Yg==", ERR_AUTH_HEADER, NULL, NULL}, /* a%:b */
        {__LINE__, "Basic YTolMDA=", ERR_AUTH_HEADER, NULL, NULL}, /* a:%00 */
        {__LINE__, "Basic YQA6Yg==", ERR_AUTH_HEADER, NULL, NULL}, /* a NUL before the colon */
    };
    ARENA(a, 4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice user = SLICE_NONE, password = SLICE_NONE;
        EXACT(header, slice_of(rows[i].header));
        check_err(rows[i].line, http_basic(header, &a, &user, &password), rows[i].why);
        check_slice(rows[i].line, user, rows[i].user);
        check_slice(rows[i].line, password, rows[i].password);
    }
    for (size_t cap = 16; cap <= 48; cap += 16) {
        ARENA(small, cap);
        struct slice user, password;
        enum err e = http_basic(SLICE("Basic YTpi"), &small, &user, &password);
        assert_int_equal(e, cap < 48 ? ERR_AUTH_HEADER : ERR_OK);
    }
}

static void status_comes_first(void **state)
{
    (void)state;
    char space[512];
    struct buf text = BUF(space);
    struct response r = {.status = 403, .content_type = "text/plain", .body = SLICE("no\n")};
    response_header(&r, "A", SLICE("1"));
    response_header(&r, "B", SLICE(""));
    assert_true(response_text(&r, &text));
    assert_string_equal(space, "Status: 403 Forbidden\r\nA: 1\r\nB: \r\n"
                               "Content-Type: text/plain\r\n\r\nno\n");
}

static void no_status_is_500(void **state)
{
    (void)state;
    char space[512];
    struct buf text = BUF(space);
    struct response r = {0};
    assert_true(response_text(&r, &text));
    assert_string_equal(space, "Status: 500 Internal Server Error\r\n\r\n");
}

static void no_header_can_be_injected(void **state)
{
    (void)state;
    static const struct slice values[] = {
        BYTES("a\r\nX: y"), BYTES("a\nX: y"),   BYTES("a\r"),       BYTES("\n"),
        BYTES("a\0b"),      BYTES("a\x1b[31m"), BYTES("\x7f"),      BYTES("a\tb"),
        BYTES("\xc3\xb1"),  BYTES("\x80"),      BYTES("a\x0b\x0c"),
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        char space[512];
        struct buf text = BUF(space);
        struct response r = {.status = 200, .content_type = "text/plain", .body = SLICE("secret")};
        EXACT(value, values[i]);
        response_header(&r, "Variable-A", SLICE("granted"));
        response_header(&r, "B", value);
        assert_int_equal(r.status, 500);
        assert_true(response_text(&r, &text));
        assert_null(strstr(space, "X: y"));
        assert_null(strstr(space, "granted"));
        assert_null(strstr(space, "secret"));
    }
}

static void one_header_too_many_is_500(void **state)
{
    (void)state;
    struct response r = {.status = 200};
    for (int i = 0; i < RESPONSE_MAX_HEADERS; i++)
        response_header(&r, "A", SLICE("1"));
    assert_int_equal(r.status, 200);
    assert_int_equal(r.header_count, RESPONSE_MAX_HEADERS);
    response_header(&r, "A", SLICE("1"));
    assert_int_equal(r.status, 500);
}

static void a_response_that_does_not_fit_is_told(void **state)
{
    (void)state;
    struct response r = {.status = 200, .body = SLICE("body")};
    response_header(&r, "Name", SLICE("value"));
    size_t need = strlen("Status: 200 OK\r\nName: value\r\n\r\nbody") + 1;
    for (size_t cap = 0; cap <= need; cap++) {
        char *block = malloc(cap);
        assert_non_null(block);
        struct buf text = buf_over(block, cap);
        assert_int_equal(response_text(&r, &text), cap == need);
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_tokens_have_one_form),
        cmocka_unit_test(the_scheme_of_a_token_is_told),
        cmocka_unit_test(basic_credentials_are_decoded_twice),
        cmocka_unit_test(status_comes_first),
        cmocka_unit_test(no_status_is_500),
        cmocka_unit_test(no_header_can_be_injected),
        cmocka_unit_test(one_header_too_many_is_500),
        cmocka_unit_test(a_response_that_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
