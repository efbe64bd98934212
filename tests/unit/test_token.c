#include "endpoint_fixture.h"

#define CC "&grant_type=client_credentials"

static void a_secret_buys_a_token(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct json *document;
    int64_t expires_in;
    struct jws jws;
    struct jwt_claims claims;
    site_add_client(s, "a", "system/*.rs");
    const char *secret = client_add_secret(s, "a");
    assert_int_equal(
        call(s, &c, endpoint_token,
             secret_form(s, "a", secret, CC "&scope=system/Patient.rs+system/Patient.rs")),
        ERR_OK);
    assert_string_equal(answer_header(&c, "Cache-Control"), "no-store");
    assert_string_equal(answer_header(&c, "Pragma"), "no-cache");
    assert_null(answer_header(&c, "Access-Control-Allow-Origin"));
    assert_string_equal(answer_text(s, &c, "token_type"), "Bearer");
    assert_string_equal(answer_text(s, &c, "scope"), "system/Patient.rs");
    document = answer_json(&c);
    assert_int_equal(json_count(document), 4); /* no refresh_token, no id_token */
    assert_true(json_integer(json_member(document, "expires_in"), &expires_in));
    assert_int_equal(expires_in, 300);
    json_free(document);
    assert_int_equal(jws_parse(slice_of(answer_text(s, &c, "access_token")), &s->arena, &jws),
                     ERR_OK);
    assert_int_equal(jwt_claims_parse(jws.payload, &s->arena, &claims), ERR_OK);
    check_slice(__LINE__, claims.scope, "system/Patient.rs");
    check_slice(__LINE__, claims.sub, "a");
    assert_true(jwt_has_audience(&claims, SLICE(SITE_FHIR)));
}

static void an_assertion_buys_a_token_once(void **state)
{
    struct site *s = *state;
    CALL(c);
    struct jwk *key;
    assert_int_equal(jwk_generate("ES384", &key), ERR_OK);
    client_add_jwks(s, "a", "system/*.rs", key_set_of(s, &key, 1));
    const char *form =
        assertion_form(s, client_assertion(s, key, "a", "j"), CC "&scope=system/*.read");
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
    assert_string_equal(answer_text(s, &c, "scope"), "system/*.read");
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_JWT_REPLAY);
    assert_int_equal(c.answer.status, 0);
    jwk_free(key);
}

static void what_is_wrong_is_told(void **state)
{
    struct site *s = *state;
    static const struct {
        int line;
        const char *id, *more;
        enum err why;
    } rows[] = {
        {__LINE__, "a", CC "&scope=system/*.rs", ERR_OK},
        {__LINE__, "a", CC "&scope=system/*.rs&unknown=1", ERR_OK},
        {__LINE__, "a", CC "&scope=system/*.rs&resource=" SITE_FHIR, ERR_OK},
        {__LINE__, "a", "", ERR_FORM_MISSING},
        {__LINE__, "a", "&scope=system/*.rs", ERR_FORM_MISSING},
        {__LINE__, "a", "&grant_type=&scope=system/*.rs", ERR_FORM_MISSING},
        {__LINE__, "a", "&grant_type=password&scope=system/*.rs", ERR_GRANT_TYPE},
        {__LINE__, "a", "&grant_type=authorization_code", ERR_GRANT_TYPE},
        {__LINE__, "a", "&grant_type=Client_Credentials", ERR_GRANT_TYPE},
        {__LINE__, "unknown", "&grant_type=password", ERR_GRANT_TYPE},
        {__LINE__, "a", CC CC, ERR_FORM_DUPLICATE},
        {__LINE__, "a", CC "&scope=system/*.rs&scope=system/*.r", ERR_FORM_DUPLICATE},
        {__LINE__, "a", CC "&client_id=a", ERR_FORM_DUPLICATE},
        {__LINE__, "a", CC "&scope=%", ERR_FORM},
        {__LINE__, "unknown", CC "&scope=system/*.rs", ERR_CLIENT_AUTH},
        {__LINE__, "unknown", CC "&scope=%20", ERR_CLIENT_AUTH},
        {__LINE__, "a", CC, ERR_SCOPE_MISSING},
        {__LINE__, "a", CC "&scope=", ERR_SCOPE_MISSING},
        {__LINE__, "a", CC "&scope=openid", ERR_SCOPE_UNKNOWN},
        {__LINE__, "a", CC "&scope=system/*.cruds", ERR_SCOPE},
        {__LINE__, "a", CC "&scope=system/*.rs+system/Patient.c", ERR_SCOPE},
        {__LINE__, "a", CC "&scope=system/Patient.cruds?name=a", ERR_SCOPE},
        {__LINE__, "a", CC "&scope=system/*.rs&resource=https://b", ERR_AUDIENCE_UNKNOWN},
    };
    site_add_client(s, "a", "system/*.rs");
    const char *secret = client_add_secret(s, "a");
    for (size_t i = 0; i < COUNT(rows); i++) {
        CALL(c);
        enum err e = call(s, &c, endpoint_token, secret_form(s, rows[i].id, secret, rows[i].more));
        check_err(rows[i].line, e, rows[i].why);
        check_true(rows[i].line, (c.answer.status == 200) == (e == ERR_OK), "status");
        check_true(rows[i].line, (c.answer.body.n > 0) == (e == ERR_OK), "body");
    }
}

