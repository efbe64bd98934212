#include "endpoint_fixture.h"

static bool has_key(const struct call *c, const char *kid)
{
    struct json *document = answer_json(c);
    const struct json *keys = json_member(document, "keys");
    bool found = false;
    assert_int_equal(json_kind(keys), JSON_ARRAY);
    for (const struct json *each = json_first(keys); each != NULL; each = json_next(each)) {
        static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
        struct slice text;
        for (size_t i = 0; i < COUNT(private_members); i++)
            assert_null(json_member(each, private_members[i]));
        found = found || (json_member_string(each, "kid", &text) && slice_is(text, kid));
    }
    json_free(document);
    return found;
}

static void the_key_set_holds_public_keys_that_count(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct keyring ring = site_keyring(s);
    char old[JWK_THUMBPRINT + 1], kid[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    memcpy(old, s->key->kid, sizeof old);
    assert_int_equal(keyring_rotate(&ring, kid, &fault), ERR_OK);
    int64_t end = ring.now + ring.keep_retired_s;
    assert_int_equal(call_at(s, &c, endpoint_jwks, "", end - 1), ERR_OK);
    assert_true(has_key(&c, old) && has_key(&c, kid));
    assert_string_equal(answer_header(&c, "Access-Control-Allow-Origin"), "*");
    assert_int_equal(call_at(s, &c, endpoint_jwks, "", end), ERR_OK);
    assert_true(!has_key(&c, old) && has_key(&c, kid));
}

/* Who keeps it that long knows each key before it signs. */
static void the_key_set_is_kept_no_longer_than_keys_wait(void **state)
{
    struct site *s = *state;
    CALL(c);
    static const struct {
        unsigned before_use;
        const char *want;
    } rows[] = {
        {1, "public, max-age=1"},
        {299, "public, max-age=299"},
        {300, "public, max-age=300"},
        {3600, "public, max-age=300"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        s->conf.publish_before_use_s = rows[i].before_use;
        assert_int_equal(call(s, &c, endpoint_jwks, ""), ERR_OK);
        assert_string_equal(answer_header(&c, "Cache-Control"), rows[i].want);
        assert_int_equal(call(s, &c, endpoint_oauth_metadata, ""), ERR_OK);
        assert_string_equal(answer_header(&c, "Cache-Control"), "public, max-age=300");
    }
}

static void a_private_key_in_the_store_shows_its_public_half_only(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct jwk *key;
    char space[1024];
    struct buf private = BUF(space);
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    assert_int_equal(jwk_write_private(key, &private), ERR_OK);
    const char *const rows[] = {space, "", "x", space};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char kid[] = {(char)('0' + (int)i), '\0'};
        struct store_key row = {.kid = kid,
                                .alg = "ES256",
                                .use = i == 3 ? "enc" : "sig",
                                .public_jwk = rows[i],
                                .created_at = SITE_NOW};
        assert_int_equal(store_key_add(s->st, &row), ERR_OK);
    }
    assert_int_equal(call(s, &c, endpoint_jwks, ""), ERR_OK);
    assert_true(has_key(&c, s->key->kid) && has_key(&c, key->kid));
    jwk_free(key);
}

static void no_keys_are_an_empty_set(void **state)
{
    struct site *s = *state;
    CALL(c);
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_jwks, ""), ERR_OK);
    check_slice(__LINE__, c.answer.body, "{\"keys\":[]}\n");
}

static void discovery_needs_no_store(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct store *good = s->st;
    s->st = NULL;
    assert_int_equal(call(s, &c, endpoint_oauth_metadata, ""), ERR_OK);
    assert_string_equal(answer_text(s, &c, "issuer"), SITE_ISSUER);
    assert_string_equal(answer_header(&c, "Access-Control-Allow-Origin"), "*");
    assert_int_equal(call(s, &c, endpoint_smart_configuration, ""), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_endpoint"), SITE_ISSUER "/token");
    s->st = good;
    struct arena full = s->arena;
    assert_true(arena_init(&s->arena, 1024));
    assert_int_equal(call(s, &c, endpoint_oauth_metadata, ""), ERR_INTERNAL);
    assert_int_equal(call(s, &c, endpoint_jwks, ""), ERR_INTERNAL);
    arena_free(&s->arena);
    s->arena = full;
}

static void health_is_the_store_and_a_key(void **state)
{
    struct site *s = *state;
    CALL(c);
    assert_int_equal(call(s, &c, endpoint_health, ""), ERR_OK);
    assert_int_equal(c.answer.status, 200);
    check_slice(__LINE__, c.answer.body,
                "{\"status\":\"ok\",\"store\":\"ok\",\"signing_key\":\"ok\"}\n");
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_health, ""), ERR_OK);
    assert_int_equal(c.answer.status, 503);
    check_slice(__LINE__, c.answer.body,
                "{\"status\":\"unavailable\",\"store\":\"ok\",\"signing_key\":\"none\"}\n");
    assert_string_equal(answer_header(&c, "Retry-After"), "5");
    struct store *good = s->st;
    s->st = NULL;
    assert_int_equal(call(s, &c, endpoint_health, ""), ERR_OK);
    assert_int_equal(c.answer.status, 503);
    assert_int_equal(store_open("/nonexistent/store.db", 100, &s->st), ERR_STORE);
    assert_int_equal(call(s, &c, endpoint_health, ""), ERR_OK);
    assert_int_equal(c.answer.status, 503);
    check_slice(
        __LINE__, c.answer.body,
        "{\"status\":\"unavailable\",\"store\":\"unreachable\",\"signing_key\":\"none\"}\n");
    store_close(s->st);
    s->st = good;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(the_key_set_holds_public_keys_that_count),
        SITE(the_key_set_is_kept_no_longer_than_keys_wait),
        SITE(a_private_key_in_the_store_shows_its_public_half_only),
        SITE(no_keys_are_an_empty_set),
        SITE(discovery_needs_no_store),
        SITE(health_is_the_store_and_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
