#include "../../authctl/doctor_probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define BEARER    "WWW-Authenticate: Bearer realm=\"fhir\"\r\n"
#define INVALID   "WWW-Authenticate: Bearer realm=\"fhir\", error=\"invalid_token\"\r\n"
#define REQUEST   "WWW-Authenticate: Bearer realm=\"fhir\", error=\"invalid_request\"\r\n"
#define FHIR_TYPE "Content-Type: application/fhir+json; charset=utf-8\r\n"
#define HTML_TYPE "Content-Type: text/html\r\n"
#define JSON_TYPE "Content-Type: application/json\r\n"
#define NO_STORE  "Cache-Control: no-store\r\n"
#define OUTCOME   "{\"resourceType\":\"OperationOutcome\"}"
#define BUNDLE    "{\"resourceType\":\"Bundle\"}"
#define TOKEN_URL "https://h.example/oauth/token"

static const struct probe *probe_named(const char *name)
{
    for (size_t i = 0; i < doctor_probe_count; i++)
        if (strcmp(doctor_probes[i].name, name) == 0)
            return &doctor_probes[i];
    fail_msg("there is no probe %s", name);
    return NULL;
}

static const struct {
    int line;
    const char *probe;
    int status;
    const char *head, *body;
    enum mistake want;
} rows[] = {
    {__LINE__, "no token", 401, BEARER FHIR_TYPE, OUTCOME, MISTAKE_NONE},
    {__LINE__, "no token", 401, "www-authenticate: DPoP algs=\"ES256\"\r\n", OUTCOME, MISTAKE_NONE},
    {__LINE__, "no token", 0, "", "", MISTAKE_NO_ANSWER},
    {__LINE__, "no token", 200, FHIR_TYPE, BUNDLE, MISTAKE_OPEN},
    {__LINE__, "no token", 302, "Location: /login\r\n", "", MISTAKE_OPEN},
    {__LINE__, "no token", 404, FHIR_TYPE, OUTCOME, MISTAKE_OPEN},
    {__LINE__, "no token", 502, HTML_TYPE, "", MISTAKE_OPEN},
    {__LINE__, "no token", 403, HTML_TYPE, "", MISTAKE_NOT_ASKED},
    {__LINE__, "no token", 404, HTML_TYPE, "", MISTAKE_NOT_FOUND},
    {__LINE__, "no token", 500, HTML_TYPE, "", MISTAKE_PROGRAM},
    {__LINE__, "no token", 503, FHIR_TYPE, OUTCOME, MISTAKE_UNAVAILABLE},
    {__LINE__, "no token", 429, FHIR_TYPE, OUTCOME, MISTAKE_THROTTLED},
    {__LINE__, "no token", 401, HTML_TYPE, "", MISTAKE_CHALLENGE},
    {__LINE__, "no token", 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "", MISTAKE_CHALLENGE},
    {__LINE__, "no token", 401, BEARER BEARER, OUTCOME, MISTAKE_CHALLENGE},
    {__LINE__, "no token", 401, INVALID, OUTCOME, MISTAKE_CHALLENGE},
    {__LINE__, "no token", 400, REQUEST, OUTCOME, MISTAKE_STATUS},
    {__LINE__, "no token", 401, BEARER HTML_TYPE, "<html>", MISTAKE_BODY},
    {__LINE__, "no token", 401, BEARER "Variable-FHIR_AUTH: x\r\n", OUTCOME, MISTAKE_VARIABLES},
    {__LINE__, "HEAD without a token", 401, BEARER, "", MISTAKE_NONE},
    {__LINE__, "HEAD without a token", 200, FHIR_TYPE, "", MISTAKE_OPEN},
    {__LINE__, "bad token", 401, INVALID, OUTCOME, MISTAKE_NONE},
    {__LINE__, "bad token", 401, BEARER, OUTCOME, MISTAKE_NO_HEADER},
    {__LINE__, "bad token", 401, REQUEST, OUTCOME, MISTAKE_CHALLENGE},
    {__LINE__, "token in header and query", 400, REQUEST, OUTCOME, MISTAKE_NONE},
    {__LINE__, "token in header and query", 401, REQUEST, "<html>", MISTAKE_STATUS},
    {__LINE__, "path that is not UTF-8", 401, BEARER, OUTCOME, MISTAKE_NONE},
    {__LINE__, "path that is not UTF-8", 400, HTML_TYPE, "", MISTAKE_NONE},
    {__LINE__, "path that is not UTF-8", 404, HTML_TYPE, "", MISTAKE_NONE},
    {__LINE__, "path that is not UTF-8", 404, FHIR_TYPE, OUTCOME, MISTAKE_BYPASS},
    {__LINE__, "path that is not UTF-8", 200, HTML_TYPE, "", MISTAKE_BYPASS},
    {__LINE__, "path that is not UTF-8", 502, HTML_TYPE, "", MISTAKE_BYPASS},
    {__LINE__, "longer name than the base", 200, HTML_TYPE, "<html>", MISTAKE_ELSEWHERE},
    {__LINE__, "longer name than the base", 200, JSON_TYPE, BUNDLE, MISTAKE_BYPASS},
    {__LINE__, "two slashes before the base", 301, "Location: /\r\n", "", MISTAKE_NONE},
    {__LINE__, "metadata", 200, FHIR_TYPE, "{\"resourceType\":\"CapabilityStatement\"}",
     MISTAKE_NONE},
    {__LINE__, "metadata", 200, HTML_TYPE, "<html>", MISTAKE_METADATA},
    {__LINE__, "metadata", 401, BEARER, OUTCOME, MISTAKE_METADATA_CLOSED},
    {__LINE__, "metadata", 403, HTML_TYPE, "", MISTAKE_NOT_ASKED},
    {__LINE__, "metadata", 502, HTML_TYPE, "", MISTAKE_FHIR_SERVER},
    {__LINE__, "metadata", 404, HTML_TYPE, "", MISTAKE_FHIR_SERVER},
    {__LINE__, "smart-configuration", 200, "", "{\"token_endpoint\":\"" TOKEN_URL "\"}",
     MISTAKE_NONE},
    {__LINE__, "smart-configuration", 200, "", "{\"token_endpoint\":\"https://x.example/t\"}",
     MISTAKE_DISCOVERY},
    {__LINE__, "smart-configuration", 200, "", "<html>", MISTAKE_NO_DISCOVERY},
    {__LINE__, "smart-configuration", 404, "", "", MISTAKE_NO_DISCOVERY},
    {__LINE__, "authorization server metadata", 200, "", "{\"token_endpoint\":\"" TOKEN_URL "\"}",
     MISTAKE_NONE},
    {__LINE__, "authorization server metadata", 200, "",
     "{\"token_endpoint\":\"https://x.example/t\"}", MISTAKE_DISCOVERY},
    {__LINE__, "authorization server metadata", 404, "", "{}", MISTAKE_NO_SERVER_METADATA},
    {__LINE__, "token endpoint without credentials", 401, NO_STORE,
     "{\"error\":\"invalid_client\"}", MISTAKE_NONE},
    {__LINE__, "token endpoint without credentials", 401, "", "{\"error\":\"invalid_client\"}",
     MISTAKE_TOKEN_CACHE},
    {__LINE__, "token endpoint without credentials", 200, NO_STORE, "{\"access_token\":\"x\"}",
     MISTAKE_TOKEN_ENDPOINT},
    {__LINE__, "token endpoint without credentials", 400, NO_STORE, "<html>",
     MISTAKE_TOKEN_ENDPOINT},
    {__LINE__, "token endpoint with two logins", 400, NO_STORE, "{\"error\":\"invalid_request\"}",
     MISTAKE_NONE},
    {__LINE__, "token endpoint with two logins", 401, NO_STORE, "{\"error\":\"invalid_client\"}",
     MISTAKE_TOKEN_HEADER},
    {__LINE__, "token endpoint by GET", 405, "", "", MISTAKE_NONE},
    {__LINE__, "token endpoint by GET", 200, "", "", MISTAKE_TOKEN_ENDPOINT},
    {__LINE__, "key set", 200, "", "{\"keys\":[{\"kty\":\"EC\",\"x\":\"a\"}]}", MISTAKE_NONE},
    {__LINE__, "key set", 200, "", "{\"keys\":[{\"kty\":\"EC\",\"d\":\"a\"}]}", MISTAKE_KEYS},
    {__LINE__, "key set", 200, "", "{\"keys\":{}}", MISTAKE_KEYS},
    {__LINE__, "key set", 404, "", "", MISTAKE_TOKEN_ENDPOINT},
    {__LINE__, "health", 200, "", "{}", MISTAKE_NONE},
    {__LINE__, "health", 503, "", "{}", MISTAKE_HEALTH},
    {__LINE__, "port 80", 0, "", "", MISTAKE_NONE},
    {__LINE__, "port 80", 301, "Location: https://h.example/\r\n", "", MISTAKE_NONE},
    {__LINE__, "port 80", 401, BEARER, OUTCOME, MISTAKE_PLAIN},
    {__LINE__, "port 80", 200, FHIR_TYPE, BUNDLE, MISTAKE_PLAIN},
    {__LINE__, "token endpoint on port 80", 0, "", "", MISTAKE_NONE},
    {__LINE__, "token endpoint on port 80", 404, JSON_TYPE, "{\"error\":\"not_found\"}",
     MISTAKE_NONE},
    {__LINE__, "token endpoint on port 80", 400, NO_STORE, "{\"error\":\"invalid_request\"}",
     MISTAKE_PLAIN},
    {__LINE__, "token endpoint on port 80", 401, NO_STORE, "{\"error\":\"invalid_client\"}",
     MISTAKE_PLAIN},
    {__LINE__, "the token given", 200, FHIR_TYPE, BUNDLE, MISTAKE_NONE},
    {__LINE__, "the token given", 403, "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n",
     OUTCOME, MISTAKE_NONE},
    {__LINE__, "the token given", 403, HTML_TYPE, "", MISTAKE_NOT_ASKED},
    {__LINE__, "the token given", 401, INVALID, OUTCOME, MISTAKE_TOKEN},
    {__LINE__, "the token given", 401, BEARER, OUTCOME, MISTAKE_NO_HEADER},
    {__LINE__, "the token given", 502, HTML_TYPE, "", MISTAKE_FHIR_SERVER},
    {__LINE__, "the token given", 200, "variable-CLIENT: x\r\n", BUNDLE, MISTAKE_VARIABLES},
};

