#include "issuer_scene.h"

static void a_set_is_fetched_once(void **state)
{
    struct scene s;
    begin(&s, state, "");
    struct jwk *evil = trust_key("ES256", "a"), *other = trust_key("ES384", "a");
    struct jws forged = trust_jws(s.t, evil), mismatched = trust_jws(s.t, other);
    for (int64_t now = NOW; now < NOW + 80; now++) {
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
        assert_int_equal(verify(&s, &forged, now), ERR_JWT_SIGNATURE);
        assert_int_equal(verify(&s, &mismatched, now), ERR_JWT_ALG);
    }
    assert_int_equal(asked(&s), 1);
    jwk_free(evil);
    jwk_free(other);
    end(&s);
}

static void a_new_process_fetches_nothing(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    for (int i = 0; i < 5; i++) {
        restart(&s);
        assert_int_equal(verify(&s, &s.by_a, NOW + 60 + i), ERR_OK);
    }
    /* Nor for a kid that is unknown while it is too early to ask again. */
    restart(&s);
    assert_int_equal(verify(&s, &s.by_b, NOW + ISSUER_KEYS_REFETCH_S - 1), ERR_JWT_KEY);
    assert_int_equal(asked(&s), 1);
    end(&s);
}

static const struct {
    int line;
    const char *jwks, *headers;
    int64_t lifetime_s;
} lifetimes[] = {
    {__LINE__, "", "", 300},
    {__LINE__, "", "Cache-Control: public\r\n", 300},
    {__LINE__, "", "Cache-Control: max-age=299\r\n", 299},
    {__LINE__, "", "Cache-Control: max-age=301\r\n", 300},
    {__LINE__, "", "Cache-Control: max-age=9223372036854775807\r\n", 300},
    {__LINE__, "", "Cache-Control: max-age=61\r\n", 61},
    {__LINE__, "", "Cache-Control: max-age=59\r\n", 60},
    {__LINE__, "", "Cache-Control: max-age=0\r\n", 60},
    {__LINE__, "", "Cache-Control: max-age=-5\r\n", 60},
    {__LINE__, "", "Cache-Control: max-age=soon\r\n", 60},
    {__LINE__, "", "Cache-Control: no-store\r\n", 60},
    {__LINE__, "", "Cache-Control: no-cache, max-age=200\r\n", 60},
    {__LINE__, "cache = 24h\n", "", 86400},
    {__LINE__, "cache = 24h\n", "Cache-Control: max-age=86401\r\n", 86400},
    {__LINE__, "cache = 10s\n", "", 60},
    {__LINE__, "cache = 0\n", "Cache-Control: max-age=600\r\n", 60},
};

static void how_long_a_set_is_kept_has_bounds(void **state)
{
    for (size_t i = 0; i < COUNT(lifetimes); i++) {
        struct scene s;
        int64_t now = NOW + 1000000 * (int64_t)i;
        begin(&s, state, lifetimes[i].jwks);
        publish(&s, lifetimes[i].headers, s.a, NULL);
        check_err(lifetimes[i].line, verify(&s, &s.by_a, now), ERR_OK);
        struct store_fetch row = row_of(&s);
        check_true(lifetimes[i].line, row.fetched_at == now, "fetched_at");
        check_true(lifetimes[i].line, row.fresh_until == now + lifetimes[i].lifetime_s,
                   "fresh_until");
        check_true(lifetimes[i].line, row.next_at == now + ISSUER_KEYS_REFETCH_S, "next_at");
        /* Then it is fetched anew, and what it no longer has does not count. */
        publish(&s, "", s.b, NULL);
        unsigned before = asked(&s);
        restart(&s);
        check_err(lifetimes[i].line, verify(&s, &s.by_a, now + lifetimes[i].lifetime_s - 1),
                  ERR_OK);
        issuer_keys_free(s.keys); /* with what it does in the background */
        s.keys = issuer_keys_new(&s.t->site->conf, &s.t->site->conf.issuers[0]);
        check_err(lifetimes[i].line, verify(&s, &s.by_a, now + lifetimes[i].lifetime_s),
                  ERR_JWT_KEY);
        check_true(lifetimes[i].line, asked(&s) > before, "it was asked for again");
        end(&s);
    }
}

