#include "authorize_fixture.h"

#include "answer.h"

static struct config conf;
static const struct decision granted = {.allow = true};

static int load_config(void **state)
{
    (void)state;
    config_of(CONFIG_ONE_BASE "[authorizer]\nrealm = Hospital de prueba\n", &conf);
    return 0;
}

static const char *header_of(const struct response *r, const char *name)
{
    static char text[8192];
    const char *found = NULL;
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0) {
            assert_null(found); /* each at most once */
            snprintf(text, sizeof text, "%.*s", SLICE_FMT(r->headers[i].value));
            found = text;
        }
    return found;
}

static void check_header(int line, const struct response *r, const char *name, const char *want)
{
    check_slice(line, slice_of(header_of(r, name)), want);
}

static void deny_for(enum pass pass, const char *first_status, enum err why, const char *scope,
                     const char *uri, struct arena *a, struct response *out)
{
    struct request rq = {.pass = pass,
                         .method = SLICE("GET"),
                         .uri = slice_of(uri),
                         .auth_status = slice_of(first_status)};
    struct fhir_request asked;
    struct decision d = {.why = why};
    snprintf(d.scope, sizeof d.scope, "%s", scope);
    enum err ignored = fhir_request_parse(&rq, &conf, &asked);
    (void)ignored;
    struct answer_to to = {
        .request = &rq, .asked = &asked, .conf = &conf, .request_id = SLICE("id-1")};
    *out = (struct response){0};
    answer_deny(&to, &d, a, out);
}

static void deny(enum err why, const char *scope, const char *uri, struct arena *a,
                 struct response *out)
{
    deny_for(PASS_DECIDE, NULL, why, scope, uri, a, out);
}

/* By a decision that is gone afterwards. */
static void grant_with_limits(const char *limits, struct arena *a, struct response *out)
{
    struct token t = token_of("patient/Observation.rs");
    struct decision d = {.allow = true};
    snprintf(d.limits, sizeof d.limits, "%s", limits);
    answer_grant(&t, &d, a, out);
    memset(&d, '?', sizeof d);
}

static void a_grant_outlives_its_decision(void **state)
{
    (void)state;
    ARENA(a, 8192);
    struct response r = {0};
    grant_with_limits("patient/Observation.rs", &a, &r);
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_LIMIT", "patient/Observation.rs");
}

static void no_room_for_the_limits_is_no_grant(void **state)
{
    (void)state;
    ARENA(a, 16);
    struct response r = {0};
    grant_with_limits("patient/Observation.rs", &a, &r);
    assert_int_equal(r.status, 500);
    assert_null(header_of(&r, "Variable-FHIR_AUTH"));
}

static void a_grant_hands_on_the_facts(void **state)
{
    (void)state;
    ARENA(a, 8192);
    struct response r = {0};
    struct token t = token_of("system/Patient.rs system/Observation.rs?code=a%7Cb");
    t.subject = SLICE("s\xc3\xb1");
    t.jti = SLICE("j\r\nVariable-FHIR_AUTH_SCOPE: system/*.cruds");
    t.issuer = SLICE_NONE;
    answer_grant(&t, &granted, &a, &r);
    assert_int_equal(r.status, 200);
    check_header(__LINE__, &r, "Variable-FHIR_AUTH", "granted");
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_CLIENT_ID", "client");
    check_header(__LINE__, &r, "Variable-REMOTE_USER", "client");
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_SCOPE",
                 "system/Patient.rs system/Observation.rs?code=a%257Cb");
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_SUBJECT", "s%C3%B1");
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_JTI",
                 "j%0D%0AVariable-FHIR_AUTH_SCOPE: system/*.cruds");
    check_header(__LINE__, &r, "Variable-FHIR_AUTH_ISSUER", "");
    assert_int_equal(r.body.n, 0);
}

static void an_open_path_hands_on_no_facts(void **state)
{
    (void)state;
    ARENA(a, 8192);
    struct response r = {0};
    answer_grant(NULL, &granted, &a, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.header_count, 1);
    check_header(__LINE__, &r, "Variable-FHIR_AUTH", "granted");
}