static void test_verdicts(void **state)
{
    (void)state;
    const struct site site = {.token_url = SLICE(TOKEN_URL), .metadata_open = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct seen seen = {rows[i].status, slice_of(rows[i].head), slice_of(rows[i].body)};
        enum mistake m = doctor_judge(probe_named(rows[i].probe), &site, &seen);
        if (m != rows[i].want)
            fail_msg("line %d: \"%s\" in place of \"%s\"", rows[i].line, doctor_meaning(m),
                     doctor_meaning(rows[i].want));
    }
}

/* Nothing at all is never well, whatever was asked; but for what must not be there. */
static void test_no_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < doctor_probe_count; i++) {
        const struct seen none = {0};
        const struct site site = {0};
        enum mistake m = doctor_judge(&doctor_probes[i], &site, &none);
        bool may = doctor_probes[i].want == WANT_NOT_PLAIN;
        assert_int_equal(m, may ? MISTAKE_NONE : MISTAKE_NO_ANSWER);
    }
}

/* No probe of the FHIR base that carries no token may be served and be found well. */
static void test_open_base_is_always_a_fault(void **state)
{
    static const struct seen served = {
        200, {FHIR_TYPE, sizeof FHIR_TYPE - 1}, {BUNDLE, sizeof BUNDLE - 1}};
    const struct site site = {0};
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < doctor_probe_count; i++) {
        const struct probe *p = &doctor_probes[i];
        if (p->want != WANT_CHALLENGE && p->want != WANT_SHUT && p->want != WANT_INVALID_TOKEN)
            continue;
        assert_int_equal(doctor_level(doctor_judge(p, &site, &served)), DOCTOR_FAULT);
        n++;
    }
    assert_true(n > 10);
}

