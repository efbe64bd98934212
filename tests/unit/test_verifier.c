#include "verifier_fixture.h"

static void facts_come_from_the_store_and_then_from_the_cache(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    struct store *first = mine;
    assert_non_null(first);
    for (int i = 0; i < 5; i++)
        assert_int_equal(check_at(v, &mine, token, SITE_NOW + i), ERR_OK);
    assert_ptr_equal(mine, first);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 299), ERR_OK);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 300), ERR_JWT_EXPIRED);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK); /* the clock was set back */
    store_close(mine);
    verifier_free(v);
    verifier_free(NULL);
}

static void what_is_no_token_is_refused(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    static const struct {
        int line;
        const char *token;
        enum err why;
    } rows[] = {
        /* no dot: opaque, and the store knows of none */
        {__LINE__, "", ERR_TOKEN_INACTIVE},
        {__LINE__, "a", ERR_TOKEN_INACTIVE},
        {__LINE__, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ERR_TOKEN_INACTIVE},
        {__LINE__, "a.b", ERR_JWT_FORM},
        {__LINE__, "..", ERR_JSON},
        /* five parts: encrypted */
        {__LINE__, "a.b.c.d.e", ERR_BASE64},
        {__LINE__, "e30.e30.e30", ERR_JWT_FORM},
        {__LINE__, "eyJhbGciOiJub25lIn0.e30.", ERR_JWT_ALG},
        {__LINE__, "eyJhbGciOiJOb05lIn0.e30.AA", ERR_JWT_ALG},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_err(rows[i].line, check_at(v, &mine, slice_of(rows[i].token), SITE_NOW), rows[i].why);
    char *large = malloc(JWS_MAX_BYTES + 1);
    assert_non_null(large);
    memset(large, 'a', JWS_MAX_BYTES + 1);
    large[1] = '.';
    assert_int_equal(check_at(v, &mine, (struct slice){large, JWS_MAX_BYTES + 1}, SITE_NOW),
                     ERR_TOO_LARGE);
    assert_int_equal(check_at(v, &mine, (struct slice){large, JWS_MAX_BYTES}, SITE_NOW),
                     ERR_JWT_FORM);
    free(large);
    store_close(mine);
    verifier_free(v);
}

static void a_new_key_counts_at_once(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    struct keyring ring = site_keyring(s);
    char kid[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    site_add_client(s, "a", "system/*.rs");
    struct slice old = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, old, SITE_NOW), ERR_OK);
    ring.keep_retired_s = 2000;
    assert_int_equal(keyring_rotate(&ring, kid, &fault), ERR_OK);
    site_take_key(s);
    assert_string_equal(s->key->kid, kid);
    struct slice token = site_token(s, "a", "k", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    assert_int_equal(check_at(v, &mine, old, SITE_NOW), ERR_OK);
    store_close(mine);
    verifier_free(v);
}

static void without_a_store_nothing_passes(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL;
    struct verifier *v = verifier_new(&s->conf);
    char away[128];
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    snprintf(away, sizeof away, "%s/away.db", s->directory);

    assert_int_equal(rename(s->conf.store_path, away), 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_STORE);
    assert_null(mine);
    assert_int_equal(rename(away, s->conf.store_path), 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_STORE); /* looked at this second */
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_OK);

    /* What is cached does not pass either. */
    assert_int_equal(rename(s->conf.store_path, away), 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 2), ERR_STORE);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 3), ERR_STORE);
    assert_int_equal(rename(away, s->conf.store_path), 0);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 4), ERR_OK);
    store_close(mine);
    verifier_free(v);
}

/* Another store in the place of the old: what was cached from that is void. */
static void a_replaced_store_is_noticed(void **state)
{
    struct site *s = *state;
    struct store *mine = NULL, *other;
    struct verifier *v = verifier_new(&s->conf);
    char away[128];
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW), ERR_OK);
    snprintf(away, sizeof away, "%s/away.db", s->directory);
    assert_int_equal(rename(s->conf.store_path, away), 0);
    int64_t old_epoch, epoch;
    assert_int_equal(store_epoch(s->st, &old_epoch), ERR_OK);
    assert_int_equal(store_create(s->conf.store_path, 1000, &other), ERR_OK);
    do { /* epochs are times; two stores of one millisecond are no case of real life */
        assert_int_equal(store_revoke(other, SLICE("x"), SITE_NOW), ERR_OK);
        assert_int_equal(store_epoch(other, &epoch), ERR_OK);
    } while (epoch <= old_epoch);
    store_close(other);
    assert_int_equal(check_at(v, &mine, token, SITE_NOW + 1), ERR_KEYS);
    store_close(mine);
    verifier_free(v);
}

/* ---- many threads ---- */

#define THREADS 4
#define ROUNDS  300

struct crowd {
    struct verifier *v;
    struct slice tokens[4]; /* the last is forged */
    unsigned seed;
    bool wrong;
};

static void *verify_many(void *argument)
{
    struct crowd *me = argument;
    struct store *mine = NULL;
    struct arena a;
    if (!arena_init(&a, 65536)) {
        me->wrong = true;
        return NULL;
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct token out;
        unsigned which = (i + me->seed) % 4;
        enum err e = verifier_check(me->v, &mine, me->tokens[which], SITE_NOW + i / 50, &a, &out);
        char jti[] = {(char)('0' + which), '\0'};
        bool good = which == 3 ? e == ERR_JWT_SIGNATURE
                               : e == ERR_TOKEN_REVOKED || (e == ERR_OK && slice_is(out.jti, jti));
        me->wrong |= !good;
        arena_reset(&a);
    }
    arena_free(&a);
    store_close(mine);
    return NULL;
}

static void threads_share_one_verifier(void **state)
{
    struct site *s = *state;
    struct verifier *v = verifier_new(&s->conf);
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    char forged[2048];
    struct slice tokens[4];
    site_add_client(s, "a", "system/*.rs");
    for (unsigned i = 0; i < 3; i++) {
        char jti[] = {(char)('0' + i), '\0'};
        tokens[i] = site_token(s, "a", jti, SITE_NOW, SITE_NOW + 300);
    }
    assert_true(tokens[0].n < sizeof forged);
    memcpy(forged, tokens[0].p, tokens[0].n);
    tokens[3] = (struct slice){forged, tokens[0].n};
    size_t last = tokens[0].n - 10;
    forged[last] = forged[last] == 'A' ? 'B' : 'A';
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.v = v, .seed = i};
        memcpy(crowd[i].tokens, tokens, sizeof tokens);
        assert_int_equal(pthread_create(&threads[i], NULL, verify_many, &crowd[i]), 0);
    }
    /* The store changes under their feet, and its signal is made anew. */
    for (int i = 0; i < 20; i++) {
        char jti[16], signal[128];
        snprintf(signal, sizeof signal, "%s/store.db-signal", s->directory);
        if (i % 5 == 4)
            assert_int_equal(unlink(signal), 0);
        snprintf(jti, sizeof jti, i == 10 ? "2" : "x%d", i);
        assert_int_equal(store_revoke(s->st, slice_of(jti), SITE_NOW + 300), ERR_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(crowd[i].wrong);
    }
    verifier_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(facts_come_from_the_store_and_then_from_the_cache),
        SITE(what_is_no_token_is_refused),
        SITE(a_new_key_counts_at_once),
        SITE(without_a_store_nothing_passes),
        SITE(a_replaced_store_is_noticed),
        SITE(threads_share_one_verifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
