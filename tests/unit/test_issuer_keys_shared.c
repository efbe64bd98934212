#include "issuer_scene.h"

#include <sys/wait.h>

struct request {
    pthread_t id;
    struct scene *scene;
    const struct jws *jws;
    int64_t now;
    enum err result;
    atomic_bool ended;
};

static void *request_main(void *argument)
{
    struct request *r = argument;
    struct store *st = NULL;
    r->result = store_open(r->scene->t->site->conf.store_path, 10000, &st);
    if (r->result == ERR_OK)
        r->result = issuer_keys_verify(r->scene->keys, st, r->jws, r->now);
    store_close(st);
    atomic_store(&r->ended, true);
    return NULL;
}

static void begin_request(struct request *r, struct scene *s, const struct jws *jws, int64_t now)
{
    *r = (struct request){.scene = s, .jws = jws, .now = now};
    assert_int_equal(pthread_create(&r->id, NULL, request_main, r), 0);
}

static enum err end_request(struct request *r)
{
    assert_int_equal(pthread_join(r->id, NULL), 0);
    return r->result;
}

/* A server that takes connections and does not answer holds up nobody whose key is known. */
static void known_keys_do_not_wait(void **state)
{
    struct scene s;
    struct request waiting;
    begin(&s, state, "timeout = 30s\n");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    web_put(s.t->web, "/jwks", 200, "", NULL);
    begin_request(&waiting, &s, &s.by_b, NOW + 50);
    WAIT_UNTIL(asked(&s) == 2);
    /* Also when it is time for a renewal in the background, which must not wait for the other. */
    for (int64_t now = NOW + 50; now < NOW + 100; now++)
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
    assert_false(atomic_load(&waiting.ended));
    assert_int_equal(asked(&s), 2);
    web_release(s.t->web);
    assert_int_equal(end_request(&waiting), ERR_KEYS);
    /* Once it is known to be out of reach nobody waits, and known keys go on. */
    for (int64_t now = NOW + 60; now < NOW + 5000; now += 10) {
        assert_int_equal(verify(&s, &s.by_b, now), ERR_KEYS);
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
    }
    let_go(&s);
    end(&s);
}

/* The renewal hangs beyond the end of the set. */
static void known_keys_do_not_wait_for_a_renewal(void **state)
{
    struct scene s;
    begin(&s, state, "timeout = 30s\n");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    web_put(s.t->web, "/jwks", 200, "", NULL);
    assert_int_equal(verify(&s, &s.by_a, NOW + 90), ERR_OK);
    WAIT_UNTIL(asked(&s) == 2);
    for (int64_t now = NOW + 90; now < NOW + 110; now++)
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
    assert_int_equal(asked(&s), 2);
    assert_false(atomic_load(&s.keys->failing)); /* it still hangs */
    let_go(&s);
    end(&s);
}

/* Nobody who comes with the new key meanwhile is refused. */
static void requests_share_one_fetch(void **state)
{
    struct scene s;
    struct request requests[8];
    begin(&s, state, "timeout = 30s\n");
    publish(&s, MAX_AGE, s.a, s.b);
    for (size_t i = 0; i < COUNT(requests); i++)
        begin_request(&requests[i], &s, i % 2 == 0 ? &s.by_a : &s.by_b, NOW);
    for (size_t i = 0; i < COUNT(requests); i++)
        assert_int_equal(end_request(&requests[i]), ERR_OK);
    assert_int_equal(asked(&s), 1);
    end(&s);
}

/* A child of fork(): its own state, its own connection to the store. */
static int verify_in_child(struct scene *s, const struct jws *jws, int64_t now)
{
    struct store *st = NULL;
    struct issuer_keys *keys = issuer_keys_new(&s->t->site->conf, &s->t->site->conf.issuers[0]);
    enum err e = store_open(s->t->site->conf.store_path, 10000, &st);
    if (e == ERR_OK)
        e = issuer_keys_verify(keys, st, jws, now);
    store_close(st);
    issuer_keys_free(keys);
    return (int)e;
}

