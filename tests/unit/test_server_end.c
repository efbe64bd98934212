#include "server_fixture.h"

#include <poll.h>

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The web server keeps its ends open, as it asked to; there are four threads only. */
static void a_connection_that_is_to_be_kept_occupies_no_thread(void **state)
{
    struct program *p = *state;
    int fds[12];
    int64_t before = milliseconds();
    for (size_t i = 0; i < COUNT(fds); i++) {
        char space[1024];
        struct buf out = BUF(space);
        fds[i] = fcgi_connect(p->path);
        fcgi_begin(fds[i], AUTHORIZER, KEEP_CONNECTION, PARAMS_OF("REQUEST_URI=/"));
        assert_true(fcgi_answer(fds[i], &out));
        check_answer(__LINE__, space, OK_ANSWER("1", "", "ERR_OK"));
    }
    assert_true(milliseconds() - before < 1500);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

/* Nor one that the web server is slow to close: all that it sends to an authorizer has come. */
static void an_authorizer_waits_for_nobody(void **state)
{
    struct program *p = *state;
    int fds[12];
    int64_t before = milliseconds();
    for (size_t i = 0; i < COUNT(fds); i++) {
        char space[1024], byte;
        struct buf out = BUF(space);
        fds[i] = fcgi_connect(p->path);
        fcgi_begin(fds[i], AUTHORIZER, 0, PARAMS_OF("REQUEST_URI=/"));
        assert_true(fcgi_answer(fds[i], &out));
        check_answer(__LINE__, space, OK_ANSWER("1", "", "ERR_OK"));
        assert_int_equal(recv(fds[i], &byte, 1, 0), 0); /* it has closed its end, without a reset */
    }
    assert_true(milliseconds() - before < 1500);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

/* What can wait does, and is done all the same when the program is told to end. */
static void what_is_told_of_it_comes_before_the_answer(void **state)
{
    struct program *p = *state;
    char space[1024], byte;
    struct buf out = BUF(space);
    int fd = fcgi_connect(p->path);
    fcgi_begin(fd, AUTHORIZER, 0, PARAMS_OF("REQUEST_URI=/later"));
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&answer, 1, 300), 0);
    kill(p->pid, SIGTERM);
    assert_int_equal(poll(&answer, 1, 100), 0);
    assert_int_equal(waitpid(p->pid, NULL, WNOHANG), 0);
    assert_int_equal(write(p->release[1], "x", 1), 1);
    assert_true(fcgi_answer(fd, &out));
    check_answer(__LINE__, space, OK_ANSWER("1", "", "ERR_OK"));
    assert_int_equal(read(p->done[0], &byte, 1), 1);
    close(fd);
    stop(p);
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
        RUNNING(a_connection_that_is_to_be_kept_occupies_no_thread),
        RUNNING(an_authorizer_waits_for_nobody),
        RUNNING(what_is_told_of_it_comes_before_the_answer),
        RUNNING(it_ends_at_once_when_idle),
        RUNNING(a_running_request_is_finished_first),
        RUNNING(a_request_whose_body_is_still_coming_is_finished_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