/* Of those that are given: what is refused for another reason does not count. */
static void a_client_gets_so_many_in_a_minute(void **state)
{
    struct site *s = *state;
    CALL(c);
    CALL(other);
    s->conf.token_requests = 3;
    site_add_client(s, "a", "system/*.rs");
    site_add_client(s, "b", "system/*.rs");
    const char *secret = client_add_secret(s, "a");
    const char *form = secret_form(s, "a", secret, CC "&scope=system/*.rs");
    const char *of_b = secret_form(s, "b", client_add_secret(s, "b"), CC "&scope=system/*.rs");
    const char *too_much = secret_form(s, "a", secret, CC "&scope=system/*.cruds");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call_at(s, &c, endpoint_token, too_much, SITE_NOW), ERR_SCOPE);
        assert_int_equal(call_at(s, &c, endpoint_token, form, SITE_NOW + i), ERR_OK);
    }
    assert_int_equal(call_at(s, &c, endpoint_token, form, SITE_NOW + 20), ERR_THROTTLED);
    assert_int_equal(c.ep.retry_after_s, 40);
    assert_int_equal(c.answer.status, 0);
    assert_int_equal(call_at(s, &other, endpoint_token, of_b, SITE_NOW + 20), ERR_OK);
    assert_int_equal(call_at(s, &c, endpoint_token, form, SITE_NOW + 60), ERR_OK);
    snprintf(s->conf.exempt, sizeof s->conf.exempt, "192.0.2.1");
    for (int i = 0; i < 10; i++)
        assert_int_equal(call_at(s, &c, endpoint_token, form, SITE_NOW + 60), ERR_OK);
}

static void without_a_key_there_is_no_token(void **state)
{
    struct site *s = *state;
    CALL(c);
    site_add_client(s, "a", "system/*.rs");
    const char *form = secret_form(s, "a", client_add_secret(s, "a"), CC "&scope=system/*.rs");
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_KEYS);
    assert_int_equal(c.answer.status, 0);
}

/* An opaque token has none to wait for, and the store knows it by its digest only. */
static void an_opaque_token_needs_no_key(void **state)
{
    struct site *s = *state;
    struct secret digest;
    struct slice kept;
    struct jwt_claims claims;
    site_add_client(s, "a", "system/*.rs");
    s->conf.token_format = TOKEN_OPAQUE;
    s->conf.token_clock_skew_s = 7;
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    struct slice token =
        slice_of(obtain(s, "a", client_add_secret(s, "a"), "system/Patient.rs+system/*.read"));
    assert_int_equal(token.n, LOCAL_OPAQUE_TEXT);
    assert_true(secret_digest(SLICE(""), token, &digest));
    assert_int_equal(store_opaque_get(s->st, &digest, &s->arena, &kept), ERR_OK);
    assert_int_equal(jwt_claims_parse(kept, &s->arena, &claims), ERR_OK);
    check_slice(__LINE__, claims.scope, "system/Patient.rs system/*.read");
    check_slice(__LINE__, claims.client_id, "a");
    assert_true(jwt_has_audience(&claims, SLICE(SITE_FHIR)));
    /* It stays as long as it may be taken. */
    assert_int_equal(store_purge(s->st, SITE_NOW + 306, 10, NULL), ERR_OK);
    assert_int_equal(store_opaque_get(s->st, &digest, &s->arena, &kept), ERR_OK);
    assert_int_equal(store_purge(s->st, SITE_NOW + 307, 10, NULL), ERR_OK);
    assert_int_equal(store_opaque_get(s->st, &digest, &s->arena, &kept), ERR_NOT_FOUND);
}

