#include "store_fixture.h"

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

/* As a copy by VACUUM INTO comes back; and all who open it at once get along. */
static void other_journal_mode_is_mended(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    run_sql(f->path, "PRAGMA journal_mode = DELETE");
    assert_int_equal(run_processes(12, open_and_look, f), 12);
    assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
    fixture_add_client(f->st, "a");
    char log[128];
    snprintf(log, sizeof log, "%s-wal", f->path);
    assert_int_equal(access(log, F_OK), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(old_schema_is_migrated_once),
        WITH(other_journal_mode_is_mended),
        WITH(newer_schema_is_refused),
        EMPTY(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
