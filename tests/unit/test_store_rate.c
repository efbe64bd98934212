#include "store_fixture.h"

#define PROCESSES 8
#define EACH      50

static const struct store_span minute = {.kind = "k", .window_s = 60};

static struct store_rate add(struct store *st, const struct store_span *span, struct slice name,
                             int64_t n, int64_t now)
{
    struct store_rate out;
    assert_int_equal(store_rate_add(st, span, name, n, now, &out), ERR_OK);
    return out;
}

static struct store_rate get(struct store *st, const struct store_span *span, struct slice name,
                             int64_t now)
{
    struct store_rate out;
    assert_int_equal(store_rate_get(st, span, name, now, &out), ERR_OK);
    return out;
}

static void a_window_begins_with_the_first(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int line;
        int64_t n, now, total, ends_at;
    } rows[] = {
        {__LINE__, 1, 1000, 1, 1060},
        {__LINE__, 5, 1000, 6, 1060},
        {__LINE__, 1, 1059, 7, 1060},
        {__LINE__, 2, 1060, 2, 1120},
        {__LINE__, 1, 1061, 3, 1120},
        {__LINE__, 1, 1000, 4, 1120}, /* another host's clock is behind */
        {__LINE__, 1, 999, 1, 1059},  /* the clock was wrong */
        {__LINE__, 1, 90000, 1, 90060},
    };
    int64_t epoch = fixture_epoch(f->st);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_rate r = add(f->st, &minute, SLICE("a"), rows[i].n, rows[i].now);
        struct store_rate same = get(f->st, &minute, SLICE("a"), rows[i].now);
        if (r.total != rows[i].total || r.ends_at != rows[i].ends_at || same.total != r.total ||
            same.ends_at != r.ends_at)
            fail_msg("line %d: %lld until %lld", rows[i].line, (long long)r.total,
                     (long long)r.ends_at);
    }
    assert_int_equal(get(f->st, &minute, SLICE("a"), 90060).total, 0);
    assert_int_equal(get(f->st, &minute, SLICE("a"), 80000).total, 0);
    assert_int_equal(get(f->st, &minute, SLICE("b"), 90000).ends_at, 0);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static void kinds_and_names_are_apart(void **state)
{
    struct fixture *f = *state;
    static const struct store_span other = {.kind = "ka", .window_s = 60};
    assert_int_equal(add(f->st, &minute, SLICE("ab"), 1, 1000).total, 1);
    assert_int_equal(add(f->st, &other, SLICE("b"), 1, 1000).total, 1);
    assert_int_equal(add(f->st, &minute, SLICE(""), 1, 1000).total, 1);
    assert_int_equal(add(f->st, &minute, SLICE("ab"), 1, 1000).total, 2);
}

static void from_a_total_on_the_window_is_renewed(void **state)
{
    struct fixture *f = *state;
    static const struct store_span lock = {.kind = "l", .window_s = 60, .renew_at = 3};
    static const struct {
        int64_t now, total, ends_at;
    } rows[] = {
        {1000, 1, 1060}, {1010, 2, 1060}, {1020, 3, 1080}, {1050, 4, 1110}, {1110, 1, 1170}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_rate r = add(f->st, &lock, SLICE("a"), 1, rows[i].now);
        assert_int_equal(r.total, rows[i].total);
        assert_int_equal(r.ends_at, rows[i].ends_at);
    }
}

static int add_many(const struct fixture *f, int number)
{
    struct store *st = NULL;
    struct store_rate r;
    int failed = store_open(f->path, BUSY_MS, &st) != ERR_OK;
    (void)number;
    for (int i = 0; !failed && i < EACH; i++)
        failed = store_rate_add(st, &minute, SLICE("a"), 2, 1000, &r) != ERR_OK;
    store_close(st);
    return failed;
}

static void no_process_loses_a_count(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    f->st = NULL;
    assert_int_equal(run_processes(PROCESSES, add_many, f), PROCESSES);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    assert_int_equal(get(f->st, &minute, SLICE("a"), 1000).total, 2 * PROCESSES * EACH);
}

static void fill(struct fixture *f, int count)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO rate SELECT CAST(i AS BLOB), 1, 2000 + i FROM n",
             count);
    run_sql(f->path, sql);
}

static void what_is_over_goes_in_small_steps(void **state)
{
    struct fixture *f = *state;
    fill(f, 10);
    assert_int_equal(add(f->st, &minute, SLICE("a"), 1, 1990).ends_at, 2050);
    assert_int_equal(store_purge(f->st, 2010, 4, NULL), ERR_OK);
    assert_int_equal(store_purge(f->st, 2010, 4, NULL), ERR_OK);
    run_sql(f->path, "CREATE TABLE left (n INTEGER CHECK (n = 3)) STRICT;"
                     "INSERT INTO left SELECT count(*) FROM rate");
    assert_int_equal(store_purge(f->st, 2010, 4, NULL), ERR_OK);
    assert_int_equal(get(f->st, &minute, SLICE("a"), 2010).total, 1);
    assert_int_equal(store_purge(f->st, 2050, 4, NULL), ERR_OK);
    run_sql(f->path, "DROP TABLE left; CREATE TABLE left (n INTEGER CHECK (n = 0)) STRICT;"
                     "INSERT INTO left SELECT count(*) FROM rate");
}

/* Of too many names those are forgotten whose window ends first. */
static void rates_are_bounded(void **state)
{
    struct fixture *f = *state;
    fill(f, 100010);
    assert_int_equal(store_purge(f->st, 1000, 1, NULL), ERR_OK);
    run_sql(f->path, "CREATE TABLE left (n INTEGER, first INTEGER,"
                     " CHECK (n = 100000 AND first = 2011)) STRICT;"
                     "INSERT INTO left SELECT count(*), min(expires_at) FROM rate");
}

static void without_a_store_nothing_is_counted(void **state)
{
    struct fixture *f = *state;
    struct store_rate r;
    fixture_forget_files(f);
    assert_int_equal(store_refresh(f->st), ERR_STORE);
    assert_int_equal(store_rate_add(f->st, &minute, SLICE("a"), 1, 1, &r), ERR_STORE);
    assert_int_equal(store_rate_get(f->st, &minute, SLICE("a"), 1, &r), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_window_begins_with_the_first),        WITH(kinds_and_names_are_apart),
        WITH(from_a_total_on_the_window_is_renewed), WITH(no_process_loses_a_count),
        WITH(what_is_over_goes_in_small_steps),      WITH(rates_are_bounded),
        WITH(without_a_store_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
