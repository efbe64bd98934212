#include "fixture.h"

#include "introspection_answer.h"

#define NOW 1800000000
#define FOR "[issuer \"x\"]\nissuer = https://x.example\nkeys = discovery\n"

static void configure(const char *settings, struct config *out)
{
    char text[2048];
    snprintf(text, sizeof text,
             "[token-endpoint]\nissuer = https://a.example\n[fhir \"m\"]\nbase = "
             "https://a.example/fhir\n" FOR
             "introspection = discovery\nintrospection_client_id = me\n"
             "introspection_secret_file = /s\n%s",
             settings);
    config_of(text, out);
}

static void only_a_true_active_is_active(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *answer;
        enum err want;
    } rows[] = {
        {__LINE__, "{\"active\":true}", ERR_OK},
        {__LINE__, " {\"scope\":\"x\",\"active\" : true}\n", ERR_OK},
        {__LINE__, "{\"active\":false}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"active\":\"true\"}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"active\":1}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"active\":null}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"active\":[true]}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"active\":{}}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"Active\":true}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"x\":{\"active\":true}}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{\"error\":\"invalid_client\"}", ERR_TOKEN_INACTIVE},
        {__LINE__, "{}", ERR_TOKEN_INACTIVE},
        {__LINE__, "", ERR_INTROSPECTION},
        {__LINE__, "<html>", ERR_INTROSPECTION},
        {__LINE__, "true", ERR_INTROSPECTION},
        {__LINE__, "[{\"active\":true}]", ERR_INTROSPECTION},
        {__LINE__, "\"active\"", ERR_INTROSPECTION},
        {__LINE__, "{\"active\":true", ERR_INTROSPECTION},
        {__LINE__, "{\"active\":true}{\"active\":true}", ERR_INTROSPECTION},
        {__LINE__, "{\"active\":true,\"active\":false}", ERR_INTROSPECTION},
        {__LINE__, "{\"active\":true,\"x\":\"\xff\"}", ERR_INTROSPECTION},
        {__LINE__, "eyJhbGciOiJFUzI1NiJ9.e30.x", ERR_INTROSPECTION},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(answer, slice_of(rows[i].answer));
        check_err(rows[i].line, introspection_answer_active(answer), rows[i].want);
    }
}

#define ACT "{\"active\":true"
#define ISS ",\"iss\":\"https://x.example\""
#define SUB ",\"sub\":\"s\""
#define CID ",\"client_id\":\"c\""
#define AUD ",\"aud\":\"https://a.example/fhir\""
#define EXP ",\"exp\":1800000300"
#define CNF ",\"cnf\":{\"jkt\":\"0123456789abcdef0123456789abcdef0123456789a\"}"
#define SCP ",\"scope\":\"system/*.rs\""
#define ANY "audience = any\n"

