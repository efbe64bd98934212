#include "store_fixture.h"

static struct client get(struct fixture *f, const char *id)
{
    struct client c;
    assert_int_equal(store_client_get(f->st, slice_of(id), &f->arena, &c), ERR_OK);
    return c;
}

static void assert_same_client(const struct client *a, const struct client *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->scope, b->scope);
    assert_int_equal(a->auth, b->auth);
    assert_string_equal(a->jwks, b->jwks);
    assert_string_equal(a->jwks_uri, b->jwks_uri);
    assert_int_equal(a->token_lifetime_s, b->token_lifetime_s);
    assert_int_equal(a->enabled, b->enabled);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->updated_at, b->updated_at);
    assert_int_equal(a->tokens_valid_from, b->tokens_valid_from);
    assert_int_equal(a->dpop_required, b->dpop_required);
    assert_int_equal(a->tls_kind, b->tls_kind);
    assert_string_equal(a->tls_name, b->tls_name);
    assert_int_equal(a->tls_bound, b->tls_bound);
}

static const struct client full = {
    .id = "A-z0.9_~-",
    .name = "Gesti\303\263n 'x'; DROP TABLE client; --",
    .scope = "system/*.rs system/Patient.c",
    .auth = CLIENT_JWKS_URI,
    .jwks = "{\"keys\":[]}",
    .jwks_uri = "https://client.example/jwks",
    .token_lifetime_s = 4294967295,
    .enabled = false,
    .created_at = 1000,
    .updated_at = 1001,
    .tokens_valid_from = 1002,
    .dpop_required = true,
    .tls_kind = CERTIFICATE_EMAIL,
    .tls_name = "O=\303\261,CN='",
    .tls_bound = true,
};

static void client_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_client_add(f->st, &full), ERR_OK);
    struct client c = get(f, full.id);
    assert_same_client(&c, &full);
    c = fixture_client("b");
    c.auth = CLIENT_JWKS;
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    assert_int_equal(get(f, "b").auth, CLIENT_JWKS);
    assert_false(get(f, "b").dpop_required);
    c.dpop_required = true;
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    assert_true(get(f, "b").dpop_required);
    assert_int_equal(get(f, "b").tokens_valid_from, 1000);
}

/* Programs that do not know of certificates must find no way to let such a client in. */
static void client_with_a_certificate_comes_back(void **state)
{
    static const enum client_auth ways[] = {CLIENT_TLS, CLIENT_TLS_SELF_SIGNED, CLIENT_JWKS,
                                            CLIENT_TLS, CLIENT_SECRET};
    struct fixture *f = *state;
    struct client c = fixture_client("tls"), back;
    c.tls_name = "CN=a";
    c.tls_kind = CERTIFICATE_URI;
    c.tokens_valid_from = c.created_at;
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        c.auth = ways[i];
        assert_int_equal(store_client_update(f->st, &c), ERR_OK);
        back = get(f, "tls");
        assert_same_client(&back, &c);
    }
    c.auth = CLIENT_TLS_SELF_SIGNED;
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    static const char *const damage[] = {
        "UPDATE client SET auth = 0", "UPDATE client SET auth = 2",
        "PRAGMA ignore_check_constraints = ON; UPDATE client SET auth = 1, tls = 3",
        "PRAGMA ignore_check_constraints = ON; UPDATE client SET tls = 1, tls_kind = 5",
        "PRAGMA ignore_check_constraints = ON; UPDATE client SET tls = -1, tls_kind = 0"};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        run_sql(f->path, damage[i]);
        assert_int_equal(store_client_get(f->st, SLICE("tls"), &f->arena, &back), ERR_STORE);
        assert_fault(f->st, "it is damaged: client tls has auth");
    }
}

