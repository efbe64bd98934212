#include "store_fixture.h"

#include <signal.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY          86400
#define MANY         100000

static int64_t number(struct fixture *f, const char *sql)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->st->db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static int64_t count_rows(struct fixture *f, const char *table)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return number(f, sql);
}

static int64_t file_bytes(const struct fixture *f, const char *suffix)
{
    char name[128];
    struct stat sb;
    snprintf(name, sizeof name, "%s%s", f->path, suffix);
    return stat(name, &sb) == 0 ? sb.st_size : 0;
}

static void run(struct fixture *f, const char *sql)
{
    assert_int_equal(sqlite3_exec(f->st->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* ---- what goes and when ---- */

/* Row i of every table that is purged: five of each end at 1000, one does not. */
static void fill(struct fixture *f, int i)
{
    char name[32], sql[512];
    snprintf(name, sizeof name, "%d", i);
    struct slice n = slice_of(name);
    int64_t expires = i < 5 ? 1000 : 0; /* 0: no end */
    int64_t expires_or_late = i < 5 ? 1000 : 900000;
    struct client_secret secret = {.created_at = 500, .expires_at = expires};
    struct store_key key = {.kid = name,
                            .alg = "ES256",
                            .use = "sig",
                            .public_jwk = "{}",
                            .created_at = 500,
                            .expires_at = expires};
    assert_int_equal(store_secret_add(f->st, SLICE("a"), &secret, 0), ERR_OK);
    assert_int_equal(store_key_add(f->st, &key), ERR_OK);
    assert_int_equal(store_jti_once(f->st, SLICE("i"), n, expires_or_late, 500), ERR_OK);
    assert_int_equal(store_revoke(f->st, n, expires_or_late), ERR_OK);
    assert_int_equal(store_document_put(f->st, n, n, 500, expires_or_late), ERR_OK);
    int64_t failures;
    assert_int_equal(
        store_failed_login_add(f->st, n, SLICE("::1"), i < 5 ? 1000 : 1500, 60, &failures), ERR_OK);
    assert_int_equal(store_task_take(f->st, n, 500, expires_or_late), ERR_OK);
    snprintf(sql, sizeof sql,
             "INSERT INTO opaque_token VALUES (X'0%d', X'00', %lld);"
             "INSERT INTO introspection VALUES (X'0%d', 1, X'', %lld);"
             "INSERT INTO rate VALUES (X'0%d', 1, %lld);"
             "INSERT INTO breaker VALUES ('%d', 3, %lld);",
             i, (long long)expires_or_late, i, (long long)expires_or_late, i,
             (long long)expires_or_late, i, (long long)expires);
    run(f, sql);
}

static void check_rows(int line, struct fixture *f, bool late, int64_t want)
{
    static const char *const at_once[] = {
        "client_secret", "jti", "revocation", "document", "opaque_token", "introspection", "rate"};
    static const char *const a_day_later[] = {"signing_key", "failed_login", "task", "breaker"};
    const char *const *tables = late ? a_day_later : at_once;
    size_t count = late ? COUNT(a_day_later) : COUNT(at_once);
    for (size_t t = 0; t < count; t++)
        if (count_rows(f, tables[t]) != want)
            fail_msg("line %d: %s has %lld rows", line, tables[t],
                     (long long)count_rows(f, tables[t]));
}

static void what_expired_goes_in_small_steps(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    for (int i = 0; i < 6; i++)
        fill(f, i);
    int64_t epoch = fixture_epoch(f->st);
    static const struct {
        int line;
        int64_t now;
        unsigned rows;
        bool more;
        int64_t left, left_late;
    } steps[] = {
        {__LINE__, 999, 100, false, 6, 6},      {__LINE__, 1000, 2, true, 4, 6},
        {__LINE__, 1000, 2, true, 2, 6},        {__LINE__, 1000, 2, false, 1, 6},
        {__LINE__, 1000 + DAY, 2, true, 1, 4},  {__LINE__, 1000 + DAY, 2, true, 1, 2},
        {__LINE__, 1000 + DAY, 2, false, 1, 1}, {__LINE__, 1000 + DAY, 2, false, 1, 1},
    };
    for (size_t i = 0; i < COUNT(steps); i++) {
        bool more = !steps[i].more;
        assert_int_equal(store_purge(f->st, steps[i].now, steps[i].rows, &more), ERR_OK);
        if (more != steps[i].more)
            fail_msg("line %d: more is %d", steps[i].line, more);
        check_rows(steps[i].line, f, false, steps[i].left);
        check_rows(steps[i].line, f, true, steps[i].left_late);
    }
    assert_int_equal(fixture_epoch(f->st), epoch);
}

/* A table that grows, and that nobody thought of here, would do so for ever. */
static void no_table_is_forgotten(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                               " AND name NOT IN ('client', 'removed_client', 'sqlite_sequence', "
                               "'meta', 'fetch', 'secret', 'client_secret',"
                               " 'jti', 'revocation', 'document', 'opaque_token', 'rate',"
                               " 'introspection', 'signing_key', 'failed_login', 'task',"
                               " 'breaker')"),
                     0);
}

/* More than one call looks at, expired ones far between: each call goes on where the last ended. */
static void seen_jtis_are_looked_at_by_parts(void **state)
{
    struct fixture *f = *state;
    bool more = true;
    int calls = 0;
    run(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)"
           " INSERT INTO jti SELECT CAST(printf('%032d', i) AS BLOB),"
           " CASE WHEN i % 40 = 1 THEN 10 ELSE 5000 END FROM n");
    for (; more && calls < 100; calls++)
        assert_int_equal(store_purge(f->st, 1000, 5, &more), ERR_OK);
    assert_int_equal(count_rows(f, "jti"), 975); /* also those where a part begins have gone */
    assert_in_range(calls, 1000 / (16 * 5), 1000 / (16 * 5) + 3);
    assert_int_equal(store_purge(f->st, 1000, 5, &more), ERR_OK); /* from the first one again */
    assert_true(more);
    run(f, "DELETE FROM jti");
    assert_int_equal(store_purge(f->st, 1000, 5, &more), ERR_OK);
    assert_false(more);
}

