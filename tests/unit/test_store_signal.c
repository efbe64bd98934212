/* The file that tells at no cost whether the store has changed. */
#include "store_fixture.h"

#include "store_signal.h"

#include <pthread.h>
#include <time.h>

static const char *signal_of(const struct fixture *f)
{
    static char name[128];
    snprintf(name, sizeof name, "%s-signal", f->path);
    return name;
}

static uint64_t count_now(const struct fixture *f)
{
    struct store_signal s = {0};
    assert_true(store_signal_follow(&s, f->path));
    uint64_t count = store_signal_count(&s);
    store_signal_close(&s);
    return count;
}

static void change(struct fixture *f, const char *jti)
{
    assert_int_equal(store_revoke(f->st, slice_of(jti), 2000), ERR_OK);
}

static void each_change_of_the_epoch_is_counted_once(void **state)
{
    struct fixture *f = *state;
    struct store_signal s = {0};
    struct client c = fixture_client("a");
    assert_true(store_signal_follow(&s, f->path));
    uint64_t before = store_signal_count(&s);
    fixture_add_client(f->st, "a");
    assert_int_equal(store_signal_count(&s), before + 1);
    change(f, "j");
    assert_int_equal(store_signal_count(&s), before + 2);
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(store_signal_count(&s), before + 4);
    store_signal_close(&s);
    assert_int_equal(store_signal_count(&s), 0);
    store_signal_close(&s);
}

static void what_leaves_the_epoch_leaves_the_count(void **state)
{
    struct fixture *f = *state;
    struct secret digest = {{1}};
    struct client c = fixture_client("a");
    fixture_add_client(f->st, "a");
    uint64_t before = count_now(f);
    int64_t epoch = fixture_epoch(f->st), failures;
    assert_int_equal(store_client_add(f->st, &c), ERR_EXISTS); /* rolled back */
    assert_int_equal(store_client_remove(f->st, SLICE("b")), ERR_NOT_FOUND);
    assert_int_equal(store_failed_login_add(f->st, SLICE("a"), SLICE("x"), 1, 60, &failures),
                     ERR_OK);
    assert_int_equal(store_jti_once(f->st, SLICE("i"), SLICE("j"), 9, 1), ERR_OK);
    assert_int_equal(store_opaque_add(f->st, &digest, SLICE("{}"), 9), ERR_OK);
    assert_int_equal(store_purge(f->st, 10, 10, NULL), ERR_OK);
    assert_int_equal(fixture_epoch(f->st), epoch);
    assert_int_equal(count_now(f), before);
}

/* As the store's file, whoever opens the store first. */
static void the_file_is_dressed_as_the_store(void **state)
{
    struct fixture *f = *state;
    static const mode_t modes[] = {0600, 0640};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct stat sb;
        assert_int_equal(unlink(signal_of(f)), 0);
        assert_int_equal(chmod(f->path, modes[i]), 0);
        if (geteuid() == 0)
            assert_int_equal(chown(f->path, 12345, 23456), 0);
        store_close(f->st);
        assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
        assert_int_equal(stat(signal_of(f), &sb), 0);
        assert_int_equal(sb.st_mode & 07777, modes[i]);
        assert_true(sb.st_size >= 4096);
        if (geteuid() == 0)
            assert_true(sb.st_uid == 12345 && sb.st_gid == 23456);
    }
}

