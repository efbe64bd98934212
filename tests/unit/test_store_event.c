#include "store_fixture.h"

#define PROCESSES 20

static void jti_is_good_once(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int line;
        struct slice issuer, jti;
        int64_t expires_at, now;
        enum err want;
    } cases[] = {
        {__LINE__, {"iss", 3}, {"1", 1}, 200, 100, ERR_OK},
        {__LINE__, {"iss", 3}, {"1", 1}, 200, 100, ERR_JWT_REPLAY},
        {__LINE__, {"iss", 3}, {"1", 1}, 900, 199, ERR_JWT_REPLAY},
        {__LINE__, {"iss", 3}, {"1", 1}, 300, 200, ERR_OK}, /* the first has expired */
        {__LINE__, {"iss", 3}, {"1", 1}, 400, 299, ERR_JWT_REPLAY},
        {__LINE__, {"iss", 3}, {"1", 1}, 400, 300, ERR_OK},
        {__LINE__, {"iss", 3}, {"2", 1}, 200, 100, ERR_OK},
        {__LINE__, {"iss2", 4}, {"1", 1}, 200, 100, ERR_OK},
        /* the border between the two is part of what is noted */
        {__LINE__, {"iss1", 4}, {"", 0}, 200, 100, ERR_OK},
        {__LINE__, {"iss", 3}, {"21", 2}, 200, 100, ERR_OK},
        {__LINE__, {"", 0}, {"iss1", 4}, 200, 100, ERR_OK},
        {__LINE__, {NULL, 0}, {"iss1", 4}, 200, 100, ERR_JWT_REPLAY},
        /* any bytes */
        {__LINE__, {"i\0a", 3}, {"\0\xff", 2}, 200, 100, ERR_OK},
        {__LINE__, {"i\0b", 3}, {"\0\xff", 2}, 200, 100, ERR_OK},
        {__LINE__, {"i\0a", 3}, {"\0\xff", 2}, 200, 100, ERR_JWT_REPLAY},
    };
    int64_t epoch = fixture_epoch(f->st);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum err e =
            store_jti_once(f->st, cases[i].issuer, cases[i].jti, cases[i].expires_at, cases[i].now);
        if (e != cases[i].want)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
    }
    assert_int_equal(fixture_epoch(f->st), epoch);
}

/* Start together, note the same jti, and tell by the exit status how it went. */
static enum err note_when_told(const struct fixture *f, int start)
{
    struct store *st = NULL;
    enum err e = store_open(f->path, BUSY_MS, &st);
    char byte;
    if (e == ERR_OK && read(start, &byte, 1) != 0)
        e = ERR_INTERNAL;
    for (int i = 0; e == ERR_OK && i < 20; i++) {
        char other[64];
        snprintf(other, sizeof other, "%d-%ld", i, (long)getpid());
        e = store_jti_once(st, SLICE("iss"), slice_of(other), 200, 100);
    }
    if (e == ERR_OK)
        e = store_jti_once(st, SLICE("iss"), SLICE("one"), 200, 100);
    if (e == ERR_STORE)
        fprintf(stderr, "%s\n", store_fault(st));
    store_close(st);
    return e;
}

static void one_process_of_many_gets_a_jti(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    f->st = NULL;
    int start[2];
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(start[1]);
            _exit((int)note_when_told(f, start[0]));
        }
    }
    close(start[0]);
    close(start[1]);
    int counts[ERR_COUNT] = {0};
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < ERR_COUNT);
        counts[WEXITSTATUS(status)]++;
    }
    assert_int_equal(counts[ERR_OK], 1);
    assert_int_equal(counts[ERR_JWT_REPLAY], PROCESSES - 1);
}

static struct failed_logins failed(struct fixture *f, struct slice id)
{
    struct failed_logins out = {-1, -1};
    assert_int_equal(store_failed_login_get(f->st, id, &out), ERR_OK);
    return out;
}

static void fail_login(struct fixture *f, struct slice id, struct slice address, int64_t now)
{
    int64_t count = 0;
    assert_int_equal(store_failed_login_add(f->st, id, address, now, 86400, &count), ERR_OK);
    assert_true(count > 0);
}

static void failed_logins_are_counted(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "known");
    int64_t epoch = fixture_epoch(f->st);
    static const struct slice ids[] = {{"known", 5}, {"unknown", 7}, {"\0\xff", 2}, {"", 0}};
    char address[200];
    memset(address, '1', sizeof address);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_int_equal(failed(f, ids[i]).count, 0);
        assert_int_equal(failed(f, ids[i]).last_at, 0);
        fail_login(f, ids[i], SLICE("192.0.2.1"), 100);
        fail_login(f, ids[i], SLICE("192.0.2.1"), 102);
        fail_login(f, ids[i], SLICE("2001:db8::1"), 101);
        fail_login(f, ids[i], (struct slice){address, sizeof address}, 90);
        fail_login(f, ids[i], SLICE_NONE, 90);
        assert_int_equal(failed(f, ids[i]).count, 5);
        assert_int_equal(failed(f, ids[i]).last_at, 102);
    }
    assert_int_equal(store_failed_login_clear(f->st, SLICE("known")), ERR_OK);
    assert_int_equal(failed(f, SLICE("known")).count, 0);
    assert_int_equal(failed(f, SLICE("unknown")).count, 5);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

