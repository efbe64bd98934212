#include "fixture.h"
#include "store_fixture.h"

#define NAME SLICE("introspection:https://x.example")

static struct store_breaker get(struct fixture *f, int64_t now)
{
    struct store_breaker b;
    assert_int_equal(store_breaker_get(f->st, NAME, now, &b), ERR_OK);
    return b;
}

static void fail_at(struct fixture *f, bool probe, int64_t now)
{
    assert_int_equal(store_breaker_failed(f->st, NAME, probe, now), ERR_OK);
}

static void check_state(int line, struct store_breaker have, int64_t failures, bool open,
                        int64_t wait_s)
{
    if (have.failures != failures || have.open != open || have.wait_s != wait_s)
        fail_msg("line %d: %lld failures, %s, wait %lld", line, (long long)have.failures,
                 have.open ? "open" : "closed", (long long)have.wait_s);
}

static void it_opens_after_three_failures_in_a_row(void **state)
{
    struct fixture *f = *state;
    int64_t epoch = fixture_epoch(f->st);
    check_state(__LINE__, get(f, 100), 0, false, 0);
    fail_at(f, false, 100);
    check_state(__LINE__, get(f, 100), 1, false, 0);
    fail_at(f, false, 101);
    check_state(__LINE__, get(f, 101), 2, false, 0);
    assert_int_equal(store_breaker_probe(f->st, NAME, 101, 110), ERR_EXISTS);
    assert_int_equal(store_breaker_clear(f->st, NAME), ERR_OK);
    check_state(__LINE__, get(f, 101), 0, false, 0);
    for (int i = 0; i < 3; i++)
        fail_at(f, false, 102);
    check_state(__LINE__, get(f, 102), 3, true, 5);
    check_state(__LINE__, get(f, 106), 3, true, 1);
    check_state(__LINE__, get(f, 107), 3, true, 0);
    /* Calls that began before it opened end later. */
    for (int i = 0; i < 20; i++)
        fail_at(f, false, 103);
    check_state(__LINE__, get(f, 103), 3, true, 4);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static void each_failed_probe_doubles_the_time(void **state)
{
    static const int64_t waits[] = {10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60};
    struct fixture *f = *state;
    int64_t now = 1000;
    for (int i = 0; i < 3; i++)
        fail_at(f, false, now);
    now += 5;
    for (size_t i = 0; i < COUNT(waits); i++) {
        assert_int_equal(store_breaker_probe(f->st, NAME, now, now + 3), ERR_OK);
        fail_at(f, true, now + 2);
        now += 2;
        check_state(__LINE__, get(f, now), 4 + (int64_t)i, true, waits[i]);
        assert_int_equal(store_breaker_probe(f->st, NAME, now + waits[i] - 1, now + waits[i]),
                         ERR_EXISTS);
        now += waits[i];
    }
    assert_int_equal(store_breaker_clear(f->st, NAME), ERR_OK);
    check_state(__LINE__, get(f, now), 0, false, 0);
}

static void a_probe_that_never_ends_loses_its_turn(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        fail_at(f, false, 100);
    assert_int_equal(store_breaker_probe(f->st, NAME, 104, 108), ERR_EXISTS);
    assert_int_equal(store_breaker_probe(f->st, NAME, 105, 108), ERR_OK);
    check_state(__LINE__, get(f, 105), 3, true, 3);
    assert_int_equal(store_breaker_probe(f->st, NAME, 107, 110), ERR_EXISTS);
    assert_int_equal(store_breaker_probe(f->st, NAME, 108, 111), ERR_OK);
}

static void a_wrong_clock_does_not_close_it_for_ever(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        fail_at(f, false, 9000000);
    check_state(__LINE__, get(f, 100), 3, true, 0);
    assert_int_equal(store_breaker_probe(f->st, NAME, 100, 103), ERR_OK);
    check_state(__LINE__, get(f, 100), 3, true, 3);
}

static void names_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct store_breaker b;
    for (int i = 0; i < 3; i++)
        fail_at(f, false, 100);
    assert_int_equal(store_breaker_get(f->st, SLICE("introspection:y"), 100, &b), ERR_OK);
    check_state(__LINE__, b, 0, false, 0);
    assert_int_equal(store_breaker_probe(f->st, SLICE("introspection:y"), 200, 300), ERR_EXISTS);
    assert_int_equal(store_breaker_clear(f->st, SLICE("introspection:y")), ERR_OK);
    check_state(__LINE__, get(f, 100), 3, true, 5);
}

static int probe(const struct fixture *f, int number)
{
    struct store *st;
    (void)number;
    if (store_open(f->path, BUSY_MS, &st) != ERR_OK)
        return 1;
    enum err e = store_breaker_probe(st, NAME, 105, 108);
    store_close(st);
    return e != ERR_OK;
}

static void of_all_processes_one_probes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        fail_at(f, false, 100);
    store_close(f->st);
    f->st = NULL;
    assert_int_equal(run_processes(8, probe, f), 1);
}

static void without_a_store_nothing_is_known(void **state)
{
    struct fixture *f = *state;
    struct store_breaker b;
    run_sql(f->path, "DROP TABLE breaker");
    assert_int_equal(store_breaker_get(f->st, NAME, 1, &b), ERR_STORE);
    assert_int_equal(store_breaker_probe(f->st, NAME, 1, 2), ERR_STORE);
    assert_int_equal(store_breaker_failed(f->st, NAME, false, 1), ERR_STORE);
    assert_int_equal(store_breaker_clear(f->st, NAME), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(it_opens_after_three_failures_in_a_row),
        WITH(each_failed_probe_doubles_the_time),
        WITH(a_probe_that_never_ends_loses_its_turn),
        WITH(a_wrong_clock_does_not_close_it_for_ever),
        WITH(names_do_not_mix),
        WITH(of_all_processes_one_probes),
        WITH(without_a_store_nothing_is_known),
    };
    return cmocka_run_group_tests_name("store_breaker", tests, NULL, NULL);
}