static void client_is_found_by_its_very_id(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "abc");
    static const struct {
        int line;
        struct slice id;
    } cases[] = {
        {__LINE__, {"abc\0", 4}},
        {__LINE__, {"ab", 2}},
        {__LINE__, {"abC", 3}},
        {__LINE__, {"abc ", 4}},
        {__LINE__, {"\xff\xfe", 2}},
        {__LINE__, {"", 0}},
        {__LINE__, {NULL, 0}},
        {__LINE__, {"\0abc", 4}},
        {__LINE__, {"%", 1}},
        {__LINE__, {"' OR 1=1 --", 11}},
        {__LINE__,
         {"a\xcc\x81"
          "bc",
          5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client c = {.id = "untouched"};
        if (store_client_get(f->st, cases[i].id, &f->arena, &c) != ERR_NOT_FOUND ||
            strcmp(c.id, "untouched") != 0)
            fail_msg("line %d: found", cases[i].line);
        if (store_client_remove(f->st, cases[i].id) != ERR_NOT_FOUND)
            fail_msg("line %d: removed", cases[i].line);
        if (store_token_check(f->st, cases[i].id, SLICE("j"), 2000) != ERR_TOKEN_REVOKED)
            fail_msg("line %d: token accepted", cases[i].line);
    }
    assert_int_equal(store_token_check(f->st, SLICE("abc"), SLICE("j"), 2000), ERR_OK);
}

static void bad_clients_are_not_kept(void **state)
{
    struct fixture *f = *state;
    char long_id[130] = "", long_name[202] = "";
    memset(long_id, 'a', sizeof long_id - 1);
    memset(long_name, 'n', sizeof long_name - 1);
    const struct {
        int line;
        const char *id, *name;
        int auth;
        enum err want;
    } cases[] = {
        {__LINE__, long_id + 1, long_name + 1, 0, ERR_OK},
        {__LINE__, long_id, "n", 0, ERR_STORE},
        {__LINE__, "", "n", 0, ERR_STORE},
        {__LINE__, "a b", "n", 0, ERR_STORE},
        {__LINE__, "a/b", "n", 0, ERR_STORE},
        {__LINE__, "a\nb", "n", 0, ERR_STORE},
        {__LINE__, "\303\261", "n", 0, ERR_STORE},
        {__LINE__, "a", long_name, 0, ERR_STORE},
        {__LINE__, "a", "n", 5, ERR_STORE},
        {__LINE__, "a", "n", -1, ERR_STORE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client c = fixture_client(cases[i].id);
        c.name = cases[i].name;
        memcpy(&c.auth, &cases[i].auth, sizeof c.auth);
        enum err e = store_client_add(f->st, &c);
        if (e != cases[i].want)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
    }
}

static void add_refuses_a_taken_id(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    int64_t before = fixture_epoch(f->st);
    struct client c = fixture_client("a");
    c.scope = "system/*.cruds";
    assert_int_equal(store_client_add(f->st, &c), ERR_EXISTS);
    assert_string_equal(get(f, "a").scope, "system/*.rs");
    assert_int_equal(fixture_epoch(f->st), before);
}

static void update_replaces_all_but_id_and_creation(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, full.id);
    struct client want = full;
    want.created_at = 5;
    assert_int_equal(store_client_update(f->st, &want), ERR_OK);
    want.created_at = 1000;
    struct client c = get(f, full.id);
    assert_same_client(&c, &want);
    want.id = "unknown";
    assert_int_equal(store_client_update(f->st, &want), ERR_NOT_FOUND);
}

static void update_never_revives_tokens(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    struct client stale = get(f, "a"), c = stale;
    c.tokens_valid_from = 5000;
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    assert_int_equal(store_client_update(f->st, &stale), ERR_OK);
    assert_int_equal(get(f, "a").tokens_valid_from, 5000);
}

static void full_arena_is_reported(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    struct arena small;
    assert_true(arena_init(&small, 32));
    struct client c = {.id = "untouched"};
    assert_int_equal(store_client_get(f->st, SLICE("a"), &small, &c), ERR_MEMORY);
    assert_string_equal(c.id, "untouched");
    arena_free(&small);
    assert_string_equal(get(f, "a").id, "a");
}

struct listing {
    char ids[64];
    int left;
};

static bool note_id(const struct client *c, void *context)
{
    struct listing *l = context;
    size_t used = strlen(l->ids);
    snprintf(l->ids + used, sizeof l->ids - used, "%s ", c->id);
    return --l->left > 0;
}

static void list_is_in_order_and_stops(void **state)
{
    struct fixture *f = *state;
    struct listing none = {.left = 9}, all = {.left = 9}, two = {.left = 2};
    assert_int_equal(store_client_list(f->st, note_id, &none), ERR_OK);
    assert_string_equal(none.ids, "");
    fixture_add_client(f->st, "b");
    fixture_add_client(f->st, "c");
    fixture_add_client(f->st, "a");
    assert_int_equal(store_client_list(f->st, note_id, &all), ERR_OK);
    assert_string_equal(all.ids, "a b c ");
    assert_int_equal(store_client_list(f->st, note_id, &two), ERR_OK);
    assert_string_equal(two.ids, "a b ");
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
}

static struct client_secret secret_of(unsigned char fill, int64_t created_at, int64_t expires_at)
{
    struct client_secret s = {.created_at = created_at, .expires_at = expires_at};
    memset(s.salt, fill, sizeof s.salt);
    memset(s.hash.b, fill ^ 0xff, sizeof s.hash.b);
    return s;
}

static void add_secret(struct fixture *f, const char *id, unsigned char fill, int64_t created_at,
                       int64_t expires_at, int64_t others)
{
    struct client_secret s = secret_of(fill, created_at, expires_at);
    assert_int_equal(store_secret_add(f->st, slice_of(id), &s, others), ERR_OK);
}

/* The fills of a client's secrets at a time, newest first. */
static const char *fills(struct fixture *f, const char *id, int64_t now)
{
    struct client_secret found[CLIENT_MAX_SECRETS];
    size_t n = 99;
    assert_int_equal(store_secret_list(f->st, slice_of(id), now, found, &n), ERR_OK);
    assert_true(n <= CLIENT_MAX_SECRETS);
    char *text = arena_alloc(&f->arena, n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        unsigned char fill = found[i].salt[15];
        struct client_secret want = secret_of(fill, 0, 0);
        assert_memory_equal(found[i].salt, want.salt, sizeof want.salt);
        assert_true(secret_eq(&found[i].hash, &want.hash));
        assert_true(found[i].id > 0);
        text[i] = (char)fill;
    }
    text[n] = '\0';
    return text;
}

static void secrets_come_back_newest_first(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    fixture_add_client(f->st, "b");
    assert_string_equal(fills(f, "a", 100), "");
    assert_string_equal(fills(f, "unknown", 100), "");
    add_secret(f, "a", 'q', 100, 0, 0);
    add_secret(f, "a", 'r', 101, 200, 0);
    add_secret(f, "a", 's', 101, 0, 0);
    add_secret(f, "b", 't', 101, 0, 0);
    assert_string_equal(fills(f, "a", 199), "srq");
    assert_string_equal(fills(f, "a", 200), "sq");
    assert_string_equal(fills(f, "b", 200), "t");
}

static void new_secret_ends_the_others(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    fixture_add_client(f->st, "b");
    add_secret(f, "b", 'o', 1, 0, 0);
    add_secret(f, "a", 'p', 1, 150, 0);
    add_secret(f, "a", 'q', 2, 0, 0);
    add_secret(f, "a", 'r', 100, 0, 200);
    assert_string_equal(fills(f, "a", 149), "rqp");
    assert_string_equal(fills(f, "a", 150), "rq"); /* not made to live longer */
    assert_string_equal(fills(f, "a", 200), "r");
    assert_string_equal(fills(f, "b", 200), "o");
    add_secret(f, "a", 's', 120, 0, 119); /* at once */
    assert_string_equal(fills(f, "a", 120), "s");
    struct client_secret s = secret_of('x', 1, 0);
    assert_int_equal(store_secret_add(f->st, SLICE("unknown"), &s, 1), ERR_NOT_FOUND);
}

static void too_many_secrets_drop_the_oldest(void **state)
{
    struct fixture *f = *state;
    fixture_add_client(f->st, "a");
    for (int i = 0; i < 10; i++)
        add_secret(f, "a", (unsigned char)('a' + i), 100 + i, 0, 0);
    assert_string_equal(fills(f, "a", 200), "jihgfedc");
    /* An expired one goes before one that still counts, however new it is. */
    add_secret(f, "a", 'x', 300, 301, 0);
    assert_string_equal(fills(f, "a", 300), "xjihgfed");
    add_secret(f, "a", 'y', 302, 0, 0);
    assert_string_equal(fills(f, "a", 302), "yjihgfed");
}

static void has_scrypt_follows_the_rows(void **state)
{
    struct fixture *f = *state;
    bool has = true;
    fixture_add_client(f->st, "a");
    add_secret(f, "a", 'a', 1, 0, 0);
    assert_int_equal(store_has_scrypt(f->st, &has), ERR_OK);
    assert_false(has);
    struct client_secret s = secret_of('s', 2, 0);
    s.kind = SECRET_SCRYPT;
    assert_int_equal(store_secret_add(f->st, SLICE("a"), &s, 0), ERR_OK);
    assert_int_equal(store_has_scrypt(f->st, &has), ERR_OK);
    assert_true(has);
    struct client_secret found[CLIENT_MAX_SECRETS];
    size_t n = 0;
    assert_int_equal(store_secret_list(f->st, SLICE("a"), 3, found, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(found[0].kind, SECRET_SCRYPT);
    assert_int_equal(found[1].kind, SECRET_SHA256);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(store_has_scrypt(f->st, &has), ERR_OK);
    assert_false(has);
}

static void remove_takes_all_that_belongs_to_a_client(void **state)
{
    struct fixture *f = *state;
    struct failed_logins failed;
    int64_t count;
    fixture_add_client(f->st, "a");
    fixture_add_client(f->st, "b");
    add_secret(f, "a", 'a', 1, 0, 0);
    add_secret(f, "b", 'b', 1, 0, 0);
    assert_int_equal(store_failed_login_add(f->st, SLICE("a"), SLICE("::1"), 1, 300, &count),
                     ERR_OK);
    assert_int_equal(store_failed_login_add(f->st, SLICE("b"), SLICE("::1"), 1, 300, &count),
                     ERR_OK);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_NOT_FOUND);
    assert_int_equal(store_token_check(f->st, SLICE("a"), SLICE("j"), 9999), ERR_TOKEN_REVOKED);
    fixture_add_client(f->st, "a");
    assert_string_equal(fills(f, "a", 2), "");
    assert_string_equal(fills(f, "b", 2), "b");
    assert_int_equal(store_failed_login_get(f->st, SLICE("a"), &failed), ERR_OK);
    assert_int_equal(failed.count, 0);
    assert_int_equal(store_failed_login_get(f->st, SLICE("b"), &failed), ERR_OK);
    assert_int_equal(failed.count, 1);
}

/* A token's iat has whole seconds, so the second of the removal belongs to the old client. */
static void new_holder_of_an_id_does_not_revive_tokens(void **state)
{
    struct fixture *f = *state;
    struct client c = fixture_client("a");
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    int64_t iat = 1000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_token_check(f->st, SLICE("a"), SLICE("j"), iat), ERR_OK);
        assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
        assert_int_equal(store_client_add(f->st, &c), ERR_OK);
        assert_int_equal(store_token_check(f->st, SLICE("a"), SLICE("j"), iat), ERR_TOKEN_REVOKED);
        iat = get(f, "a").tokens_valid_from;
        assert_int_equal(iat, 1001 + i);
    }
    c.created_at = 2000;
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    assert_int_equal(get(f, "a").tokens_valid_from, 2001);
    /* A later start that the caller asks for holds. */
    c.tokens_valid_from = 3000;
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    assert_int_equal(get(f, "a").tokens_valid_from, 3000);
}

