#include "site_fixture.h"

#include "local_token.h"

static enum err check(struct site *s, struct slice token, int64_t now, struct jwt_claims *out)
{
    struct local_keys *keys;
    struct local_token_rules rules = {.issuer = SITE_ISSUER, .now = now, .clock_skew = 5};
    assert_int_equal(local_keys_load(s->st, &keys), ERR_OK);
    EXACT(text, token);
    enum err e = local_token_check(keys, s->st, &rules, text, &s->arena, out);
    local_keys_free(keys);
    return e;
}

static void a_good_token_passes_with_its_claims(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check(s, token, SITE_NOW, &c), ERR_OK);
    check_slice(__LINE__, c.client_id, "a");
    check_slice(__LINE__, c.scope, "system/Patient.rs");
    assert_int_equal(c.exp, SITE_NOW + 300);
}

#define ISS  "\"iss\":\"" SITE_ISSUER "\""
#define SUB  ",\"sub\":\"a\""
#define CID  ",\"client_id\":\"a\""
#define AUD  ",\"aud\":\"x\""
#define IAT  ",\"iat\":1800000000"
#define EXP  ",\"exp\":1800000300"
#define JTI  ",\"jti\":\"j\""
#define REST SUB CID AUD IAT EXP JTI

static const struct {
    int line;
    const char *typ, *claims;
    enum err why;
} rows[] = {
    {__LINE__, "at+jwt", "{" ISS REST "}", ERR_OK},
    {__LINE__, "AT+JWT", "{" ISS REST "}", ERR_OK},
    {__LINE__, "application/at+jwt", "{" ISS REST "}", ERR_OK},
    {__LINE__, NULL, "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "JWT", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "jwt", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "at+jwt ", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "dpop+jwt", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "token-introspection+jwt", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "client-authentication+jwt", "{" ISS REST "}", ERR_JWT_TYP},
    {__LINE__, "at+jwt", "{\"x\":1" REST "}", ERR_JWT_ISSUER},
    {__LINE__, "at+jwt", "{\"iss\":\"\"" REST "}", ERR_JWT_ISSUER},
    {__LINE__, "at+jwt", "{\"iss\":\"" SITE_ISSUER "/\"" REST "}", ERR_JWT_ISSUER},
    {__LINE__, "at+jwt", "{\"iss\":\"https://hospital.example/aut\"" REST "}", ERR_JWT_ISSUER},
    {__LINE__, "at+jwt", "{\"iss\":[\"" SITE_ISSUER "\"]" REST "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS ",\"iss\":\"x\"" REST "}", ERR_JSON},
    {__LINE__, "at+jwt", "{" ISS CID AUD IAT EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB AUD IAT EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID IAT EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT EXP "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT EXP ",\"jti\":\"\"}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB ",\"client_id\":\"\"" AUD IAT EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB ",\"client_id\":\"b\"" AUD IAT EXP JTI "}", ERR_TOKEN_REVOKED},
    {__LINE__, "at+jwt", "{" ISS SUB CID ",\"aud\":[]" IAT EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI ",\"exp\":1799999995}", ERR_JWT_EXPIRED},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI ",\"exp\":1799999996}", ERR_OK},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI ",\"exp\":\"1800000300\"}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI ",\"exp\":1e300}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD IAT JTI ",\"exp\":-1}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS REST ",\"nbf\":1800000005}", ERR_OK},
    {__LINE__, "at+jwt", "{" ISS REST ",\"nbf\":1800000006}", ERR_JWT_NOT_YET},
    {__LINE__, "at+jwt", "{" ISS SUB CID AUD EXP JTI ",\"iat\":1800000006}", ERR_JWT_NOT_YET},
    {__LINE__, "at+jwt", "{" ISS REST ",\"scope\":[\"system/*.rs\"]}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS REST ",\"scope\":\"a\\nb\"}", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "{" ISS REST ",\"scope\":\"a\\u0000\"}", ERR_JSON},
    {__LINE__, "at+jwt", "[]", ERR_JWT_CLAIM},
    {__LINE__, "at+jwt", "", ERR_JSON},
};

static void every_claim_counts(void **state)
{
    struct site *s = *state;
    site_add_client(s, "a", "system/*.rs");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jwt_claims c;
        struct slice token = site_sign(s, s->key, rows[i].typ, rows[i].claims);
        check_err(rows[i].line, check(s, token, SITE_NOW, &c), rows[i].why);
        arena_reset(&s->arena);
    }
}

