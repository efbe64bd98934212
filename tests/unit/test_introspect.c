#include "endpoint_fixture.h"

#define INACTIVE "{\"active\":false}\n"

struct people {
    const char *reader; /* secret of "reader", who may introspect */
    const char *owner;  /* of "owner", whose tokens they are */
};

static struct people people_of(struct site *s)
{
    site_add_client(s, "reader", "introspect");
    site_add_client(s, "owner", "system/*.rs");
    return (struct people){client_add_secret(s, "reader"), client_add_secret(s, "owner")};
}

static enum err ask(struct site *s, struct call *c, endpoint_function *f, const char *id,
                    const char *secret, const char *token, int64_t now)
{
    char more[4096];
    snprintf(more, sizeof more, "&token=%s", token);
    struct buf form = buf_in(&s->arena, 8192);
    buf_printf(&form, "client_id=%s&client_secret=%s%s", id, secret, more);
    return call_at(s, c, f, form.p, now);
}

static void an_active_token_is_described(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct people p = people_of(s);
    const char *token = obtain(s, "owner", p.owner, "system/Patient.rs+system/*.read");
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, token, SITE_NOW + 1),
                     ERR_OK);
    assert_string_equal(answer_header(&c, "Cache-Control"), "no-store");
    assert_string_equal(answer_text(s, &c, "scope"), "system/Patient.rs system/*.read");
    assert_string_equal(answer_text(s, &c, "client_id"), "owner");
    assert_string_equal(answer_text(s, &c, "sub"), "owner");
    assert_string_equal(answer_text(s, &c, "iss"), SITE_ISSUER);
    assert_string_equal(answer_text(s, &c, "aud"), SITE_FHIR);
    assert_string_equal(answer_text(s, &c, "token_type"), "Bearer");
    assert_non_null(answer_text(s, &c, "jti"));
    struct json *document = answer_json(&c);
    bool active = false;
    int64_t exp, iat;
    assert_true(json_bool(json_member(document, "active"), &active) && active);
    assert_true(json_integer(json_member(document, "exp"), &exp));
    assert_true(json_integer(json_member(document, "iat"), &iat));
    assert_int_equal(exp, SITE_NOW + 300);
    assert_int_equal(iat, SITE_NOW);
    json_free(document);
}

static void all_else_is_inactive_and_no_more(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct people p = people_of(s);
    struct jwk *foreign;
    const char *token = obtain(s, "owner", p.owner, "system/Patient.rs");
    assert_int_equal(jwk_generate("ES256", &foreign), ERR_OK);
    memcpy(foreign->kid, s->key->kid, sizeof foreign->kid);
    char claims[512];
    snprintf(claims, sizeof claims,
             "{\"iss\":\"" SITE_ISSUER "\",\"sub\":\"owner\",\"client_id\":\"owner\","
             "\"aud\":\"x\",\"iat\":%d,\"exp\":%d,\"jti\":\"j\"}",
             SITE_NOW, SITE_NOW + 60);
    struct slice forged = site_sign(s, foreign, "at+jwt", claims);
    struct slice other_typ = site_sign(s, s->key, "JWT", claims);
    jwk_free(foreign);
    const struct {
        int line;
        const char *id, *secret, *token;
        int64_t now;
    } rows[] = {
        {__LINE__, "reader", p.reader, "x", SITE_NOW},
        {__LINE__, "reader", p.reader, "a.b.c", SITE_NOW},
        {__LINE__, "reader", p.reader, forged.p, SITE_NOW},
        {__LINE__, "reader", p.reader, other_typ.p, SITE_NOW},
        {__LINE__, "reader", p.reader, token, SITE_NOW + 300},
        {__LINE__, "reader", p.reader, token, SITE_NOW - 100},
        {__LINE__, "owner", p.owner, token, SITE_NOW}, /* may not ask */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_err(
            rows[i].line,
            ask(s, &c, endpoint_introspect, rows[i].id, rows[i].secret, rows[i].token, rows[i].now),
            ERR_OK);
        check_slice(rows[i].line, c.answer.body, INACTIVE);
    }
    struct client owner = site_client("owner", "system/*.rs");
    owner.enabled = false;
    assert_int_equal(store_client_update(s->st, &owner), ERR_OK);
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, token, SITE_NOW), ERR_OK);
    check_slice(__LINE__, c.answer.body, INACTIVE);
}