static void epoch_grows_with_clients_and_secrets(void **state)
{
    struct fixture *f = *state;
    int64_t epochs[6];
    struct client c = fixture_client("a");
    epochs[0] = fixture_epoch(f->st);
    assert_int_equal(store_client_add(f->st, &c), ERR_OK);
    epochs[1] = fixture_epoch(f->st);
    assert_int_equal(store_client_update(f->st, &c), ERR_OK);
    epochs[2] = fixture_epoch(f->st);
    add_secret(f, "a", 'a', 1, 0, 0);
    epochs[3] = fixture_epoch(f->st);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_OK);
    epochs[4] = fixture_epoch(f->st);
    assert_int_equal(store_client_remove(f->st, SLICE("a")), ERR_NOT_FOUND);
    assert_int_equal(store_client_update(f->st, &c), ERR_NOT_FOUND);
    epochs[5] = fixture_epoch(f->st);
    for (int i = 1; i < 5; i++)
        assert_true(epochs[i] > epochs[i - 1]);
    assert_int_equal(epochs[5], epochs[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(client_comes_back_whole),
        WITH(client_with_a_certificate_comes_back),
        WITH(client_is_found_by_its_very_id),
        WITH(bad_clients_are_not_kept),
        WITH(add_refuses_a_taken_id),
        WITH(update_replaces_all_but_id_and_creation),
        WITH(update_never_revives_tokens),
        WITH(full_arena_is_reported),
        WITH(list_is_in_order_and_stops),
        WITH(secrets_come_back_newest_first),
        WITH(new_secret_ends_the_others),
        WITH(too_many_secrets_drop_the_oldest),
        WITH(has_scrypt_follows_the_rows),
        WITH(remove_takes_all_that_belongs_to_a_client),
        WITH(new_holder_of_an_id_does_not_revive_tokens),
        WITH(epoch_grows_with_clients_and_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
