#include "store_fixture.h"

static struct store_key key(const char *kid, int64_t created_at)
{
    return (struct store_key){
        .kid = kid,
        .alg = "ES256",
        .use = "sig",
        .public_jwk = "{\"kty\":\"EC\"}",
        .state = KEY_PENDING,
        .created_at = created_at,
    };
}

struct listing {
    struct store_key keys[8];
    char kids[8][48];
    size_t n, limit;
};

static bool note_key(const struct store_key *k, void *context)
{
    struct listing *l = context;
    assert_true(l->n < 8);
    l->keys[l->n] = *k;
    snprintf(l->kids[l->n], sizeof l->kids[0], "%s %s %s %s", k->kid, k->alg, k->use,
             k->public_jwk);
    l->n++;
    return l->n < l->limit;
}

static struct listing list(struct store *st, size_t limit)
{
    struct listing l = {.limit = limit};
    assert_int_equal(store_key_list(st, note_key, &l), ERR_OK);
    return l;
}

static void keys_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(list(f->st, 8).n, 0);
    struct store_key k = key("older", 100), expired = key("expired", 50);
    expired.expires_at = 60;
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    assert_int_equal(store_key_add(f->st, &expired), ERR_OK);
    k = key("same-second", 200);
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    k = key("newest", 200);
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    struct listing l = list(f->st, 8);
    static const char *const want[] = {"newest", "same-second", "older", "expired"};
    assert_int_equal(l.n, 4);
    for (size_t i = 0; i < 4; i++) {
        char text[48];
        snprintf(text, sizeof text, "%s ES256 sig {\"kty\":\"EC\"}", want[i]);
        assert_string_equal(l.kids[i], text);
    }
    assert_int_equal(list(f->st, 2).n, 2);
}

static void key_is_added_once(void **state)
{
    struct fixture *f = *state;
    struct store_key k = key("k", 1);
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    int64_t before = fixture_epoch(f->st);
    k.state = KEY_ACTIVE;
    assert_int_equal(store_key_add(f->st, &k), ERR_EXISTS);
    assert_int_equal(list(f->st, 8).keys[0].state, KEY_PENDING);
    assert_int_equal(fixture_epoch(f->st), before);
}

static void update_replaces_state_and_times(void **state)
{
    struct fixture *f = *state;
    struct store_key k = key("k", 1);
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    int64_t before = fixture_epoch(f->st);
    struct store_key changed = {.kid = "k",
                                .state = KEY_RETIRED,
                                .created_at = 2,
                                .activated_at = 3,
                                .retired_at = 4,
                                .expires_at = 5};
    assert_int_equal(store_key_update(f->st, &changed), ERR_OK);
    struct listing l = list(f->st, 8);
    assert_int_equal(l.keys[0].state, KEY_RETIRED);
    assert_int_equal(l.keys[0].created_at, 2);
    assert_int_equal(l.keys[0].activated_at, 3);
    assert_int_equal(l.keys[0].retired_at, 4);
    assert_int_equal(l.keys[0].expires_at, 5);
    assert_string_equal(l.kids[0], "k ES256 sig {\"kty\":\"EC\"}");
    assert_true(fixture_epoch(f->st) > before);
    changed.kid = "other";
    assert_int_equal(store_key_update(f->st, &changed), ERR_NOT_FOUND);
}

static void key_is_removed(void **state)
{
    struct fixture *f = *state;
    struct store_key k = key("k", 1);
    assert_int_equal(store_key_remove(f->st, SLICE("k")), ERR_NOT_FOUND);
    assert_int_equal(store_key_add(f->st, &k), ERR_OK);
    int64_t before = fixture_epoch(f->st);
    assert_int_equal(store_key_remove(f->st, SLICE("k")), ERR_OK);
    assert_int_equal(list(f->st, 8).n, 0);
    assert_true(fixture_epoch(f->st) > before);
}

static void document_comes_back(void **state)
{
    struct fixture *f = *state;
    struct slice body = SLICE_NONE;
    int64_t fetched = 0, expires = 0, epoch = fixture_epoch(f->st);
    struct slice url = SLICE("https://client.example/jwks");
    assert_int_equal(store_document_get(f->st, url, &f->arena, &body, &fetched, &expires),
                     ERR_NOT_FOUND);
    assert_null(body.p);
    static const struct slice bodies[] = {{"{\"keys\":[]}", 11}, {"\0\xff\0", 3}, {"", 0}};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int64_t at = 100 + (int64_t)i;
        assert_int_equal(store_document_put(f->st, url, bodies[i], at, at + 50), ERR_OK);
        assert_int_equal(store_document_get(f->st, url, &f->arena, &body, &fetched, &expires),
                         ERR_OK);
        assert_true(slice_eq(body, bodies[i]));
        assert_int_equal(body.p[body.n], '\0');
        assert_int_equal(fetched, at);
        assert_int_equal(expires, at + 50);
    }
    assert_int_equal(store_document_get(f->st, SLICE("https://client.example/jwk"), &f->arena,
                                        &body, &fetched, &expires),
                     ERR_NOT_FOUND);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static void document_needs_room(void **state)
{
    struct fixture *f = *state;
    struct arena small;
    assert_true(arena_init(&small, 16));
    struct slice body = SLICE_NONE;
    int64_t fetched = -1, expires = -1;
    assert_int_equal(store_document_put(f->st, SLICE("u"), SLICE("0123456789abcdef"), 1, 2),
                     ERR_OK);
    assert_int_equal(store_document_get(f->st, SLICE("u"), &small, &body, &fetched, &expires),
                     ERR_MEMORY);
    assert_null(body.p);
    assert_int_equal(fetched, -1);
    arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(keys_are_listed_newest_first),
        WITH(key_is_added_once),
        WITH(update_replaces_state_and_times),
        WITH(key_is_removed),
        WITH(document_comes_back),
        WITH(document_needs_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
