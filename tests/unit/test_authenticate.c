#include "client_fixture.h"

#include "authenticate.h"
#include "client_keys.h"
#include "login.h"

/* What authenticate.c calls, in order: one letter each. */
static char trace[64];

static void note(char letter)
{
    size_t n = strlen(trace);
    assert_true(n + 1 < sizeof trace);
    trace[n] = letter;
    trace[n + 1] = '\0';
}

#define login_begin(...)         (note('b'), login_begin(__VA_ARGS__))
#define login_failed(...)        (note('f'), login_failed(__VA_ARGS__))
#define login_succeeded(...)     (note('s'), login_succeeded(__VA_ARGS__))
#define store_client_get(...)    (note('g'), store_client_get(__VA_ARGS__))
#define store_secret_list(...)   (note('l'), store_secret_list(__VA_ARGS__))
#define store_has_scrypt(...)    (note('h'), store_has_scrypt(__VA_ARGS__))
#define client_secret_check(...) (note('c'), client_secret_check(__VA_ARGS__))
#define client_keys_verify(...)  (note('v'), client_keys_verify(__VA_ARGS__))
#define registry_jti_once(...)   (note('j'), registry_jti_once(__VA_ARGS__))
#include "authenticate.c"

static enum err login_at(struct site *s, const char *form_text, int64_t now,
                         struct authentication *out)
{
    struct form form;
    struct request rq = {.remote_addr = SLICE("192.0.2.1")};
    trace[0] = '\0';
    assert_int_equal(form_parse(slice_of(form_text), &s->arena, &form), ERR_OK);
    return authenticate(&(struct registry){.store = s->st}, &s->conf, &rq, &form, now, &s->arena,
                        out);
}

static enum err login(struct site *s, const char *form_text, struct authentication *out)
{
    return login_at(s, form_text, SITE_NOW, out);
}

static int64_t failures_of(struct site *s, const char *id)
{
    struct failed_logins failed;
    assert_int_equal(store_failed_login_get(s->st, slice_of(id), &failed), ERR_OK);
    return failed.count;
}

static void a_right_secret_is_accepted(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct form form = {.count = 0};
    site_add_client(s, "a", "system/*.rs");
    const char *first = client_add_secret(s, "a"), *second = client_add_secret(s, "a");
    assert_int_equal(login(s, secret_form(s, "a", first, ""), &who), ERR_OK);
    assert_int_equal(login(s, secret_form(s, "a", second, ""), &who), ERR_OK);
    assert_int_equal(who.reason, ERR_OK);
    assert_string_equal(who.client.id, "a");
    assert_string_equal(who.client.scope, "system/*.rs");
    assert_string_equal(who.method, "client_secret_post");
    check_slice(__LINE__, who.claimed, "a");
    assert_int_equal(failures_of(s, "a"), 0);

    struct request rq = {.authorization = SLICE("Basic YTpi")}; /* a:b */
    struct registry r = {.store = s->st};
    assert_int_equal(authenticate(&r, &s->conf, &rq, &form, SITE_NOW, &s->arena, &who),
                     ERR_CLIENT_AUTH);
    assert_string_equal(who.method, "client_secret_basic");
    assert_int_equal(failures_of(s, "a"), 1);
}