static void test_what_is_known_changes_the_verdict(void **state)
{
    static const char other[] = "{\"token_endpoint\":\"https://x.example/t\"}";
    const struct seen elsewhere = {200, SLICE(""), {other, sizeof other - 1}};
    const struct seen closed = {401, SLICE(BEARER), SLICE(OUTCOME)};
    struct site site = {.token_url = SLICE(TOKEN_URL), .trusts_others = true};
    char text[64];
    struct buf url = BUF(text);
    (void)state;
    assert_int_equal(doctor_judge(probe_named("smart-configuration"), &site, &elsewhere),
                     MISTAKE_NONE);
    site = (struct site){0};
    assert_int_equal(doctor_judge(probe_named("smart-configuration"), &site, &elsewhere),
                     MISTAKE_NONE);
    assert_int_equal(doctor_judge(probe_named("metadata"), &site, &closed), MISTAKE_NONE);
    assert_true(doctor_token_endpoint(&elsewhere, &url));
    assert_string_equal(text, "https://x.example/t");
    url = buf_over(text, 8);
    assert_false(doctor_token_endpoint(&elsewhere, &url));
}

static void test_headers(void **state)
{
    (void)state;
    const struct slice head = SLICE("Server: Apache/2.4\r\nA:  b \r\nno header\r\na:c\nLast: x");
    size_t n;
    assert_true(slice_is(doctor_header(head, "A", &n), "b"));
    assert_int_equal(n, 2);
    assert_true(slice_is(doctor_header(head, "last", NULL), "x"));
    assert_null(doctor_header(head, "no header", &n).p);
    assert_int_equal(n, 0);
    assert_int_equal(doctor_web_server(head), WEB_APACHE);
    assert_int_equal(doctor_web_server(SLICE("server: nginx\r\n")), WEB_NGINX);
    assert_int_equal(doctor_web_server(SLICE("Server: lighttpd/1.4.69\r\n")), WEB_LIGHTTPD);
    assert_int_equal(doctor_web_server(SLICE("Server: caddy\r\n")), WEB_UNKNOWN);
    assert_int_equal(doctor_web_server(SLICE("")), WEB_UNKNOWN);
}

static void test_every_fault_has_a_remedy(void **state)
{
    (void)state;
    for (enum mistake m = MISTAKE_NONE; m < MISTAKE_COUNT; m++) {
        assert_non_null(doctor_meaning(m));
        assert_true((m == MISTAKE_NONE) == (doctor_level(m) == DOCTOR_OK));
        for (enum web_server w = WEB_UNKNOWN; w < WEB_COUNT; w++)
            assert_non_null(doctor_remedy(m, w));
        if (doctor_level(m) == DOCTOR_FAULT)
            assert_true(strlen(doctor_remedy(m, WEB_UNKNOWN)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_open_base_is_always_a_fault),
        cmocka_unit_test(test_what_is_known_changes_the_verdict),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_every_fault_has_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
