#include "server_fixture.h"

static void an_authorizer_never_waits_for_a_body(void **state)
{
    struct program *p = *state;
    check_answer(__LINE__,
                 ask(p, AUTHORIZER,
                     PARAMS_OF("REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=50"), NULL),
                 OK_ANSWER("1", "", "ERR_OK"));
    check_answer(__LINE__,
                 ask(p, AUTHORIZER,
                     PARAMS_OF("REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=2"), "ab"),
                 OK_ANSWER("1", "", "ERR_OK"));
}

static void roles_are_told_apart(void **state)
{
    struct program *p = *state;
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("REQUEST_URI=/"), NULL),
                 OK_ANSWER("0", "", "ERR_OK"));
    /* The protocol's role counts, no variable. */
    check_answer(__LINE__,
                 ask(p, RESPONDER, PARAMS_OF("FCGI_ROLE=AUTHORIZER", "REQUEST_URI=/"), NULL),
                 OK_ANSWER("0", "", "ERR_OK"));
    check_answer(__LINE__, ask(p, FILTER, PARAMS_OF("REQUEST_URI=/"), NULL), LAST_RESORT);
    static const unsigned unknown[] = {0, 4, 7, 255};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        const char *answer = ask(p, unknown[i], PARAMS_OF("REQUEST_URI=/"), NULL);
        assert_null(strstr(answer, "200"));
    }
    check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/"), NULL),
                 OK_ANSWER("1", "", "ERR_OK"));
}

static void there_is_always_an_answer(void **state)
{
    struct program *p = *state;
    check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/none"), NULL),
                 "Status: 500 Internal Server Error\r\n\r\n");
    check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/large"), NULL), LAST_RESORT);
    const char *injected = ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/inject"), NULL);
    assert_int_equal(strncmp(injected, "Status: 500 ", 12), 0);
    assert_null(strstr(injected, "200 OK"));
    const char *const none[] = {NULL};
    check_answer(__LINE__, ask(p, AUTHORIZER, none, NULL), OK_ANSWER("1", "", "ERR_OK"));
}

