/* Writes of many threads in few transactions. */
#include "store_fixture.h"

#include "store_group.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8
#define EACH    200

struct scene {
    struct store_group *group;
    atomic_int accepted, replayed, other;
};

static enum err note_jti(struct store *st, void *context)
{
    return store_jti_once(st, SLICE("i"), slice_of(context), 2000, 1000);
}

/* All threads bring the same names: each is taken once. */
static void *bring(void *argument)
{
    struct scene *s = argument;
    for (int i = 0; i < EACH; i++) {
        char name[16];
        snprintf(name, sizeof name, "jti-%d", i);
        enum err e = store_group_run(s->group, note_jti, name);
        atomic_fetch_add(e == ERR_OK           ? &s->accepted
                         : e == ERR_JWT_REPLAY ? &s->replayed
                                               : &s->other,
                         1);
    }
    return NULL;
}

static void all_threads(struct scene *s)
{
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, bring, s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
}

static void each_is_taken_once_by_all_threads(void **state)
{
    struct fixture *f = *state;
    struct scene s = {.group = store_group_new(f->path, BUSY_MS)};
    all_threads(&s);
    assert_int_equal(s.accepted, EACH);
    assert_int_equal(s.replayed, (THREADS - 1) * EACH);
    assert_int_equal(s.other, 0);
    store_group_free(s.group);
    for (int i = 0; i < EACH; i++) { /* what was answered is in the store */
        char name[16];
        snprintf(name, sizeof name, "jti-%d", i);
        assert_int_equal(store_jti_seen(f->st, SLICE("i"), slice_of(name), 1000), ERR_JWT_REPLAY);
    }
}

/* The status is how many were taken; told by the id of a client. */
static int bring_by_threads(const struct fixture *f, int number)
{
    (void)number;
    struct scene s = {.group = store_group_new(f->path, BUSY_MS)};
    all_threads(&s);
    store_group_free(s.group);
    char text[32];
    struct client c = fixture_client(text);
    struct store *st = NULL;
    snprintf(text, sizeof text, "process-%d-%d", (int)getpid(), s.accepted);
    bool told = store_open(f->path, BUSY_MS, &st) == ERR_OK && store_client_add(st, &c) == ERR_OK;
    store_close(st);
    return told && s.other == 0 ? 0 : 1;
}

static bool add_up(const struct client *c, void *context)
{
    int *sum = context;
    *sum += (int)strtol(strrchr(c->id, '-') + 1, NULL, 10);
    return true;
}

static void each_is_taken_once_by_all_processes(void **state)
{
    struct fixture *f = *state;
    int sum = 0;
    assert_int_equal(run_processes(3, bring_by_threads, f), 3);
    assert_int_equal(store_client_list(f->st, add_up, &sum), ERR_OK);
    assert_int_equal(sum, EACH);
}

static enum err fail_after_writing(struct store *st, void *context)
{
    return note_jti(st, context) == ERR_OK ? ERR_STORE : ERR_INTERNAL;
}

static enum err refuse(struct store *st, void *context)
{
    (void)st;
    (void)context;
    return ERR_INTERNAL;
}

static void what_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char name[] = "one";
    struct store_group *g = store_group_new(f->path, BUSY_MS);
    assert_int_equal(store_group_run(g, fail_after_writing, name), ERR_STORE);
    assert_int_equal(store_jti_seen(f->st, SLICE("i"), SLICE("one"), 1000), ERR_OK);
    assert_int_equal(store_group_run(g, refuse, NULL), ERR_INTERNAL);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_OK);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_JWT_REPLAY);
    store_group_free(g);
}

static void it_follows_the_file(void **state)
{
    struct fixture *f = *state;
    char name[] = "one";
    struct store_group *g = store_group_new(f->path, BUSY_MS);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_OK);
    store_close(f->st);
    f->st = NULL;
    fixture_forget_files(f);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_STORE);
    assert_int_equal(store_create(f->path, BUSY_MS, &f->st), ERR_OK);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_OK);
    assert_int_equal(store_jti_seen(f->st, SLICE("i"), SLICE("one"), 1000), ERR_JWT_REPLAY);
    store_group_free(g);
}

static void a_lock_is_waited_for_no_longer_than_told(void **state)
{
    struct fixture *f = *state;
    char name[] = "one";
    struct store_group *g = store_group_new(f->path, 50);
    assert_int_equal(store_begin(f->st), ERR_OK);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_STORE);
    assert_int_equal(store_end(f->st, ERR_OK), ERR_OK);
    assert_int_equal(store_group_run(g, note_jti, name), ERR_OK);
    store_group_free(g);
    store_group_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(each_is_taken_once_by_all_threads),
        WITH(each_is_taken_once_by_all_processes),
        WITH(what_fails_leaves_nothing),
        WITH(it_follows_the_file),
        WITH(a_lock_is_waited_for_no_longer_than_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
