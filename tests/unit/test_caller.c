#include "endpoint_fixture.h"

#include "caller.h"

static struct caller found;

static enum err identify(struct endpoint *ep, struct response *out)
{
    struct form form;
    (void)out;
    found = (struct caller){.client_id = SLICE("untouched")};
    enum err e = endpoint_form(ep, &form);
    return e == ERR_OK ? caller_identify(ep, &form, &found) : e;
}

/* A header "Bearer TOKEN", in the arena. */
static struct slice bearer(struct site *s, const char *token)
{
    struct buf text = buf_in(&s->arena, strlen(token) + 16);
    buf_printf(&text, "Bearer %s", token);
    return buf_slice(&text);
}

static void a_client_is_who_it_authenticates_as(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "reader", "introspect");
    site_add_client(s, "owner", "system/*.rs");
    const char *reader = client_add_secret(s, "reader"), *owner = client_add_secret(s, "owner");
    assert_int_equal(call(s, &c, identify, secret_form(s, "reader", reader, "")), ERR_OK);
    check_slice(__LINE__, found.client_id, "reader");
    assert_true(found.may_introspect);
    assert_int_equal(call(s, &c, identify, secret_form(s, "owner", owner, "")), ERR_OK);
    check_slice(__LINE__, found.client_id, "owner");
    assert_false(found.may_introspect);
    assert_int_equal(call(s, &c, identify, secret_form(s, "owner", reader, "")), ERR_CLIENT_AUTH);
    assert_int_equal(call(s, &c, identify, ""), ERR_CLIENT_NONE);
    check_slice(__LINE__, found.client_id, "untouched");
}

static void a_bearer_is_the_client_of_its_token(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "reader", "introspect system/*.rs");
    const char *secret = client_add_secret(s, "reader");
    c.request.authorization = bearer(s, obtain(s, "reader", secret, "system/*.rs+introspect"));
    assert_int_equal(call(s, &c, identify, ""), ERR_OK);
    check_slice(__LINE__, found.client_id, "reader");
    assert_true(found.may_introspect);
    check_slice(__LINE__, c.ep.who.claimed, "reader");
    assert_string_equal(c.ep.who.method, "bearer");
    assert_int_equal(call(s, &c, identify, "client_id=reader"), ERR_OK);
    assert_int_equal(call(s, &c, identify, "client_id=other"), ERR_CALLER_TOKEN);
    assert_int_equal(c.ep.who.reason, ERR_CLIENT_MISMATCH);
    /* The registration does not count, only what the token was granted. */
    c.request.authorization = bearer(s, obtain(s, "reader", secret, "system/*.rs"));
    assert_int_equal(call(s, &c, identify, ""), ERR_CALLER_SCOPE);
    check_slice(__LINE__, found.client_id, "untouched");
}

static void a_token_and_credentials_are_one_too_many(void **state)
{
    struct site *s = *state;
    CALL(c);
    static const char *const forms[] = {
        "client_secret=x",
        "client_assertion=x",
        ASSERTION_TYPE_ESCAPED,
    };
    site_add_client(s, "reader", "introspect");
    const char *secret = client_add_secret(s, "reader");
    struct slice header = bearer(s, obtain(s, "reader", secret, "introspect"));
    c.request.authorization = header;
    for (size_t i = 0; i < COUNT(forms); i++)
        assert_int_equal(call(s, &c, identify, forms[i]), ERR_CLIENT_TWO_METHODS);
    assert_int_equal(call(s, &c, identify, secret_form(s, "reader", secret, "")),
                     ERR_CLIENT_TWO_METHODS);
    assert_int_equal(call(s, &c, identify, "client_secret="), ERR_OK); /* as if not sent */
    c.request.duplicate = true;
    assert_int_equal(call(s, &c, identify, ""), ERR_AUTH_HEADER);
}

