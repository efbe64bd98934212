#include "http_client_fixture.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

/* GET https://127.0.0.1:port/target; the body is copied to `body` when that is not NULL. */
static enum err fetch(const struct server *s, const char *target, struct http_answer *out,
                      char *body, size_t cap)
{
    char url[256];
    struct arena a;
    assert_true(arena_init(&a, 4096));
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", s->port, target);
    struct http_get what = get(s, url);
    enum err e = http_get(&what, &a, out);
    if (e == ERR_OK && body != NULL)
        snprintf(body, cap, "%.*s", SLICE_FMT(out->body));
    arena_free(&a);
    return e;
}

static void test_answer(void **state)
{
    struct http_answer out = {0};
    char body[1001];
    assert_int_equal(fetch(*state, "/bytes?1000", &out, body, sizeof body), ERR_OK);
    assert_int_equal(strlen(body), 1000);
    assert_int_equal(strspn(body, "x"), 1000);
    assert_int_equal(out.max_age_s, -1);
    assert_string_equal(out.fault, "");
    assert_int_equal(fetch(*state, "/chunks?1000", &out, body, sizeof body), ERR_OK);
    assert_int_equal(strlen(body), 1000);
    assert_int_equal(fetch(*state, "/bytes?0", &out, body, sizeof body), ERR_OK);
    assert_string_equal(body, "");
}

static void test_request_headers(void **state)
{
    struct http_answer out = {0};
    char body[1001];
    assert_int_equal(fetch(*state, "/headers", &out, body, sizeof body), ERR_OK);
    assert_non_null(strstr(body, "Accept: application/json\n"));
    assert_non_null(strstr(body, "User-Agent: fhir-auth\n"));
    assert_null(strstr(body, "Cookie"));
    assert_null(strstr(body, "Authorization"));
}

