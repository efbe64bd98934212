#include "site_fixture.h"

#include <sqlite3.h>
#include <time.h>

#include "housekeeper.h"
#include "upkeep.h"

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static sqlite3 *other_connection(const struct site *s)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(s->conf.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static int jtis(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM jti", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void fill(sqlite3 *db, const char *more)
{
    static const char rows[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1200)"
        " INSERT INTO jti SELECT randomblob(32), 1000 FROM n";
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, more, NULL, NULL, NULL), SQLITE_OK);
}

static void nothing_happens_before_the_first_request(void **state)
{
    struct site *s = *state;
    struct housekeeper *h = housekeeper_new(&s->conf, true);
    assert_non_null(h);
    housekeeper_free(h);
    housekeeper_free(NULL);
    h = housekeeper_new(&s->conf, true);
    housekeeper_wake(h);
    housekeeper_wake(h);
    int64_t before = milliseconds();
    housekeeper_free(h); /* it waits for its first time */
    assert_true(milliseconds() - before < 1000);
}

static void it_works_until_it_is_told_to_end(void **state)
{
    struct site *s = *state;
    struct housekeeper *h = housekeeper_new(&s->conf, true);
    sqlite3 *db = other_connection(s);
    fill(db, "");
    housekeeper_wake(h);
    int64_t end = milliseconds() + 20000;
    while (jtis(db) > 0 && milliseconds() < end)
        sqlite3_sleep(10);
    assert_int_equal(jtis(db), 0);
    int64_t before = milliseconds();
    housekeeper_free(h);
    assert_true(milliseconds() - before < 1000);
    sqlite3_close(db);
}

/* Even while it waits for a store that somebody keeps locked. */
static void a_locked_store_does_not_hold_up_the_end(void **state)
{
    struct site *s = *state;
    struct housekeeper *h = housekeeper_new(&s->conf, true);
    sqlite3 *db = other_connection(s);
    fill(db, "BEGIN IMMEDIATE");
    housekeeper_wake(h);
    sqlite3_sleep(2200); /* it tries after two seconds, and waits for half a second */
    int64_t before = milliseconds();
    housekeeper_free(h);
    assert_true(milliseconds() - before < 1500);
    assert_int_equal(jtis(db), 1200);
    sqlite3_close(db);
}

static void a_single_step_is_small_and_not_taken_twice(void **state)
{
    struct site *s = *state;
    sqlite3 *db = other_connection(s);
    fill(db, "");
    housekeeper_once(&s->conf, false);
    assert_int_equal(jtis(db), 1200 - UPKEEP_ROWS);
    housekeeper_once(&s->conf, false);
    assert_int_equal(jtis(db), 1200 - UPKEEP_ROWS);
    fill(db, "DELETE FROM task");
    housekeeper_once(&s->conf, false);
    assert_int_equal(jtis(db), 2400 - 2 * UPKEEP_ROWS);
    sqlite3_close(db);
    memcpy(s->conf.store_path, "/nonexistent", sizeof "/nonexistent");
    housekeeper_once(&s->conf, true);
}

static void keys_of_both_uses_are_tended(void **state)
{
    struct site *s = *state;
    char kid[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    int64_t next_at, at = SITE_NOW + s->conf.publish_before_use_s + 2;
    for (int i = 0; i < 2; i++) {
        struct keyring ring = keyring_of(&s->conf, s->st, i == 0 ? "sig" : "enc", SITE_NOW);
        if (i == 1)
            assert_int_equal(keyring_generate(&ring, kid, &fault), ERR_OK);
        assert_int_equal(keyring_rotate(&ring, kid, &fault), ERR_OK);
    }
    assert_int_equal(upkeep_keys(&s->conf, s->st, SITE_NOW, &next_at), ERR_OK);
    assert_int_equal(next_at, at);
    assert_int_equal(upkeep_keys(&s->conf, s->st, at, &next_at), ERR_OK);
    assert_true(next_at == INT64_MAX);
    sqlite3 *db = other_connection(s);
    sqlite3_stmt *q = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM signing_key WHERE state = 1", -1, &q, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(q, 0), 2);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

static void trouble_with_keys_is_said_once_a_day(void **state)
{
    struct site *s = *state;
    int64_t next_at;
    char task[CONFIG_MAX_TEXT + 32];
    snprintf(task, sizeof task, "key trouble in %s", s->conf.key_dir);
    assert_int_equal(chmod(s->conf.key_dir, 0777), 0);
    assert_int_equal(upkeep_keys(&s->conf, s->st, SITE_NOW, &next_at), ERR_OK);
    assert_int_equal(store_task_take(s->st, slice_of(task), SITE_NOW + UPKEEP_REMINDER_S - 1,
                                     SITE_NOW + 2 * UPKEEP_REMINDER_S),
                     ERR_EXISTS);
    assert_int_equal(store_task_take(s->st, slice_of(task), SITE_NOW + UPKEEP_REMINDER_S,
                                     SITE_NOW + 2 * UPKEEP_REMINDER_S),
                     ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(nothing_happens_before_the_first_request),
        SITE(it_works_until_it_is_told_to_end),
        SITE(a_locked_store_does_not_hold_up_the_end),
        SITE(a_single_step_is_small_and_not_taken_twice),
        SITE(keys_of_both_uses_are_tended),
        SITE(trouble_with_keys_is_said_once_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