/* RFC 6749 section 10.10: nobody learns whether a client exists. */
static void every_refusal_of_a_secret_looks_alike(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct jwk *key;
    site_add_client(s, "a", "system/*.rs");
    site_add_client(s, "none", "system/*.rs");
    struct client disabled = site_client("disabled", "system/*.rs");
    disabled.enabled = false;
    assert_int_equal(store_client_add(s->st, &disabled), ERR_OK);
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    client_add_jwks(s, "keys", "system/*.rs", key_set_of(s, &key, 1));
    jwk_free(key);
    const char *secret = client_add_secret(s, "a");
    const char *of_disabled = client_add_secret(s, "disabled");
    const char *of_keys = client_add_secret(s, "keys");
    const struct {
        int line;
        const char *id, *secret;
        enum err reason;
    } rows[] = {
        {__LINE__, "a", "wrong", ERR_CLIENT_AUTH},
        {__LINE__, "a", of_disabled, ERR_CLIENT_AUTH},
        {__LINE__, "unknown", "wrong", ERR_NOT_FOUND},
        {__LINE__, "unknown", secret, ERR_NOT_FOUND},
        {__LINE__, "none", "wrong", ERR_CLIENT_AUTH},
        {__LINE__, "disabled", "wrong", ERR_CLIENT_AUTH},
        {__LINE__, "disabled", of_disabled, ERR_CLIENT_AUTH},
        {__LINE__, "keys", "wrong", ERR_CLIENT_AUTH},
        {__LINE__, "keys", of_keys, ERR_CLIENT_AUTH}, /* RFC 9700: no weaker method */
        {__LINE__, "A", secret, ERR_NOT_FOUND},
        {__LINE__, "a%27--", secret, ERR_NOT_FOUND},
        {__LINE__, "%25", secret, ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum err e = login(s, secret_form(s, rows[i].id, rows[i].secret, ""), &who);
        check_err(rows[i].line, e, ERR_CLIENT_AUTH);
        check_err(rows[i].line, who.reason, rows[i].reason);
        check_slice(rows[i].line, slice_of(trace), "bglhcf");
    }
    assert_int_equal(failures_of(s, "a"), 2);
    assert_int_equal(failures_of(s, "unknown"), 2);
    assert_int_equal(failures_of(s, "disabled"), 2);
    assert_int_equal(login(s, secret_form(s, "a", secret, ""), &who), ERR_OK);
    assert_string_equal(trace, "bglhcs");
}

/* Neither the registry nor what was presented is looked at, and nothing more is counted. */
static void during_a_wait_nothing_is_checked(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct jwk *key;
    assert_int_equal(jwk_generate("ES384", &key), ERR_OK);
    site_add_client(s, "a", "system/*.rs");
    client_add_jwks(s, "keys", "system/*.rs", key_set_of(s, &key, 1));
    const char *right = secret_form(s, "a", client_add_secret(s, "a"), "");
    const char *wrong = secret_form(s, "a", "wrong", "");
    const char *assertion = assertion_form(s, client_assertion(s, key, "keys", "j"), "");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(login(s, wrong, &who), ERR_CLIENT_AUTH);
        assert_int_equal(login(s, secret_form(s, "keys", "x", ""), &who), ERR_CLIENT_AUTH);
    }
    const char *const forms[] = {right, wrong, assertion};
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_int_equal(login(s, forms[i], &who), ERR_LOCKED);
        assert_int_equal(who.reason, ERR_LOCKED);
        assert_int_equal(who.retry_after_s, 1);
        assert_string_equal(trace, "b");
    }
    assert_int_equal(failures_of(s, "a"), 5);
    assert_int_equal(login_at(s, right, SITE_NOW + 1, &who), ERR_OK);
    assert_int_equal(login_at(s, assertion, SITE_NOW + 1, &who), ERR_OK);
    assert_int_equal(failures_of(s, "a"), 0);
    assert_int_equal(failures_of(s, "keys"), 0);
    jwk_free(key);
}

static void an_expired_secret_is_none(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct client_secret next;
    char text[CLIENT_SECRET_TEXT + 1];
    site_add_client(s, "a", "system/*.rs");
    const char *old = client_add_secret(s, "a");
    assert_int_equal(client_secret_generate(SITE_NOW, text, &next), ERR_OK);
    assert_int_equal(store_secret_add(s->st, SLICE("a"), &next, SITE_NOW + 10), ERR_OK);
    const char *form = secret_form(s, "a", old, "");
    assert_int_equal(login_at(s, form, SITE_NOW + 9, &who), ERR_OK);
    assert_int_equal(login_at(s, form, SITE_NOW + 10, &who), ERR_CLIENT_AUTH);
    assert_int_equal(login_at(s, secret_form(s, "a", text, ""), SITE_NOW + 10, &who), ERR_OK);
}

static void an_assertion_is_accepted_once(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct jwk *key;
    assert_int_equal(jwk_generate("ES384", &key), ERR_OK);
    const char *set = key_set_of(s, &key, 1);
    client_add_jwks(s, "a", "system/*.rs", set);
    client_add_jwks(s, "b", "system/*.rs", set);
    const char *form = assertion_form(s, client_assertion(s, key, "a", "j"), "");
    assert_int_equal(login(s, form, &who), ERR_OK);
    assert_string_equal(who.client.id, "a");
    assert_string_equal(who.method, "private_key_jwt");
    assert_string_equal(trace, "bgvjs");
    assert_int_equal(login(s, form, &who), ERR_JWT_REPLAY);
    assert_int_equal(who.reason, ERR_JWT_REPLAY);
    assert_int_equal(failures_of(s, "a"), 1);
    /* For as long as the clock skew lets the assertion live on. */
    assert_int_equal(login_at(s, form, SITE_NOW + 60 + 29, &who), ERR_JWT_REPLAY);
    assert_int_equal(login_at(s, form, SITE_NOW + 60 + 30, &who), ERR_JWT_EXPIRED);
    /* Another signature over the same jti, and the jti of another client. */
    form = assertion_form(s, client_assertion(s, key, "a", "j"), "");
    assert_int_equal(login(s, form, &who), ERR_JWT_REPLAY);
    form = assertion_form(s, client_assertion(s, key, "b", "j"), "");
    assert_int_equal(login(s, form, &who), ERR_OK);
    jwk_free(key);
}

