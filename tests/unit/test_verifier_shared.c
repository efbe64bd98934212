/* Verifiers as of several processes of one server: what one has verified, the others know. */
#include "verifier_fixture.h"

/* One process, which has answered a request before. */
struct process {
    struct verifier *v;
    struct store *store;
    int statements; /* a token that is verified costs one at least */
};

static void begin(struct process *p, const struct config *conf, struct slice first)
{
    *p = (struct process){.v = verifier_new(conf)};
    assert_non_null(p->v);
    assert_int_equal(check_at(p->v, &p->store, first, SITE_NOW), ERR_OK);
    count_statements(p->store, &p->statements);
}

static void end(struct process *p)
{
    store_close(p->store);
    verifier_free(p->v);
}

/* What was it worth to know this token?  True: it was not verified. */
static bool knows(struct process *p, struct slice token, int64_t now)
{
    p->statements = 0;
    assert_int_equal(check_at(p->v, &p->store, token, now), ERR_OK);
    return p->statements == 0;
}

static enum err ask(struct process *p, struct slice token, int64_t now)
{
    return check_at(p->v, &p->store, token, now);
}

struct scene {
    struct site *s;
    struct slice first, token;
    struct process one, two;
};

static void set(struct scene *c, void **state)
{
    c->s = *state;
    site_add_client(c->s, "a", "system/*.rs");
    c->first = site_token(c->s, "a", "first", SITE_NOW, SITE_NOW + 300);
    c->token = site_token(c->s, "a", "j", SITE_NOW, SITE_NOW + 300);
    begin(&c->one, &c->s->conf, c->first);
    begin(&c->two, &c->s->conf, c->first);
}

static void clear(struct scene *c)
{
    end(&c->one);
    end(&c->two);
}

static const char *file_of(const struct site *s)
{
    static char name[128];
    snprintf(name, sizeof name, "%s/store.db-verified", s->directory);
    return name;
}

static void a_token_is_verified_once(void **state)
{
    struct scene c;
    set(&c, state);
    assert_false(knows(&c.one, c.token, SITE_NOW));
    assert_true(knows(&c.two, c.token, SITE_NOW));
    assert_true(knows(&c.two, c.token, SITE_NOW)); /* and then by itself, too */
    assert_int_equal(unlink(file_of(c.s)), 0);     /* at any time */
    assert_true(knows(&c.two, c.token, SITE_NOW));
    clear(&c);
}

static void a_process_starts_warm(void **state)
{
    struct scene c;
    struct process later;
    set(&c, state);
    assert_false(knows(&c.one, c.token, SITE_NOW));
    clear(&c); /* the server ends */
    begin(&later, &c.s->conf, c.first);
    assert_true(knows(&later, c.token, SITE_NOW));
    end(&later);
}

