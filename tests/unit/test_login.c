#include "client_fixture.h"

#include "login.h"

#define HERE  SLICE("192.0.2.1")
#define THERE SLICE("192.0.2.2")

struct
try {
    struct site *s;
    int64_t now, wait_s;
    struct login login;
};

static enum err begin(struct try *t, const char *id, struct slice address)
{
    t->wait_s = 0;
    return login_begin(t->s->st, &t->s->conf, slice_of(id), address, t->now, &t->login, &t->wait_s);
}

static void fails(struct try *t, const char *id, struct slice address)
{
    assert_int_equal(begin(t, id, address), ERR_OK);
    assert_int_equal(login_failed(t->s->st, &t->s->conf, &t->login, t->now), ERR_OK);
}

/* As somebody who waits as long as he is told. */
static void fail_patiently(struct try *t, const char *id, struct slice address, int times)
{
    for (int i = 0; i < times; i++) {
        if (begin(t, id, address) == ERR_LOCKED)
            t->now += t->wait_s;
        fails(t, id, address);
    }
}

static void failures_slow_then_lock_here_only(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    static const int64_t waits[] = {0, 0, 0, 0, 1, 2, 4, 8, 16, 300};
    for (size_t i = 0; i < COUNT(waits); i++) {
        fail_patiently(&t, "a", HERE, 1);
        assert_int_equal(begin(&t, "a", HERE), waits[i] > 0 ? ERR_LOCKED : ERR_OK);
        assert_int_equal(t.wait_s, waits[i]);
        assert_int_equal(begin(&t, "a", THERE), ERR_OK);
        assert_int_equal(begin(&t, "b", HERE), ERR_OK);
    }
    t.now += 299;
    assert_int_equal(begin(&t, "a", HERE), ERR_LOCKED);
    assert_int_equal(t.wait_s, 1);
    t.now += 1;
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
    /* And the count begins anew. */
    fails(&t, "a", HERE);
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
    assert_int_equal(t.login.failures, 1);
}

static void a_success_clears_here_only(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    struct failed_logins failed;
    fails(&t, "a", HERE);
    fails(&t, "a", HERE);
    fails(&t, "a", THERE);
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
    assert_int_equal(t.login.failures, 2);
    login_succeeded(t.s->st, &t.login);
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
    assert_int_equal(t.login.failures, 0);
    assert_int_equal(store_failed_login_get(t.s->st, SLICE("a"), &failed), ERR_OK);
    assert_int_equal(failed.count, 1);
}

/* However many ids are tried, and however few rows are kept of them. */
static void many_ids_lock_the_address(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    char id[16];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "%d", i);
        fails(&t, id, HERE);
        t.now += i % 2;
    }
    t.now--; /* when the last one was */
    for (int i = 0; i < 3; i++)
        assert_int_equal(begin(&t, "a", HERE), ERR_LOCKED);
    assert_int_equal(t.wait_s, 300);
    assert_int_equal(begin(&t, "a", THERE), ERR_OK);
    assert_int_equal(store_failed_login_clear_at(t.s->st, slice_of(id), HERE), ERR_OK);
    t.now += 299;
    assert_int_equal(begin(&t, "a", HERE), ERR_LOCKED);
    t.now += 1;
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
}

/* A handful now and then, as from a large network, never adds up to a lock. */
static void failures_of_an_address_are_forgotten(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    char id[16];
    for (int i = 0; i < 300; i++, t.now += 4) { /* 75 in each lock_time */
        snprintf(id, sizeof id, "%d", i);
        fails(&t, id, HERE);
    }
    assert_int_equal(begin(&t, "a", HERE), ERR_OK);
}

static void a_64_is_one_address(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    char address[64];
    for (int i = 0; i < 5; i++) {
        snprintf(address, sizeof address, "2001:db8:1:2:%d::%d", i, i);
        fails(&t, "a", slice_of(address));
    }
    assert_int_equal(begin(&t, "a", SLICE("2001:db8:1:2:ffff::1")), ERR_LOCKED);
    assert_int_equal(begin(&t, "a", SLICE("2001:db8:1:3::1")), ERR_OK);
}

static void who_is_exempt_is_counted_and_never_locked(void **state)
{
    struct try t = {.s = *state, .now = SITE_NOW};
    struct failed_logins failed;
    for (int i = 0; i < 150; i++)
        fails(&t, "a", i % 2 ? SLICE("127.0.0.1") : SLICE("::1"));
    assert_int_equal(begin(&t, "a", SLICE("127.0.0.1")), ERR_OK);
    assert_int_equal(store_failed_login_get(t.s->st, SLICE("a"), &failed), ERR_OK);
    assert_int_equal(failed.count, 150);
    t.s->conf.failed_logins = 0;
    for (int i = 0; i < 150; i++)
        fails(&t, "a", HERE);
}

static void without_a_store_nobody_begins(void **state)
{
    struct site *s = *state;
    struct store *none;
    struct login login;
    int64_t wait_s;
    assert_int_equal(store_open("/nonexistent/store.db", 100, &none), ERR_STORE);
    assert_int_equal(login_begin(none, &s->conf, SLICE("a"), HERE, SITE_NOW, &login, &wait_s),
                     ERR_STORE);
    assert_int_equal(login_failed(none, &s->conf, &login, SITE_NOW), ERR_STORE);
    store_close(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(failures_slow_then_lock_here_only),
        SITE(a_success_clears_here_only),
        SITE(many_ids_lock_the_address),
        SITE(failures_of_an_address_are_forgotten),
        SITE(a_64_is_one_address),
        SITE(who_is_exempt_is_counted_and_never_locked),
        SITE(without_a_store_nobody_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