static void a_kid_chooses_the_key(void **state)
{
    struct scene s;
    begin(&s, state, "");
    struct jwk *nameless = trust_key("ES256", "");
    struct jws by_nameless = trust_jws(s.t, nameless);
    assert_null(by_nameless.kid.p);
    /* Without a kid it is the only key, whatever its own name. */
    publish(&s, "", nameless, NULL);
    assert_int_equal(verify(&s, &by_nameless, NOW), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_JWT_KEY);
    publish(&s, "", nameless, s.a);
    assert_int_equal(verify(&s, &s.by_a, NOW + 30), ERR_OK);
    assert_int_equal(verify(&s, &by_nameless, NOW + 30), ERR_JWT_KEY);
    memcpy(nameless->kid, "n", 2);
    publish(&s, "", nameless, NULL);
    assert_int_equal(verify(&s, &by_nameless, NOW + 60), ERR_OK);
    jwk_free(nameless);
    end(&s);
}

static void a_rotation_is_picked_up_at_once(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    publish(&s, MAX_AGE, s.a, s.b);
    assert_int_equal(verify(&s, &s.by_b, NOW + ISSUER_KEYS_REFETCH_S), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW + ISSUER_KEYS_REFETCH_S), ERR_OK);
    assert_int_equal(asked(&s), 2);
    publish(&s, MAX_AGE, s.b, NULL); /* the old one is withdrawn */
    assert_int_equal(verify(&s, &s.by_a, NOW + ISSUER_KEYS_REFETCH_S + 79), ERR_OK);
    restart(&s);
    assert_int_equal(verify(&s, &s.by_a, NOW + ISSUER_KEYS_REFETCH_S + 100), ERR_JWT_KEY);
    assert_int_equal(verify(&s, &s.by_b, NOW + ISSUER_KEYS_REFETCH_S + 100), ERR_OK);
    end(&s);
}

static void unknown_kids_are_asked_for_seldom(void **state)
{
    struct scene s;
    begin(&s, state, "cache = 1h\n");
    publish(&s, "", s.a, NULL);
    assert_int_equal(verify(&s, &s.by_b, NOW), ERR_JWT_KEY);
    for (int64_t now = NOW; now < NOW + 4 * ISSUER_KEYS_REFETCH_S; now++) {
        assert_int_equal(verify(&s, &s.by_b, now), ERR_JWT_KEY);
        assert_int_equal(asked(&s), 1 + (now - NOW) / ISSUER_KEYS_REFETCH_S);
    }
    end(&s);
}

static void a_set_is_renewed_before_it_expires(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW + 79), ERR_OK);
    assert_int_equal(asked(&s), 1);
    assert_int_equal(verify(&s, &s.by_a, NOW + 80), ERR_OK); /* of 100 s */
    WAIT_UNTIL(asked(&s) == 2);
    WAIT_UNTIL(!atomic_load(&s.keys->in_background));
    assert_int_equal(row_of(&s).fetched_at, NOW + 80);
    for (int64_t now = NOW + 80; now < NOW + 160; now++)
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
    assert_int_equal(asked(&s), 2);
    /* A process that still has the set of before finds the new one, and fetches nothing. */
    s.keys->fetched_at = NOW + 40, s.keys->fresh_until = NOW + 140, s.keys->refresh_at = NOW + 120;
    atomic_store(&s.keys->look_at, 0);
    assert_int_equal(verify(&s, &s.by_a, NOW + 120), ERR_OK);
    WAIT_UNTIL(!atomic_load(&s.keys->in_background));
    assert_int_equal(s.keys->fetched_at, NOW + 80);
    assert_int_equal(asked(&s), 2);
    end(&s);
}

static void the_store_is_needed_only_to_fetch(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    struct store *good = s.t->site->st, *none = NULL;
    assert_int_equal(store_open("/nonexistent/store.db", 100, &none), ERR_STORE);
    s.t->site->st = none;
    assert_int_equal(verify(&s, &s.by_a, NOW + 1), ERR_OK);
    assert_int_equal(verify(&s, &s.by_b, NOW + 50), ERR_STORE);
    assert_int_equal(verify(&s, &s.by_a, NOW + 100), ERR_STORE);
    assert_int_equal(asked(&s), 1);
    s.t->site->st = good;
    store_close(none);
    assert_int_equal(verify(&s, &s.by_a, NOW + 100), ERR_OK);
    end(&s);
}