static void a_reader_needs_to_read_only(void **state)
{
    struct fixture *f = *state;
    struct store_signal s = {0};
    assert_int_equal(chmod(signal_of(f), 0440), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* root could write all the same */
        bool dropped = geteuid() != 0 ||
                       (chmod(f->directory, 0711) == 0 && chown(signal_of(f), 12345, 12345) == 0 &&
                        setgid(12345) == 0 && setuid(12345) == 0);
        bool reads = store_signal_follow(&s, f->path);
        store_signal_raise(f->path); /* may not, and does no harm */
        _exit(dropped && reads && store_signal_count(&s) == 0 ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    if (geteuid() == 0)
        assert_int_equal(chown(signal_of(f), 0, 0), 0);
    assert_int_equal(chmod(signal_of(f), 0600), 0);
}

static void a_file_that_is_gone_is_noticed_and_made_anew(void **state)
{
    struct fixture *f = *state;
    struct store_signal s = {0};
    change(f, "j");
    assert_true(store_signal_follow(&s, f->path));
    assert_int_equal(unlink(signal_of(f)), 0);
    assert_int_equal(store_signal_count(&s), 1); /* the mapping still holds */
    assert_false(store_signal_follow(&s, f->path));
    assert_int_equal(store_signal_count(&s), 0);
    assert_false(store_signal_follow(&s, f->path));
    /* Whoever writes makes it, though the store was open all the time. */
    change(f, "k");
    assert_true(store_signal_follow(&s, f->path));
    uint64_t before = store_signal_count(&s);
    change(f, "l");
    assert_int_equal(store_signal_count(&s), before + 1);
    store_signal_close(&s);
}

static void a_file_that_was_replaced_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct store_signal s = {0};
    struct stat sb;
    char old[140];
    assert_true(store_signal_follow(&s, f->path));
    snprintf(old, sizeof old, "%s.old", signal_of(f));
    assert_int_equal(rename(signal_of(f), old), 0);
    assert_int_equal(stat(f->path, &sb), 0);
    assert_true(store_signal_make(f->path, &sb));
    assert_false(store_signal_make(f->path, &sb));
    for (int i = 0; i < 3; i++)
        change(f, "j");
    assert_int_equal(store_signal_count(&s), 0);
    assert_true(store_signal_follow(&s, f->path));
    assert_int_equal(store_signal_count(&s), 3);
    store_signal_close(&s);
    assert_int_equal(unlink(old), 0);
}

static void no_link(const char *name)
{
    char target[140];
    snprintf(target, sizeof target, "%s.target", name);
    put_file(target, "", 0, 0600);
    assert_int_equal(truncate(target, 4096), 0);
    assert_int_equal(symlink(target, name), 0);
}

static void dangling(const char *name)
{
    assert_int_equal(symlink("/nowhere/at/all", name), 0);
}

static void empty(const char *name)
{
    put_file(name, "", 0, 0600);
}

static void too_short(const char *name)
{
    empty(name);
    assert_int_equal(truncate(name, 4095), 0);
}

static void writable_for_others(const char *name)
{
    empty(name);
    assert_int_equal(truncate(name, 4096), 0);
    assert_int_equal(chmod(name, 0622), 0);
}

static void fifo(const char *name)
{
    assert_int_equal(mkfifo(name, 0600), 0);
}

static void directory(const char *name)
{
    assert_int_equal(mkdir(name, 0700), 0);
}

/* Nothing else is hurt: the store works, and a reader finds no signal. */
static void what_is_of_no_use_is_left_alone(void **state)
{
    struct fixture *f = *state;
    static void (*const ways[])(const char *) = {
        no_link, dangling, empty, too_short, writable_for_others, fifo, directory,
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct store_signal s = {0};
        struct stat before, after;
        char target[140];
        assert_true(store_signal_follow(&s, f->path));
        assert_int_equal(unlink(signal_of(f)), 0);
        ways[i](signal_of(f));
        assert_int_equal(lstat(signal_of(f), &before), 0);
        if (store_signal_follow(&s, f->path))
            fail_msg("case %zu: it is taken", i);
        store_close(f->st);
        assert_int_equal(store_open(f->path, BUSY_MS, &f->st), ERR_OK);
        change(f, "j");
        assert_int_equal(lstat(signal_of(f), &after), 0);
        assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
        store_signal_close(&s);
        assert_int_equal(remove(signal_of(f)), 0);
        snprintf(target, sizeof target, "%s.target", signal_of(f));
        unlink(target);
        change(f, "k"); /* made anew */
    }
}

static int open_and_change(const struct fixture *f, int number)
{
    struct store *st = NULL;
    char jti[16];
    enum err e = store_open(f->path, BUSY_MS, &st);
    for (int i = 0; e == ERR_OK && i < 20; i++) {
        snprintf(jti, sizeof jti, "%d-%d", number, i);
        e = store_revoke(st, slice_of(jti), 2000);
    }
    store_close(st);
    return e == ERR_OK ? 0 : 1;
}

/* None is lost, also when all of them make the file at once; and no other file is left. */
static void processes_count_together(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(unlink(signal_of(f)), 0);
    assert_int_equal(run_processes(8, open_and_change, f), 8);
    assert_int_equal(count_now(f), 160);
}

/* ---- who sees the count sees the change ---- */

#define CHANGES 200

struct watch {
    const struct fixture *f;
    bool wrong;
    uint64_t last; /* count that was seen */
};

static void *watch_changes(void *argument)
{
    struct watch *w = argument;
    struct store_signal s = {0};
    struct store *st = NULL;
    time_t end = time(NULL) + 20;
    w->wrong =
        store_open(w->f->path, BUSY_MS, &st) != ERR_OK || !store_signal_follow(&s, w->f->path);
    while (!w->wrong && w->last < CHANGES && time(NULL) < end) {
        uint64_t count = store_signal_count(&s);
        char jti[24];
        if (count == w->last)
            continue;
        w->last = count;
        snprintf(jti, sizeof jti, "%llu", (unsigned long long)count);
        w->wrong = store_jti_check(st, slice_of(jti)) != ERR_TOKEN_REVOKED;
    }
    store_signal_close(&s);
    store_close(st);
    return NULL;
}

static void who_sees_the_count_sees_the_change(void **state)
{
    struct fixture *f = *state;
    struct watch w = {.f = f};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, watch_changes, &w), 0);
    for (int i = 1; i <= CHANGES; i++) { /* the i-th change is the jti "i" */
        char jti[16];
        snprintf(jti, sizeof jti, "%d", i);
        change(f, jti);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(w.wrong);
    assert_int_equal(w.last, CHANGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(each_change_of_the_epoch_is_counted_once),
        WITH(what_leaves_the_epoch_leaves_the_count),
        WITH(the_file_is_dressed_as_the_store),
        WITH(a_reader_needs_to_read_only),
        WITH(a_file_that_is_gone_is_noticed_and_made_anew),
        WITH(a_file_that_was_replaced_is_noticed),
        WITH(what_is_of_no_use_is_left_alone),
        WITH(processes_count_together),
        WITH(who_sees_the_count_sees_the_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
