#include "store_fixture.h"

#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_fault(const struct store *st, const char *part)
{
    if (strstr(store_fault(st), part) == NULL)
        fail_msg("fault \"%s\" lacks \"%s\"", store_fault(st), part);
}

/* Another connection, as any SQLite program would have it. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void put_file(const char *path, const char *bytes, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void missing_store_is_not_made(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_STORE);
    assert_non_null(f->st);
    assert_fault(f->st, f->path);
    assert_fault(f->st, "`fhir-authctl client add`");
    assert_fault(f->st, "`fhir-authctl key generate`");
    assert_int_equal(access(f->path, F_OK), -1);
}

static void new_store_is_private_whatever_the_umask(void **state)
{
    struct fixture *f = *state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t before = umask(masks[i]);
        enum err e = store_create(f->path, BUSY_MS, &f->st);
        umask(before);
        assert_int_equal(e, ERR_OK);
        struct stat sb;
        assert_int_equal(stat(f->path, &sb), 0);
        assert_int_equal(sb.st_mode & 07777, 0600);
        store_close(f->st);
        f->st = NULL;
        fixture_forget_files(f);
    }
}

static void roots_files_belong_to_the_owner_of_the_directory(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f->directory, 12345, 23456), 0);
    assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_OK);
    fixture_add_client(f->st, "a");
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        struct stat sb;
        assert_int_equal(stat(name, &sb), 0);
        assert_int_equal(sb.st_uid, 12345);
        assert_int_equal(sb.st_gid, 23456);
        assert_int_equal(sb.st_mode & 07777, 0600);
    }
}

static void create_opens_what_exists(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    store_close(f->st);
    assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_OK);
    struct client c = fixture_client("a");
    assert_int_equal(store_client_add(f->st, &c), ERR_EXISTS);
    struct store *other = NULL;
    assert_int_equal(store_open(f->path, BUSY_MS, &other), ERR_OK);
    assert_int_equal(store_client_add(other, &c), ERR_EXISTS);
    store_close(other);
}

static void create_needs_a_directory(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/none/store.db", f->directory);
    assert_int_equal(store_create(path, BUSY_MS, &f->st), ERR_STORE);
    assert_fault(f->st, "No such file or directory");
}

/* Runs n processes; returns how many of them ended with status 0. */
static int run_processes(int n, int (*work)(const struct fixture *, int), const struct fixture *f)
{
    for (int i = 0; i < n; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(work(f, i));
    }
    int good = 0, status = 0;
    for (int i = 0; i < n; i++) {
        assert_true(wait(&status) > 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

static int create_and_add(const struct fixture *f, int i)
{
    struct store *st = NULL;
    char id[32];
    snprintf(id, sizeof id, "client-%d", i);
    struct client c = fixture_client(id);
    enum err e = store_create(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_client_add(st, &c);
    if (e != ERR_OK)
        fprintf(stderr, "%s\n", store_fault(st));
    store_close(st);
    return e == ERR_OK ? 0 : 1;
}

static bool count_client(const struct client *c, void *count)
{
    (void)c;
    ++*(int *)count;
    return true;
}

static void processes_may_create_at_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_processes(12, create_and_add, f), 12);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    int count = 0;
    assert_int_equal(store_client_list(f->st, count_client, &count), ERR_OK);
    assert_int_equal(count, 12);
}

static int open_and_look(const struct fixture *f, int i)
{
    (void)i;
    struct store *st = NULL;
    int64_t epoch = 0;
    enum err e = store_open(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_epoch(st, &epoch);
    if (e != ERR_OK)
        fprintf(stderr, "%s\n", store_fault(st));
    store_close(st);
    return e == ERR_OK ? 0 : 1;
}

/* A store of schema 0 has our mark and nothing else. */
static void old_schema_is_migrated_once(void **state)
{
    struct fixture *f = *state;
    put_file(f->path, "", 0, 0600);
    run_sql(f->path, "PRAGMA application_id = 1718118770");
    assert_int_equal(run_processes(12, open_and_look, f), 12);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    fixture_add_client(f->st, "a");
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    run_sql(f->path, "PRAGMA user_version = 99");
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_STORE);
    assert_fault(f->st, "schema 99, newer than this program's");
    store_close(f->st);
    run_sql(f->path, "PRAGMA user_version = -1");
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_STORE);
    assert_fault(f->st, "no store of fhir-auth");
}

static void mode_for_others_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int line;
        mode_t mode;
        enum err want;
    } cases[] = {
        {__LINE__, 0600, ERR_OK},    {__LINE__, 0640, ERR_OK},    {__LINE__, 0700, ERR_OK},
        {__LINE__, 0604, ERR_STORE}, {__LINE__, 0602, ERR_STORE}, {__LINE__, 0601, ERR_STORE},
        {__LINE__, 0620, ERR_STORE}, {__LINE__, 0660, ERR_STORE}, {__LINE__, 0644, ERR_STORE},
        {__LINE__, 0666, ERR_STORE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store_close(f->st);
        assert_int_equal(chmod(f->path, cases[i].mode), 0);
        enum err e = store_open(f->path, BUSY_MS, &f->st);
        if (e != cases[i].want)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
        if (e == ERR_STORE) {
            char command[160];
            snprintf(command, sizeof command, "chmod g-w,o-rwx %s", f->path);
            assert_fault(f->st, command);
        }
    }
}