/* What lies in the store was written by ourselves, but another version may have. */
static void a_stored_set_that_cannot_be_read_is_fetched_anew(void **state)
{
    struct scene s;
    begin(&s, state, "");
    struct store_fetch row = {
        .url = s.keys->document, .next_at = NOW, .fetched_at = NOW, .fresh_until = NOW + 1000};
    assert_int_equal(store_fetch_begin(s.t->site->st, slice_of(row.url), NOW, NOW + 1), ERR_OK);
    assert_int_equal(store_fetch_done(s.t->site->st, SLICE("garbage"), &row, NOW + 2000), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW + 1), ERR_OK);
    assert_int_equal(asked(&s), 1);
    end(&s);
}

/* The host began with a clock that was years ahead; what it wrote then must not bind it. */
static void a_clock_that_was_wrong_is_forgotten(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW + 100000000), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK); /* the same process */
    assert_int_equal(asked(&s), 2);
    assert_int_equal(row_of(&s).fetched_at, NOW);
    publish(&s, "", s.a, s.b);
    assert_int_equal(verify(&s, &s.by_b, NOW + ISSUER_KEYS_REFETCH_S), ERR_OK);
    restart(&s);
    assert_int_equal(verify(&s, &s.by_b, NOW + 100000000), ERR_OK);
    restart(&s); /* another one */
    assert_int_equal(verify(&s, &s.by_b, NOW), ERR_OK);
    assert_int_equal(asked(&s), 5);
    /* A turn that was taken then, and a failure. */
    struct slice name = slice_of(s.keys->document);
    assert_int_equal(store_fetch_begin(s.t->site->st, name, NOW + 100000000, NOW + 100000017),
                     ERR_OK);
    assert_int_equal(verify(&s, &s.by_b, NOW + 400), ERR_OK);
    assert_int_equal(asked(&s), 6);
    web_put(s.t->web, "/jwks", 500, "", "");
    assert_int_equal(verify(&s, &s.by_b, NOW + 100000000), ERR_KEYS);
    publish(&s, "", s.a, s.b);
    restart(&s);
    assert_int_equal(verify(&s, &s.by_b, NOW + 500), ERR_OK);
    assert_int_equal(verify(&s, &s.by_b, NOW + 800), ERR_OK); /* stale, and asked for meanwhile */
    WAIT_UNTIL(asked(&s) == 8 && !atomic_load(&s.keys->in_background));
    assert_int_equal(row_of(&s).failed_since, 0);
    end(&s);
}

static const struct {
    int line;
    const char *algorithms; /* NULL: the default */
    const char *alg;
    bool file;
    enum err why;
} algorithms[] = {
    {__LINE__, NULL, "ES256", false, ERR_OK},
    {__LINE__, NULL, "ES384", false, ERR_OK},
    {__LINE__, NULL, "RS256", false, ERR_OK},
    {__LINE__, NULL, "PS256", false, ERR_OK},
    {__LINE__, NULL, "EdDSA", false, ERR_OK},
    {__LINE__, NULL, "RS512", false, ERR_JWT_ALG},
    {__LINE__, NULL, "ES512", false, ERR_JWT_ALG},
    {__LINE__, "ES256", "ES384", false, ERR_JWT_ALG},
    {__LINE__, "ES384 ES256", "ES256", false, ERR_OK},
    {__LINE__, "RS512", "RS512", false, ERR_OK},
    {__LINE__, "ES256", "ES384", true, ERR_JWT_ALG},
    {__LINE__, "ES256", "ES256", true, ERR_OK},
    /* A shared secret only from a file, and only when it is asked for. */
    {__LINE__, NULL, "HS256", true, ERR_JWT_ALG},
    {__LINE__, "ES256", "HS256", true, ERR_JWT_ALG},
    {__LINE__, "HS256", "HS256", true, ERR_OK},
    {__LINE__, "HS256", "HS384", true, ERR_JWT_ALG},
    {__LINE__, "HS256", "HS256", false, ERR_JWT_ALG},
    {__LINE__, "ES256 HS256 HS384 HS512", "HS512", false, ERR_JWT_ALG},
};