/* At every point where memory can end there is a whole grant or none. */
static void without_memory_there_is_no_grant(void **state)
{
    (void)state;
    struct token t = token_of("system/Patient.rs");
    t.subject = t.jti = t.issuer = SLICE("0123456789");
    for (size_t cap = 16; cap < 512; cap += 16) {
        ARENA(a, cap);
        struct response r = {0};
        answer_grant(&t, &granted, &a, &r);
        assert_int_equal(r.status, a.overflowed ? 500 : 200);
        if (a.overflowed)
            assert_null(header_of(&r, "Variable-FHIR_AUTH"));
        else
            check_header(__LINE__, &r, "Variable-FHIR_AUTH_ISSUER", "0123456789");
    }
}

static void refusals_are_those_of_the_design(void **state)
{
    (void)state;
    static const struct {
        int line;
        enum err why;
        const char *scope;
        int status;
        const char *challenge, *retry_after;
    } rows[] = {
        {__LINE__, ERR_NO_TOKEN, "", 401, "Bearer realm=\"Hospital de prueba\"", NULL},
        {__LINE__, ERR_AUTH_HEADER, "", 400,
         "Bearer realm=\"Hospital de prueba\", error=\"invalid_request\", "
         "error_description=\"The Authorization header is malformed\"",
         NULL},
        {__LINE__, ERR_JWT_EXPIRED, "", 401,
         "Bearer realm=\"Hospital de prueba\", error=\"invalid_token\", "
         "error_description=\"The token has expired\"",
         NULL},
        {__LINE__, ERR_SCOPE, "system/Patient.r", 403,
         "Bearer realm=\"Hospital de prueba\", error=\"insufficient_scope\", "
         "error_description=\"The granted scopes do not cover this request\", "
         "scope=\"system/Patient.r\"",
         NULL},
        {__LINE__, ERR_STORE, "", 503, NULL, "5"},
        {__LINE__, ERR_KEYS, "", 503, NULL, "5"},
        {__LINE__, ERR_INTERNAL, "", 500, NULL, "5"},
        {__LINE__, ERR_FORM, "", 500, NULL, "5"}, /* cannot happen here */
        {__LINE__, ERR_OK, "", 500, NULL, "5"},   /* a refusal for no reason is none to grant */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 16384);
        struct response r;
        deny(rows[i].why, rows[i].scope, "/fhir/Patient/1", &a, &r);
        check_true(rows[i].line, r.status == rows[i].status, "status");
        check_header(rows[i].line, &r, "WWW-Authenticate", rows[i].challenge);
        check_header(rows[i].line, &r, "Retry-After", rows[i].retry_after);
        check_header(rows[i].line, &r, "Cache-Control", "no-store");
        check_true(rows[i].line, slice_starts(r.body, "{\"resourceType\":\"OperationOutcome\""),
                   "body");
        check_true(rows[i].line, r.body.n < 6000, "mod_authnz_fcgi takes 8 KiB at once");
        check_true(rows[i].line, header_of(&r, "Variable-FHIR_AUTH") == NULL, "granted");

        struct response again;
        deny_for(PASS_DENY_BODY, NULL, rows[i].why, rows[i].scope, "/fhir/Patient/1", &a, &again);
        check_true(rows[i].line, again.status == rows[i].status, "status of the second pass");
        check_true(rows[i].line, again.header_count == 0, "headers of the second pass");
        check_true(rows[i].line, slice_eq(again.body, r.body), "body of the second pass");
    }
}

/*
 * nginx carries no status but 401 and 403 from the first pass, and of the headers only the
 * challenge of a 401: what it already has must not come from the second pass too.
 */
