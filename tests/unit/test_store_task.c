#include "store_fixture.h"

#define PROCESSES 20

static enum err take(const struct fixture *f, const char *name, int64_t now, int64_t next_at)
{
    return store_task_take(f->st, slice_of(name), now, next_at);
}

static void a_task_is_done_once_until_its_time(void **state)
{
    struct fixture *f = *state;
    int64_t epoch = fixture_epoch(f->st);
    static const struct {
        int line;
        const char *name;
        int64_t now, next_at;
        enum err want;
    } steps[] = {
        {__LINE__, "a", 1000, 1060, ERR_OK},
        {__LINE__, "a", 1000, 1060, ERR_EXISTS},
        {__LINE__, "a", 1059, 1119, ERR_EXISTS},
        {__LINE__, "b", 1059, 1119, ERR_OK},
        {__LINE__, "a", 1060, 1120, ERR_OK},
        {__LINE__, "a", 1060, 1120, ERR_EXISTS},
        /* The clock of another host is a little behind. */
        {__LINE__, "a", 1030, 1090, ERR_EXISTS},
        {__LINE__, "a", 1001, 1061, ERR_EXISTS},
        /* It was taken while the clock was wrong. */
        {__LINE__, "a", 999, 1059, ERR_OK},
        {__LINE__, "a", 999, 1059, ERR_EXISTS},
        {__LINE__, "", 999, 1059, ERR_OK},
        {__LINE__, "", 999, 1059, ERR_EXISTS},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (take(f, steps[i].name, steps[i].now, steps[i].next_at) != steps[i].want)
            fail_msg("line %d", steps[i].line);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static int take_in_process(const struct fixture *f, int i)
{
    struct store *st = NULL;
    (void)i;
    enum err e = store_open(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_task_take(st, SLICE("a"), 1000, 1060);
    store_close(st);
    return e == ERR_OK ? 0 : 1;
}

static void one_process_of_many_takes_it(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    f->st = NULL;
    assert_int_equal(run_processes(PROCESSES, take_in_process, f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_task_is_done_once_until_its_time),
        WITH(one_process_of_many_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