static void only_accepted_algorithms_count(void **state)
{
    struct trust *t = *state;
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        char text[4096], sections[512], path[128];
        struct buf b = BUF(text);
        struct jwk *key = trust_key(algorithms[i].alg, "k");
        struct jws jws = trust_jws(t, key);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        snprintf(path, sizeof path, "%s/set.json", t->site->directory);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0 && write(fd, text, b.n) == (ssize_t)b.n && close(fd) == 0);
        web_put(t->web, "/jwks", 200, "", text); /* the private form: what a bad server may do */
        snprintf(sections, sizeof sections,
                 "[issuer \"x\"]\nissuer = https://x.example\nkeys = %s\n%s%s\n",
                 algorithms[i].file ? path : "@/jwks",
                 algorithms[i].algorithms ? "algorithms = " : "",
                 algorithms[i].algorithms ? algorithms[i].algorithms : "");
        trust_configure(t, "", sections);
        struct issuer_keys *keys = issuer_keys_new(&t->site->conf, &t->site->conf.issuers[0]);
        assert_non_null(keys);
        check_err(algorithms[i].line,
                  issuer_keys_verify(keys, t->site->st, &jws, NOW + 1000 * (int64_t)i),
                  algorithms[i].why);
        issuer_keys_free(keys);
        jwk_free(key);
    }
}

/* The name of a public key as that of a secret one, and an oct key beside it. */
static void a_fetched_set_has_no_secrets(void **state)
{
    struct scene s;
    begin(&s, state, "");
    char set[2048], text[1024];
    struct buf b = BUF(set), one = BUF(text);
    struct jwk *secret = trust_key("HS256", "a");
    struct jws jws = trust_jws(s.t, secret);
    snprintf(s.t->site->conf.issuers[0].algorithms, CONFIG_MAX_TEXT, "ES256 HS256");
    assert_int_equal(jwk_write_private(secret, &one), ERR_OK);
    buf_printf(&b, "{\"keys\":[%s,", text);
    assert_int_equal(jwk_write_public(s.b, &b), ERR_OK);
    buf_puts(&b, "]}");
    web_put(s.t->web, "/jwks", 200, "", set);
    assert_int_equal(verify(&s, &jws, NOW), ERR_JWT_ALG);
    assert_int_equal(asked(&s), 0);
    assert_int_equal(verify(&s, &s.by_b, NOW), ERR_OK);
    assert_int_equal(verify(&s, &jws, NOW), ERR_JWT_ALG);
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_JWT_ALG); /* the kid of the secret */
    jwk_free(secret);
    end(&s);
}

static void each_source_has_its_name(void **state)
{
    static const struct {
        int line;
        const char *issuer, *keys, *want;
    } rows[] = {
        {__LINE__, "https://x.example", "discovery", "issuer:https://x.example"},
        {__LINE__, "https://y.example", "https://x.example", "jwks:https://x.example"},
        {__LINE__, "https://y.example", "http://127.0.0.1/x", "jwks:http://127.0.0.1/x"},
        {__LINE__, "https://y.example", "/etc/keys.json", NULL},
        {__LINE__, "https://y.example", "store", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_issuer issuer = {0};
        char text[CONFIG_MAX_TEXT + 16];
        struct buf name = BUF(text);
        snprintf(issuer.issuer, sizeof issuer.issuer, "%s", rows[i].issuer);
        snprintf(issuer.keys, sizeof issuer.keys, "%s", rows[i].keys);
        check_true(rows[i].line, issuer_keys_document(&issuer, &name) == (rows[i].want != NULL),
                   "is it fetched?");
        check_slice(rows[i].line, buf_slice(&name), rows[i].want ? rows[i].want : "");
    }
    issuer_keys_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(a_set_is_fetched_once),
        TRUST(a_new_process_fetches_nothing),
        TRUST(how_long_a_set_is_kept_has_bounds),
        TRUST(a_kid_chooses_the_key),
        TRUST(a_rotation_is_picked_up_at_once),
        TRUST(unknown_kids_are_asked_for_seldom),
        TRUST(a_set_is_renewed_before_it_expires),
        TRUST(the_store_is_needed_only_to_fetch),
        TRUST(a_stored_set_that_cannot_be_read_is_fetched_anew),
        TRUST(a_clock_that_was_wrong_is_forgotten),
        TRUST(only_accepted_algorithms_count),
        TRUST(a_fetched_set_has_no_secrets),
        cmocka_unit_test(each_source_has_its_name),
    };
    return cmocka_run_group_tests_name("issuer_keys", tests, NULL, NULL);
}
