#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void to_the_end_or_as_much_as_fits(void **state)
{
    static const struct {
        size_t cap, n;
    } rows[] = {{0, 0}, {4, 4}, {5, 5}, {6, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int ends[2];
        char text[8] = "--------";
        size_t n = 99;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "abcde", 5), 5);
        close(ends[1]);
        assert_true(whole_file_read(ends[0], text, rows[i].cap, &n));
        close(ends[0]);
        assert_int_equal(n, rows[i].n);
        assert_memory_equal(text, "abcde", n);
        assert_int_equal(text[n], '-');
    }
}

static void error_is_told(void **state)
{
    char text[8];
    size_t n;
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    assert_false(whole_file_read(fd, text, sizeof text, &n));
    assert_int_equal(errno, EISDIR);
    close(fd);
    assert_int_equal(n, 0);
}

static void nothing(int number)
{
    (void)number;
}

struct disturber {
    pthread_t reader;
    int fd;
};

/* Signals while the reader waits, and the text in two pieces between them. */
static void *disturb(void *user)
{
    static const char *const pieces[] = {"abc", "de"};
    const struct timespec pause = {0, 5000000};
    struct disturber *d = user;
    for (size_t i = 0; i < 2; i++) {
        for (int k = 0; k < 5; k++) {
            pthread_kill(d->reader, SIGUSR1);
            nanosleep(&pause, NULL);
        }
        if (write(d->fd, pieces[i], strlen(pieces[i])) < 0)
            break;
    }
    close(d->fd);
    return NULL;
}

static void signals_and_pieces_do_not_end_it(void **state)
{
    const struct sigaction act = {.sa_handler = nothing}; /* without SA_RESTART */
    int ends[2];
    char text[8];
    size_t n;
    pthread_t thread;
    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    struct disturber d = {pthread_self(), ends[1]};
    assert_int_equal(pthread_create(&thread, NULL, disturb, &d), 0);
    assert_true(whole_file_read(ends[0], text, sizeof text, &n));
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_int_equal(n, 5);
    assert_memory_equal(text, "abcde", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(to_the_end_or_as_much_as_fits),
                                       cmocka_unit_test(error_is_told),
                                       cmocka_unit_test(signals_and_pieces_do_not_end_it)};
    return cmocka_run_group_tests_name("whole_file", tests, NULL, NULL);
}