static void a_bad_signature_uses_up_no_jti(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct jwk *key, *foreign;
    assert_int_equal(jwk_generate("ES384", &key), ERR_OK);
    assert_int_equal(jwk_generate("ES384", &foreign), ERR_OK);
    client_add_jwks(s, "a", "system/*.rs", key_set_of(s, &key, 1));
    memcpy(foreign->kid, key->kid, sizeof foreign->kid);
    const char *forged = assertion_form(s, client_assertion(s, foreign, "a", "j"), "");
    assert_int_equal(login(s, forged, &who), ERR_CLIENT_AUTH);
    assert_int_equal(who.reason, ERR_JWT_SIGNATURE);
    assert_string_equal(trace, "bgvf");
    const char *good = assertion_form(s, client_assertion(s, key, "a", "j"), "");
    assert_int_equal(login(s, good, &who), ERR_OK);
    jwk_free(key);
    jwk_free(foreign);
}

static void who_is_not_registered_for_it_cannot_use_an_assertion(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct jwk *key, *other;
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    assert_int_equal(jwk_generate("ES256", &other), ERR_OK);
    struct client c = site_client("disabled", "system/*.rs");
    c.auth = CLIENT_JWKS;
    c.jwks = key_set_of(s, &key, 1);
    c.enabled = false;
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
    c = site_client("secret", "system/*.rs");
    c.jwks = key_set_of(s, &key, 1);
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
    client_add_jwks(s, "other", "system/*.rs", key_set_of(s, &other, 1));
    const struct {
        int line;
        const char *id;
        enum err reason;
    } rows[] = {
        {__LINE__, "disabled", ERR_CLIENT_AUTH},
        {__LINE__, "secret", ERR_CLIENT_AUTH},
        {__LINE__, "unknown", ERR_NOT_FOUND},
        {__LINE__, "other", ERR_JWT_KEY},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *form = assertion_form(s, client_assertion(s, key, rows[i].id, "j"), "");
        check_err(rows[i].line, login(s, form, &who), ERR_CLIENT_AUTH);
        check_err(rows[i].line, who.reason, rows[i].reason);
        check_slice(rows[i].line, who.claimed, rows[i].id);
        assert_int_equal(failures_of(s, rows[i].id), 1);
    }
    jwk_free(key);
    jwk_free(other);
}

static void what_needs_no_registration_is_told(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct form form = {.count = 0};
    assert_int_equal(login(s, "", &who), ERR_CLIENT_NONE);
    assert_int_equal(login(s, "client_id=a", &who), ERR_CLIENT_NONE);
    check_slice(__LINE__, who.claimed, "a");
    assert_int_equal(login(s, ASSERTION_TYPE_ESCAPED "&client_assertion=x", &who), ERR_JWT_FORM);
    assert_string_equal(trace, "");
    static const char *const headers[] = {"Bearer x", "Basic !", "Negotiate"};
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct request rq = {.authorization = slice_of(headers[i])};
        struct registry r = {.store = s->st};
        assert_int_equal(authenticate(&r, &s->conf, &rq, &form, SITE_NOW, &s->arena, &who),
                         ERR_CLIENT_AUTH);
        assert_int_equal(who.reason, ERR_AUTH_HEADER);
    }
}

static void without_a_store_nobody_is_let_in(void **state)
{
    struct site *s = *state;
    struct authentication who;
    struct store *none;
    struct form form;
    struct request rq = {.remote_addr = SLICE("192.0.2.1")};
    site_add_client(s, "a", "system/*.rs");
    const char *text = secret_form(s, "a", client_add_secret(s, "a"), "");
    assert_int_equal(store_open("/nonexistent/store.db", 100, &none), ERR_STORE);
    assert_int_equal(form_parse(slice_of(text), &s->arena, &form), ERR_OK);
    struct registry r = {.store = none};
    assert_int_equal(authenticate(&r, &s->conf, &rq, &form, SITE_NOW, &s->arena, &who), ERR_STORE);
    store_close(none);
}

static void reasons_of_the_registration_are_one_outside(void **state)
{
    (void)state;
    static const enum err told[] = {ERR_OK,        ERR_STORE,    ERR_MEMORY,
                                    ERR_TOO_LARGE, ERR_INTERNAL, ERR_JWT_REPLAY};
    for (int e = 0; e < ERR_COUNT; e++) {
        bool is_told = false;
        for (size_t i = 0; i < COUNT(told); i++)
            is_told = is_told || told[i] == (enum err)e;
        assert_int_equal(public_reason((enum err)e), is_told ? (enum err)e : ERR_CLIENT_AUTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_right_secret_is_accepted),
        SITE(every_refusal_of_a_secret_looks_alike),
        SITE(during_a_wait_nothing_is_checked),
        SITE(an_expired_secret_is_none),
        SITE(an_assertion_is_accepted_once),
        SITE(a_bad_signature_uses_up_no_jti),
        SITE(who_is_not_registered_for_it_cannot_use_an_assertion),
        SITE(what_needs_no_registration_is_told),
        SITE(without_a_store_nobody_is_let_in),
        cmocka_unit_test(reasons_of_the_registration_are_one_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
