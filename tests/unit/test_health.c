#include "issuer_fixture.h"

#include "endpoint.h"

#define NOW    SITE_NOW
#define ISSUER "[issuer \"x\"]\nissuer = https://x.example\nkeys = discovery\n"
#define NAME   SLICE("issuer:https://x.example")
#define OK     "{\"status\":\"ok\",\"store\":\"ok\",\"signing_key\":\"ok\""

/* The answer's body; until the next one it lies in the site's arena. */
static const char *health(struct trust *t, int64_t now, int *status)
{
    arena_reset(&t->site->arena);
    struct endpoint_cache cache = {0};
    struct request rq = {.method = SLICE("GET"), .uri = SLICE("/oauth/health")};
    struct response out = {0};
    struct endpoint ep = {.conf = &t->site->conf,
                          .request = &rq,
                          .store = t->site->st,
                          .cache = &cache,
                          .arena = &t->site->arena,
                          .now = now};
    assert_int_equal(endpoint_health(&ep, &out), ERR_OK);
    endpoint_cache_clear(&cache);
    *status = out.status;
    struct json *document;
    assert_int_equal(json_parse(out.body, &document), ERR_OK);
    json_free(document);
    return arena_dup(&t->site->arena, out.body);
}

static void check(int line, struct trust *t, int64_t now, const char *want)
{
    int status;
    check_slice(line, slice_of(health(t, now, &status)), want);
    check_true(line, status == 200, "the status");
}

/* What happened to the set of x, by time. */
static void good(struct trust *t, int64_t now, int64_t fresh_until)
{
    struct store_fetch row = {.url = NAME.p,
                              .fault = "",
                              .next_at = now + 30,
                              .fetched_at = now,
                              .fresh_until = fresh_until};
    assert_int_equal(store_fetch_begin(t->site->st, NAME, now, now + 1), ERR_OK);
    assert_int_equal(store_fetch_done(t->site->st, SLICE("{}"), &row, fresh_until + 3600), ERR_OK);
}

static void bad(struct trust *t, int64_t now)
{
    assert_int_equal(store_fetch_begin(t->site->st, NAME, now, now + 1), ERR_OK);
    assert_int_equal(
        store_fetch_failed(t->site->st, NAME, now, now + 5, "/etc/secret: dial 10.0.0.1"), ERR_OK);
}

#define X(state, fetched, failed)                                                                  \
    OK ",\"key_sets\":[{\"source\":\"https://x.example\",\"state\":\"" state                       \
       "\",\"fetched_at\":" fetched ",\"failed_since\":" failed "}]}\n"

static void the_state_of_a_set_is_told(void **state)
{
    struct trust *t = *state;
    trust_configure(t, "stale_if_error = 1h\n", ISSUER);
    check(__LINE__, t, NOW, X("none", "null", "null"));
    bad(t, NOW + 10);
    check(__LINE__, t, NOW + 10, X("failing", "null", "1800000010"));
    bad(t, NOW + 20);
    check(__LINE__, t, NOW + 20, X("failing", "null", "1800000010"));
    good(t, NOW + 30, NOW + 330);
    check(__LINE__, t, NOW + 329, X("fresh", "1800000030", "null"));
    check(__LINE__, t, NOW + 330, X("stale", "1800000030", "null"));
    check(__LINE__, t, NOW + 330 + 3599, X("stale", "1800000030", "null"));
    check(__LINE__, t, NOW + 330 + 3600, X("none", "1800000030", "null"));
    bad(t, NOW + 300);
    check(__LINE__, t, NOW + 329, X("fresh", "1800000030", "1800000300"));
    check(__LINE__, t, NOW + 330, X("stale", "1800000030", "1800000300"));
    check(__LINE__, t, NOW + 330 + 3600, X("failing", "1800000030", "1800000300"));
    good(t, NOW + 4000, NOW + 4060);
    check(__LINE__, t, NOW + 4000, X("fresh", "1800004000", "null"));
}