static void a_body_is_read_whole_or_not(void **state)
{
    struct program *p = *state;
    char most[MAX_BODY + 1], want[256];
    memset(most, 'x', MAX_BODY);
    most[MAX_BODY] = '\0';
    snprintf(want, sizeof want, "Status: 200 OK\r\n\r\nrole=0 body=\"%s\" error=ERR_OK", most);
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=100"), most), want);
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=2"), "ab"),
                 OK_ANSWER("0", "ab", "ERR_OK"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=2"), "abcd"),
                 OK_ANSWER("0", "ab", "ERR_OK"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=5"), "ab"),
                 OK_ANSWER("0", "", "ERR_FORM"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=0"), "ab"),
                 OK_ANSWER("0", "", "ERR_OK"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=x"), "ab"),
                 OK_ANSWER("0", "", "ERR_FORM"));
    /* A body that is too large is not waited for. */
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=101"), NULL),
                 OK_ANSWER("0", "", "ERR_TOO_LARGE"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=4294967296"), NULL),
                 OK_ANSWER("0", "", "ERR_TOO_LARGE"));
    check_answer(__LINE__, ask(p, RESPONDER, PARAMS_OF("CONTENT_LENGTH=9223372036854775807"), NULL),
                 OK_ANSWER("0", "", "ERR_TOO_LARGE"));
}

static size_t put_record(char *to, unsigned type, const void *content, size_t n)
{
    const unsigned char header[8] = {1, (unsigned char)type,     0,
                                     1, (unsigned char)(n >> 8), (unsigned char)(n & 0xff)};
    memcpy(to, header, sizeof header);
    memcpy(to + sizeof header, content, n);
    return sizeof header + n;
}

#define READ_AT_ONCE 8192 /* by libfcgi */

/*
 * On a connection that is kept the rest of a body that was not read would be taken for the web
 * server's next records, and so a client could speak in its name.  None is kept.
 */
static void a_body_that_is_not_read_is_no_request(void **state)
{
    struct program *p = *state;
    static const char *const lengths[] = {"CONTENT_LENGTH=101", "CONTENT_LENGTH=9", "X=y"};
    static const unsigned roles[] = {RESPONDER, AUTHORIZER};
    for (size_t i = 0; i < COUNT(lengths) * COUNT(roles); i++) {
        char stream[2 * READ_AT_ONCE], params[64], space[1024], smuggled[1024] = "";
        struct buf out = BUF(space), more = BUF(smuggled);
        const char begin[8] = {0, (char)roles[i % COUNT(roles)], KEEP_CONNECTION};
        const char *length = lengths[i / COUNT(roles)], *value = strchr(length, '=') + 1;
        int n_params = snprintf(params, sizeof params, "%c%c%.*s%s", (char)(value - 1 - length),
                                (char)strlen(value), (int)(value - 1 - length), length, value);
        size_t n = put_record(stream, BEGIN_REQUEST, begin, sizeof begin);
        n += put_record(stream + n, PARAMS, params, (size_t)n_params);
        n += put_record(stream + n, PARAMS, "", 0);
        size_t body = n;
        memset(stream + n, 'x', READ_AT_ONCE - n);
        n = READ_AT_ONCE;
        n += put_record(stream + n, BEGIN_REQUEST, begin, sizeof begin);
        n += put_record(stream + n, PARAMS, "\13\11REQUEST_URI/smuggled", 22);
        n += put_record(stream + n, PARAMS, "", 0);
        put_record(stream + body, STDIN, "", 0);
        stream[body + 4] = (char)((n - body - 8) >> 8);
        stream[body + 5] = (char)((n - body - 8) & 0xff);

        int fd = fcgi_connect(p->path);
        assert_int_equal(send(fd, stream, n, MSG_NOSIGNAL), (ssize_t)n);
        assert_true(fcgi_answer(fd, &out));
        assert_false(fcgi_answer(fd, &more));
        check_answer(__LINE__, smuggled, "");
        close(fd);
    }
}

/*
 * An empty body, which lighttpd adds, may lie behind what libfcgi has read at once: the connection
 * must not be reset then, or the answer could be lost.
 */
static void a_rest_that_was_not_read_resets_nothing(void **state)
{
    struct program *p = *state;
    for (size_t over = 0; over <= 16; over++) {
        char stream[READ_AT_ONCE + 64], name[READ_AT_ONCE], space[1024], byte;
        struct buf out = BUF(space);
        const char begin[8] = {0, AUTHORIZER};
        size_t n = put_record(stream, BEGIN_REQUEST, begin, sizeof begin);
        size_t pair = READ_AT_ONCE - n - 3 * 8 + over;
        memset(name, 'x', sizeof name);
        name[0] = (char)0x80; /* a name of more than 127 bytes (FastCGI section 3.4), no value */
        name[1] = 0;
        name[2] = (char)((pair - 5) >> 8);
        name[3] = (char)((pair - 5) & 0xff);
        name[4] = 0;
        n += put_record(stream + n, PARAMS, name, pair);
        n += put_record(stream + n, PARAMS, "", 0);
        n += put_record(stream + n, STDIN, "", 0);
        assert_int_equal(n, READ_AT_ONCE + over);
        int fd = fcgi_connect(p->path);
        assert_int_equal(send(fd, stream, n, MSG_NOSIGNAL), (ssize_t)n);
        assert_true(fcgi_answer(fd, &out));
        check_answer(__LINE__, space, OK_ANSWER("1", "", "ERR_OK"));
        assert_int_equal(recv(fd, &byte, 1, 0), 0);
        close(fd);
    }
}

static void rubbish_hurts_nobody_else(void **state)
{
    struct program *p = *state;
    static const struct slice rubbish[] = {
        BYTES(""),
        BYTES("GET / HTTP/1.1\r\n\r\n"),
        BYTES("\0\0\0\0\0\0\0\0"),
        BYTES("\1\4\0\1\xff\xff\0\0"),
        BYTES("\1\1\0\1\0\10\0\0\0\2\0\0\0\0\0\0\1\4\0\1\0\10\0\0\xff\xff\xff\xff\xff\xff\xff\xff"),
        BYTES("\1\1\0\1\0\10\0\0\0\2\0\0\0\0\0\0\1\2\0\1\0\0\0\0"), /* aborted */
    };
    for (size_t i = 0; i < COUNT(rubbish); i++) {
        int fd = fcgi_connect(p->path);
        ssize_t sent = send(fd, rubbish[i].p, rubbish[i].n, MSG_NOSIGNAL);
        assert_int_equal(sent, (ssize_t)rubbish[i].n);
        close(fd);
    }
    check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/"), NULL),
                 OK_ANSWER("1", "", "ERR_OK"));
}

/* A thread that has accepted one is no longer counted among those that wait for connections. */
static void silent_connections_take_a_thread_each_and_no_more(void **state)
{
    struct program *p = *state;
    int silent[3];
    for (size_t i = 0; i < COUNT(silent); i++)
        silent[i] = fcgi_connect(p->path);
    for (int i = 0; i < 20; i++)
        check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/"), NULL),
                     OK_ANSWER("1", "", "ERR_OK"));
    for (size_t i = 0; i < COUNT(silent); i++) {
        char byte;
        assert_int_equal(recv(silent[i], &byte, 1, 0), 0); /* it was closed, after a while */
        close(silent[i]);
    }
}

static void four_requests_run_at_the_same_time(void **state)
{
    struct program *p = *state;
    int fds[4];
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = fcgi_connect(p->path);
        fcgi_begin(fds[i], AUTHORIZER, 0, PARAMS_OF("REQUEST_URI=/together"));
    }
    for (size_t i = 0; i < COUNT(fds); i++) {
        char space[1024];
        struct buf out = BUF(space);
        assert_true(fcgi_answer(fds[i], &out));
        check_answer(__LINE__, space, OK_ANSWER("1", "", "ERR_OK"));
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNNING(an_authorizer_never_waits_for_a_body),
        RUNNING(roles_are_told_apart),
        RUNNING(there_is_always_an_answer),
        RUNNING(a_body_is_read_whole_or_not),
        RUNNING(a_body_that_is_not_read_is_no_request),
        RUNNING(a_rest_that_was_not_read_resets_nothing),
        RUNNING(rubbish_hurts_nobody_else),
        RUNNING(silent_connections_take_a_thread_each_and_no_more),
        RUNNING(four_requests_run_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