static void test_cache_control(void **state)
{
    static const struct {
        int line;
        const char *target;
        int64_t max_age_s;
    } rows[] = {
        {__LINE__, "/cache?max-age=60", 60},
        {__LINE__, "/cache?public,%20MAX-AGE=60,%20must-revalidate", 60},
        {__LINE__, "/cache?max-age=0", 0},
        {__LINE__, "/cache?public", -1},
        {__LINE__, "/cache?x-max-age=60", -1},
        {__LINE__, "/cache?s-maxage=60", -1},
        {__LINE__, "/cache?no-store", 0},
        {__LINE__, "/cache?max-age=60,%20No-Store", 0},
        {__LINE__, "/cache?no-cache,max-age=60", 0},
        {__LINE__, "/cache?no-cache=%22x-field%22", 0},
        /* more than one statement: the strictest */
        {__LINE__, "/cache?max-age=60,max-age=30", 30},
        {__LINE__, "/cache?max-age=30,max-age=60", 30},
        {__LINE__, "/cache?max-age=60%0ano-store", 0},
        {__LINE__, "/cache?max-age=60%0apublic", 60},
        /* what cannot be read is stale */
        {__LINE__, "/cache?max-age", 0},
        {__LINE__, "/cache?max-age=", 0},
        {__LINE__, "/cache?max-age=-1", 0},
        {__LINE__, "/cache?max-age=%2b5", 0},
        {__LINE__, "/cache?max-age=5s", 0},
        {__LINE__, "/cache?max-age=1.5", 0},
        {__LINE__, "/cache?max-age=%2260%22", 0},
        {__LINE__, "/cache?max-age=99999999999999999999", 0},
        {__LINE__, "/cache?max-age=4294967296", 4294967296},
        {__LINE__, "/early", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_answer out = {0};
        enum err e = fetch(*state, rows[i].target, &out, NULL, 0);
        if (e != ERR_OK || out.max_age_s != rows[i].max_age_s)
            fail_msg("line %d: %s, max-age %lld %s", rows[i].line, err_row(e)->name,
                     (long long)out.max_age_s, out.fault);
    }
}

static void test_refused_answers(void **state)
{
    static const struct {
        int line;
        const char *target, *fault;
    } rows[] = {
        {__LINE__, "/status?404", "answered with status 404, not 200"},
        {__LINE__, "/status?500", "answered with status 500, not 200"},
        {__LINE__, "/status?203", "answered with status 203, not 200"},
        {__LINE__, "/status?302", "answered with status 302, not 200"},
        {__LINE__, "/status?308", "answered with status 308, not 200"},
        {__LINE__, "/bytes?1001", "the answer is longer than 1000 bytes"},
        {__LINE__, "/chunks?1001", "the answer is longer than 1000 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_answer out = {0};
        enum err e = fetch(*state, rows[i].target, &out, NULL, 0);
        if (e != ERR_HTTP || strcmp(out.fault, rows[i].fault) != 0 || out.body.p != NULL)
            fail_msg("line %d: %s, \"%s\"", rows[i].line, err_row(e)->name, out.fault);
    }
}

static void test_refused_servers(void **state)
{
    const struct server *s = *state;
    const struct {
        int line;
        const char *scheme_host, *ca, *fault;
    } rows[] = {
        {__LINE__, "https://127.0.0.1", s->ca, NULL},
        {__LINE__, "https://127.0.0.1", s->other_ca, "certificate"},
        {__LINE__, "https://127.0.0.1", "", "certificate"},
        {__LINE__, "https://127.0.0.1", "/nonexistent/ca.pem", "/nonexistent/ca.pem"},
        /* the certificate names the address only */
        {__LINE__, "https://localhost", s->ca, "localhost"},
        {__LINE__, "http://127.0.0.1", s->ca, "http"},
        {__LINE__, "127.0.0.1", s->ca, "http"},
        {__LINE__, "ftp://127.0.0.1", s->ca, "ftp"},
        {__LINE__, "file:///etc/passwd#", s->ca, "file"},
        {__LINE__, "https://user:word@127.0.0.1", s->ca, "Login denied"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[256];
        struct arena a;
        struct http_answer out = {0};
        assert_true(arena_init(&a, 4096));
        snprintf(url, sizeof url, "%s:%u/cache?max-age=1", rows[i].scheme_host, s->port);
        struct http_get what = get(s, url);
        what.ca_file = rows[i].ca;
        enum err e = http_get(&what, &a, &out);
        arena_free(&a);
        bool ok = rows[i].fault == NULL ? e == ERR_OK
                                        : e == ERR_HTTP && strstr(out.fault, rows[i].fault) != NULL;
        if (!ok)
            fail_msg("line %d: %s, \"%s\"", rows[i].line, err_row(e)->name, out.fault);
    }
}

/* A proxy or credentials from the environment would see, or answer, what is fetched. */
static void test_environment_is_ignored(void **state)
{
    struct http_answer out = {0};
    setenv("https_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    enum err e = fetch(*state, "/bytes?3", &out, NULL, 0);
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(e, ERR_OK);
}

/* A loopback port that nobody answers at: bound, and listening or not. */
static int silent_socket(bool listening, unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    if (listening)
        assert_int_equal(listen(fd, 4), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void test_out_of_reach(void **state)
{
    const struct server *s = *state;
    unsigned closed, mute;
    int closed_fd = silent_socket(false, &closed);
    int mute_fd = silent_socket(true, &mute);
    const struct {
        int line;
        unsigned port;
        const char *fault;
    } rows[] = {
        {__LINE__, closed, "Couldn't connect"},
        {__LINE__, mute, "time"},    /* in the TLS handshake */
        {__LINE__, s->port, "time"}, /* waiting for the answer */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[256];
        struct arena a;
        struct http_answer out = {0};
        assert_true(arena_init(&a, 4096));
        snprintf(url, sizeof url, "https://127.0.0.1:%u/silence", rows[i].port);
        struct http_get what = get(s, url);
        what.timeout_ms = 400;
        enum err e = http_get(&what, &a, &out);
        arena_free(&a);
        if (e != ERR_HTTP || strstr(out.fault, rows[i].fault) == NULL)
            fail_msg("line %d: %s, \"%s\"", rows[i].line, err_row(e)->name, out.fault);
    }
    close(closed_fd);
    close(mute_fd);
}

/* POST https://127.0.0.1:port/target; what came there is copied to `body`. */
static enum err post(const struct server *s, struct http_session *session, const char *target,
                     const struct http_post *what, struct http_answer *out, char body[2001])
{
    char url[256];
    struct arena a;
    assert_true(arena_init(&a, 8192));
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", s->port, target);
    struct http_get to = get(s, url);
    to.max_bytes = 2000;
    enum err e = http_post(session, &to, what, &a, out);
    snprintf(body, 2001, "%.*s", SLICE_FMT(e == ERR_OK ? out->body : SLICE("")));
    arena_free(&a);
    return e;
}

static void test_post(void **state)
{
    struct http_session *session = http_session_new();
    struct http_answer out = {0};
    char body[2001];
    struct http_post what = {
        .body = SLICE("token=a%2Bb&x=y"), .content_type = FORM_TYPE, .authorization = "Basic abc="};
    assert_non_null(session);
    assert_int_equal(post(*state, session, "/post", &what, &out, body), ERR_OK);
    assert_int_equal(out.status, 200);
    assert_non_null(strstr(body, "\n\ntoken=a%2Bb&x=y"));
    assert_non_null(strstr(body, "Authorization: Basic abc=\n"));
    assert_non_null(strstr(body, "Accept: application/json\n"));
    assert_non_null(strstr(body, "Content-Type: application/x-www-form-urlencoded\n"));
    /* Nothing of it is left for the next. */
    what = (struct http_post){.body = SLICE(""), .content_type = FORM_TYPE};
    assert_int_equal(post(*state, session, "/post", &what, &out, body), ERR_OK);
    assert_null(strstr(body, "Authorization"));
    assert_null(strstr(body, "token"));
    http_session_free(session);
    http_session_free(NULL);
}

static void test_post_status(void **state)
{
    static const int statuses[] = {400, 401, 429, 500, 503, 302, 307, 204};
    struct http_session *session = http_session_new();
    struct http_answer out = {0};
    char body[2001];
    struct http_post what = {.body = SLICE("token=t"), .content_type = FORM_TYPE};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char target[32], fault[64];
        snprintf(target, sizeof target, "/post?%d", statuses[i]);
        snprintf(fault, sizeof fault, "answered with status %d, not 200", statuses[i]);
        assert_int_equal(post(*state, session, target, &what, &out, body), ERR_HTTP);
        assert_int_equal(out.status, statuses[i]);
        assert_string_equal(out.fault, fault);
    }
    const struct server *s = *state;
    struct server elsewhere = *s;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    elsewhere.port = ntohs(at.sin_port);
    assert_int_equal(post(&elsewhere, session, "/post", &what, &out, body), ERR_HTTP);
    assert_int_equal(out.status, 0);
    close(fd);
    http_session_free(session);
}

static unsigned long connection_of(const char *body)
{
    assert_int_equal(strncmp(body, "connection ", 11), 0);
    return strtoul(body + 11, NULL, 10);
}

static void test_connection_is_kept(void **state)
{
    struct http_session *session = http_session_new(), *other = http_session_new();
    struct http_answer out = {0};
    char body[2001];
    struct http_post what = {.body = SLICE("token=t"), .content_type = FORM_TYPE};
    assert_int_equal(post(*state, session, "/post", &what, &out, body), ERR_OK);
    unsigned long first = connection_of(body);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(post(*state, session, "/post", &what, &out, body), ERR_OK);
        assert_int_equal(connection_of(body), first);
    }
    assert_int_equal(post(*state, other, "/post", &what, &out, body), ERR_OK);
    assert_int_equal(connection_of(body), first + 1);
    http_session_free(session);
    http_session_free(other);
}

static void test_full_arena(void **state)
{
    const struct server *s = *state;
    struct arena a;
    struct http_answer out = {0};
    char url[256];
    assert_true(arena_init(&a, 512));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/bytes?512", s->port);
    struct http_get what = get(s, url);
    assert_int_equal(http_get(&what, &a, &out), ERR_MEMORY);
    assert_string_equal(out.fault, "memory is out");
    arena_free(&a);
}

#define JSON_TYPE "application/x+json"

static void test_post_json(void **state)
{
    const struct server *s = *state;
    static const struct {
        int line;
        const char *target;
        struct slice body;
        unsigned timeout_ms;
        int status;
    } rows[] = {
        {__LINE__, "/echo", {"{\"a\":1}", 7}, 20000, 201},
        {__LINE__, "/echo", {"", 0}, 20000, 201},
        {__LINE__, "/echo", {"{\"a\":2}", 7}, 20000, 400},
        {__LINE__, "/once", {"{}", 2}, 20000, 200},
        {__LINE__, "/other", {"{}", 2}, 20000, 503},
        {__LINE__, "/silence", {"{}", 2}, 200, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[256];
        snprintf(url, sizeof url, "https://127.0.0.1:%u%s", s->port, rows[i].target);
        struct http_session *p = http_session_new();
        const struct http_get what = {.url = url,
                                      .accept = JSON_TYPE,
                                      .ca_file = s->ca,
                                      .timeout_ms = rows[i].timeout_ms,
                                      .http_loopback = true};
        const struct http_post post = {
            .body = rows[i].body, .content_type = JSON_TYPE, .any_success = true};
        assert_non_null(p);
        for (int k = 0; k < 2; k++) {
            struct http_answer out = {.status = -1};
            enum err e = http_post(p, &what, &post, NULL, &out);
            bool good = rows[i].status >= 200 && rows[i].status < 300;
            if (out.status != rows[i].status || (e == ERR_OK) != good ||
                (out.fault[0] == '\0') != good)
                fail_msg("line %d: %d %s", rows[i].line, out.status, out.fault);
        }
        http_session_free(p);
    }
}

static void test_post_json_wants_a_good_server(void **state)
{
    const struct server *s = *state;
    char url[256], plain[256];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/echo", s->port);
    snprintf(plain, sizeof plain, "http://192.0.2.1:%u/echo", s->port);
    const struct {
        const char *url, *ca;
    } rows[] = {{url, s->other_ca}, {plain, s->ca}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_answer out = {.status = -1};
        struct http_session *p = http_session_new();
        const struct http_get what = {.url = rows[i].url,
                                      .accept = JSON_TYPE,
                                      .ca_file = rows[i].ca,
                                      .timeout_ms = 2000,
                                      .http_loopback = true};
        const struct http_post post = {.body = SLICE("{}"), .content_type = JSON_TYPE};
        assert_non_null(p);
        assert_int_equal(http_post(p, &what, &post, NULL, &out), ERR_HTTP);
        assert_int_equal(out.status, 0);
        assert_true(out.fault[0] != '\0');
        http_session_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_request_headers),
        cmocka_unit_test(test_cache_control),
        cmocka_unit_test(test_refused_answers),
        cmocka_unit_test(test_refused_servers),
        cmocka_unit_test(test_environment_is_ignored),
        cmocka_unit_test(test_out_of_reach),
        cmocka_unit_test(test_full_arena),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_post_status),
        cmocka_unit_test(test_connection_is_kept),
        cmocka_unit_test(test_post_json),
        cmocka_unit_test(test_post_json_wants_a_good_server),
    };
    return cmocka_run_group_tests_name("http_client", tests, start, stop);
}