/* ---- a steady load ---- */

/* Add so many rows to a table, all of which expire at that time. */
typedef void add_rows(struct fixture *f, const char *table, int rows, int64_t now, int64_t expires);

static void add_jtis(struct fixture *f, const char *table, int rows, int64_t now, int64_t expires)
{
    (void)table;
    assert_int_equal(store_begin(f->st), ERR_OK);
    for (int i = 0; i < rows; i++) {
        char jti[64];
        snprintf(jti, sizeof jti, "%lld-%d", (long long)now, i);
        assert_int_equal(store_jti_once(f->st, SLICE("client"), slice_of(jti), expires, now),
                         ERR_OK);
    }
    assert_int_equal(store_end(f->st, ERR_OK), ERR_OK);
}

/* Of any table whose columns are a digest, maybe a state, maybe a text, and expires_at. */
static void add_random(struct fixture *f, const char *table, int rows, int64_t now, int64_t expires)
{
    char sql[512];
    (void)now;
    const char *between = strcmp(table, "revocation") == 0      ? ""
                          : strcmp(table, "introspection") == 0 ? "0, randomblob(300), "
                                                                : "randomblob(300), ";
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)"
             " INSERT INTO %s SELECT randomblob(32), %s%lld FROM n",
             rows, table, between, (long long)expires);
    run(f, sql);
}

/* MANY tokens that live 300 s, one step of the load every 30 s, with a purge after each. */
static void issue(struct fixture *f, const char *table, add_rows *add, int64_t *now)
{
    bool more;
    for (int step = 0; step < 110; step++) {
        if (step < 100)
            add(f, table, MANY / 100, *now, *now + 300);
        *now += 30;
        do
            assert_int_equal(store_purge(f->st, *now, 500, &more), ERR_OK);
        while (more);
    }
    assert_int_equal(count_rows(f, table), 0);
}

static void a_hundred_thousand_tokens_leave_the_store_bounded(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *table;
        add_rows *add;
    } kinds[] = {
        {"jti", add_jtis},
        {"revocation", add_random},
        {"opaque_token", add_random},
        {"introspection", add_random},
    };
    int64_t now = 1000000, bytes[2];
    run(f, "PRAGMA synchronous = OFF"); /* a power cut is not what is tested here */
    for (size_t round = 0; round < COUNT(bytes); round++) {
        for (size_t i = 0; i < COUNT(kinds); i++)
            issue(f, kinds[i].table, kinds[i].add, &now);
        assert_int_equal(store_shorten_log(f->st, 0), ERR_OK);
        assert_int_equal(file_bytes(f, "-wal"), 0);
        bytes[round] = file_bytes(f, "");
    }
    print_message("file: %lld, then %lld bytes\n", (long long)bytes[0], (long long)bytes[1]);
    assert_true(bytes[0] < 16 << 20); /* without a purge it would have more than 70 MiB */
    assert_true(bytes[1] <= bytes[0] + bytes[0] / 10);
}

/* ---- the log ---- */

/* Reads for ever; of several of these one always holds the log. */
static int read_on(const char *path, int n)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT count(*) FROM jti", -1, &s, NULL) != SQLITE_OK)
        return 1;
    sqlite3_busy_timeout(db, BUSY_MS);
    for (;;) {
        sqlite3_step(s);
        sqlite3_sleep(2 + n);
        sqlite3_reset(s);
    }
}

static void readers_that_overlap_do_not_let_the_log_grow(void **state)
{
    struct fixture *f = *state;
    pid_t readers[4];
    int64_t largest = 0;
    for (int i = 0; i < 4; i++) {
        readers[i] = fork();
        assert_true(readers[i] >= 0);
        if (readers[i] == 0)
            _exit(read_on(f->path, i));
    }
    for (int i = 0; i < 300; i++) {
        run(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200)"
               " INSERT INTO jti SELECT randomblob(32), 2000 FROM n");
        assert_int_equal(store_purge(f->st, 3000, 500, NULL), ERR_OK);
        assert_int_equal(store_shorten_log(f->st, 2 << 20), ERR_OK);
        int64_t bytes = file_bytes(f, "-wal");
        largest = bytes > largest ? bytes : largest;
    }
    for (int i = 0; i < 4; i++) {
        kill(readers[i], SIGKILL);
        waitpid(readers[i], NULL, 0);
    }
    print_message("largest log: %lld bytes\n", (long long)largest);
    assert_true(largest < 8 << 20);
}

static void a_store_that_is_gone_is_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_open("/nonexistent/x.db", 100, &f->st), ERR_STORE);
    assert_int_equal(store_shorten_log(f->st, 0), ERR_STORE);
    assert_int_equal(store_purge(f->st, 1, 1, NULL), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(what_expired_goes_in_small_steps),
        WITH(no_table_is_forgotten),
        WITH(seen_jtis_are_looked_at_by_parts),
        WITH(a_hundred_thousand_tokens_leave_the_store_bounded),
        WITH(readers_that_overlap_do_not_let_the_log_grow),
        EMPTY(a_store_that_is_gone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
