#include "authorize_fixture.h"

#define JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define HELD(how, of_proof, key)                                                                   \
    {                                                                                              \
        .scheme = (how), .proof = (of_proof), .jkt = key                                           \
    }
#define OTHER "1ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

static const struct {
    int line;
    bool required, bound;
    struct possession held;
    enum err want;
} rows[] = {
    /* a bearer token */
    {__LINE__, false, false, HELD(AUTH_BEARER, ERR_OK, ""), ERR_OK},
    {__LINE__, false, false, HELD(AUTH_DPOP, ERR_OK, JKT), ERR_DPOP_UNBOUND},
    {__LINE__, true, false, HELD(AUTH_BEARER, ERR_OK, ""), ERR_DPOP_REQUIRED},
    {__LINE__, true, false, HELD(AUTH_DPOP, ERR_OK, JKT), ERR_DPOP_REQUIRED},
    /* one that is bound */
    {__LINE__, false, true, HELD(AUTH_BEARER, ERR_OK, JKT), ERR_DPOP_BEARER},
    {__LINE__, true, true, HELD(AUTH_BEARER, ERR_OK, JKT), ERR_DPOP_BEARER},
    {__LINE__, false, true, HELD(AUTH_DPOP, ERR_OK, JKT), ERR_OK},
    {__LINE__, true, true, HELD(AUTH_DPOP, ERR_OK, JKT), ERR_OK},
    {__LINE__, false, true, HELD(AUTH_DPOP, ERR_OK, OTHER), ERR_DPOP_BINDING},
    {__LINE__, false, true, HELD(AUTH_DPOP, ERR_OK, ""), ERR_DPOP_BINDING},
    {__LINE__, false, true, HELD(AUTH_DPOP, ERR_DPOP_URL, ""), ERR_DPOP_URL},
    {__LINE__, false, true, HELD(AUTH_DPOP, ERR_STORE, JKT), ERR_STORE},
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

static void a_certificate_is_asked_for_whatever_the_scheme(void **state)
{
    static const struct {
        int line;
        bool bound, key;
        struct possession held;
        enum err want;
    } cases[] = {
        {__LINE__, false, false, {.certificate = ERR_TLS_OFF}, ERR_OK},
        {__LINE__, false, false, {.certificate = ERR_OK, .x5t = OTHER}, ERR_OK},
        {__LINE__, true, false, {.certificate = ERR_OK, .x5t = JKT}, ERR_OK},
        {__LINE__, true, false, {.certificate = ERR_OK, .x5t = OTHER}, ERR_TLS_BINDING},
        {__LINE__, true, false, {.certificate = ERR_OK}, ERR_TLS_BINDING}, /* nothing was seen */
        {__LINE__, true, false, {.certificate = ERR_TLS_MISSING, .x5t = JKT}, ERR_TLS_MISSING},
        {__LINE__, true, false, {.certificate = ERR_TLS_OFF, .x5t = JKT}, ERR_TLS_OFF},
        {__LINE__, true, false, {.certificate = ERR_TLS_FORM}, ERR_TLS_FORM},
        {__LINE__, true, false, {AUTH_DPOP, ERR_OK, JKT, ERR_OK, JKT}, ERR_DPOP_UNBOUND},
        {__LINE__, true, true, {AUTH_DPOP, ERR_OK, JKT, ERR_OK, JKT}, ERR_OK},
        {__LINE__, true, true, {AUTH_DPOP, ERR_OK, JKT, ERR_OK, OTHER}, ERR_TLS_BINDING},
        {__LINE__, true, true, {AUTH_DPOP, ERR_OK, JKT, ERR_TLS_MISSING, ""}, ERR_TLS_MISSING},
        {__LINE__, true, true, {AUTH_DPOP, ERR_OK, OTHER, ERR_OK, JKT}, ERR_DPOP_BINDING},
        {__LINE__, true, true, {AUTH_BEARER, ERR_OK, "", ERR_OK, JKT}, ERR_DPOP_BEARER},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct token t = token_of("system/*.rs");
        struct config_fhir base = {.dpop_required = false};
        t.tls_x5t = cases[i].bound ? SLICE(JKT) : SLICE_NONE;
        t.dpop_jkt = cases[i].key ? SLICE(JKT) : SLICE_NONE;
        check_err(cases[i].line, possession_check(&t, &base, &cases[i].held), cases[i].want);
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
    const struct possession good = HELD(AUTH_DPOP, ERR_OK, JKT),
                            bad = HELD(AUTH_DPOP, ERR_DPOP_TIME, "");
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
        cmocka_unit_test(a_certificate_is_asked_for_whatever_the_scheme),
        cmocka_unit_test(possession_stands_between_token_and_scopes),
    };
    return cmocka_run_group_tests_name("possession", tests, NULL, NULL);
}
