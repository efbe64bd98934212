#include "endpoint_fixture.h"

static enum err take_form(struct endpoint *ep, struct response *out)
{
    struct form form;
    (void)out;
    return endpoint_form(ep, &form);
}

static void a_form_is_in_the_body_only(void **state)
{
    struct site *s = *state;
    static const struct {
        int line;
        const char *uri, *type;
        enum err body_error, why;
    } rows[] = {
        {__LINE__, "/token", FORM_TYPE, ERR_OK, ERR_OK},
        {__LINE__, "/token?", FORM_TYPE, ERR_OK, ERR_OK},
        {__LINE__, "/token", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", ERR_OK, ERR_OK},
        {__LINE__, "/token?scope=a", FORM_TYPE, ERR_OK, ERR_QUERY_PARAMETER},
        {__LINE__, "/token?a", FORM_TYPE, ERR_OK, ERR_QUERY_PARAMETER},
        {__LINE__, "/token??", FORM_TYPE, ERR_OK, ERR_QUERY_PARAMETER},
        {__LINE__, "/token", "application/json", ERR_OK, ERR_FORM_TYPE},
        {__LINE__, "/token", "", ERR_OK, ERR_FORM_TYPE},
        {__LINE__, "/token", "multipart/form-data", ERR_OK, ERR_FORM_TYPE},
        {__LINE__, "/token", FORM_TYPE, ERR_TOO_LARGE, ERR_TOO_LARGE},
        {__LINE__, "/token", "application/json", ERR_FORM, ERR_FORM},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CALL(c);
        c.request.uri = slice_of(rows[i].uri);
        c.request.content_type = slice_of(rows[i].type);
        c.request.body_error = rows[i].body_error;
        check_err(rows[i].line, call(s, &c, take_form, "a=b"), rows[i].why);
    }
}

static enum err take_client(struct endpoint *ep, struct response *out)
{
    struct form form;
    (void)out;
    enum err e = endpoint_form(ep, &form);
    return e == ERR_OK ? endpoint_client(ep, &form) : e;
}

static void a_client_with_two_headers_is_refused(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "a", "system/*.rs");
    const char *form = secret_form(s, "a", client_add_secret(s, "a"), "");
    assert_int_equal(call(s, &c, take_client, form), ERR_OK);
    assert_string_equal(c.ep.who.client.id, "a");
    c.request.duplicate = true;
    assert_int_equal(call(s, &c, take_client, form), ERR_AUTH_HEADER);
}

static enum err take_key(struct endpoint *ep, struct response *out)
{
    const struct jwk *key;
    (void)out;
    enum err e = endpoint_signing_key(ep, &key);
    if (e == ERR_OK)
        ep->request_id = slice_of(key->kid);
    return e;
}

static void the_signing_key_follows_the_store(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct keyring ring = site_keyring(s);
    char kid[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    assert_int_equal(call(s, &c, take_key, ""), ERR_OK);
    check_slice(__LINE__, c.ep.request_id, s->key->kid);
    const struct jwk *before = c.cache.signing_key;
    assert_int_equal(call(s, &c, take_key, ""), ERR_OK);
    assert_ptr_equal(c.cache.signing_key, before); /* read once */
    assert_int_equal(keyring_rotate(&ring, kid, &fault), ERR_OK);
    assert_int_equal(call(s, &c, take_key, ""), ERR_OK);
    check_slice(__LINE__, c.ep.request_id, kid);
    assert_int_equal(keyring_retire(&ring, slice_of(kid), false, &fault), ERR_OK);
    assert_int_equal(call(s, &c, take_key, ""), ERR_KEYS);
    assert_int_equal(keyring_generate(&ring, kid, &fault), ERR_OK);
    assert_int_equal(call(s, &c, take_key, ""), ERR_OK);
    check_slice(__LINE__, c.ep.request_id, kid);
}

static void the_signing_key_follows_the_clock(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct keyring ring = site_keyring(s);
    char first[JWK_THUMBPRINT + 1], next[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    memcpy(first, s->key->kid, sizeof first);
    ring.now = SITE_NOW;
    ring.publish_s = 100;
    assert_int_equal(keyring_rotate(&ring, next, &fault), ERR_OK);
    static const int64_t times[] = {0, 101, 102, 1000};
    for (size_t i = 0; i < COUNT(times); i++) {
        assert_int_equal(call_at(s, &c, take_key, "", SITE_NOW + times[i]), ERR_OK);
        check_slice(__LINE__, c.ep.request_id, times[i] <= 101 ? first : next);
        const struct jwk *key = c.cache.signing_key;
        assert_int_equal(call_at(s, &c, take_key, "", SITE_NOW + times[i]), ERR_OK);
        assert_ptr_equal(c.cache.signing_key, key); /* read once */
    }
}

static void a_store_out_of_reach_is_told(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct store *good = s->st;
    assert_int_equal(store_open("/nonexistent/store.db", 100, &s->st), ERR_STORE);
    assert_int_equal(call(s, &c, take_key, ""), ERR_STORE);
    assert_false(c.cache.filled);
    store_close(s->st);
    s->st = good;
    assert_int_equal(call(s, &c, take_key, ""), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_form_is_in_the_body_only),        SITE(a_client_with_two_headers_is_refused),
        SITE(the_signing_key_follows_the_store), SITE(the_signing_key_follows_the_clock),
        SITE(a_store_out_of_reach_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
