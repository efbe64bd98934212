#include "fastcgi_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "server.h"

#define MAX_BODY 100

/* ---- the program: a child with a socket as its standard input ---- */

struct worker {
    int requests;
};

struct program {
    char directory[64], path[96];
    pid_t pid;
    int release[2];            /* a byte lets the handler of /wait go on */
    pthread_barrier_t barrier; /* of the child: four requests at the same time */
};

static struct worker *worker_new(void *context)
{
    (void)context;
    return calloc(1, sizeof(struct worker));
}

static void worker_free(struct worker *w)
{
    free(w);
}

static struct program *the_program; /* of the child */

static void handle(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out)
{
    struct buf body = buf_in(a, 512);
    w->requests++;
    if (slice_is(rq->uri, "/none"))
        return;
    if (slice_is(rq->uri, "/inject"))
        response_header(out, "X", SLICE("a\r\nStatus: 200 OK"));
    if (slice_is(rq->uri, "/large"))
        out->body = (struct slice){arena_alloc(a, 200000), 200000};
    if (slice_is(rq->uri, "/wait")) {
        char byte;
        out->status = read(the_program->release[0], &byte, 1) == 1 ? 200 : 503;
        return;
    }
    if (slice_is(rq->uri, "/together"))
        pthread_barrier_wait(&the_program->barrier);
    if (out->status == 0)
        out->status = 200;
    if (out->body.n > 0)
        return;
    buf_printf(&body, "role=%d body=\"%.*s\" error=%s", (int)rq->role, SLICE_FMT(rq->body),
               err_row(rq->body_error)->name);
    out->body = buf_slice(&body);
}

static const struct server server = {
    .threads = 4,
    .max_body_bytes = MAX_BODY,
    .arena_bytes = 256 * 1024,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .handle = handle,
};

static int start(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct program *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->directory, sizeof p->directory, "/tmp/fhir-auth-server-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->path, sizeof p->path, "%s/socket", p->directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", p->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(pipe(p->release), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        pthread_barrier_init(&p->barrier, NULL, 4);
        the_program = p;
        dup2(fd, 0);
        close(fd);
        close(p->release[1]);
        int status = server_is_fastcgi() ? server_run_fastcgi(&server) : 99;
        close(p->release[0]);
        free(p);
        exit(status); /* with the leak check */
    }
    close(fd);
    close(p->release[0]);
    *state = p;
    return 0;
}

/* SIGTERM, when it still runs; the exit status must be 0. */
static void stop(struct program *p)
{
    int status = -1;
    if (p->pid == 0)
        return;
    kill(p->pid, SIGTERM);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    p->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int end(void **state)
{
    struct program *p = *state;
    stop(p);
    close(p->release[1]);
    unlink(p->path);
    rmdir(p->directory);
    free(p);
    return 0;
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, start, end)

/* ---- requests ---- */

#define PARAMS_OF(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The whole answer of one request; "" when there was none. */
static const char *ask(const struct program *p, unsigned role, const char *const params[],
                       const char *body)
{
    static char space[65536];
    struct buf out = BUF(space);
    int fd = fcgi_connect(p->path);
    fcgi_begin(fd, role, 0, params);
    if (body != NULL) {
        fcgi_send(fd, STDIN, body, strlen(body));
        fcgi_send(fd, STDIN, NULL, 0);
    }
    bool whole = fcgi_answer(fd, &out);
    close(fd);
    return whole ? space : "";
}

static void check_answer(int line, const char *have, const char *want)
{
    if (strcmp(have, want) != 0)
        fail_msg("line %d: \"%s\" rather than \"%s\"", line, have, want);
}

#define OK_ANSWER(role, body, error)                                                               \
    "Status: 200 OK\r\n\r\nrole=" role " body=\"" body "\" error=" error
#define LAST_RESORT                                                                                \
    "Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n"                            \
    "Cache-Control: no-store\r\n\r\nInternal error\n"

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

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void it_ends_at_once_when_idle(void **state)
{
    struct program *p = *state;
    check_answer(__LINE__, ask(p, AUTHORIZER, PARAMS_OF("REQUEST_URI=/"), NULL),
                 OK_ANSWER("1", "", "ERR_OK"));
    int fd = fcgi_connect(p->path); /* and says nothing */
    int64_t before = milliseconds();
    stop(p);
    assert_true(milliseconds() - before < 1000);
    close(fd);
}

static void a_running_request_is_finished_first(void **state)
{
    struct program *p = *state;
    int fd = fcgi_connect(p->path);
    char space[1024];
    struct buf out = BUF(space);
    fcgi_begin(fd, AUTHORIZER, 0, PARAMS_OF("REQUEST_URI=/wait"));
    fcgi_wait_taken(fd);
    kill(p->pid, SIGTERM);
    assert_int_equal(waitpid(p->pid, NULL, WNOHANG), 0);
    assert_int_equal(write(p->release[1], "x", 1), 1);
    assert_true(fcgi_answer(fd, &out));
    check_answer(__LINE__, space, "Status: 200 OK\r\n\r\n");
    close(fd);
    stop(p);
}

/* Waking the idle threads must not break the reads of the busy ones. */
static void a_request_whose_body_is_still_coming_is_finished_first(void **state)
{
    struct program *p = *state;
    int fd = fcgi_connect(p->path), status;
    char space[1024];
    struct buf out = BUF(space);
    fcgi_begin(fd, RESPONDER, 0, PARAMS_OF("CONTENT_LENGTH=4"));
    fcgi_send(fd, STDIN, "ab", 2);
    fcgi_wait_taken(fd);
    kill(p->pid, SIGTERM);
    int64_t until = milliseconds() + 2000;
    while (milliseconds() < until) /* while it looks for idle threads */
        assert_int_equal(waitpid(p->pid, &status, WNOHANG), 0);
    fcgi_send(fd, STDIN, "cd", 2);
    fcgi_send(fd, STDIN, NULL, 0);
    assert_true(fcgi_answer(fd, &out));
    check_answer(__LINE__, space, OK_ANSWER("0", "abcd", "ERR_OK"));
    close(fd);
    stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNNING(an_authorizer_never_waits_for_a_body),
        RUNNING(roles_are_told_apart),
        RUNNING(there_is_always_an_answer),
        RUNNING(a_body_is_read_whole_or_not),
        RUNNING(a_body_that_is_not_read_is_no_request),
        RUNNING(rubbish_hurts_nobody_else),
        RUNNING(four_requests_run_at_the_same_time),
        RUNNING(it_ends_at_once_when_idle),
        RUNNING(a_running_request_is_finished_first),
        RUNNING(a_request_whose_body_is_still_coming_is_finished_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