static enum err check_opaque(struct site *s, struct slice token, int64_t now,
                             struct jwt_claims *out)
{
    struct local_token_rules rules = {.issuer = SITE_ISSUER, .now = now, .clock_skew = 5};
    EXACT(text, token);
    return local_opaque_check(s->st, &rules, text, &s->arena, out);
}

static void what_has_no_dot_is_opaque(void **state)
{
    (void)state;
    assert_true(local_opaque_is(SLICE("")));
    assert_true(local_opaque_is(SLICE("abc")));
    assert_false(local_opaque_is(SLICE("a.b")));
    assert_false(local_opaque_is(SLICE(".")));
}

static void an_opaque_token_passes_with_its_claims(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_opaque(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(token.n, LOCAL_OPAQUE_TEXT);
    assert_int_equal(check_opaque(s, token, SITE_NOW, &c), ERR_OK);
    check_slice(__LINE__, c.client_id, "a");
    check_slice(__LINE__, c.scope, "system/Patient.rs");
    assert_int_equal(c.exp, SITE_NOW + 300);
    assert_int_equal(check_opaque(s, token, SITE_NOW + 304, &c), ERR_OK);
    assert_int_equal(check_opaque(s, token, SITE_NOW + 305, &c), ERR_JWT_EXPIRED);
    /* No key is needed. */
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(check_opaque(s, token, SITE_NOW, &c), ERR_OK);
    /* The same rules of revocation. */
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check_opaque(s, token, SITE_NOW, &c), ERR_TOKEN_REVOKED);
    check_slice(__LINE__, c.jti, "j");
}

/* The same of an opaque token; what is only in a JWT is left out. */
static void every_claim_of_an_opaque_token_counts(void **state)
{
    struct site *s = *state;
    size_t tried = 0;
    site_add_client(s, "a", "system/*.rs");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jwt_claims c;
        if (rows[i].why == ERR_JWT_TYP)
            continue;
        struct slice token = site_keep(s, rows[i].claims);
        check_err(rows[i].line, check_opaque(s, token, SITE_NOW, &c), rows[i].why);
        arena_reset(&s->arena);
        tried++;
    }
    assert_true(tried > 20);
}

