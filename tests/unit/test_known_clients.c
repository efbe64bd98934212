/* What is known of a client lets it in without a look at the store, and never longer than that. */
#include "endpoint_fixture.h"

#include "known_clients.h"

#include <sqlite3.h>

#define GRANT "&grant_type=client_credentials&scope=system/*.rs"

/* Behind the back of all who follow the store: what is asked of it now goes wrong. */
static void empty_store(struct site *s)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(s->conf.store_path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DELETE FROM client_secret; DELETE FROM client;", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void set(struct site *s, const char *id, void (*change)(struct client *))
{
    struct client c;
    assert_int_equal(store_client_get(s->st, slice_of(id), &s->arena, &c), ERR_OK);
    change(&c);
    assert_int_equal(store_client_update(s->st, &c), ERR_OK);
}

static void disable(struct client *c)
{
    c->enabled = false;
}

static void narrow(struct client *c)
{
    c->scope = "system/Patient.r";
}

static void by_certificate(struct client *c)
{
    c->auth = CLIENT_TLS;
    c->tls_name = "CN=a";
}

static void a_secret_is_looked_up_once(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "a", "system/*.rs");
    const char *good = secret_form(s, "a", client_add_secret(s, "a"), GRANT);
    const char *bad = secret_form(s, "a", "wrong", GRANT);
    assert_int_equal(call(s, &c, endpoint_token, bad), ERR_CLIENT_AUTH);
    assert_int_equal(call(s, &c, endpoint_token, good), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, bad), ERR_CLIENT_AUTH);
    empty_store(s);
    assert_int_equal(call(s, &c, endpoint_token, good), ERR_OK);
    assert_string_equal(c.ep.who.client.scope, "system/*.rs");
    assert_int_equal(call(s, &c, endpoint_token, bad), ERR_CLIENT_AUTH);
    CALL(other); /* another thread has its own */
    assert_int_equal(call(s, &other, endpoint_token, good), ERR_CLIENT_AUTH);
    assert_int_equal(c.ep.who.reason, ERR_NOT_FOUND);
}

static void every_change_counts_with_the_next_request(void **state)
{
    struct site *s = *state;
    static void (*const changes[])(struct client *) = {disable, by_certificate};
    for (size_t i = 0; i < COUNT(changes); i++) {
        CALL(c);
        char id[8];
        snprintf(id, sizeof id, "c%zu", i);
        site_add_client(s, id, "system/*.rs");
        const char *form = secret_form(s, id, client_add_secret(s, id), GRANT);
        assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
        assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
        set(s, id, changes[i]);
        assert_int_equal(call(s, &c, endpoint_token, form), ERR_CLIENT_AUTH);
    }
    CALL(c);
    site_add_client(s, "a", "system/*.rs");
    const char *form = secret_form(s, "a", client_add_secret(s, "a"), GRANT);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
    set(s, "a", narrow);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_SCOPE);
    assert_int_equal(store_client_remove(s->st, SLICE("a")), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_CLIENT_AUTH);
}

static void a_secret_ends_in_time(void **state)
{
    struct site *s = *state;
    CALL(c);
    char text[CLIENT_SECRET_TEXT + 1];
    struct client_secret next;
    site_add_client(s, "a", "system/*.rs");
    const char *old = secret_form(s, "a", client_add_secret(s, "a"), GRANT);
    assert_int_equal(call(s, &c, endpoint_token, old), ERR_OK);
    assert_int_equal(client_secret_generate(SITE_NOW, text, &next), ERR_OK);
    assert_int_equal(store_secret_add(s->st, SLICE("a"), &next, SITE_NOW + 10), ERR_OK);
    const char *new = secret_form(s, "a", text, GRANT);
    for (int at = 0; at < 20; at++) {
        assert_int_equal(call_at(s, &c, endpoint_token, old, SITE_NOW + at),
                         at < 10 ? ERR_OK : ERR_CLIENT_AUTH);
        if (at >= 10) /* it is not throttled by the failures of before */
            assert_int_equal(store_failed_login_clear(s->st, SLICE("a")), ERR_OK);
        assert_int_equal(call_at(s, &c, endpoint_token, new, SITE_NOW + at), ERR_OK);
    }
    assert_int_equal(store_secret_add(s->st, SLICE("a"), &next, SITE_NOW),
                     ERR_OK); /* ends it now */
    assert_int_equal(call_at(s, &c, endpoint_token, old, SITE_NOW), ERR_CLIENT_AUTH);
}

