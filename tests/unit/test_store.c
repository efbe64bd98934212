#include "store_fixture.h"

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
    static const char *const suffixes[] = {"", "-wal", "-shm", "-signal"};
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

static void refresh_follows_the_path(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "old");
    assert_int_equal(store_refresh(f->st), ERR_OK);

    /* Gone: everything fails, nothing is made. */
    fixture_forget_files(f);
    struct client c = fixture_client("a");
    int64_t epoch = -1, count;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_refresh(f->st), ERR_STORE);
        assert_fault(f->st, "no such file");
        assert_int_equal(store_epoch(f->st, &epoch), ERR_STORE);
        assert_int_equal(store_client_get(f->st, SLICE("old"), &f->arena, &c), ERR_STORE);
        assert_int_equal(store_client_add(f->st, &c), ERR_STORE);
        assert_int_equal(store_client_remove(f->st, SLICE("old")), ERR_STORE);
        assert_int_equal(store_failed_login_add(f->st, SLICE("a"), SLICE("b"), 1, 300, &count),
                         ERR_STORE);
        assert_int_equal(store_failed_login_clear(f->st, SLICE("a")), ERR_STORE);
        assert_int_equal(store_token_check(f->st, SLICE("old"), SLICE("j"), 2000), ERR_STORE);
        assert_int_equal(store_jti_once(f->st, SLICE("i"), SLICE("j"), 9, 1), ERR_STORE);
        assert_int_equal(store_purge(f->st, 1, 1, NULL), ERR_STORE);
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

/* What is left of a removed store's log must not get into the next one. */
static void removed_store_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct store *user = NULL;
    assert_int_equal(store_open(f->path, BUSY_MS, &user), ERR_OK);
    for (int i = 0; i < 3; i++) {
        char name[32], log[128];
        snprintf(name, sizeof name, "client-%d", i);
        fixture_add_client(user, name);
        snprintf(log, sizeof log, "%s-wal", f->path);
        assert_int_equal(access(log, F_OK), 0);
        assert_int_equal(unlink(f->path), 0);
        store_close(f->st);
        assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_OK);
        int count = 0;
        assert_int_equal(store_client_list(f->st, count_client, &count), ERR_OK);
        assert_int_equal(count, 0);
        fixture_add_client(f->st, "mine");
        /* Who lets go of the old file does not take the new one's log along. */
        assert_int_equal(store_refresh(user), ERR_OK);
        assert_int_equal(access(log, F_OK), 0);
        assert_int_equal(store_client_list(user, count_client, &count), ERR_OK);
        assert_int_equal(count, 1);
    }
    store_close(user);
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
    snprintf(aside, sizeof aside, "%s/aside-signal", f->directory);
    assert_int_equal(unlink(aside), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(missing_store_is_not_made),
        EMPTY(new_store_is_private_whatever_the_umask),
        EMPTY(roots_files_belong_to_the_owner_of_the_directory),
        WITH(create_opens_what_exists),
        EMPTY(create_needs_a_directory),
        EMPTY(processes_may_create_at_once),
        WITH(mode_for_others_is_refused),
        WITH(refresh_follows_the_path),
        WITH(removed_store_leaves_nothing_behind),
        WITH(refresh_notices_a_replacement),
        cmocka_unit_test(close_and_fault_take_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