/* It is noted with the token, and also when there is none. */
static void an_assertion_buys_an_opaque_token_once(void **state)
{
    struct site *s = *state;
    static const struct {
        const char *jti, *more;
        enum err first;
    } rows[] = {
        {"1", CC "&scope=system/*.read", ERR_OK},
        {"2", CC "&scope=system/*.cruds", ERR_SCOPE},
        {"3", CC "&scope=system/*.read&resource=https://b", ERR_AUDIENCE_UNKNOWN},
    };
    struct jwk *key;
    s->conf.token_format = TOKEN_OPAQUE;
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    client_add_jwks(s, "a", "system/*.rs", key_set_of(s, &key, 1));
    for (size_t i = 0; i < COUNT(rows); i++) {
        CALL(c);
        struct slice assertion = client_assertion(s, key, "a", rows[i].jti);
        const char *good = assertion_form(s, assertion, CC "&scope=system/*.read");
        const char *form = assertion_form(s, assertion, rows[i].more);
        assert_int_equal(call(s, &c, endpoint_token, form), rows[i].first);
        assert_int_equal(call(s, &c, endpoint_token, form), ERR_JWT_REPLAY);
        assert_int_equal(call(s, &c, endpoint_token, good), ERR_JWT_REPLAY);
        assert_int_equal(store_jti_seen(s->st, SLICE("a"), slice_of(rows[i].jti), SITE_NOW),
                         ERR_JWT_REPLAY);
    }
    jwk_free(key);
}

/* Whoever is late finds it used, although he had looked before. */
static void of_two_uses_at_once_one_counts(void **state)
{
    struct site *s = *state;
    const struct secret digest = {.b = {1}};
    struct slice kept;
    struct jti_use first = {.issuer = SLICE_NONE}, second = first, none = first;
    const struct jti_use use = {
        .issuer = SLICE("a"), .jti = SLICE("j"), .expires_at = SITE_NOW + 60, .now = SITE_NOW};
    struct registry r = {.store = s->st, .later = &first};
    assert_int_equal(registry_jti_once(&r, &use), ERR_OK);
    r.later = &second;
    assert_int_equal(registry_jti_once(&r, &use), ERR_OK);
    assert_int_equal(registry_opaque_add(&r, &digest, SLICE("{}"), SITE_NOW + 60), ERR_OK);
    r.later = &first;
    const struct secret other = {.b = {2}};
    assert_int_equal(registry_opaque_add(&r, &other, SLICE("{}"), SITE_NOW + 60), ERR_JWT_REPLAY);
    assert_int_equal(registry_jti_note(&r), ERR_JWT_REPLAY);
    assert_int_equal(store_opaque_get(s->st, &other, &s->arena, &kept), ERR_NOT_FOUND);
    assert_int_equal(store_opaque_get(s->st, &digest, &s->arena, &kept), ERR_OK);
    r.later = &none;
    assert_int_equal(registry_jti_once(&r, &use), ERR_JWT_REPLAY);
    assert_null(none.issuer.p);
    assert_int_equal(registry_jti_note(&r), ERR_OK); /* nothing was left */
}

/* Whatever room is left, there is a whole token or none. */
static void without_memory_there_is_no_token(void **state)
{
    struct site *s = *state;
    site_add_client(s, "a", "system/*.rs");
    const char *form = secret_form(s, "a", client_add_secret(s, "a"), CC "&scope=system/*.rs");
    size_t refused = 0;
    for (size_t cap = 256; cap < 24 * 1024; cap += 192) {
        CALL(c);
        s->conf.token_format = cap % 1024 < 512 ? TOKEN_JWT : TOKEN_OPAQUE;
        struct arena full = s->arena;
        assert_true(arena_init(&s->arena, cap));
        enum err e = call(s, &c, endpoint_token, form);
        if (e != ERR_OK || c.answer.status == 0) {
            refused++;
            assert_int_equal(c.answer.body.n, 0);
        } else {
            assert_int_equal(c.answer.status, 200);
            assert_true(slice_ends(c.answer.body, "\"scope\":\"system/*.rs\"}\n"));
        }
        arena_free(&s->arena);
        s->arena = full;
    }
    assert_true(refused > 10 && refused < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_secret_buys_a_token),
        SITE(an_assertion_buys_a_token_once),
        SITE(what_is_wrong_is_told),
        SITE(a_client_gets_so_many_in_a_minute),
        SITE(without_a_key_there_is_no_token),
        SITE(an_opaque_token_needs_no_key),
        SITE(an_assertion_buys_an_opaque_token_once),
        SITE(of_two_uses_at_once_one_counts),
        SITE(without_memory_there_is_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