/* Files that are no store are refused and left as they are. */
static void other_files_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "[server]\nthreads = 4\n# long enough to be read as a first page\n";
    char noise[8192];
    memset(noise, 'x', sizeof noise);
    const struct {
        int line;
        const char *bytes;
        size_t n;
        const char *fault;
    } cases[] = {
        {__LINE__, "", 0, "no store of fhir-auth"},
        {__LINE__, text, sizeof text - 1, "no store of fhir-auth"},
        {__LINE__, noise, sizeof noise, "no store of fhir-auth"},
        {__LINE__, "SQLite format 3", 16, "no store of fhir-auth"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_file(f->path, cases[i].bytes, cases[i].n, 0600);
        if (store_open(f->path, BUSY_MS, &f->st) != ERR_STORE)
            fail_msg("line %d: opened", cases[i].line);
        assert_fault(f->st, cases[i].fault);
        store_close(f->st);
        struct stat sb;
        assert_int_equal(stat(f->path, &sb), 0);
        assert_int_equal(sb.st_size, cases[i].n);
    }
    assert_int_equal(unlink(f->path), 0);
    run_sql(f->path, "CREATE TABLE client (id TEXT); PRAGMA user_version = 1");
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_STORE);
    assert_fault(f->st, "no store of fhir-auth");
    store_close(f->st);
    assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_STORE);
    store_close(f->st);
    assert_int_equal(store_open(f->directory, BUSY_MS, &f->st), ERR_STORE);
    assert_fault(f->st, "no regular file");
}

/* Overwrite every page behind the first with noise: the header is good, the tables are not. */
static void damaged_store_is_reported(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "client-%d", i);
        fixture_add_client(f->st, id);
    }
    store_close(f->st);
    int fd = open(f->path, O_WRONLY);
    assert_true(fd >= 0);
    struct stat sb;
    assert_int_equal(fstat(fd, &sb), 0);
    char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    for (off_t at = 4096; at < sb.st_size; at += 4096)
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    assert_int_equal(close(fd), 0);

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

static void refresh_follows_the_path(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "old");
    assert_int_equal(store_refresh(f->st), ERR_OK);

    /* Gone: everything fails, nothing is made. */
    fixture_forget_files(f);
    struct client c = fixture_client("a");
    int64_t epoch = -1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_refresh(f->st), ERR_STORE);
        assert_fault(f->st, "no such file");
        assert_int_equal(store_epoch(f->st, &epoch), ERR_STORE);
        assert_int_equal(store_client_get(f->st, SLICE("old"), &f->arena, &c), ERR_STORE);
        assert_int_equal(store_client_add(f->st, &c), ERR_STORE);
        assert_int_equal(store_client_remove(f->st, SLICE("old")), ERR_STORE);
        assert_int_equal(store_failed_login_add(f->st, SLICE("a"), SLICE("b"), 1), ERR_STORE);
        assert_int_equal(store_failed_login_clear(f->st, SLICE("a")), ERR_STORE);
        assert_int_equal(store_token_check(f->st, SLICE("old"), SLICE("j"), 2000), ERR_STORE);
        assert_int_equal(store_jti_once(f->st, SLICE("i"), SLICE("j"), 9, 1), ERR_STORE);
        assert_int_equal(store_purge(f->st, 1, 1), ERR_STORE);
        assert_fault(f->st, "no such file");
        assert_int_equal(access(f->path, F_OK), -1);
    }
    assert_int_equal(epoch, -1);

    /* Back: another store of the same name. */
    struct store *other = NULL;
    assert_int_equal(store_create(f->path, BUSY_MS, &other), ERR_OK);
    fixture_add_client(other, "new");
    assert_int_equal(store_refresh(f->st), ERR_OK);
    assert_int_equal(store_client_get(f->st, SLICE("new"), &f->arena, &c), ERR_OK);
    assert_int_equal(store_client_get(f->st, SLICE("old"), &f->arena, &c), ERR_NOT_FOUND);
    store_close(other);
}

