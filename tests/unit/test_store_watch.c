/* The epoch, without asking for it each time. */
#include "store_fixture.h"

#include "store_watch.h"

static int64_t epoch_at(struct store_watch *w, struct store *st, int64_t now)
{
    int64_t epoch = 0;
    assert_int_equal(store_watch_epoch(w, st, now, &epoch), ERR_OK);
    return epoch;
}

/* As a writer that dies before it can signal leaves it. */
static void change_silently(const struct fixture *f)
{
    run_sql(f->path, "UPDATE meta SET epoch = epoch + 1");
}

static void a_change_counts_at_once_or_within_a_second(void **state)
{
    struct fixture *f = *state;
    struct store_watch w = {.epoch = 0};
    int64_t first = epoch_at(&w, f->st, 1000);
    assert_int_equal(first, fixture_epoch(f->st));
    change_silently(f);
    assert_int_equal(epoch_at(&w, f->st, 1000), first); /* it does not ask */
    assert_int_equal(epoch_at(&w, f->st, 1001), first + 1);
    change_silently(f);
    assert_int_equal(epoch_at(&w, f->st, 1000), first + 2); /* a clock that is set back */
    fixture_add_client(f->st, "a");
    assert_int_equal(epoch_at(&w, f->st, 1000), fixture_epoch(f->st));
    store_watch_close(&w);
}

static void without_a_signal_it_asks_each_time(void **state)
{
    struct fixture *f = *state;
    struct store_watch w = {.epoch = 0};
    char name[128];
    int64_t first = epoch_at(&w, f->st, 1000);
    snprintf(name, sizeof name, "%s-signal", f->path);
    assert_int_equal(unlink(name), 0);
    first = epoch_at(&w, f->st, 1001); /* from then on it knows that there is none */
    change_silently(f);
    assert_int_equal(epoch_at(&w, f->st, 1001), first + 1);
    store_watch_close(&w);
}

static void another_file_counts_at_once(void **state)
{
    struct fixture *f = *state;
    struct store_watch w = {.epoch = 0};
    struct store *other = NULL;
    epoch_at(&w, f->st, 1000);
    char moved[128];
    snprintf(moved, sizeof moved, "%s.old", f->path);
    assert_int_equal(rename(f->path, moved), 0);
    assert_int_equal(store_create(f->path, BUSY_MS, &other), ERR_OK);
    store_close(other);
    run_sql(f->path, "UPDATE meta SET epoch = 7");
    assert_int_equal(store_refresh(f->st), ERR_OK);
    assert_int_equal(epoch_at(&w, f->st, 1000), 7);
    assert_int_equal(unlink(moved), 0);
    store_watch_close(&w);
}

static void a_store_that_cannot_be_read_is_told(void **state)
{
    struct fixture *f = *state;
    struct store_watch w = {.epoch = 0};
    struct store *none = NULL;
    int64_t epoch = 1;
    assert_int_equal(store_open("/nonexistent/store.db", 10, &none), ERR_STORE);
    assert_int_equal(store_watch_epoch(&w, none, 1000, &epoch), ERR_STORE);
    assert_int_equal(epoch, 1);
    store_close(none);
    epoch_at(&w, f->st, 1000);
    store_watch_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_change_counts_at_once_or_within_a_second),
        WITH(without_a_signal_it_asks_each_time),
        WITH(another_file_counts_at_once),
        WITH(a_store_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
