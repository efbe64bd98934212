#include "authorize_fixture.h"

#define JKT   "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define OTHER "1ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

static const struct {
    int line;
    bool required, bound;
    struct possession held;
    enum err want;
} rows[] = {
    /* a bearer token */
    {__LINE__, false, false, {AUTH_BEARER, ERR_OK, ""}, ERR_OK},
    {__LINE__, false, false, {AUTH_DPOP, ERR_OK, JKT}, ERR_DPOP_UNBOUND},
    {__LINE__, true, false, {AUTH_BEARER, ERR_OK, ""}, ERR_DPOP_REQUIRED},
    {__LINE__, true, false, {AUTH_DPOP, ERR_OK, JKT}, ERR_DPOP_REQUIRED},
    /* one that is bound */
    {__LINE__, false, true, {AUTH_BEARER, ERR_OK, JKT}, ERR_DPOP_BEARER},
    {__LINE__, true, true, {AUTH_BEARER, ERR_OK, JKT}, ERR_DPOP_BEARER},
    {__LINE__, false, true, {AUTH_DPOP, ERR_OK, JKT}, ERR_OK},
    {__LINE__, true, true, {AUTH_DPOP, ERR_OK, JKT}, ERR_OK},
    {__LINE__, false, true, {AUTH_DPOP, ERR_OK, OTHER}, ERR_DPOP_BINDING},
    {__LINE__, false, true, {AUTH_DPOP, ERR_OK, ""}, ERR_DPOP_BINDING},
    {__LINE__, false, true, {AUTH_DPOP, ERR_DPOP_URL, ""}, ERR_DPOP_URL},
    {__LINE__, false, true, {AUTH_DPOP, ERR_STORE, JKT}, ERR_STORE},
};

static void a_bound_token_needs_its_proof(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct token t = token_of("system/*.rs");
        struct config_fhir base = {.dpop_required = rows[i].required};
        t.dpop_jkt = rows[i].bound ? SLICE(JKT) : SLICE_NONE;
        check_err(rows[i].line, possession_check(&t, &base, &rows[i].held), rows[i].want);
    }
}

static struct decision decide_for(const struct token *t, enum err presented, bool required,
                                  const struct possession *held)
{
    static struct config conf;
    struct fhir_request asked;
    struct request rq = {.method = SLICE("GET"), .uri = SLICE("/fhir/Patient/1")};
    config_of(CONFIG_ONE_BASE, &conf);
    conf.fhir[0].dpop_required = required;
    enum err e = fhir_request_parse(&rq, &conf, &asked);
    return authorize(&asked, e, presented, presented == ERR_OK ? t : NULL, presented, held, NOW);
}

/* A token that is no good is so whoever sends it; scopes are told to its owner only. */
static void possession_stands_between_token_and_scopes(void **state)
{
    (void)state;
    struct token t = token_of("system/Observation.r");
    const struct possession good = {AUTH_DPOP, ERR_OK, JKT}, bad = {AUTH_DPOP, ERR_DPOP_TIME, ""};
    t.dpop_jkt = SLICE(JKT);
    assert_int_equal(decide_for(&t, ERR_OK, false, &good).why, ERR_SCOPE);
    struct decision d = decide_for(&t, ERR_OK, false, &bad);
    assert_int_equal(d.why, ERR_DPOP_TIME);
    assert_string_equal(d.scope, "");
    assert_int_equal(decide_for(&t, ERR_OK, false, &as_bearer).why, ERR_DPOP_BEARER);
    t.expires_at = NOW;
    assert_int_equal(decide_for(&t, ERR_OK, false, &bad).why, ERR_JWT_EXPIRED);
    t = token_of("system/Patient.r");
    t.dpop_jkt = SLICE(JKT);
    assert_true(decide_for(&t, ERR_OK, true, &good).allow);
    assert_int_equal(decide_for(&t, ERR_NO_TOKEN, true, &as_bearer).why, ERR_DPOP_NO_TOKEN);
    assert_int_equal(decide_for(&t, ERR_NO_TOKEN, false, &as_bearer).why, ERR_NO_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_token_needs_its_proof),
        cmocka_unit_test(possession_stands_between_token_and_scopes),
    };
    return cmocka_run_group_tests_name("possession", tests, NULL, NULL);
}
