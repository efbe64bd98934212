#include "site_fixture.h"

#include "access_token.h"
#include "jwt.h"
#include "local_token.h"

static enum err make(struct site *s, const struct client *c, const char *scope,
                     const char *audience, struct access_token *out)
{
    return access_token_make(&s->conf, s->key, NULL, c, slice_of(scope), slice_of(audience),
                             SLICE_NONE, SITE_NOW, &s->arena, out);
}

static void a_token_is_that_of_rfc_9068(void **state)
{
    struct site *s = *state;
    struct access_token t;
    struct jws jws;
    struct jwt_claims c;
    struct client client = site_client("a", "system/*.rs");
    assert_int_equal(make(s, &client, "system/*.rs", "[\"" SITE_FHIR "\",\"https://b\"]", &t),
                     ERR_OK);
    assert_int_equal(t.expires_in, 300);
    assert_int_equal(strlen(t.jti), ACCESS_TOKEN_JTI);
    assert_int_equal(jws_parse(t.text, &s->arena, &jws), ERR_OK);
    check_slice(__LINE__, jws.typ, "at+jwt");
    check_slice(__LINE__, jws.kid, s->key->kid);
    assert_int_equal(jws_verify(&jws, s->key), ERR_OK);
    assert_int_equal(jwt_claims_parse(jws.payload, &s->arena, &c), ERR_OK);
    check_slice(__LINE__, c.iss, SITE_ISSUER);
    check_slice(__LINE__, c.sub, "a");
    check_slice(__LINE__, c.client_id, "a");
    check_slice(__LINE__, c.scope, "system/*.rs");
    check_slice(__LINE__, c.jti, t.jti);
    assert_true(c.has_iat && c.iat == SITE_NOW && c.has_exp && c.exp == SITE_NOW + 300);
    assert_int_equal(c.aud_count, 2);
    check_slice(__LINE__, c.aud[1], "https://b");
}

static void every_token_has_a_jti_of_its_own(void **state)
{
    struct site *s = *state;
    char before[ACCESS_TOKEN_JTI + 1] = "";
    struct client client = site_client("a", "system/*.rs");
    for (int i = 0; i < 8; i++) {
        struct access_token t;
        assert_int_equal(make(s, &client, "system/*.rs", "\"x\"", &t), ERR_OK);
        assert_string_not_equal(t.jti, before);
        memcpy(before, t.jti, sizeof before);
    }
}

static void a_client_may_have_a_lifetime_of_its_own(void **state)
{
    struct site *s = *state;
    struct access_token t;
    struct client client = site_client("a", "system/*.rs");
    client.token_lifetime_s = 10;
    assert_int_equal(make(s, &client, "system/*.rs", "\"x\"", &t), ERR_OK);
    assert_int_equal(t.expires_in, 10);
}

/* Nothing in its text; the claims are those of a JWT. */
static void an_opaque_token_is_random(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    char before[LOCAL_OPAQUE_TEXT + 1] = "";
    struct client client = site_client("a", "system/*.rs");
    s->conf.token_format = TOKEN_OPAQUE;
    for (int i = 0; i < 8; i++) {
        struct access_token t;
        assert_int_equal(access_token_make(&s->conf, NULL, NULL, &client, SLICE("system/*.rs"),
                                           SLICE("\"x\""), SLICE_NONE, SITE_NOW, &s->arena, &t),
                         ERR_OK);
        assert_int_equal(t.text.n, LOCAL_OPAQUE_TEXT);
        assert_true(local_opaque_is(t.text));
        assert_string_not_equal(t.text.p, before);
        memcpy(before, t.text.p, sizeof before);
        assert_int_equal(t.expires_at, SITE_NOW + 300);
        assert_int_equal(jwt_claims_parse(t.claims, &s->arena, &c), ERR_OK);
        check_slice(__LINE__, c.iss, SITE_ISSUER);
        check_slice(__LINE__, c.sub, "a");
        check_slice(__LINE__, c.client_id, "a");
        check_slice(__LINE__, c.scope, "system/*.rs");
        check_slice(__LINE__, c.jti, t.jti);
        assert_true(c.iat == SITE_NOW && c.exp == SITE_NOW + 300 && c.aud_count == 1);
    }
}

/* What the issuer makes the gateway takes. */
static void the_gateway_takes_it(void **state)
{
    struct site *s = *state;
    struct access_token t;
    struct local_keys *keys;
    struct jwt_claims c;
    struct local_token_rules rules = {.issuer = SITE_ISSUER, .now = SITE_NOW};
    site_add_client(s, "a", "system/*.rs");
    struct client client = site_client("a", "system/*.rs");
    assert_int_equal(make(s, &client, "system/*.rs", "\"x\"", &t), ERR_OK);
    assert_int_equal(local_keys_load(s->st, &keys), ERR_OK);
    assert_int_equal(local_token_check(keys, s->st, &rules, t.text, &s->arena, &c), ERR_OK);
    rules.now = SITE_NOW + 300;
    assert_int_equal(local_token_check(keys, s->st, &rules, t.text, &s->arena, &c),
                     ERR_JWT_EXPIRED);
    local_keys_free(keys);
}

static void what_cannot_be_signed_is_refused(void **state)
{
    struct site *s = *state;
    struct access_token t;
    struct client client = site_client("a", "system/*.rs");
    char *scope = malloc(13000);
    assert_non_null(scope);
    memset(scope, 'x', 12999);
    scope[12999] = '\0';
    assert_int_equal(make(s, &client, scope, "\"x\"", &t), ERR_TOO_LARGE);
    free(scope);
    ARENA(small, 64);
    assert_int_not_equal(access_token_make(&s->conf, s->key, NULL, &client, SLICE("a"),
                                           SLICE("\"x\""), SLICE_NONE, SITE_NOW, &small, &t),
                         ERR_OK);
    char alg[sizeof s->key->alg];
    memcpy(alg, s->key->alg, sizeof alg);
    s->key->alg[0] = '\0';
    assert_int_equal(make(s, &client, "a", "\"x\"", &t), ERR_KEYS);
    memcpy(s->key->alg, "RS256", 6);
    assert_int_equal(make(s, &client, "a", "\"x\"", &t), ERR_JWT_ALG);
    memcpy(s->key->alg, alg, sizeof alg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_token_is_that_of_rfc_9068),
        SITE(every_token_has_a_jti_of_its_own),
        SITE(a_client_may_have_a_lifetime_of_its_own),
        SITE(an_opaque_token_is_random),
        SITE(the_gateway_takes_it),
        SITE(what_cannot_be_signed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
