/* The store when its file, its disk or its neighbours fail it. */
#include "store_fixture.h"

#include <sys/resource.h>

/* Overwrite every page but those of the schema with noise. */
static void damage_tables(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *pages = NULL;
    int fd = open(path, O_WRONLY), overwritten = 0;
    char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    assert_true(fd >= 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT pageno FROM dbstat WHERE name <> 'sqlite_schema'",
                                        -1, &pages, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(pages) == SQLITE_ROW; overwritten++) {
        off_t at = (off_t)(sqlite3_column_int64(pages, 0) - 1) * (off_t)sizeof noise;
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    }
    assert_true(overwritten > 10);
    sqlite3_finalize(pages);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(close(fd), 0);
}

static void damaged_store_is_reported(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "client-%d", i);
        fixture_add_client(f->st, id);
    }
    store_close(f->st);
    damage_tables(f->path);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    struct client c;
    int64_t epoch = -1;
    assert_int_equal(store_client_get(f->st, SLICE("client-7"), &f->arena, &c), ERR_STORE);
    assert_fault(f->st, "it is damaged: restore it from a backup");
    assert_int_equal(store_epoch(f->st, &epoch), ERR_STORE);
    assert_int_equal(epoch, -1);
    assert_int_equal(store_token_check(f->st, SLICE("client-7"), SLICE("j"), 2000), ERR_STORE);
    assert_int_equal(store_jti_once(f->st, SLICE("i"), SLICE("j"), 9, 1), ERR_STORE);
    assert_int_equal(store_client_remove(f->st, SLICE("client-7")), ERR_STORE);
}

static void damaged_schema_is_reported(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    int fd = open(f->path, O_WRONLY);
    assert_true(fd >= 0);
    char noise[3900];
    memset(noise, 0xa5, sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 100), sizeof noise);
    assert_int_equal(close(fd), 0);
    struct client c;
    enum err e = store_open(f->path, BUSY_MS, &f->st);
    if (e == ERR_OK)
        e = store_client_get(f->st, SLICE("a"), &f->arena, &c);
    assert_int_equal(e, ERR_STORE);
    assert_fault(f->st, f->path);
}

static void locked_store_is_reported(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct store *st = NULL;
    assert_int_equal(store_open(f->path, 20, &st), ERR_OK);
    struct client c = fixture_client("a");
    assert_int_equal(store_client_add(st, &c), ERR_STORE);
    assert_fault(st, "another process keeps it locked");
    assert_int_equal(store_jti_once(st, SLICE("i"), SLICE("j"), 9, 1), ERR_STORE);
    /* What only reads is not held up, and all is well when the lock is gone. */
    assert_int_equal(store_client_get(st, SLICE("a"), &f->arena, &c), ERR_NOT_FOUND);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(store_jti_once(st, SLICE("i"), SLICE("j"), 9, 1), ERR_OK);
    store_close(st);
}

static void full_disk_is_reported(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    assert_int_equal(sqlite3_exec(f->st->db, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    int64_t before = fixture_epoch(f->st);
    char body[65536];
    memset(body, '1', sizeof body);
    struct slice big = {body, sizeof body};
    assert_int_equal(store_document_put(f->st, SLICE("https://a"), big, 1, 2), ERR_STORE);
    assert_fault(f->st, "the disk is full");
    char text[65536 + 1];
    snprintf(text, sizeof text, "%.*s", SLICE_FMT(big));
    struct client c = fixture_client("b");
    c.jwks = text;
    assert_int_equal(store_client_add(f->st, &c), ERR_STORE);
    assert_fault(f->st, "the disk is full");
    /* The transaction is gone whole, and the connection still works. */
    assert_int_equal(fixture_epoch(f->st), before);
    assert_int_equal(store_client_get(f->st, SLICE("b"), &f->arena, &c), ERR_NOT_FOUND);
    assert_int_equal(store_client_get(f->st, SLICE("a"), &f->arena, &c), ERR_OK);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
}

/* A limit on the size of files makes write(2) fail under SQLite. */
static int write_beyond_the_limit(const struct fixture *f, int i)
{
    (void)i;
    struct store *st = NULL;
    struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    struct client c = fixture_client("a");
    enum err e = store_create(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_client_add(st, &c);
    bool told = store_fault(st)[0] != '\0';
    store_close(st);
    return e == ERR_STORE && told ? 0 : 1;
}

static void failing_writes_are_reported(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_processes(1, write_beyond_the_limit, f), 1);
    /* Nothing was left, not even half a store; with one that exists it is the same. */
    assert_int_equal(access(f->path, F_OK), -1);
    assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_OK);
    store_close(f->st);
    assert_int_equal(run_processes(1, write_beyond_the_limit, f), 1);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    fixture_add_client(f->st, "a");
}

/* Root may do all, so the work is done as another user. */
static int write_as_another_user(const struct fixture *f, int i)
{
    (void)i;
    if (geteuid() == 0 && (setgid(12345) != 0 || setuid(12345) != 0))
        return 2;
    struct store *st = NULL;
    enum err e = store_open(f->path, BUSY_MS, &st);
    bool told = strstr(store_fault(st), "this user") != NULL ||
                strstr(store_fault(st), "may not write to it") != NULL;
    store_close(st);
    return e == ERR_STORE && told ? 0 : 1;
}

static void read_only_places_are_reported(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    f->st = NULL;
    uid_t owner = geteuid() == 0 ? 12345 : geteuid();
    assert_int_equal(chown(f->path, owner, (gid_t)-1), 0);
    assert_int_equal(chown(f->directory, owner, (gid_t)-1), 0);
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(run_processes(1, write_as_another_user, f), 1);
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(chmod(f->directory, 0500), 0);
    int told = run_processes(1, write_as_another_user, f);
    assert_int_equal(chmod(f->directory, 0700), 0);
    assert_int_equal(told, 1);
    assert_int_equal(run_processes(1, write_as_another_user, f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(damaged_store_is_reported),    WITH(damaged_schema_is_reported),
        WITH(locked_store_is_reported),     WITH(full_disk_is_reported),
        EMPTY(failing_writes_are_reported), WITH(read_only_places_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
