#include "store_fixture.h"

#include "rate.h"

#include <pthread.h>

#define PROCESSES 8

static const struct rate_limit few = {.kind = "few", .limit = 5};
static const struct rate_limit many = {.kind = "many", .limit = 160}; /* in steps of 10 */

struct scene {
    struct fixture *f;
    struct rates *rates;
};

static enum err count(struct scene *s, const struct rate_limit *l, const char *name, int64_t now,
                      int64_t *after)
{
    *after = 0;
    return rate_count(s->rates, s->f->st, l, slice_of(name), now, after);
}

/* What all processes know. */
static int64_t stored(struct scene *s, const struct rate_limit *l, const char *name, int64_t now)
{
    const struct store_span span = {.kind = l->kind, .window_s = RATE_WINDOW_S};
    struct store_rate r;
    assert_int_equal(store_rate_get(s->f->st, &span, slice_of(name), now, &r), ERR_OK);
    return r.total;
}

#define SCENE(name, fixture)                                                                       \
    struct scene name = {.f = (fixture), .rates = rates_new()};                                    \
    assert_non_null(name.rates)

static void so_many_and_no_more(void **state)
{
    SCENE(s, *state);
    int64_t after;
    for (int i = 0; i < 5; i++)
        assert_int_equal(count(&s, &few, "a", 1000 + i, &after), ERR_OK);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(count(&s, &few, "a", 1010, &after), ERR_THROTTLED);
        assert_int_equal(after, 50);
    }
    assert_int_equal(stored(&s, &few, "a", 1010), 6); /* a refusal costs one write, not each */
    assert_int_equal(count(&s, &few, "b", 1010, &after), ERR_OK);
    assert_int_equal(count(&s, &many, "a", 1010, &after), ERR_OK);
    assert_int_equal(count(&s, &few, "a", 1059, &after), ERR_THROTTLED);
    assert_int_equal(after, 1);
    assert_int_equal(count(&s, &few, "a", 1060, &after), ERR_OK);
    rates_free(s.rates);
}

static void the_store_is_told_in_steps(void **state)
{
    SCENE(s, *state);
    int64_t after;
    for (int i = 1; i <= 160; i++) {
        assert_int_equal(count(&s, &many, "a", 1000, &after), ERR_OK);
        assert_int_equal(stored(&s, &many, "a", 1000), 1 + (i - 1) / 10 * 10);
    }
    /* Once it is reached the store knows all, so that each process refuses. */
    assert_int_equal(count(&s, &many, "a", 1000, &after), ERR_THROTTLED);
    assert_int_equal(stored(&s, &many, "a", 1000), 161);
    assert_int_equal(rate_look(s.f->st, &many, SLICE("a"), 1001, &after), ERR_THROTTLED);
    assert_int_equal(after, 59);
    assert_int_equal(rate_look(s.f->st, &many, SLICE("a"), 1060, &after), ERR_OK);
    assert_int_equal(rate_look(s.f->st, &many, SLICE("b"), 1001, &after), ERR_OK);
    rates_free(s.rates);
}

static void zero_is_no_limit(void **state)
{
    SCENE(s, *state);
    const struct rate_limit none = {.kind = "none"};
    int64_t after;
    for (int i = 0; i < 100; i++)
        assert_int_equal(count(&s, &none, "a", 1000, &after), ERR_OK);
    assert_int_equal(stored(&s, &none, "a", 1000), 0);
    assert_int_equal(rate_look(NULL, &none, SLICE("a"), 1000, &after), ERR_OK);
    rates_free(s.rates);
}

static void without_a_table_all_goes_to_the_store(void **state)
{
    struct scene s = {.f = *state};
    int64_t after;
    for (int i = 1; i <= 160; i++) {
        assert_int_equal(count(&s, &many, "a", 1000, &after), ERR_OK);
        assert_int_equal(stored(&s, &many, "a", 1000), i);
    }
    assert_int_equal(count(&s, &many, "a", 1000, &after), ERR_THROTTLED);
}

/* More names than the table has room for: what was forgotten is found again in the store. */
static void a_full_table_forgets_no_refusal(void **state)
{
    SCENE(s, *state);
    char name[16];
    int64_t after;
    assert_int_equal(sqlite3_exec(s.f->st->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 6; i++)
        (void)!count(&s, &few, "a", 1000, &after);
    for (int i = 0; i < 4 * RATE_ENTRIES; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(count(&s, &few, name, 1001, &after), ERR_OK);
    }
    assert_int_equal(count(&s, &few, "a", 1002, &after), ERR_THROTTLED);
    assert_int_equal(after, 58);
    assert_int_equal(sqlite3_exec(s.f->st->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    rates_free(s.rates);
}

static void an_outage_is_told(void **state)
{
    SCENE(s, *state);
    int64_t after;
    fixture_forget_files(s.f);
    assert_int_equal(store_refresh(s.f->st), ERR_STORE);
    assert_int_equal(count(&s, &few, "a", 1000, &after), ERR_STORE);
    assert_int_equal(rate_look(s.f->st, &few, SLICE("a"), 1000, &after), ERR_STORE);
    rates_free(s.rates);
}

/* The exit status: how many of 200 were let through. */
static int count_until_refused(const struct fixture *f, int number)
{
    struct rates *rates = rates_new();
    struct store *st = NULL;
    int64_t after;
    int good = 0;
    (void)number;
    if (rates == NULL || store_open(f->path, BUSY_MS, &st) != ERR_OK)
        return 255;
    for (int i = 0; i < 200; i++) {
        enum err e = rate_count(rates, st, &many, SLICE("a"), 1000, &after);
        if (e != ERR_OK && e != ERR_THROTTLED)
            good = 255;
        good += e == ERR_OK;
    }
    store_close(st);
    rates_free(rates);
    return good;
}

static void processes_share_a_limit(void **state)
{
    struct fixture *f = *state;
    int total = 0, status = 0;
    store_close(f->st);
    f->st = NULL;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(count_until_refused(f, i));
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 255);
        total += WEXITSTATUS(status);
    }
    assert_in_range(total, 160 - PROCESSES, 160 + PROCESSES * 10);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
}

struct crowd {
    struct rates *rates;
    const char *path;
    int good;
};

static void *one_thread(void *context)
{
    struct crowd *c = context;
    struct store *st = NULL;
    int64_t after;
    assert_int_equal(store_open(c->path, BUSY_MS, &st), ERR_OK);
    for (int i = 0; i < 100; i++)
        c->good += rate_count(c->rates, st, &many, SLICE("a"), 1000, &after) == ERR_OK;
    store_close(st);
    return NULL;
}

static void threads_share_a_table(void **state)
{
    SCENE(s, *state);
    pthread_t threads[4];
    struct crowd crowds[4];
    int total = 0;
    for (size_t i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){.rates = s.rates, .path = s.f->path};
        assert_int_equal(pthread_create(&threads[i], NULL, one_thread, &crowds[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        total += crowds[i].good;
    }
    assert_in_range(total, 150, 170);
    rates_free(s.rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(so_many_and_no_more),
        WITH(the_store_is_told_in_steps),
        WITH(zero_is_no_limit),
        WITH(without_a_table_all_goes_to_the_store),
        WITH(a_full_table_forgets_no_refusal),
        WITH(an_outage_is_told),
        WITH(processes_share_a_limit),
        WITH(threads_share_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
