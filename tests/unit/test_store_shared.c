#include "store_fixture.h"

static void a_secret_is_made_once(void **state)
{
    struct fixture *f = *state;
    struct secret first, again, other;
    int64_t epoch = fixture_epoch(f->st);
    assert_int_equal(store_shared_secret(f->st, "a", &first), ERR_OK);
    assert_int_equal(store_shared_secret(f->st, "a", &again), ERR_OK);
    assert_int_equal(store_shared_secret(f->st, "b", &other), ERR_OK);
    assert_true(secret_eq(&first, &again));
    assert_false(secret_eq(&first, &other));
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static int make(const struct fixture *f, int i)
{
    struct store *st = NULL;
    struct secret mine = {{0}}, after = {{0}};
    (void)i;
    enum err e = store_open(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_shared_secret(st, "a", &mine);
    if (e == ERR_OK)
        e = store_shared_secret(st, "a", &after);
    store_close(st);
    return e == ERR_OK && secret_eq(&mine, &after) ? 0 : 1;
}

static void all_processes_get_the_same(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_processes(12, make, f), 12);
    struct secret s;
    assert_int_equal(store_shared_secret(f->st, "a", &s), ERR_OK);
}

static void without_a_store_there_is_none(void **state)
{
    struct fixture *f = *state;
    struct secret s;
    run_sql(f->path, "DROP TABLE secret");
    assert_int_equal(store_shared_secret(f->st, "a", &s), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_secret_is_made_once),
        WITH(all_processes_get_the_same),
        WITH(without_a_store_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
