#include "fixture.h"

#include "json.h"
#include "reply.h"

static const char *header_of(const struct response *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value.p;
    return NULL;
}

/* RFC 6749 section 5.2; RFC 9110 sections 10.2.1, 10.2.3 and 11.6.1. */
static void every_error_is_json_that_nobody_keeps(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        ARENA(a, 4096);
        struct response r = {.status = 200, .body = SLICE("secret")};
        struct json *document;
        struct slice code, text;
        response_header(&r, "X", SLICE("y"));
        reply_error(&r, (enum err)e, "POST", 0, &a);
        const struct err_row *row = err_row((enum err)e);
        bool silent = row->endpoint_status == 0 || row->endpoint_status == 200;
        if (silent)
            row = err_row(ERR_INTERNAL);
        assert_int_equal(r.status, row->endpoint_status);
        assert_true(r.status >= 400);
        assert_int_equal(json_parse(r.body, &document), ERR_OK);
        assert_int_equal(json_count(document), 2);
        assert_true(json_member_string(document, "error", &code));
        assert_true(json_member_string(document, "error_description", &text));
        assert_true(slice_is(code, row->endpoint_code) && slice_is(text, row->text));
        json_free(document);
        assert_string_equal(r.content_type, "application/json");
        assert_string_equal(header_of(&r, "Cache-Control"), "no-store");
        assert_string_equal(header_of(&r, "Pragma"), "no-cache");
        assert_null(header_of(&r, "X"));
        assert_int_equal(header_of(&r, "WWW-Authenticate") != NULL, r.status == 401);
        assert_int_equal(header_of(&r, "Allow") != NULL, r.status == 405);
        assert_int_equal(header_of(&r, "Retry-After") != NULL, r.status == 429 || r.status == 503);
    }
}

static void check_challenge(enum err why, size_t arena_bytes, const char *want)
{
    struct arena a;
    struct response r = {0};
    assert_true(arena_init(&a, arena_bytes));
    reply_error(&r, why, "POST", 0, &a);
    size_t count = 0;
    for (size_t i = 0; i < r.header_count; i++)
        count += strcmp(r.headers[i].name, "WWW-Authenticate") == 0;
    assert_int_equal(count, 1);
    assert_string_equal(header_of(&r, "WWW-Authenticate"), want);
    arena_free(&a);
}

/* RFC 6749 section 5.2, RFC 6750 section 3. */
static void a_challenge_is_of_the_scheme_that_failed(void **state)
{
    (void)state;
    static const char basic[] = "Basic realm=\"token endpoint\", charset=\"UTF-8\"";
    check_challenge(ERR_CLIENT_AUTH, 4096, basic);
    check_challenge(ERR_CLIENT_NONE, 4096, basic);
    check_challenge(ERR_JWT_EXPIRED, 4096, basic); /* of an assertion */
    check_challenge(ERR_CALLER_TOKEN, 4096,
                    "Bearer realm=\"token endpoint\", error=\"invalid_token\", "
                    "error_description=\"The access token of the caller is not valid\"");
    check_challenge(
        ERR_CALLER_SCOPE, 4096,
        "Bearer realm=\"token endpoint\", error=\"insufficient_scope\", "
        "error_description=\"The access token of the caller lacks the scope introspect\", "
        "scope=\"introspect\"");
    check_challenge(ERR_CALLER_SCOPE, 16, "Bearer realm=\"token endpoint\"");
}

static void without_memory_an_error_is_still_one(void **state)
{
    (void)state;
    ARENA(a, 16);
    struct response r = {0};
    reply_error(&r, ERR_CLIENT_AUTH, "POST", 0, &a);
    assert_int_equal(r.status, 401);
    assert_true(slice_is(r.body, "{\"error\":\"server_error\"}\n"));
    assert_string_equal(header_of(&r, "Cache-Control"), "no-store");
}

static void public_documents_may_be_kept_and_read_by_scripts(void **state)
{
    (void)state;
    ARENA(a, 4096);
    struct response r = {0};
    reply_public_json(&r, SLICE("{}"), 300, &a);
    assert_int_equal(r.status, 200);
    assert_string_equal(header_of(&r, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(header_of(&r, "Cache-Control"), "public, max-age=300");
    ARENA(none, 16);
    r = (struct response){0};
    reply_public_json(&r, SLICE("{}"), 300, &none);
    assert_string_equal(header_of(&r, "Cache-Control"), "no-store");
    struct response private = {0};
    reply_json(&private, 200, SLICE("{}"));
    assert_null(header_of(&private, "Access-Control-Allow-Origin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_json_that_nobody_keeps),
        cmocka_unit_test(a_challenge_is_of_the_scheme_that_failed),
        cmocka_unit_test(without_memory_an_error_is_still_one),
        cmocka_unit_test(public_documents_may_be_kept_and_read_by_scripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