/* A good login must not wait for a writer when there is nothing to clear. */
static void clearing_nothing_takes_no_lock(void **state)
{
    struct fixture *f = *state;
    fail_login(f, SLICE("a"), SLICE("::1"), 1);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_busy_timeout(f->st->db, 1);
    assert_int_equal(store_failed_login_clear(f->st, SLICE("b")), ERR_OK);
    assert_int_equal(store_failed_login_clear(f->st, SLICE("a")), ERR_STORE);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(store_failed_login_clear(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(failed(f, SLICE("a")).count, 0);
}

static int64_t count_rows(struct fixture *f, const char *table)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->st->db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    return n;
}

static void failed_logins_are_bounded(void **state)
{
    struct fixture *f = *state;
    fail_login(f, SLICE("oldest"), SLICE("::1"), 1000);
    fail_login(f, SLICE("second"), SLICE("::1"), 1000);
    assert_int_equal(sqlite3_exec(f->st->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(f->st->db,
                                  "WITH RECURSIVE n (i) AS (VALUES (3) UNION ALL SELECT i + 1"
                                  " FROM n WHERE i < 10000) INSERT INTO failed_login"
                                  " (client, address, count, last_at)"
                                  " SELECT CAST(i AS BLOB), x'00', 1, 1000 FROM n",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(f->st->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(count_rows(f, "failed_login"), 10000);
    /* Another failure of somebody who is counted already pushes nobody out. */
    for (int i = 0; i < 3; i++)
        fail_login(f, SLICE("second"), SLICE("::1"), 1001);
    assert_int_equal(failed(f, SLICE("oldest")).count, 1);
    fail_login(f, SLICE("new"), SLICE("::1"), 1001);
    assert_int_equal(count_rows(f, "failed_login"), 10000);
    assert_int_equal(failed(f, SLICE("oldest")).count, 0);
    assert_int_equal(failed(f, SLICE("second")).count, 4);
    assert_int_equal(failed(f, SLICE("new")).count, 1);
}

static void failed_logins_are_forgotten_after_a_day(void **state)
{
    struct fixture *f = *state;
    fail_login(f, SLICE("a"), SLICE("::1"), 1000);
    fail_login(f, SLICE("b"), SLICE("::1"), 1000 + 86399);
    assert_int_equal(failed(f, SLICE("a")).count, 1);
    fail_login(f, SLICE("b"), SLICE("::1"), 1000 + 86400);
    assert_int_equal(failed(f, SLICE("a")).count, 0);
    assert_int_equal(failed(f, SLICE("b")).count, 2);
}

/* A count grows while the failures come close enough, and begins anew behind a gap. */
static void failed_logins_begin_anew_after_a_while(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int line;
        int64_t now, want;
    } rows[] = {
        {__LINE__, 1000, 1}, {__LINE__, 1299, 2},    {__LINE__, 1598, 3}, {__LINE__, 1898, 1},
        {__LINE__, 1898, 2}, {__LINE__, 1598, 3},    {__LINE__, 1000, 1}, {__LINE__, 1001, 2},
        {__LINE__, 9000, 1}, {__LINE__, 1000000, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t count = 0;
        struct failed_logins here = {0};
        assert_int_equal(
            store_failed_login_add(f->st, SLICE("a"), SLICE("192.0.2.1"), rows[i].now, 300, &count),
            ERR_OK);
        assert_int_equal(store_failed_login_at(f->st, SLICE("a"), SLICE("192.0.2.1"), &here),
                         ERR_OK);
        if (count != rows[i].want || here.count != count || here.last_at != rows[i].now)
            fail_msg("line %d: %lld", rows[i].line, (long long)count);
    }
}

struct seen {
    char addresses[256];
    int64_t count, stop_at;
};

static bool see(struct slice address, const struct failed_logins *failed, void *context)
{
    struct seen *seen = context;
    size_t n = strlen(seen->addresses);
    snprintf(seen->addresses + n, sizeof seen->addresses - n, "%.*s ", SLICE_FMT(address));
    seen->count += failed->count;
    return seen->count < seen->stop_at;
}

static void failed_logins_are_told_and_cleared_by_address(void **state)
{
    struct fixture *f = *state;
    struct failed_logins here;
    struct seen seen = {.stop_at = 100};
    fail_login(f, SLICE("a"), SLICE("192.0.2.1"), 100);
    fail_login(f, SLICE("a"), SLICE("192.0.2.1"), 101);
    fail_login(f, SLICE("a"), SLICE("192.0.2.2"), 102);
    fail_login(f, SLICE("b"), SLICE("192.0.2.1"), 103);
    assert_int_equal(store_failed_login_list(f->st, SLICE("a"), see, &seen), ERR_OK);
    assert_string_equal(seen.addresses, "192.0.2.1 192.0.2.2 ");
    assert_int_equal(seen.count, 3);
    seen = (struct seen){.stop_at = 1};
    assert_int_equal(store_failed_login_list(f->st, SLICE("a"), see, &seen), ERR_OK);
    assert_string_equal(seen.addresses, "192.0.2.1 ");

    assert_int_equal(store_failed_login_clear_at(f->st, SLICE("a"), SLICE("192.0.2.1")), ERR_OK);
    assert_int_equal(store_failed_login_at(f->st, SLICE("a"), SLICE("192.0.2.1"), &here), ERR_OK);
    assert_int_equal(here.count, 0);
    assert_int_equal(failed(f, SLICE("a")).count, 1);
    assert_int_equal(failed(f, SLICE("b")).count, 1);
}

static enum err check(struct fixture *f, const char *id, struct slice jti, int64_t iat)
{
    return store_token_check(f->st, slice_of(id), jti, iat);
}

static void revoked_tokens_are_refused(void **state)
{
    struct fixture *f = *state;
    struct client c = fixture_client("a");
    c.tokens_valid_from = 1500;
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    assert_int_equal(check(f, "a", SLICE("j"), 1499), ERR_TOKEN_REVOKED);
    assert_int_equal(check(f, "a", SLICE("j"), 1500), ERR_OK);
    assert_int_equal(check(f, "b", SLICE("j"), 1500), ERR_TOKEN_REVOKED);

    int64_t before = fixture_epoch(f->st);
    assert_int_equal(store_revoke(f->st, SLICE("j"), 3000), ERR_OK);
    assert_true(fixture_epoch(f->st) > before);
    assert_int_equal(check(f, "a", SLICE("j"), 1500), ERR_TOKEN_REVOKED);
    assert_int_equal(check(f, "a", SLICE("k"), 1500), ERR_OK);
    static const char other[] = "j\0more";
    assert_int_equal(check(f, "a", (struct slice){other, 6}, 1500), ERR_OK);

    c.enabled = false;
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    assert_int_equal(check(f, "a", SLICE("k"), 1500), ERR_TOKEN_REVOKED);
    c.enabled = true;
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    assert_int_equal(check(f, "a", SLICE("k"), 1500), ERR_OK);
}

static void revoking_again_never_shortens(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    assert_int_equal(store_revoke(f->st, SLICE("j"), 3000), ERR_OK);
    assert_int_equal(store_revoke(f->st, SLICE("j"), 2000), ERR_OK);
    assert_int_equal(store_purge(f->st, 2500, 10, NULL), ERR_OK);
    assert_int_equal(check(f, "a", SLICE("j"), 1500), ERR_TOKEN_REVOKED);
    assert_int_equal(store_purge(f->st, 3000, 10, NULL), ERR_OK);
    assert_int_equal(check(f, "a", SLICE("j"), 1500), ERR_OK);
}

static void looking_for_a_jti_notes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct slice i = SLICE("i"), j = SLICE("j");
    assert_int_equal(store_jti_seen(f->st, i, j, 100), ERR_OK);
    assert_int_equal(count_rows(f, "jti"), 0);
    assert_int_equal(store_jti_once(f->st, i, j, 200, 100), ERR_OK);
    assert_int_equal(store_jti_seen(f->st, i, j, 199), ERR_JWT_REPLAY);
    assert_int_equal(store_jti_seen(f->st, i, j, 200), ERR_OK); /* it has expired */
    assert_int_equal(store_jti_seen(f->st, j, j, 100), ERR_OK);
    assert_int_equal(store_jti_seen(f->st, i, SLICE("jj"), 100), ERR_OK);
    run_sql(f->path, "DROP TABLE jti");
    assert_int_equal(store_jti_seen(f->st, i, j, 100), ERR_STORE);
}

/* Without any purge the table holds no more than what has not expired, a half of it, and a little.
 */
static void noting_jtis_forgets_the_old_ones(void **state)
{
    struct fixture *f = *state;
    const int live = 200;
    for (int now = 0; now < 20 * live; now++) {
        char jti[16];
        snprintf(jti, sizeof jti, "%d", now);
        assert_int_equal(store_jti_once(f->st, SLICE("i"), slice_of(jti), now + live, now), ERR_OK);
        assert_true(count_rows(f, "jti") <= live + live / 2 + 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(jti_is_good_once),
        WITH(one_process_of_many_gets_a_jti),
        WITH(failed_logins_are_counted),
        WITH(clearing_nothing_takes_no_lock),
        WITH(failed_logins_are_bounded),
        WITH(failed_logins_are_forgotten_after_a_day),
        WITH(failed_logins_begin_anew_after_a_while),
        WITH(failed_logins_are_told_and_cleared_by_address),
        WITH(revoked_tokens_are_refused),
        WITH(revoking_again_never_shortens),
        WITH(looking_for_a_jti_notes_nothing),
        WITH(noting_jtis_forgets_the_old_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
