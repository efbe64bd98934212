#include "http_client_fixture.h"

/* As an administrator's probe: nothing is tidied up, and each status is an answer. */
static void test_ask(void **state)
{
    const struct server *s = *state;
    char url[256];
    struct arena a;
    struct http_answer out;
    struct http_session *session = http_session_new();
    assert_non_null(session);
    assert_true(arena_init(&a, 1 << 20));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/elsewhere", s->port);
    struct http_get what = get(s, url);
    struct http_probe probe = {.method = "GET", .target = "/status?404"};
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_OK);
    assert_int_equal(out.status, 404);
    assert_string_equal(out.body.p, "{}");
    assert_non_null(strstr(out.head.p, "Location: /cache\r\n"));
    probe.target = "/early"; /* of the last answer only */
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_OK);
    assert_null(strstr(out.head.p, "max-age=9"));
    probe.target = "/bytes?5000"; /* cut */
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_OK);
    assert_int_equal(out.body.n, 1000);
    probe = (struct http_probe){.method = "GET", .target = "/headers", .authorization = "Bearer x"};
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_OK);
    assert_non_null(strstr(out.body.p, "Authorization: Bearer x\n"));
    assert_null(strstr(out.body.p, "Content-Type"));
    probe = (struct http_probe){.method = "POST", .target = "/form?400", .form = "a=b"};
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_OK);
    assert_int_equal(out.status, 400);
    assert_non_null(strstr(out.body.p, "\na=b"));
    what.url = "http://127.0.0.1:9/"; /* refused, unless it is said to be plain */
    probe = (struct http_probe){.method = "GET"};
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_HTTP);
    assert_non_null(strstr(out.fault, "rotocol"));
    probe.plain = true;
    assert_int_equal(http_ask(session, &what, &probe, &a, &out), ERR_HTTP);
    assert_null(strstr(out.fault, "rotocol"));
    assert_int_equal(out.status, 0);
    http_session_free(session);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ask)};
    return cmocka_run_group_tests_name("http_ask", tests, start, stop);
}