static void refresh_notices_a_replacement(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "old");
    int64_t before = fixture_epoch(f->st);
    char aside[128];
    snprintf(aside, sizeof aside, "%s/aside", f->directory);
    struct store *other = NULL;
    assert_int_equal(store_create(aside, BUSY_MS, &other), ERR_OK);
    fixture_add_client(other, "new");
    store_close(other);
    fixture_forget_files(f);
    assert_int_equal(rename(aside, f->path), 0);
    assert_int_equal(store_refresh(f->st), ERR_OK);
    struct client c;
    assert_int_equal(store_client_get(f->st, SLICE("new"), &f->arena, &c), ERR_OK);
    /* A cache of the old store's answers must not take the new one for unchanged. */
    assert_int_not_equal(fixture_epoch(f->st), before);
    /* A replacement that must not be used closes the store. */
    assert_int_equal(unlink(f->path), 0);
    put_file(f->path, "noise", 5, 0600);
    assert_int_equal(store_refresh(f->st), ERR_STORE);
    assert_int_equal(store_client_get(f->st, SLICE("new"), &f->arena, &c), ERR_STORE);
}

static void close_and_fault_take_null(void **state)
{
    (void)state;
    store_close(NULL);
    assert_string_equal(store_fault(NULL), "out of memory");
}

static void settings_hold(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        int64_t want;
    } cases[] = {{"PRAGMA foreign_keys", 1},    {"PRAGMA secure_delete", 1},
                 {"PRAGMA synchronous", 1},     {"PRAGMA trusted_schema", 0},
                 {"PRAGMA cache_size", -256},   {"PRAGMA user_version", 1},
                 {"PRAGMA busy_timeout", 10000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sqlite3_stmt *s = NULL;
        bool row = false;
        assert_int_equal(store_start(f->st, cases[i].sql, NO_PARAMS, &s), ERR_OK);
        assert_int_equal(store_row(f->st, s, &row), ERR_OK);
        assert_true(row);
        if (sqlite3_column_int64(s, 0) != cases[i].want)
            fail_msg("%s is %lld", cases[i].sql, (long long)sqlite3_column_int64(s, 0));
        store_done(s);
    }
}

#define EMPTY(test) cmocka_unit_test_setup_teardown(test, fixture_without_store, fixture_down)
#define WITH(test)  cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(missing_store_is_not_made),
        EMPTY(new_store_is_private_whatever_the_umask),
        EMPTY(roots_files_belong_to_the_owner_of_the_directory),
        WITH(create_opens_what_exists),
        EMPTY(create_needs_a_directory),
        EMPTY(processes_may_create_at_once),
        EMPTY(old_schema_is_migrated_once),
        WITH(newer_schema_is_refused),
        WITH(mode_for_others_is_refused),
        EMPTY(other_files_are_refused),
        WITH(damaged_store_is_reported),
        WITH(damaged_schema_is_reported),
        WITH(locked_store_is_reported),
        WITH(full_disk_is_reported),
        EMPTY(failing_writes_are_reported),
        WITH(read_only_places_are_reported),
        WITH(refresh_follows_the_path),
        WITH(refresh_notices_a_replacement),
        cmocka_unit_test(close_and_fault_take_null),
        WITH(settings_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