static void what_locks_a_client_locks_a_known_one(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "a", "system/*.rs");
    const char *good = secret_form(s, "a", client_add_secret(s, "a"), GRANT);
    const char *bad = secret_form(s, "a", "wrong", GRANT);
    assert_int_equal(call(s, &c, endpoint_token, good), ERR_OK);
    for (unsigned i = 0; i < s->conf.failed_logins; i++) {
        enum err e = call(s, &c, endpoint_token, bad);
        assert_true(e == ERR_CLIENT_AUTH || e == ERR_LOCKED);
    }
    assert_int_equal(call(s, &c, endpoint_token, good), ERR_LOCKED);
}

static const char *signed_form(struct site *s, const struct jwk *key, const char *jti)
{
    return assertion_form(s, client_assertion(s, key, "k", jti), GRANT);
}

static void a_key_is_looked_up_once(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct jwk *keys[2];
    assert_int_equal(jwk_generate("ES384", &keys[0]), ERR_OK);
    assert_int_equal(jwk_generate("ES256", &keys[1]), ERR_OK);
    client_add_jwks(s, "k", "system/*.rs", key_set_of(s, keys, 2));
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[0], "1")), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[1], "2")), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[0], "3")), ERR_OK);
    empty_store(s);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[0], "4")), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[0], "4")), ERR_JWT_REPLAY);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[0], "1")), ERR_JWT_REPLAY);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, keys[1], "5")), ERR_CLIENT_AUTH);
    jwk_free(keys[0]);
    jwk_free(keys[1]);
}

static void a_key_that_was_replaced_is_refused(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct jwk *old, *new;
    struct client changed;
    assert_int_equal(jwk_generate("ES256", &old), ERR_OK);
    assert_int_equal(jwk_generate("ES256", &new), ERR_OK);
    memcpy(new->kid, old->kid, sizeof old->kid); /* even when it has the same name */
    client_add_jwks(s, "k", "system/*.rs", key_set_of(s, &old, 1));
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, old, "1")), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, new, "2")), ERR_CLIENT_AUTH);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, old, "3")), ERR_OK);
    assert_int_equal(store_client_get(s->st, SLICE("k"), &s->arena, &changed), ERR_OK);
    changed.jwks = key_set_of(s, &new, 1);
    assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, old, "4")), ERR_CLIENT_AUTH);
    assert_int_equal(call(s, &c, endpoint_token, signed_form(s, new, "5")), ERR_OK);
    jwk_free(old);
    jwk_free(new);
}

/* Ids that share a place push each other out, and are told apart. */
static void more_clients_than_places(void **state)
{
    struct site *s = *state;
    struct known_clients *k = known_clients_new();
    struct client c = site_client("", "system/*.rs"), out;
    char id[24];
    size_t kept = 0;
    assert_non_null(k);
    c.tls_name = "";
    known_clients_at(k, 1);
    for (int round = 0; round < 2; round++) {
        kept = 0;
        for (int i = 0; i < 4 * KNOWN_CLIENTS; i++) {
            snprintf(id, sizeof id, "client-%d", i);
            c.id = id;
            if (round == 0)
                known_clients_keep_secret(k, &c, slice_of(id), SITE_NOW + 1);
            arena_reset(&s->arena);
            if (known_client_secret(k, slice_of(id), slice_of(id), SITE_NOW, &s->arena, &out)) {
                assert_string_equal(out.id, id);
                kept++;
            }
            assert_false(
                known_client_secret(k, slice_of(id), SLICE("client-x"), SITE_NOW, &s->arena, &out));
            assert_false(
                known_client_secret(k, slice_of(id), slice_of(id), SITE_NOW + 1, &s->arena, &out));
        }
    }
    assert_in_range(kept, 1, KNOWN_CLIENTS);
    known_clients_at(k, 2);
    assert_false(known_client_secret(k, slice_of(id), slice_of(id), SITE_NOW, &s->arena, &out));
    known_clients_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_secret_is_looked_up_once), SITE(every_change_counts_with_the_next_request),
        SITE(a_secret_ends_in_time),      SITE(what_locks_a_client_locks_a_known_one),
        SITE(a_key_is_looked_up_once),    SITE(a_key_that_was_replaced_is_refused),
        SITE(more_clients_than_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