static void of_many_processes_one_fetches(void **state)
{
    enum { PROCESSES = 20 };
    struct scene s;
    begin(&s, state, "timeout = 30s\n");
    for (int round = 0; round < 2; round++) {
        int good = 0, status = 0, gate[2];
        web_settle(s.t->web); /* and it stays so: they begin when all are there */
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < PROCESSES; i++) {
            char end_of_file;
            pid_t child = fork();
            assert_true(child >= 0);
            if (child != 0)
                continue;
            close(gate[1]);
            if (read(gate[0], &end_of_file, 1) == 0)
                _exit(verify_in_child(&s, i % 2 == 0 ? &s.by_a : &s.by_b, NOW + 30 * round));
            _exit(ERR_INTERNAL);
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < PROCESSES; i++) {
            assert_true(wait(&status) > 0);
            good += WIFEXITED(status) && WEXITSTATUS(status) == ERR_OK;
        }
        /* In the second round the key of the other half is new. */
        assert_int_equal(good, round == 0 ? PROCESSES / 2 : PROCESSES);
        assert_int_equal(asked(&s), round + 1);
        publish(&s, MAX_AGE, s.a, s.b);
    }
    end(&s);
}

/* Another process has the turn; what it fetches is taken from the store. */
static void what_another_process_fetches_is_waited_for(void **state)
{
    struct scene s;
    struct request waiting;
    begin(&s, state, "timeout = 30s\n");
    struct jwk *keys[] = {s.a, s.b};
    struct slice name = slice_of(s.keys->document);
    assert_int_equal(store_fetch_begin(s.t->site->st, name, NOW, NOW + 100), ERR_OK);
    begin_request(&waiting, &s, &s.by_b, NOW);
    nap();
    assert_false(atomic_load(&waiting.ended));
    struct store_fetch row = {
        .url = s.keys->document, .next_at = NOW + 30, .fetched_at = NOW, .fresh_until = NOW + 60};
    assert_int_equal(
        store_fetch_done(s.t->site->st, slice_of(trust_set(s.t, keys, 2)), &row, NOW + 100),
        ERR_OK);
    assert_int_equal(end_request(&waiting), ERR_OK);
    assert_int_equal(asked(&s), 0);
    end(&s);
}

/* It died: its turn ends with its time, and no sooner.  The wait is bounded, and so its memory. */
static void a_process_that_dies_loses_its_turn(void **state)
{
    struct scene s;
    begin(&s, state, "timeout = 100ms\n");
    struct slice name = slice_of(s.keys->document);
    struct store_fetch row;
    ARENA(a, 1024);
    web_settle(s.t->web);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *st = NULL;
        enum err e = store_open(s.t->site->conf.store_path, 10000, &st);
        _exit(e == ERR_OK ? (int)store_fetch_begin(st, name, NOW, NOW + 17) : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(load_stored(s.keys, s.t->site->st, NOW, &a, &row), ERR_OK);
    assert_int_equal(row.busy_until, NOW + 17);
    assert_int_equal(wait_for_other(s.keys, s.t->site->st, NOW, &a, &row), ERR_OK);
    assert_int_equal(row.busy_until, NOW + 17);
    assert_int_equal(asked(&s), 0);
    assert_int_equal(verify(&s, &s.by_a, NOW + 17), ERR_OK);
    assert_int_equal(asked(&s), 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(known_keys_do_not_wait),
        TRUST(known_keys_do_not_wait_for_a_renewal),
        TRUST(requests_share_one_fetch),
        TRUST(of_many_processes_one_fetches),
        TRUST(what_another_process_fetches_is_waited_for),
        TRUST(a_process_that_dies_loses_its_turn),
    };
    return cmocka_run_group_tests_name("issuer_keys_shared", tests, NULL, NULL);
}
