/* A new store in a directory of its own for every test of test_store*.c. */
#ifndef FHIR_AUTH_STORE_FIXTURE_H
#define FHIR_AUTH_STORE_FIXTURE_H

#include <setjmp.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_internal.h"

#define BUSY_MS 10000

#define EMPTY(test) cmocka_unit_test_setup_teardown(test, fixture_without_store, fixture_down)
#define WITH(test)  cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

struct fixture {
    char directory[64];
    char path[96];
    struct store *st;
    struct arena arena;
};

static inline void fixture_forget_files(const struct fixture *f)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-signal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        unlink(name);
    }
}

static inline int fixture_without_store(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL || !arena_init(&f->arena, 1 << 20))
        return -1;
    snprintf(f->directory, sizeof f->directory, "/tmp/fhir-auth-store-XXXXXX");
    if (mkdtemp(f->directory) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/store.db", f->directory);
    *state = f;
    return 0;
}

static inline int fixture_up(void **state)
{
    if (fixture_without_store(state) != 0)
        return -1;
    struct fixture *f = *state;
    return store_create(f->path, BUSY_MS, &f->st) == ERR_OK ? 0 : -1;
}

/* Fails when anything but the store's own files is left in the directory. */
static inline int fixture_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->st);
    arena_free(&f->arena);
    fixture_forget_files(f);
    int failed = rmdir(f->directory);
    free(f);
    return failed;
}

static inline struct client fixture_client(const char *id)
{
    return (struct client){
        .id = id,
        .name = "Hospital de Le\303\263n",
        .scope = "system/*.rs",
        .auth = CLIENT_SECRET,
        .jwks = "",
        .jwks_uri = "",
        .enabled = true,
        .created_at = 1000,
        .updated_at = 1000,
    };
}

static inline void fixture_add_client(struct store *st, const char *id)
{
    struct client c = fixture_client(id);
    assert_int_equal(store_client_add(st, &c), ERR_OK);
}

static inline int64_t fixture_epoch(struct store *st)
{
    int64_t epoch = 0;
    assert_int_equal(store_epoch(st, &epoch), ERR_OK);
    assert_true(epoch > 0);
    return epoch;
}

static inline void assert_fault(const struct store *st, const char *part)
{
    if (strstr(store_fault(st), part) == NULL)
        fail_msg("fault \"%s\" lacks \"%s\"", store_fault(st), part);
}

/* Another connection, as any SQLite program would have it. */
static inline void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void put_file(const char *path, const char *bytes, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* Run n processes at once; how many of them ended with status 0. */
static inline int run_processes(int n, int (*work)(const struct fixture *, int),
                                const struct fixture *f)
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

#endif
