/* When a change of the store counts. */
#include "verifier_fixture.h"

/* In its place lies something that cannot be one. */
static void without_signal(struct site *s)
{
    char name[128];
    snprintf(name, sizeof name, "%s/store.db-signal", s->directory);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink("/nowhere/at/all", name), 0);
}

/* Should there be no signal, a change may go unseen within the second of the last look. */
static void without_a_signal_a_change_counts_from_the_next_second_on(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    int64_t now = SITE_NOW;
    without_signal(s);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, now), ERR_OK);

    struct client changed = site_client("a", "system/*.rs");
    changed.enabled = false;
    assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, ++now), ERR_TOKEN_REVOKED);
    changed.enabled = true;
    assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, ++now), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, ++now), ERR_TOKEN_REVOKED);

    struct slice other = site_token(s, "a", "k", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, other, now), ERR_OK);
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(check_at(v, &mine, other, ++now), ERR_KEYS);
    store_close(mine);
    verifier_free(v);
}

/* With one it counts at once: all of this is one second, and one token that is cached. */
static void a_change_counts_at_once(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    struct client changed = site_client("a", "system/*.rs");
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
        changed.enabled = false;
        assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
        assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_TOKEN_REVOKED);
        changed.enabled = true;
        assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    }
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

/* And the store is not asked as long as nothing changes. */
static void a_cached_token_costs_no_statement(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    int statements = 0;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    count_statements(mine, &statements);
    for (int i = 0; i < 100; i++)
        assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(statements, 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_OK);
    assert_int_equal(statements, 1); /* the look of the second */
    assert_int_equal(store_revoke(s->st, SLICE("other"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_OK);
    assert_int_equal(statements, 4); /* one more, the keys, the token */
    store_close(mine);
    verifier_free(v);
}

/* A signal that was removed and made anew is followed from the next look on. */
static void a_new_signal_is_found(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    char name[128];
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    snprintf(name, sizeof name, "%s/store.db-signal", s->directory);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_OK);
    assert_null(atomic_load(&v->signal));
    assert_int_equal(store_revoke(s->st, SLICE("other"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 2), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 2), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

/* A writer that died between its commit and its count. */
static void what_the_signal_missed_counts_from_the_next_second_on(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(sqlite3_exec(s->st->db,
                                  "BEGIN; INSERT INTO revocation VALUES (x'6a', 1800000300);"
                                  "UPDATE meta SET epoch = epoch + 1; COMMIT",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

static void an_opaque_token_is_cached_and_revoked_like_any(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    s->conf.require_encryption = true; /* of no concern to it */
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_opaque(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    int statements = 0;
    count_statements(mine, &statements);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(statements, 0);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_TOKEN_REVOKED);
    struct slice other = site_opaque(s, "a", "k", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, other, SITE_NOW), ERR_OK);
    assert_int_equal(check_at(v, &mine, other, SITE_NOW + 300), ERR_JWT_EXPIRED);
    assert_int_equal(store_client_remove(s->st, SLICE("a")), ERR_OK);
    assert_int_equal(check_at(v, &mine, other, SITE_NOW), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

/* ---- a look that takes long ---- */

struct late {
    struct verifier *v;
    struct slice token;
    int64_t now;
    enum err result;
};

static void *check_late(void *argument)
{
    struct late *l = argument;
    struct store *mine = NULL;
    l->result = check_at(l->v, &mine, l->token, l->now);
    store_close(mine);
    return NULL;
}

/* A thread that comes while another hangs in its look, held up by a lock or a slow disk. */
static enum err check_during_a_look(struct verifier *v, struct slice token, int64_t now)
{
    struct late late = {.v = v, .token = token, .now = now};
    struct timespec until;
    pthread_t thread;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&v->refreshing);
    assert_int_equal(pthread_create(&thread, NULL, check_late, &late), 0);
    bool joined = pthread_timedjoin_np(thread, NULL, &until) == 0;
    pthread_mutex_unlock(&v->refreshing);
    if (!joined)
        assert_int_equal(pthread_join(thread, NULL), 0);
    return late.result;
}

static void nobody_goes_on_for_long_with_what_was_known(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW - 500, SITE_NOW + 300);
    without_signal(s);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);

    assert_int_equal(check_during_a_look(v, token, SITE_NOW + 1), ERR_OK);
    /* After two seconds, or when the clock was set back, it waits for the look. */
    assert_int_equal(check_during_a_look(v, token, SITE_NOW - 400), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);

    v = verifier_new(&s->conf);
    mine = NULL;
    struct slice other = site_token(s, "a", "k", SITE_NOW - 500, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, other, SITE_NOW), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("k"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_during_a_look(v, other, SITE_NOW + 2), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

/* With a signal nobody does: it may be about this very token. */
static void on_a_signal_all_wait_for_the_look(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(check_during_a_look(v, token, SITE_NOW + 1), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_during_a_look(v, token, SITE_NOW + 1), ERR_TOKEN_REVOKED);
    store_close(mine);
    verifier_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(without_a_signal_a_change_counts_from_the_next_second_on),
        SITE(a_change_counts_at_once),
        SITE(a_cached_token_costs_no_statement),
        SITE(a_new_signal_is_found),
        SITE(what_the_signal_missed_counts_from_the_next_second_on),
        SITE(an_opaque_token_is_cached_and_revoked_like_any),
        SITE(nobody_goes_on_for_long_with_what_was_known),
        SITE(on_a_signal_all_wait_for_the_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