static void nginx_gets_each_header_once(void **state)
{
    (void)state;
    static const struct {
        int line;
        enum err why;
        const char *first_status; /* as the first pass answered */
        int first, second;
        bool challenge, retry_after; /* in the second */
    } rows[] = {
        {__LINE__, ERR_NO_TOKEN, "401", 401, 401, false, false},
        {__LINE__, ERR_AUTH_HEADER, "403", 403, 400, true, false},
        {__LINE__, ERR_SCOPE, "403", 403, 403, true, false},
        {__LINE__, ERR_METHOD, "403", 403, 405, true, false},
        {__LINE__, ERR_STORE, "403", 403, 503, false, true},
        {__LINE__, ERR_STORE, "401", 403, 503, false, true},
        {__LINE__, ERR_JWT_EXPIRED, "403", 401, 401, true, false}, /* just now */
        {__LINE__, ERR_NO_TOKEN, "502", 401, 401, true, false},    /* nothing came of the first */
        {__LINE__, ERR_NO_TOKEN, NULL, 401, 401, true, false},
        {__LINE__, ERR_OK, "403", 403, 500, false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 32768);
        struct response one, two;
        deny_for(PASS_AUTH_REQUEST, NULL, rows[i].why, "", "/fhir/Patient/1", &a, &one);
        deny_for(PASS_DENY, rows[i].first_status, rows[i].why, "", "/fhir/Patient/1", &a, &two);
        check_true(rows[i].line, one.status == rows[i].first, "status of the first pass");
        check_true(rows[i].line, two.status == rows[i].second, "status of the second pass");
        check_true(rows[i].line, one.status != 401 || header_of(&one, "WWW-Authenticate") != NULL,
                   "challenge of the first pass");
        check_true(rows[i].line, (header_of(&two, "WWW-Authenticate") != NULL) == rows[i].challenge,
                   "challenge of the second pass");
        check_true(rows[i].line, (header_of(&two, "Retry-After") != NULL) == rows[i].retry_after,
                   "Retry-After of the second pass");
        check_header(rows[i].line, &two, "Cache-Control", "no-store");
        check_true(rows[i].line, two.body.n > 0, "body of the second pass");
    }
}

static void mod_authnz_fcgi_is_told_the_type_once_more(void **state)
{
    (void)state;
    ARENA(a, 16384);
    struct response r;
    deny_for(PASS_DECIDE_AUTHNZ, NULL, ERR_NO_TOKEN, "", "/fhir/Patient?_format=xml", &a, &r);
    check_header(__LINE__, &r, "X-Content-Type", "application/fhir+xml; charset=utf-8");
    deny(ERR_NO_TOKEN, "", "/fhir/Patient?_format=xml", &a, &r);
    check_header(__LINE__, &r, "X-Content-Type", NULL);
}

static void no_reason_is_answered_with_less_than_400(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        ARENA(a, 16384);
        struct response r;
        deny((enum err)e, "", "/fhir/Patient/1", &a, &r);
        assert_true(r.status >= 400);
    }
}

/* What the client may have sent does not come back where it could do harm. */
static void the_parameter_at_fault_is_named_and_no_token(void **state)
{
    (void)state;
    ARENA(a, 16384);
    struct response r;
    deny(ERR_SCOPE, "system/*.s", "/fhir/Patient?_has:a:%22%3Cb%3E=secret", &a, &r);
    char body[8192];
    snprintf(body, sizeof body, "%.*s", SLICE_FMT(r.body));
    assert_non_null(strstr(body, "system/*.s (_has:a:%22%3Cb%3E)"));
    assert_null(strstr(body, "secret"));
    deny(ERR_TOKEN_IN_QUERY, "", "/fhir/Patient?access_token=secret", &a, &r);
    snprintf(body, sizeof body, "%.*s", SLICE_FMT(r.body));
    assert_null(strstr(body, "secret"));
    assert_null(strstr(header_of(&r, "WWW-Authenticate"), "secret"));
}

static void a_head_request_gets_no_body(void **state)
{
    (void)state;
    ARENA(a, 16384);
    struct request rq = {.method = SLICE("HEAD"), .uri = SLICE("/fhir/Patient/1")};
    struct fhir_request asked;
    assert_int_equal(fhir_request_parse(&rq, &conf, &asked), ERR_OK);
    struct answer_to to = {.request = &rq, .asked = &asked, .conf = &conf};
    struct decision d = {.why = ERR_NO_TOKEN};
    struct response r = {0};
    answer_deny(&to, &d, &a, &r);
    assert_int_equal(r.status, 401);
    assert_int_equal(r.body.n, 0);
}

static void without_memory_a_refusal_is_still_one(void **state)
{
    (void)state;
    for (size_t cap = 16; cap < 8192; cap += 240) {
        ARENA(a, cap);
        struct response r;
        deny(ERR_SCOPE, "system/Patient.r", "/fhir/Patient/1", &a, &r);
        assert_true(r.status == 403 || r.status == 500);
        assert_true(r.status == 403 || r.body.n == 0);
    }
}

#define ALGS "algs=\"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA\""

