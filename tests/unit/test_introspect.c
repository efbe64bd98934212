#include "endpoint_fixture.h"

#include "envelope.h"
#include "jwe.h"

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
    struct buf form = buf_in(&s->arena, strlen(token) + 256);
    buf_printf(&form, "client_id=%s&client_secret=%s&token=%s", id, secret, token);
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

/* A token with this at the end of its claims. */
static struct slice token_with(struct site *s, const char *more)
{
    char claims[512];
    snprintf(claims, sizeof claims,
             "{\"iss\":\"" SITE_ISSUER "\",\"sub\":\"owner\",\"client_id\":\"owner\","
             "\"iat\":%d,\"exp\":%d,\"jti\":\"j\",\"scope\":\"patient/*.rs\"%s}",
             SITE_NOW, SITE_NOW + 60, more);
    return site_sign(s, s->key, "at+jwt", claims);
}

/* Members are those of the token: none is made up, and there is never a username. */
static void members_come_from_the_token(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct people p = people_of(s);
    static const char head[] = "{\"active\":true,\"token_type\":\"Bearer\",\"scope\":"
                               "\"patient/*.rs\",\"client_id\":\"owner\",\"sub\":\"owner\","
                               "\"iss\":\"" SITE_ISSUER "\",\"jti\":\"j\"";
    static const char times[] = ",\"exp\":1800000060,\"iat\":1800000000";
    static const struct {
        const char *more, *context, *nbf, *aud;
    } rows[] = {
        {",\"aud\":\"x\"", "", "", ",\"aud\":\"x\"}\n"},
        {",\"aud\":[\"x\"],\"nbf\":1800000000,\"username\":\"u\",\"extra\":1", "",
         ",\"nbf\":1800000000", ",\"aud\":[\"x\"]}\n"},
        {",\"patient\":\"p1\",\"fhirUser\":\"Practitioner/1\",\"aud\":[\"x\",\"y\"]",
         ",\"patient\":\"p1\",\"fhirUser\":\"Practitioner/1\"", "", ",\"aud\":[\"x\",\"y\"]}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char want[512];
        snprintf(want, sizeof want, "%s%s%s%s%s", head, rows[i].context, times, rows[i].nbf,
                 rows[i].aud);
        assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader,
                             token_with(s, rows[i].more).p, SITE_NOW),
                         ERR_OK);
        check_slice(__LINE__, c.answer.body, want);
    }
}

/* The claim token_introspection of a signed answer, as text in the arena. */
static struct slice signed_answer(struct site *s, const struct call *c)
{
    static const char mark[] = "\"token_introspection\":";
    struct jws jws;
    assert_int_equal(c->answer.status, 200);
    assert_string_equal(c->answer.content_type, "application/token-introspection+jwt");
    assert_string_equal(answer_header(c, "Cache-Control"), "no-store");
    assert_int_equal(jws_parse(c->answer.body, &s->arena, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, s->key), ERR_OK);
    const char *payload = arena_dup(&s->arena, jws.payload), *at = strstr(payload, mark);
    assert_non_null(at);
    struct slice rest = slice_of(at + sizeof mark - 1);
    rest.n--; /* the brace of the claims */
    return rest;
}

/* RFC 9701: the same object, whoever asks for it in whatever form. */
static void a_signed_answer_says_the_same(void **state)
{
    struct site *s = *state;
    CALL(plain);
    CALL(c);
    struct people p = people_of(s);
    const char *const tokens[] = {obtain(s, "owner", p.owner, "system/Patient.rs"), "x"};
    c.request.accept = SLICE("application/token-introspection+jwt");
    for (size_t i = 0; i < COUNT(tokens); i++) {
        assert_int_equal(
            ask(s, &plain, endpoint_introspect, "reader", p.reader, tokens[i], SITE_NOW), ERR_OK);
        assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, tokens[i], SITE_NOW),
                         ERR_OK);
        struct slice want = plain.answer.body;
        want.n--; /* the line feed */
        assert_true(slice_eq(signed_answer(s, &c), want));
    }
    assert_int_equal(ask(s, &c, endpoint_introspect, "owner", p.owner, tokens[0], SITE_NOW),
                     ERR_OK);
    check_slice(__LINE__, signed_answer(s, &c), "{\"active\":false}");
    struct keyring ring = site_keyring(s);
    char text[256];
    struct buf fault = BUF(text);
    ring.now = SITE_NOW;
    assert_int_equal(keyring_retire(&ring, slice_of(s->key->kid), false, &fault), ERR_OK);
    assert_int_equal(ask(s, &c, endpoint_introspect, "reader", p.reader, tokens[0], SITE_NOW),
                     ERR_KEYS);
    assert_int_equal(ask(s, &plain, endpoint_introspect, "reader", p.reader, tokens[0], SITE_NOW),
                     ERR_OK); /* a retired key still verifies */
    assert_true(slice_starts(plain.answer.body, "{\"active\":true"));
}

/* A token in an envelope for a key that is not of this site. */
static struct slice encrypted_for_nobody(struct site *s, const char *token)
{
    struct jwk *key;
    struct buf text = buf_in(&s->arena, 8192);
    assert_int_equal(jwk_generate("ECDH-ES", &key), ERR_OK);
    assert_int_equal(envelope_seal(&s->conf, key, slice_of(token), &s->arena, &text), ERR_OK);
    jwk_free(key);
    return buf_slice(&text);
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
    struct slice unknown_key = encrypted_for_nobody(s, token);
    struct buf too_long = buf_in(&s->arena, JWE_MAX_BYTES + 100);
    while (!too_long.overflowed)
        buf_putc(&too_long, 'a');
    const struct {
        int line;
        const char *id, *secret, *token;
        int64_t now;
    } rows[] = {
        {__LINE__, "reader", p.reader, "x", SITE_NOW},
        {__LINE__, "reader", p.reader, "a.b.c", SITE_NOW},
        {__LINE__, "reader", p.reader, forged.p, SITE_NOW},
        {__LINE__, "reader", p.reader, other_typ.p, SITE_NOW},
        {__LINE__, "reader", p.reader, "a.b.c.d.e", SITE_NOW},
        {__LINE__, "reader", p.reader, unknown_key.p, SITE_NOW},
        {__LINE__, "reader", p.reader, too_long.p, SITE_NOW},
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
        SITE(members_come_from_the_token),      SITE(a_signed_answer_says_the_same),
        SITE(all_else_is_inactive_and_no_more), SITE(nobody_asks_without_authentication),
        SITE(an_outage_is_not_inactive),        SITE(only_its_client_revokes_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