/* Without a key no JWT can be signed; an opaque token needs none. */
static void a_missing_key_hinders_no_opaque_tokens(void **state)
{
    struct trust *t = *state;
    int status;
    trust_configure(t, "", "");
    assert_int_equal(store_key_remove(t->site->st, slice_of(t->site->key->kid)), ERR_OK);
    check_slice(__LINE__, slice_of(health(t, NOW, &status)),
                "{\"status\":\"unavailable\",\"store\":\"ok\",\"signing_key\":\"none\"}\n");
    assert_int_equal(status, 503);
    t->site->conf.token_format = TOKEN_OPAQUE;
    check(__LINE__, t, NOW, "{\"status\":\"ok\",\"store\":\"ok\",\"signing_key\":\"none\"}\n");
}

static void only_sets_that_are_fetched_are_told(void **state)
{
    struct trust *t = *state;
    trust_configure(t, "", "");
    check(__LINE__, t, NOW, OK "}\n");
    trust_configure(t, "",
                    "[issuer \"s\"]\nissuer = https://s.example\nkeys = store\n"
                    "[issuer \"f\"]\nissuer = https://f.example\nkeys = /etc/f.json\n");
    check(__LINE__, t, NOW, OK "}\n");
    trust_configure(t, "",
                    "[issuer \"u\"]\nissuer = https://u.example\nkeys = https://k.example/jwks\n"
                    "[issuer \"f\"]\nissuer = https://f.example\nkeys = /etc/f.json\n" ISSUER);
    good(t, NOW, NOW + 60);
    check(__LINE__, t, NOW,
          OK ",\"key_sets\":[{\"source\":\"https://k.example/jwks\",\"state\":\"none\","
             "\"fetched_at\":null,\"failed_since\":null},"
             "{\"source\":\"https://x.example\",\"state\":\"fresh\","
             "\"fetched_at\":1800000000,\"failed_since\":null}]}\n");
    /* What was fetched for an issuer that is trusted no longer is of no interest. */
    trust_configure(t, "", "");
    check(__LINE__, t, NOW, OK "}\n");
}

/* Sixteen issuers with the longest URLs. */
static void there_is_room_for_all(void **state)
{
    struct trust *t = *state;
    struct config *c = &t->site->conf;
    int status;
    trust_configure(t, "", ISSUER);
    for (c->issuer_count = 1; c->issuer_count < CONFIG_MAX_ISSUERS; c->issuer_count++)
        c->issuers[c->issuer_count] = c->issuers[0];
    for (size_t i = 0; i < CONFIG_MAX_ISSUERS; i++) {
        memset(c->issuers[i].issuer, 'x', CONFIG_MAX_TEXT - 1);
        memcpy(c->issuers[i].issuer, "https://", 8);
    }
    const char *body = health(t, NOW, &status);
    assert_int_equal(status, 200);
    assert_true(strlen(body) > 16 * CONFIG_MAX_TEXT);
}

static void a_store_that_cannot_be_read_is_none(void **state)
{
    struct trust *t = *state;
    struct store *right = t->site->st;
    int status;
    trust_configure(t, "", ISSUER);
    t->site->st = NULL;
    check_slice(
        __LINE__, slice_of(health(t, NOW, &status)),
        "{\"status\":\"unavailable\",\"store\":\"unreachable\",\"signing_key\":\"none\"}\n");
    assert_int_equal(status, 503);
    assert_int_equal(store_open("/nonexistent/store.db", 100, &t->site->st), ERR_STORE);
    health(t, NOW, &status);
    assert_int_equal(status, 503);
    store_close(t->site->st);
    t->site->st = right;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(the_state_of_a_set_is_told),          TRUST(a_missing_key_hinders_no_opaque_tokens),
        TRUST(only_sets_that_are_fetched_are_told), TRUST(there_is_room_for_all),
        TRUST(a_store_that_cannot_be_read_is_none),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