static void a_header_that_cannot_be_read(void **state)
{
    struct site *s = *state;
    static const struct {
        int line;
        const char *header;
        enum err why;
    } rows[] = {
        {__LINE__, "", ERR_CLIENT_NONE},
        {__LINE__, " ", ERR_CLIENT_NONE},
        {__LINE__, "Bearer", ERR_AUTH_HEADER},
        {__LINE__, "Bearer ", ERR_AUTH_HEADER},
        {__LINE__, "Bearer a b", ERR_AUTH_HEADER},
        {__LINE__, "Bearer a, Bearer b", ERR_AUTH_HEADER},
        {__LINE__, "Basic eDp5, Bearer b", ERR_AUTH_HEADER},
        {__LINE__, "Basic", ERR_CLIENT_AUTH},
        {__LINE__, "Digest x", ERR_CLIENT_AUTH},
        {__LINE__, "Bearers a", ERR_CLIENT_AUTH},
        {__LINE__, "bEARER a", ERR_CALLER_TOKEN},
        {__LINE__, "Bearer a.b.c", ERR_CALLER_TOKEN},
        {__LINE__, "Bearer a.b.c.d.e", ERR_CALLER_TOKEN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CALL(c);
        c.request.authorization = slice_of(rows[i].header);
        check_err(rows[i].line, call(s, &c, identify, ""), rows[i].why);
        check_slice(rows[i].line, found.client_id, "untouched");
    }
}

static const char *made(struct site *s, const char *typ, const char *issuer, const char *scope)
{
    char claims[512];
    snprintf(claims, sizeof claims,
             "{\"iss\":\"%s\",\"sub\":\"reader\",\"client_id\":\"reader\",\"aud\":\"x\","
             "\"iat\":%d,\"exp\":%d,\"jti\":\"j\"%s}",
             issuer, SITE_NOW, SITE_NOW + 60, scope);
    return site_sign(s, s->key, typ, claims).p;
}

static void a_token_that_is_not_good(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "reader", "introspect");
    const char *good = made(s, "at+jwt", SITE_ISSUER, ",\"scope\":\"introspect\"");
    const struct {
        int line;
        const char *token;
        int64_t now;
        enum err why;
    } rows[] = {
        {__LINE__, good, SITE_NOW, ERR_OK},
        {__LINE__, good, SITE_NOW + 400, ERR_CALLER_TOKEN},
        {__LINE__, good, SITE_NOW - 400, ERR_CALLER_TOKEN},
        {__LINE__, made(s, "JWT", SITE_ISSUER, ",\"scope\":\"introspect\""), SITE_NOW,
         ERR_CALLER_TOKEN},
        {__LINE__, made(s, "at+jwt", "https://x.example", ",\"scope\":\"introspect\""), SITE_NOW,
         ERR_CALLER_TOKEN},
        {__LINE__, made(s, "at+jwt", SITE_ISSUER, ""), SITE_NOW, ERR_CALLER_SCOPE},
        {__LINE__, made(s, "at+jwt", SITE_ISSUER, ",\"scope\":\"introspection\""), SITE_NOW,
         ERR_CALLER_SCOPE},
        {__LINE__, made(s, "at+jwt", SITE_ISSUER, ",\"scope\":[\"introspect\"]"), SITE_NOW,
         ERR_CALLER_TOKEN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        c.request.authorization = bearer(s, rows[i].token);
        check_err(rows[i].line, call_at(s, &c, identify, "", rows[i].now), rows[i].why);
    }
    c.request.authorization = bearer(s, good);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 400), ERR_OK);
    assert_int_equal(call(s, &c, identify, ""), ERR_CALLER_TOKEN);
    assert_int_equal(c.ep.who.reason, ERR_TOKEN_REVOKED);
}

static void an_outage_is_not_the_tokens_fault(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "reader", "introspect");
    c.request.authorization = bearer(s, made(s, "at+jwt", SITE_ISSUER, ""));
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(call(s, &c, identify, ""), ERR_KEYS);
    struct store *good = s->st;
    assert_int_equal(store_open("/nonexistent/store.db", 100, &s->st), ERR_STORE);
    assert_int_equal(call(s, &c, identify, ""), ERR_STORE);
    store_close(s->st);
    s->st = good;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_client_is_who_it_authenticates_as),
        SITE(a_bearer_is_the_client_of_its_token),
        SITE(a_token_and_credentials_are_one_too_many),
        SITE(a_header_that_cannot_be_read),
        SITE(a_token_that_is_not_good),
        SITE(an_outage_is_not_the_tokens_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