static const struct {
    int line;
    const char *settings, *answer;
    enum err want;
    const char *client_id, *scope;
    int64_t verify_in; /* of NOW */
} rows[] = {
    {__LINE__, "", ACT ISS SUB CID AUD EXP SCP "}", ERR_OK, "c", "system/*.rs", 60},
    /* the issuer: absent is fine */
    {__LINE__, "", ACT SUB CID AUD EXP SCP "}", ERR_OK, "c", "system/*.rs", 60},
    {__LINE__, "", ACT ",\"iss\":\"https://y.example\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER, 0, 0,
     0},
    {__LINE__, "", ACT ",\"iss\":\"https://x.example/\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER, 0, 0,
     0},
    {__LINE__, "", ACT ",\"iss\":\"\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER, 0, 0, 0},
    {__LINE__, "", ACT ",\"iss\":[\"https://x.example\"]" SUB CID AUD EXP "}", ERR_JWT_CLAIM, 0, 0,
     0},
    /* the audience: as for JWTs; none will do only by configuration */
    {__LINE__, "", ACT SUB CID EXP SCP "}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID EXP ",\"aud\":[]}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID EXP ",\"aud\":7}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID EXP ",\"aud\":\"other\"}", ERR_OK, "c", "", 60}, /* authorize() */
    {__LINE__, "audience = p q\n", ACT SUB CID EXP ",\"aud\":\"q\"}", ERR_OK, "c", "", 60},
    {__LINE__, "audience = p q\n", ACT SUB CID AUD EXP "}", ERR_JWT_AUDIENCE, 0, 0, 0},
    {__LINE__, "audience = p q\n", ACT SUB CID EXP "}", ERR_JWT_AUDIENCE, 0, 0, 0},
    {__LINE__, "audience = p q\n", ACT SUB CID EXP ",\"aud\":\"any\"}", ERR_JWT_AUDIENCE, 0, 0, 0},
    {__LINE__, ANY, ACT SUB CID EXP "}", ERR_OK, "c", "", 60},
    {__LINE__, ANY, ACT SUB CID EXP ",\"aud\":\"other\"}", ERR_OK, "c", "", 60},
    {__LINE__, ANY, ACT SUB CID EXP ",\"aud\":7}", ERR_JWT_CLAIM, 0, 0, 0},
    /* times */
    {__LINE__, "", ACT SUB CID AUD "}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":1800000020}", ERR_OK, "c", "", 20},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":1800000060}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":1800000061}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":1799999990}", ERR_OK, "c", "", -10},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":1799999970}", ERR_JWT_EXPIRED, 0, 0, 0},
    {__LINE__, "clock_skew = 0\n", ACT SUB CID AUD ",\"exp\":1800000000}", ERR_JWT_EXPIRED, 0, 0,
     0},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":0}", ERR_JWT_EXPIRED, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":\"1800000300\"}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":-1}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD ",\"exp\":null}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD EXP ",\"nbf\":1800000031}", ERR_JWT_NOT_YET, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD ",\"iat\":1800000031}", ERR_JWT_NOT_YET, 0, 0, 0},
    {__LINE__, "", ACT SUB CID AUD EXP ",\"nbf\":1800000030}", ERR_OK, "c", "", 60},
    {__LINE__, "introspection_cache = 0\n", ACT SUB CID AUD EXP "}", ERR_OK, "c", "", 0},
    {__LINE__, "introspection_cache = 0\n", ACT SUB CID AUD "}", ERR_OK, "c", "", 0},
    {__LINE__, "introspection_cache = 1h\n", ACT SUB CID AUD EXP "}", ERR_OK, "c", "", 300},
    {__LINE__, "introspection_cache = 1h\n", ACT SUB CID AUD "}", ERR_OK, "c", "", 3600},
    /* who */
    {__LINE__, "", ACT AUD EXP "}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT AUD EXP SUB "}", ERR_OK, NULL, "", 60},
    {__LINE__, "", ACT AUD EXP CID "}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT AUD EXP SUB ",\"azp\":\"z\"}", ERR_OK, "z", "", 60},
    {__LINE__, "", ACT AUD EXP SUB ",\"client_id\":7}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT AUD EXP ",\"sub\":\"a\\r\\nb\"}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT AUD EXP ",\"username\":\"u\"}", ERR_JWT_CLAIM, 0, 0, 0},
    /* bound to a key, or said to be without telling which */
    {__LINE__, "", ACT AUD EXP CID ",\"token_type\":\"Bearer\"}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT AUD EXP CID ",\"token_type\":\"DPoP\"" CNF "}", ERR_OK, "c", "", 60},
    {__LINE__, "", ACT AUD EXP CID ",\"token_type\":\"DPoP\"}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT AUD EXP CID ",\"token_type\":\"dpop\"}", ERR_JWT_CLAIM, 0, 0, 0},
    /* scopes */
    {__LINE__, "", ACT AUD EXP CID ",\"scope\":[\"a\",\"b\"]}", ERR_OK, "c", "a b", 60},
    {__LINE__, "", ACT AUD EXP CID ",\"scope\":7}", ERR_JWT_CLAIM, 0, 0, 0},
    {__LINE__, "", ACT AUD EXP CID ",\"scope\":\"\"}", ERR_OK, "c", "", 60},
    {__LINE__, "scope_claim = r.s\n[scope-map \"x\"]\nread = system/*.rs\n",
     ACT AUD EXP CID SCP ",\"r\":{\"s\":[\"read\"]}}", ERR_OK, "c", "system/*.rs", 60},
};

static void answers_are_judged_by_the_rules_of_the_issuer(void **state)
{
    (void)state;
    static struct config conf;
    ARENA(a, 65536);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jwt_claims c;
        struct token out = {0};
        configure(rows[i].settings, &conf);
        EXACT(answer, slice_of(rows[i].answer));
        check_err(rows[i].line, introspection_answer_active(answer), ERR_OK);
        check_err(rows[i].line,
                  introspection_answer_take(&conf.issuers[0], answer, NOW, &a, &c, &out),
                  rows[i].want);
        if (rows[i].want == ERR_OK) {
            check_slice(rows[i].line, out.client_id, rows[i].client_id);
            check_slice(rows[i].line, out.scope, rows[i].scope);
            check_slice(rows[i].line, out.issuer, "https://x.example");
            check_true(rows[i].line, out.verify_at == NOW + rows[i].verify_in, "verify_at");
            check_true(rows[i].line, out.expires_at > NOW, "expires_at");
            check_true(rows[i].line,
                       out.any_audience == (strstr(rows[i].settings, "audience") != NULL),
                       "whose audience counts");
        }
        arena_reset(&a);
    }
}

static void facts_are_taken(void **state)
{
    (void)state;
    static struct config conf;
    struct jwt_claims c;
    struct token out;
    ARENA(a, 65536);
    configure("", &conf);
    assert_int_equal(introspection_answer_take(&conf.issuers[0],
                                               SLICE(ACT CID SUB AUD EXP
                                                     ",\"jti\":\"j\",\"patient\":\"Patient/p\","
                                                     "\"fhirUser\":\"Practitioner/7\",\"iat\":5}"),
                                               NOW, &a, &c, &out),
                     ERR_OK);
    check_slice(__LINE__, out.jti, "j");
    check_slice(__LINE__, out.subject, "s");
    check_slice(__LINE__, out.patient, "p");
    check_slice(__LINE__, out.fhir_user, "Practitioner/7");
    check_slice(__LINE__, out.audience[0], "https://a.example/fhir");
    assert_int_equal(out.expires_at, NOW + 330);
    assert_int_equal(c.iat, 5);
    ARENA(small, 64);
    assert_int_not_equal(introspection_answer_take(&conf.issuers[0], SLICE(ACT CID SUB AUD "}"),
                                                   NOW, &small, &c, &out),
                         ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_true_active_is_active),
        cmocka_unit_test(answers_are_judged_by_the_rules_of_the_issuer),
        cmocka_unit_test(facts_are_taken),
    };
    return cmocka_run_group_tests_name("introspection_answer", tests, NULL, NULL);
}