/* One challenge, of the scheme with which the client should go on. */
static void challenges_for_bound_tokens_are_those_of_rfc_9449(void **state)
{
    (void)state;
    static const struct {
        int line;
        enum err why;
        enum auth_scheme scheme;
        bool required;
        const char *challenge, *error;
    } rows[] = {
        {__LINE__, ERR_NO_TOKEN, AUTH_BEARER, false, "Bearer ", NULL},
        {__LINE__, ERR_DPOP_NO_TOKEN, AUTH_BEARER, true, "DPoP ", NULL},
        {__LINE__, ERR_DPOP_REQUIRED, AUTH_BEARER, true, "DPoP ", "invalid_token"},
        {__LINE__, ERR_DPOP_BEARER, AUTH_BEARER, false, "DPoP ", "invalid_token"},
        {__LINE__, ERR_DPOP_UNBOUND, AUTH_DPOP, false, "Bearer ", "invalid_token"},
        {__LINE__, ERR_DPOP_BINDING, AUTH_DPOP, false, "DPoP ", "invalid_token"},
        {__LINE__, ERR_DPOP_MISSING, AUTH_DPOP, false, "DPoP ", "invalid_dpop_proof"},
        {__LINE__, ERR_DPOP_REPLAY, AUTH_DPOP, false, "DPoP ", "invalid_dpop_proof"},
        {__LINE__, ERR_DPOP_NONCE, AUTH_DPOP, false, "DPoP ", "use_dpop_nonce"},
        {__LINE__, ERR_JWT_EXPIRED, AUTH_DPOP, false, "DPoP ", "invalid_token"},
        {__LINE__, ERR_JWT_EXPIRED, AUTH_BEARER, false, "Bearer ", "invalid_token"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 16384);
        struct request rq = {.method = SLICE("GET"), .uri = SLICE("/fhir/Patient/1")};
        struct config_fhir base = conf.fhir[0];
        struct fhir_request asked;
        struct decision d = {.why = rows[i].why};
        struct response r = {0};
        char error[64];
        assert_int_equal(fhir_request_parse(&rq, &conf, &asked), ERR_OK);
        base.dpop_required = rows[i].required;
        asked.path.base = &base;
        struct answer_to to = {.request = &rq,
                               .asked = &asked,
                               .conf = &conf,
                               .scheme = rows[i].scheme,
                               .dpop_nonce = SLICE("n0")};
        answer_deny(&to, &d, &a, &r);
        check_true(rows[i].line, r.status == 401, "status");
        const char *challenge = header_of(&r, "WWW-Authenticate");
        assert_non_null(challenge);
        bool dpop = rows[i].challenge[0] == 'D';
        check_true(rows[i].line, slice_starts(slice_of(challenge), rows[i].challenge), challenge);
        check_true(rows[i].line, slice_ends(slice_of(challenge), ALGS) == dpop, challenge);
        snprintf(error, sizeof error, "error=\"%s\"", rows[i].error ? rows[i].error : "");
        check_true(rows[i].line,
                   (strstr(challenge, rows[i].error ? error : "error=") != NULL) ==
                       (rows[i].error != NULL),
                   challenge);
        const char *nonce = rows[i].why == ERR_DPOP_NONCE ? "n0" : NULL;
        check_header(rows[i].line, &r, "DPoP-Nonce", nonce);
        /* nginx keeps the challenge of the first pass, and no nonce */
        rq.pass = PASS_DENY;
        rq.auth_status = SLICE("401");
        r = (struct response){0};
        answer_deny(&to, &d, &a, &r);
        check_header(rows[i].line, &r, "WWW-Authenticate", NULL);
        check_header(rows[i].line, &r, "DPoP-Nonce", nonce);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_hands_on_the_facts),
        cmocka_unit_test(a_grant_outlives_its_decision),
        cmocka_unit_test(no_room_for_the_limits_is_no_grant),
        cmocka_unit_test(an_open_path_hands_on_no_facts),
        cmocka_unit_test(without_memory_there_is_no_grant),
        cmocka_unit_test(refusals_are_those_of_the_design),
        cmocka_unit_test(nginx_gets_each_header_once),
        cmocka_unit_test(mod_authnz_fcgi_is_told_the_type_once_more),
        cmocka_unit_test(no_reason_is_answered_with_less_than_400),
        cmocka_unit_test(the_parameter_at_fault_is_named_and_no_token),
        cmocka_unit_test(a_head_request_gets_no_body),
        cmocka_unit_test(without_memory_a_refusal_is_still_one),
        cmocka_unit_test(challenges_for_bound_tokens_are_those_of_rfc_9449),
    };
    return cmocka_run_group_tests(tests, load_config, NULL);
}
