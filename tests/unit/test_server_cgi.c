#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define MAX_BODY 16

static struct worker *worker_new(void *context)
{
    return context; /* any pointer: there is only one */
}

static struct worker *no_worker(void *context)
{
    (void)context;
    return NULL;
}

static void worker_free(struct worker *w)
{
    (void)w;
}

static void handle(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out)
{
    struct buf body = buf_in(a, 512);
    (void)w;
    if (slice_is(rq->method, "NONE"))
        return;
    out->status = 200;
    buf_printf(&body, "role=%d uri=%.*s body=\"%.*s\" error=%s", (int)rq->role, SLICE_FMT(rq->uri),
               SLICE_FMT(rq->body), err_row(rq->body_error)->name);
    out->body = buf_slice(&body);
}

/* What the program wrote, and its exit status, for an environment and a standard input. */
static const char *run(const struct server *s, const char *const vars[], const char *input,
                       int *status)
{
    static char output[4096];
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        clearenv();
        for (size_t i = 0; vars[i] != NULL; i++)
            putenv(strdup(vars[i]));
        exit(server_is_fastcgi() ? 99 : server_run_cgi(s));
    }
    close(to[0]);
    close(from[1]);
    assert_int_equal(write(to[1], input, strlen(input)), (ssize_t)strlen(input));
    close(to[1]);
    size_t n = 0;
    for (ssize_t got = 1; got > 0; n += (size_t)got) {
        got = read(from[0], output + n, sizeof output - 1 - n);
        assert_true(got >= 0);
    }
    output[n] = '\0';
    close(from[0]);
    assert_int_equal(waitpid(pid, status, 0), pid);
    assert_true(WIFEXITED(*status));
    *status = WEXITSTATUS(*status);
    return output;
}

static struct server server_of(void)
{
    static int worker;
    return (struct server){.threads = 1,
                           .max_body_bytes = MAX_BODY,
                           .arena_bytes = 65536,
                           .context = &worker,
                           .worker_new = worker_new,
                           .worker_free = worker_free,
                           .handle = handle};
}

#define OK_ANSWER "Status: 200 OK\r\n\r\nrole=2 "

static void one_request_comes_from_the_environment(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *vars[4], *input, *answer;
    } rows[] = {
        {__LINE__,
         {"REQUEST_METHOD=GET", "REQUEST_URI=/a?b"},
         "",
         OK_ANSWER "uri=/a?b body=\"\" error=ERR_OK"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=4"},
         "abcd",
         OK_ANSWER "uri= body=\"abcd\" error=ERR_OK"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=16"},
         "0123456789abcdef",
         OK_ANSWER "uri= body=\"0123456789abcdef\" error=ERR_OK"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=2"},
         "abcd",
         OK_ANSWER "uri= body=\"ab\" error=ERR_OK"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=5"},
         "abcd",
         OK_ANSWER "uri= body=\"\" error=ERR_FORM"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=17"},
         "0123456789abcdefg",
         OK_ANSWER "uri= body=\"\" error=ERR_TOO_LARGE"},
        {__LINE__,
         {"REQUEST_METHOD=POST", "CONTENT_LENGTH=-1"},
         "abcd",
         OK_ANSWER "uri= body=\"\" error=ERR_FORM"},
        {__LINE__, {"REQUEST_METHOD=POST"}, "abcd", OK_ANSWER "uri= body=\"\" error=ERR_OK"},
        {__LINE__, {NULL}, "", OK_ANSWER "uri= body=\"\" error=ERR_OK"},
        {__LINE__, {"REQUEST_METHOD=NONE"}, "", "Status: 500 Internal Server Error\r\n\r\n"},
    };
    struct server s = server_of();
    for (size_t i = 0; i < COUNT(rows); i++) {
        int status;
        const char *answer = run(&s, rows[i].vars, rows[i].input, &status);
        check_slice(rows[i].line, slice_of(answer), rows[i].answer);
        check_true(rows[i].line, status == 0, "exit status");
    }
}

static void without_memory_there_is_an_answer_too(void **state)
{
    (void)state;
    static const char *const vars[] = {"REQUEST_METHOD=GET", NULL};
    static const char last_resort[] = "Status: 500 Internal Server Error\r\n";
    struct server s = server_of();
    int status;
    s.arena_bytes = 64;
    const char *answer = run(&s, vars, "", &status);
    assert_int_equal(strncmp(answer, last_resort, sizeof last_resort - 1), 0);
    assert_int_equal(status, 0);
    s.worker_new = no_worker;
    answer = run(&s, vars, "", &status);
    assert_int_equal(strncmp(answer, last_resort, sizeof last_resort - 1), 0);
    assert_int_equal(status, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_request_comes_from_the_environment),
        cmocka_unit_test(without_memory_there_is_an_answer_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