/* In one process by way of the store, and refused in the other on the next request. */
static void what_is_revoked_in_one_is_refused_by_all(void **state)
{
    struct scene c;
    struct process later;
    set(&c, state);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_true(knows(&c.two, c.token, SITE_NOW));
    assert_int_equal(store_revoke(c.s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    begin(&later, &c.s->conf, c.first); /* nor by one that has never seen it */
    assert_int_equal(ask(&later, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    end(&later);
    clear(&c);
}

/* Each with a token of its own that both know before. */
static void each_change_of_the_store_counts(void **state)
{
    struct scene c;
    set(&c, state);
    struct client changed = site_client("a", "system/*.rs");
    changed.enabled = false;
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(store_client_update(c.s->st, &changed), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    changed.enabled = true;
    assert_int_equal(store_client_update(c.s->st, &changed), ERR_OK);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(store_key_remove(c.s->st, slice_of(c.s->key->kid)), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW), ERR_KEYS);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_KEYS);
    clear(&c);
}

/* As after a crash: the change was committed, and its count died with the writer. */
static void without_the_signals_count_the_epoch_counts(void **state)
{
    struct scene c;
    set(&c, state);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(sqlite3_exec(c.s->st->db,
                                  "BEGIN; INSERT INTO revocation VALUES (x'6a', 1800000300);"
                                  "UPDATE meta SET epoch = epoch + 1; COMMIT",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW + 1), ERR_TOKEN_REVOKED);
    clear(&c);
}

/* A backup that is restored brings an epoch back, and then another change with the same one. */
static void an_epoch_that_comes_again_is_another(void **state)
{
    struct scene c;
    struct process later;
    set(&c, state);
    assert_int_equal(store_revoke(c.s->st, SLICE("x"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(ask(&c.two, c.first, SITE_NOW), ERR_OK);
    assert_true(knows(&c.two, c.token, SITE_NOW));
    assert_int_equal(
        sqlite3_exec(c.s->st->db, "UPDATE meta SET epoch = epoch - 1", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(store_revoke(c.s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    begin(&later, &c.s->conf, c.first);
    assert_int_equal(ask(&later, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    end(&later);
    clear(&c);
}

static void another_configuration_is_another_matter(void **state)
{
    struct scene c;
    struct process other;
    char text[2048];
    static struct config conf;
    set(&c, state);
    assert_false(knows(&c.one, c.token, SITE_NOW));
    snprintf(text, sizeof text,
             "[store]\npath = %s\n[token-endpoint]\nissuer = " SITE_ISSUER "\nkeys = %s\n"
             "[fhir \"main\"]\nbase = " SITE_FHIR "\n# one byte more\n",
             c.s->conf.store_path, c.s->conf.key_dir);
    config_of(text, &conf);
    begin(&other, &conf, c.first);
    assert_false(knows(&other, c.token, SITE_NOW));
    assert_true(knows(&c.two, c.token, SITE_NOW)); /* both have their place in the file */
    end(&other);
    clear(&c);
}

static void without_a_cache_nothing_is_shared(void **state)
{
    struct scene c;
    struct process bare;
    set(&c, state);
    assert_false(knows(&c.one, c.token, SITE_NOW));
    struct config conf = c.s->conf;
    conf.token_cache = 0;
    begin(&bare, &conf, c.first);
    assert_false(knows(&bare, c.token, SITE_NOW));
    end(&bare);
    clear(&c);
    assert_int_equal(unlink(file_of(c.s)), 0);
    begin(&bare, &conf, c.first);
    assert_int_not_equal(access(file_of(c.s), F_OK), 0);
    end(&bare);
}

static void without_a_signal_nothing_is_shared(void **state)
{
    struct scene c;
    char signal[128];
    set(&c, state);
    snprintf(signal, sizeof signal, "%s/store.db-signal", c.s->directory);
    assert_int_equal(unlink(signal), 0);
    assert_int_equal(ask(&c.one, c.first, SITE_NOW + 1), ERR_OK);
    assert_int_equal(ask(&c.two, c.first, SITE_NOW + 1), ERR_OK);
    assert_false(knows(&c.one, c.token, SITE_NOW + 1));
    assert_false(knows(&c.two, c.token, SITE_NOW + 1));
    clear(&c);
}

static void what_cannot_be_shared_hurts_nobody(void **state)
{
    struct scene c;
    c.s = *state;
    assert_int_equal(symlink("/nowhere/at/all", file_of(c.s)), 0);
    set(&c, state);
    assert_false(knows(&c.one, c.token, SITE_NOW));
    assert_false(knows(&c.two, c.token, SITE_NOW));
    assert_true(knows(&c.two, c.token, SITE_NOW));
    assert_int_equal(store_revoke(c.s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW), ERR_TOKEN_REVOKED);
    clear(&c);
}

/* Also for a process that started after that, and whose own clock never went back. */
static void a_clock_that_was_set_back_ends_what_was_known(void **state)
{
    struct scene c;
    struct process later;
    set(&c, state);
    struct slice token = site_token(c.s, "a", "k", SITE_NOW - 1000, SITE_NOW + 300);
    assert_int_equal(ask(&c.one, token, SITE_NOW + 100), ERR_OK);
    assert_int_equal(ask(&c.two, c.first, SITE_NOW + 50), ERR_OK); /* it goes back */
    begin(&later, &c.s->conf, c.first);
    assert_int_equal(ask(&later, c.first, SITE_NOW + 100), ERR_OK);
    assert_false(knows(&later, token, SITE_NOW + 100)); /* the same second comes again */
    end(&later);
    clear(&c);
}

static void a_token_that_has_expired_is_refused_by_all(void **state)
{
    struct scene c;
    set(&c, state);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW + 299), ERR_OK);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW + 300), ERR_JWT_EXPIRED);
    clear(&c);
}

static void without_a_store_nothing_passes(void **state)
{
    struct scene c;
    char away[128];
    set(&c, state);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    snprintf(away, sizeof away, "%s/away.db", c.s->directory);
    assert_int_equal(rename(c.s->conf.store_path, away), 0);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW + 1), ERR_STORE);
    assert_int_equal(rename(away, c.s->conf.store_path), 0);
    assert_int_equal(ask(&c.two, c.token, SITE_NOW + 2), ERR_OK);
    clear(&c);
}

static void set_signal(const struct site *s, uint64_t count)
{
    char name[128];
    snprintf(name, sizeof name, "%s/store.db-signal", s->directory);
    int fd = open(name, O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, &count, sizeof count, 0) == sizeof count && close(fd) == 0);
}

/* Another one in its place, which has come to the same epoch, and knows nothing of that client. */
static void another_store_is_another_matter(void **state)
{
    struct scene c;
    struct store *other = NULL;
    struct process later;
    char away[128], sql[128];
    int64_t epoch = 0;
    set(&c, state);
    struct client b = site_client("b", "system/*.rs");
    assert_int_equal(ask(&c.one, c.token, SITE_NOW), ERR_OK);
    assert_int_equal(store_epoch(c.s->st, &epoch), ERR_OK);
    uint64_t count = signal_count(c.one.v);
    snprintf(away, sizeof away, "%s/away.db", c.s->directory);
    assert_int_equal(rename(c.s->conf.store_path, away), 0);
    assert_int_equal(store_create(c.s->conf.store_path, 1000, &other), ERR_OK);
    assert_int_equal(store_client_add(other, &b), ERR_OK);
    snprintf(sql, sizeof sql, "UPDATE meta SET epoch = %lld", (long long)epoch);
    assert_int_equal(sqlite3_exec(other->db, sql, NULL, NULL, NULL), SQLITE_OK);
    store_close(other);
    set_signal(c.s, count); /* which would have told them apart, too */
    later = (struct process){.v = verifier_new(&c.s->conf)};
    assert_int_equal(ask(&later, c.token, SITE_NOW), ERR_KEYS);
    end(&later);
    clear(&c);
}

/* A signal that takes another's place again and again is followed for a while, then no more. */
static void signals_are_kept_and_bounded(void **state)
{
    struct scene c;
    char signal[128], old[140];
    struct stat sb;
    set(&c, state);
    snprintf(signal, sizeof signal, "%s/store.db-signal", c.s->directory);
    snprintf(old, sizeof old, "%s.old", signal);
    assert_int_equal(stat(c.s->conf.store_path, &sb), 0);
    for (int i = 1; i < SIGNALS + 5; i++) {
        assert_int_equal(rename(signal, old), 0); /* its inode is not taken again */
        assert_true(store_signal_make(c.s->conf.store_path, &sb));
        assert_int_equal(ask(&c.one, c.token, SITE_NOW + i), ERR_OK);
        bool has = atomic_load(&c.one.v->signal) != NULL;
        assert_int_equal(has, i < SIGNALS);
    }
    assert_int_equal(store_revoke(c.s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(ask(&c.one, c.token, SITE_NOW + SIGNALS + 5), ERR_TOKEN_REVOKED);
    clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_token_is_verified_once),
        SITE(a_process_starts_warm),
        SITE(what_is_revoked_in_one_is_refused_by_all),
        SITE(each_change_of_the_store_counts),
        SITE(without_the_signals_count_the_epoch_counts),
        SITE(an_epoch_that_comes_again_is_another),
        SITE(another_configuration_is_another_matter),
        SITE(without_a_cache_nothing_is_shared),
        SITE(without_a_signal_nothing_is_shared),
        SITE(what_cannot_be_shared_hurts_nobody),
        SITE(a_clock_that_was_set_back_ends_what_was_known),
        SITE(a_token_that_has_expired_is_refused_by_all),
        SITE(without_a_store_nothing_passes),
        SITE(another_store_is_another_matter),
        SITE(signals_are_kept_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
