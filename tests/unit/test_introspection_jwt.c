#include "client_fixture.h"

#include "introspection_jwt.h"
#include "json.h"

#define JWT INTROSPECTION_JWT_TYPE

/* RFC 9701 section 4, RFC 9110 section 12.5.1. */
static void only_who_names_the_type_gets_it(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *accept;
        bool wanted;
    } rows[] = {
        {__LINE__, NULL, false},
        {__LINE__, "", false},
        {__LINE__, "*/*", false},
        {__LINE__, "application/*", false},
        {__LINE__, "application/json", false},
        {__LINE__, "application/jwt", false},
        {__LINE__, "text/html", false},
        {__LINE__, JWT "s", false},
        {__LINE__, "x" JWT, false},
        {__LINE__, "text/token-introspection+jwt", false},
        {__LINE__, JWT, true},
        {__LINE__, "Application/Token-Introspection+JWT", true},
        {__LINE__, " " JWT " ; q=0.1", true},
        {__LINE__, JWT ";charset=utf-8", true},
        {__LINE__, JWT ";q=0", false},
        {__LINE__, JWT ";q=x", false},
        {__LINE__, JWT ", */*", true},
        {__LINE__, "*/*, " JWT, true},
        {__LINE__, JWT ";q=0.9, */*;q=0.8", true},
        {__LINE__, JWT ";q=0.5, */*", false},
        {__LINE__, JWT ";q=0.5, application/*", false},
        {__LINE__, JWT ";q=0.5, application/*;q=0.4, */*", true},
        {__LINE__, "application/json, " JWT, true},
        {__LINE__, "application/json, " JWT ";q=0.9", false},
        {__LINE__, "application/json;q=0.9, " JWT, true},
        {__LINE__, "application/json;q=0.2, */*, " JWT ";q=0.5", true},
        {__LINE__, "application/json;q=0, */*, " JWT ";q=0.5", true},
        {__LINE__, ",;,q=1;" JWT, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(accept, slice_of(rows[i].accept));
        check_true(rows[i].line, introspection_jwt_wanted(accept) == rows[i].wanted, "wanted");
    }
}

static void check_claim(const struct json *claims, const char *name, const char *want)
{
    struct slice text;
    assert_true(json_member_string(claims, name, &text));
    check_slice(__LINE__, text, want);
}

/* RFC 9701 sections 5 and 8.1. */
static void the_answer_is_one_claim_of_a_jwt(void **state)
{
    struct site *s = *state;
    struct slice text;
    struct jws jws;
    struct json *claims;
    int64_t iat;
    bool active = true;
    assert_int_equal(introspection_jwt_make(s->key, SITE_ISSUER, SLICE("a\"b"),
                                            SLICE("{\"active\":false}"), SITE_NOW, &s->arena,
                                            &text),
                     ERR_OK);
    assert_int_equal(jws_parse(text, &s->arena, &jws), ERR_OK);
    assert_int_equal(jws_verify(&jws, s->key), ERR_OK);
    check_slice(__LINE__, jws.typ, "token-introspection+jwt");
    check_slice(__LINE__, jws.kid, s->key->kid);
    assert_int_equal(json_parse(jws.payload, &claims), ERR_OK);
    assert_int_equal(json_count(claims), 4);
    check_claim(claims, "iss", SITE_ISSUER);
    check_claim(claims, "aud", "a\"b");
    assert_true(json_integer(json_member(claims, "iat"), &iat) && iat == SITE_NOW);
    const struct json *answer = json_member(claims, "token_introspection");
    assert_int_equal(json_count(answer), 1);
    assert_true(json_bool(json_member(answer, "active"), &active) && !active);
    json_free(claims);
}

static void what_cannot_be_signed_is_no_fault_of_the_caller(void **state)
{
    struct site *s = *state;
    struct slice text, key = SLICE_NONE;
    struct buf longest = buf_in(&s->arena, JWS_MAX_BYTES + 1), public = buf_in(&s->arena, 1024);
    struct jwk *verifies_only;
    while (!longest.overflowed)
        buf_putc(&longest, ' ');
    assert_int_equal(introspection_jwt_make(s->key, SITE_ISSUER, SLICE("a"), buf_slice(&longest),
                                            SITE_NOW, &s->arena, &text),
                     ERR_INTERNAL);
    assert_int_equal(jwk_write_public(s->key, &public), ERR_OK);
    key = buf_slice(&public);
    assert_int_equal(jwk_parse(key, &verifies_only), ERR_OK);
    assert_int_equal(introspection_jwt_make(verifies_only, SITE_ISSUER, SLICE("a"), SLICE("{}"),
                                            SITE_NOW, &s->arena, &text),
                     ERR_INTERNAL);
    jwk_free(verifies_only);
    ARENA(full, 64);
    assert_int_equal(introspection_jwt_make(s->key, SITE_ISSUER, SLICE("a"), SLICE("{}"), SITE_NOW,
                                            &full, &text),
                     ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_names_the_type_gets_it),
        SITE(the_answer_is_one_claim_of_a_jwt),
        SITE(what_cannot_be_signed_is_no_fault_of_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
