#include "authorize_fixture.h"

/* Which of several reasons is told. */
static void reasons_have_an_order(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *target;
        enum err presented, checked, why;
        bool needs_token;
    } order[] = {
        {__LINE__, "/fhir/Patient/1", ERR_OK, ERR_OK, ERR_OK, true},
        {__LINE__, "/fhir/metadata", ERR_NO_TOKEN, ERR_NO_TOKEN, ERR_OK, false},
        {__LINE__, "/fhir/metadata", ERR_AUTH_HEADER, ERR_NO_TOKEN, ERR_OK, false},
        {__LINE__, "/fhir/metadata?access_token=a", ERR_NO_TOKEN, ERR_NO_TOKEN, ERR_TOKEN_IN_QUERY,
         false},
        {__LINE__, "/fhir/Patient/1?access_token=a", ERR_NO_TOKEN, ERR_NO_TOKEN, ERR_TOKEN_IN_QUERY,
         false},
        {__LINE__, "/fhir/Patient/1?access_token=a", ERR_OK, ERR_OK, ERR_TOKEN_IN_QUERY, false},
        {__LINE__, "/fhir/Patient/1", ERR_NO_TOKEN, ERR_NO_TOKEN, ERR_NO_TOKEN, false},
        {__LINE__, "/fhir/nothing", ERR_NO_TOKEN, ERR_NO_TOKEN, ERR_NO_TOKEN, false},
        {__LINE__, "/fhir/nothing", ERR_OK, ERR_OK, ERR_NOT_FHIR, false},
        {__LINE__, "/elsewhere", ERR_TWO_TOKENS, ERR_NO_TOKEN, ERR_TWO_TOKENS, false},
        {__LINE__, "/elsewhere", ERR_OK, ERR_OK, ERR_OUTSIDE_BASE, false},
        {__LINE__, "/fhir/$other", ERR_OK, ERR_JWT_EXPIRED, ERR_INTERACTION, false},
        {__LINE__, "/fhir/Patient/1", ERR_OK, ERR_JWT_SIGNATURE, ERR_JWT_SIGNATURE, true},
        {__LINE__, "/fhir/Observation/1", ERR_OK, ERR_STORE, ERR_STORE, true},
        {__LINE__, "/fhir/Observation/1", ERR_OK, ERR_OK, ERR_SCOPE, true},
    };
    static struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    for (size_t i = 0; i < COUNT(order); i++) {
        struct request rq = {.method = SLICE("GET"), .uri = slice_of(order[i].target)};
        struct fhir_request asked;
        struct token t = token_of("system/Patient.r");
        enum err e = fhir_request_parse(&rq, &conf, &asked);
        struct decision d =
            authorize(&asked, e, order[i].presented, &t, order[i].checked, &as_bearer, NOW);
        check_err(order[i].line, d.why, order[i].why);
        check_true(order[i].line, d.allow == (order[i].why == ERR_OK), "allow");
        check_true(order[i].line,
                   authorize_needs_token(&asked, e, order[i].presented) == order[i].needs_token,
                   "needs_token");
    }
}

static enum err decide_token(const struct token *t, enum err checked)
{
    static struct config conf;
    struct request rq = {.method = SLICE("GET"), .uri = SLICE("/fhir/Patient/1")};
    struct fhir_request asked;
    config_of(CONFIG_ONE_BASE, &conf);
    enum err e = fhir_request_parse(&rq, &conf, &asked);
    struct decision d = authorize(&asked, e, ERR_OK, t, checked, &as_bearer, NOW);
    assert_int_equal(d.allow, d.why == ERR_OK);
    return d.why;
}

static void a_token_must_be_there_fresh_and_for_us(void **state)
{
    (void)state;
    struct token t = token_of("system/Patient.r");
    assert_int_equal(decide_token(&t, ERR_OK), ERR_OK);
    assert_int_equal(decide_token(NULL, ERR_OK), ERR_INTERNAL);
    assert_int_equal(decide_token(NULL, ERR_NO_TOKEN), ERR_NO_TOKEN);
    assert_int_equal(decide_token(&t, ERR_TOKEN_REVOKED), ERR_TOKEN_REVOKED);

    t.expires_at = NOW;
    assert_int_equal(decide_token(&t, ERR_OK), ERR_JWT_EXPIRED);
    t.expires_at = NOW + 1;
    assert_int_equal(decide_token(&t, ERR_OK), ERR_OK);
    t.expires_at = NOW - 5;
    assert_int_equal(decide_token(&t, ERR_OK), ERR_JWT_EXPIRED);
    t.expires_at = INT64_MIN;
    assert_int_equal(decide_token(&t, ERR_OK), ERR_JWT_EXPIRED);
    t.expires_at = NOW + 1;

    static const char *const foreign[] = {
        "", "https://hospital.example/fhi", "https://hospital.example/fhir/",
        "https://hospital.example/fhir2", "https://hospital.example/FHIR"};
    for (size_t i = 0; i < COUNT(foreign); i++) {
        EXACT(audience, slice_of(foreign[i]));
        t.audience[0] = audience;
        assert_int_equal(decide_token(&t, ERR_OK), ERR_JWT_AUDIENCE);
        t.audience_count = 0;
        assert_int_equal(decide_token(&t, ERR_OK), ERR_JWT_AUDIENCE);
        t.audience[1] = SLICE(AUDIENCE);
        t.audience_count = 2;
        assert_int_equal(decide_token(&t, ERR_OK), ERR_OK);
        t.audience_count = 1;
    }
}

static void all_zero_denies(void **state)
{
    (void)state;
    struct fhir_request asked = {0};
    struct token t = {0};
    struct decision d = authorize(&asked, ERR_OK, ERR_OK, &t, ERR_OK, &as_bearer, NOW);
    assert_false(d.allow);
    assert_int_equal(d.why, ERR_INTERNAL);
    assert_false(authorize_needs_token(&asked, ERR_OK, ERR_OK));
    asked.open = true; /* a refused request is never open */
    d = authorize(&asked, ERR_METHOD, ERR_OK, NULL, ERR_NO_TOKEN, &as_bearer, NOW);
    assert_false(d.allow);
}

static void facts_are_those_of_the_claims(void **state)
{
    (void)state;
    struct jwt_claims c = {.iss = SLICE("i"),
                           .sub = SLICE("s"),
                           .jti = SLICE("j"),
                           .client_id = SLICE("c"),
                           .scope = SLICE("system/Patient.r"),
                           .cnf_jkt = SLICE("k"),
                           .aud = {SLICE("a"), SLICE("b")},
                           .aud_count = 2,
                           .exp = 7};
    struct token t;
    token_from_claims(&c, 5, &t);
    assert_true(slice_is(t.issuer, "i") && slice_is(t.subject, "s") && slice_is(t.jti, "j"));
    assert_true(slice_is(t.client_id, "c") && slice_is(t.scope, "system/Patient.r"));
    assert_true(slice_is(t.dpop_jkt, "k"));
    assert_int_equal(t.audience_count, 2);
    assert_true(slice_is(t.audience[1], "b"));
    assert_int_equal(t.expires_at, 12); /* the skew is in it */
    int patient = fhir_type_find(SLICE("Patient"));
    assert_true(scope_set_allows(&t.granted[SCOPE_SYSTEM], patient, SCOPE_R));
    assert_false(scope_set_allows(&t.granted[SCOPE_SYSTEM], patient, SCOPE_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_have_an_order),
        cmocka_unit_test(a_token_must_be_there_fresh_and_for_us),
        cmocka_unit_test(all_zero_denies),
        cmocka_unit_test(facts_are_those_of_the_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