static void what_the_store_does_not_know_is_inactive(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_opaque(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    char text[LOCAL_OPAQUE_TEXT + 2];
    memcpy(text, token.p, token.n);
    text[token.n] = 'A';
    for (size_t i = 0; i < token.n; i++) {
        text[i] = token.p[i] == 'A' ? 'B' : 'A';
        assert_int_equal(check_opaque(s, (struct slice){text, token.n}, SITE_NOW, &c),
                         ERR_TOKEN_INACTIVE);
        assert_null(c.iss.p);
        text[i] = token.p[i];
        assert_int_equal(check_opaque(s, (struct slice){text, i}, SITE_NOW, &c),
                         ERR_TOKEN_INACTIVE);
    }
    assert_int_equal(check_opaque(s, (struct slice){text, token.n + 1}, SITE_NOW, &c),
                     ERR_TOKEN_INACTIVE);
    assert_int_equal(check_opaque(s, (struct slice){text, token.n}, SITE_NOW, &c), ERR_OK);
}

static void no_byte_of_a_token_can_change(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    char text[2048];
    assert_true(token.n < sizeof text);
    memcpy(text, token.p, token.n);
    for (size_t i = 0; i < token.n; i++) {
        struct slice changed = {text, token.n};
        text[i] = token.p[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(check(s, changed, SITE_NOW, &c), ERR_OK);
        text[i] = token.p[i];
        /* Nor can it end early. */
        assert_int_not_equal(check(s, (struct slice){text, i}, SITE_NOW, &c), ERR_OK);
    }
    assert_int_equal(check(s, (struct slice){text, token.n}, SITE_NOW, &c), ERR_OK);
}

static void only_published_keys_count(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    struct jwk *foreign;
    struct keyring ring = site_keyring(s);
    char kid[JWK_THUMBPRINT + 1], text[256];
    struct buf fault = BUF(text);
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);

    assert_int_equal(jwk_generate("ES256", &foreign), ERR_OK);
    struct slice forged = site_sign(s, foreign, "at+jwt", "{" ISS REST "}");
    assert_int_equal(check(s, forged, SITE_NOW, &c), ERR_JWT_KEY);
    /* The name of a published key does not make it one. */
    memcpy(foreign->kid, s->key->kid, sizeof foreign->kid);
    forged = site_sign(s, foreign, "at+jwt", "{" ISS REST "}");
    assert_int_equal(check(s, forged, SITE_NOW, &c), ERR_JWT_SIGNATURE);
    foreign->kid[0] = '\0';
    forged = site_sign(s, foreign, "at+jwt", "{" ISS REST "}");
    assert_int_equal(check(s, forged, SITE_NOW, &c), ERR_JWT_KEY);
    jwk_free(foreign);

    /* A retired key counts until it expires. */
    assert_int_equal(keyring_rotate(&ring, kid, &fault), ERR_OK);
    int64_t end = ring.now + ring.keep_retired_s;
    struct local_token_rules rules = {.issuer = SITE_ISSUER, .now = end - 1, .clock_skew = 2000};
    struct local_keys *keys;
    assert_int_equal(local_keys_load(s->st, &keys), ERR_OK);
    assert_int_equal(local_token_check(keys, s->st, &rules, token, &s->arena, &c), ERR_OK);
    rules.now = end;
    assert_int_equal(local_token_check(keys, s->st, &rules, token, &s->arena, &c), ERR_JWT_KEY);
    local_keys_free(keys);

    assert_int_equal(store_key_remove(s->st, slice_of(kid)), ERR_OK);
    assert_int_equal(store_key_remove(s->st, slice_of(s->key->kid)), ERR_OK);
    assert_int_equal(check(s, token, SITE_NOW, &c), ERR_KEYS);
}

static void a_broken_key_row_leaves_the_others_usable(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    static const char *const broken[] = {"", "{}", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "x"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        char kid[2] = {(char)('0' + (int)i), '\0'};
        struct store_key key = {.kid = kid,
                                .alg = "ES256",
                                .use = "sig",
                                .public_jwk = broken[i],
                                .state = KEY_ACTIVE,
                                .created_at = SITE_NOW};
        assert_int_equal(store_key_add(s->st, &key), ERR_OK);
    }
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    assert_int_equal(check(s, token, SITE_NOW, &c), ERR_OK);
}

static void revocation_and_the_client_count(void **state)
{
    struct site *s = *state;
    struct jwt_claims c;
    site_add_client(s, "a", "system/*.rs");
    struct slice token = site_token(s, "a", "j", SITE_NOW, SITE_NOW + 300);
    struct slice other = site_token(s, "a", "k", SITE_NOW + 1, SITE_NOW + 300);
    assert_int_equal(store_revoke(s->st, SLICE("j"), SITE_NOW + 300), ERR_OK);
    assert_int_equal(check(s, token, SITE_NOW, &c), ERR_TOKEN_REVOKED);
    check_slice(__LINE__, c.jti, "j"); /* readable for the log */
    assert_int_equal(check(s, other, SITE_NOW, &c), ERR_OK);

    struct client changed = site_client("a", "system/*.rs");
    changed.enabled = false;
    assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    assert_int_equal(check(s, other, SITE_NOW, &c), ERR_TOKEN_REVOKED);
    changed.enabled = true;
    changed.tokens_valid_from = SITE_NOW + 2;
    assert_int_equal(store_client_update(s->st, &changed), ERR_OK);
    assert_int_equal(check(s, other, SITE_NOW, &c), ERR_TOKEN_REVOKED);
    assert_int_equal(store_client_remove(s->st, SLICE("a")), ERR_OK);
    assert_int_equal(check(s, other, SITE_NOW, &c), ERR_TOKEN_REVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_good_token_passes_with_its_claims),
        SITE(every_claim_counts),
        SITE(what_has_no_dot_is_opaque),
        SITE(an_opaque_token_passes_with_its_claims),
        SITE(every_claim_of_an_opaque_token_counts),
        SITE(what_the_store_does_not_know_is_inactive),
        SITE(no_byte_of_a_token_can_change),
        SITE(only_published_keys_count),
        SITE(a_broken_key_row_leaves_the_others_usable),
        SITE(revocation_and_the_client_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