static void nobody_asks_without_authentication(void **state)
{
    struct site *s = *state;
    static endpoint_function *const functions[] = {endpoint_introspect, endpoint_revoke};
    struct people p = people_of(s);
    for (size_t i = 0; i < COUNT(functions); i++) {
        CALL(c);
        assert_int_equal(call(s, &c, functions[i], "token=x"), ERR_CLIENT_NONE);
        assert_int_equal(ask(s, &c, functions[i], "reader", "wrong", "x", SITE_NOW),
                         ERR_CLIENT_AUTH);
        assert_int_equal(ask(s, &c, functions[i], "reader", p.reader, "", SITE_NOW),
                         ERR_FORM_MISSING);
        assert_int_equal(ask(s, &c, functions[i], "reader", p.reader, "x&token=y", SITE_NOW),
                         ERR_FORM_DUPLICATE);
        assert_int_equal(c.answer.status, 0);
        c.request.uri = SLICE("/introspect?token=x");
        assert_int_equal(ask(s, &c, functions[i], "reader", p.reader, "x", SITE_NOW),
                         ERR_QUERY_PARAMETER);
    }
}

static void an_outage_is_not_inactive(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct people p = people_of(s);
    const char *token = obtain(s, "owner", p.owner, "system/Patient.rs");
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, token, SITE_NOW),
                     ERR_KEYS);
    assert_int_equal(ask(s, &c, endpoint_revoke, "owner", p.owner, token, SITE_NOW), ERR_KEYS);
    assert_int_equal(c.answer.status, 0);
}

static bool is_active(struct site *s, struct people p, const char *token)
{
    CALL(c);
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, token, SITE_NOW), ERR_OK);
    return slice_starts(c.answer.body, "{\"active\":true");
}

/* An opaque token is described by the members of a JWT, whatever the format of new tokens is. */
static void an_opaque_token_is_described_alike(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct people p = people_of(s);
    const char *jwt = obtain(s, "owner", p.owner, "system/Patient.rs");
    s->conf.token_format = TOKEN_OPAQUE;
    const char *opaque = obtain(s, "owner", p.owner, "system/Patient.rs");
    s->conf.token_format = TOKEN_JWT;
    struct slice answers[2];
    const char *tokens[2] = {jwt, opaque};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, tokens[i], SITE_NOW),
                         ERR_OK);
        answers[i] = c.answer.body;
        assert_true(slice_starts(answers[i], "{\"active\":true"));
    }
    /* They differ in the jti only, which has 22 characters. */
    size_t at = (size_t)(strstr(answers[0].p, "\"jti\":\"") - answers[0].p) + 7;
    assert_int_equal(answers[0].n, answers[1].n);
    assert_memory_equal(answers[0].p, answers[1].p, at);
    assert_memory_not_equal(answers[0].p + at, answers[1].p + at, 22);
    assert_string_equal(answers[0].p + at + 22, answers[1].p + at + 22);
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, opaque, SITE_NOW + 300),
                     ERR_OK);
    check_slice(__LINE__, c.answer.body, INACTIVE);
}

static void check_revocation(struct site *s, struct people p)
{
    CALL(c);
    const char *token = obtain(s, "owner", p.owner, "system/Patient.rs");
    const char *other = obtain(s, "owner", p.owner, "system/Patient.rs");
    assert_int_equal(ask(s, &c, endpoint_revoke, "reader", p.reader, token, SITE_NOW), ERR_OK);
    check_slice(__LINE__, c.answer.body, "{}\n");
    assert_true(is_active(s, p, token));
    assert_int_equal(ask(s, &c, endpoint_revoke, "owner", p.owner, token, SITE_NOW), ERR_OK);
    check_slice(__LINE__, c.answer.body, "{}\n");
    assert_false(is_active(s, p, token));
    assert_true(is_active(s, p, other));
    /* Again, unknown, malformed, or with a hint nobody knows: all 200 (RFC 7009 section 2.2). */
    static const char *const tokens[] = {"x", "a.b.c", "x&token_type_hint=foo"};
    assert_int_equal(ask(s, &c, endpoint_revoke, "owner", p.owner, token, SITE_NOW), ERR_OK);
    for (size_t i = 0; i < COUNT(tokens); i++)
        assert_int_equal(ask(s, &c, endpoint_revoke, "owner", p.owner, tokens[i], SITE_NOW),
                         ERR_OK);
    assert_int_equal(c.answer.status, 200);
}

static void only_its_client_revokes_a_token(void **state)
{
    struct site *s = *state;
    struct people p = people_of(s);
    check_revocation(s, p);
    s->conf.token_format = TOKEN_OPAQUE;
    check_revocation(s, p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(an_active_token_is_described),     SITE(an_opaque_token_is_described_alike),
        SITE(all_else_is_inactive_and_no_more), SITE(nobody_asks_without_authentication),
        SITE(an_outage_is_not_inactive),        SITE(only_its_client_revokes_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
