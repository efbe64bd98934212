#include "fixture.h"

#include "config_rules.h"

#define ALL (HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE)
#define TEN "1234567890"

static enum err parse(const char *pattern, const char *verdict, struct config_rule *out,
                      char why[512])
{
    struct buf b = buf_over(why, 512);
    EXACT(left, slice_of(pattern));
    EXACT(right, slice_of(verdict));
    return config_rule_parse(left, right, out, &b);
}

static void methods_are_bits(void **state)
{
    static const struct {
        const char *name;
        unsigned want;
    } rows[] = {{"GET", HTTP_GET},
                {"HEAD", HTTP_GET},
                {"POST", HTTP_POST},
                {"PUT", HTTP_PUT},
                {"PATCH", HTTP_PATCH},
                {"DELETE", HTTP_DELETE},
                {"OPTIONS", 0},
                {"TRACE", 0},
                {"get", 0},
                {"GET ", 0},
                {"GE", 0},
                {"", 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(http_method_bit(slice_of(rows[i].name)), rows[i].want);
    assert_int_equal(http_method_bit(SLICE_NONE), 0);
}

/* Every form of a pattern, and what becomes of it. */
static void patterns_are_read(void **state)
{
    static const struct {
        int line;
        const char *pattern, *verdict;
        enum rule_kind kind;
        unsigned methods;
        const char *type;
        bool below;
        const char *want;
    } rows[] = {
        {__LINE__, "$a", "token", RULE_OPERATION, HTTP_GET | HTTP_POST, "*", false, "$a"},
        {__LINE__, "$Find-2", "open", RULE_OPERATION, HTTP_GET | HTTP_POST, "*", false, "$Find-2"},
        {__LINE__, "Patient/$match", "deny", RULE_OPERATION, HTTP_GET | HTTP_POST, "Patient", false,
         "$match"},
        {__LINE__, "/files", "open", RULE_PATH, HTTP_GET, "*", false, "/files"},
        {__LINE__, "GET /files", "open", RULE_PATH, HTTP_GET, "*", false, "/files"},
        {__LINE__, "/files/*", "open", RULE_PATH, HTTP_GET, "*", true, "/files/"},
        {__LINE__, "GET,DELETE /a/b/*", "token", RULE_PATH, HTTP_GET | HTTP_DELETE, "*", true,
         "/a/b/"},
        {__LINE__, "DELETE,PATCH,PUT,POST,GET /a", "token", RULE_PATH, ALL, "*", false, "/a"},
        {__LINE__, "PUT /-._~$/...", "token", RULE_PATH, HTTP_PUT, "*", false, "/-._~$/..."},
        {__LINE__, "DELETE /$export-poll-status", "token", RULE_PATH, HTTP_DELETE, "*", false,
         "/$export-poll-status"},
        {__LINE__, "/Patients", "open", RULE_PATH, HTTP_GET, "*", false, "/Patients"},
        {__LINE__, "/x/Patient", "open", RULE_PATH, HTTP_GET, "*", false, "/x/Patient"},
        {__LINE__, "/.well-known/*", "open", RULE_PATH, HTTP_GET, "*", true, "/.well-known/"},
        /* what is denied is denied for all methods, unless some are named */
        {__LINE__, "/files", "deny", RULE_PATH, ALL, "*", false, "/files"},
        {__LINE__, "DELETE /files", "deny", RULE_PATH, HTTP_DELETE, "*", false, "/files"},
        {__LINE__, "/Patient/*", "deny", RULE_PATH, ALL, "*", true, "/Patient/"},
        {__LINE__, "/metadata", "deny", RULE_PATH, ALL, "*", false, "/metadata"},
        {__LINE__, "/_history", "deny", RULE_PATH, ALL, "*", false, "/_history"},
        {__LINE__, "/*", "deny", RULE_PATH, ALL, "*", true, "/"},
        {__LINE__, "POST /", "deny", RULE_PATH, HTTP_POST, "*", false, ""},
        {__LINE__, "GET /?_getpages", "token", RULE_PARAMETER, HTTP_GET, "*", false, "_getpages"},
        {__LINE__, "/?p.$-~", "system/*.s", RULE_PARAMETER, HTTP_GET, "*", false, "p.$-~"},
        {__LINE__, "/?_filter", "deny", RULE_PARAMETER, HTTP_GET, "*", false, "_filter"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_rule r;
        char why[512];
        if (parse(rows[i].pattern, rows[i].verdict, &r, why) != ERR_OK)
            fail_msg("line %d: %s", rows[i].line, why);
        check_true(rows[i].line, r.kind == rows[i].kind, "kind");
        check_true(rows[i].line, r.methods == rows[i].methods, "methods");
        check_true(rows[i].line, r.below == rows[i].below, "below");
        check_slice(rows[i].line, slice_of(r.pattern), rows[i].want);
        check_slice(rows[i].line, slice_of(fhir_type_name(r.type)), rows[i].type);
        check_true(rows[i].line, why[0] == '\0', why);
    }
}

static void verdicts_are_read(void **state)
{
#define URL "https://a.example/OperationDefinition/x"
    static const struct {
        int line;
        const char *text;
        enum rule_verdict verdict;
        const char *needed;
    } rows[] = {
        {__LINE__, "deny", RULE_DENY, ""},
        {__LINE__, "open", RULE_OPEN, ""},
        {__LINE__, "token", RULE_TOKEN, ""},
        {__LINE__, "system/*.rs", RULE_SCOPES, "system/*.rs"},
        {__LINE__, "system/Patient.read system/*.*", RULE_SCOPES, "system/Patient.read system/*.*"},
        {__LINE__, URL, RULE_SCOPES, URL},
        {__LINE__, "system/*.s " URL "?a=b urn:x", RULE_SCOPES, "system/*.s " URL "?a=b urn:x"},
        {__LINE__, "launch/patient", RULE_SCOPES, "launch/patient"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_rule r;
        char why[512];
        if (parse("$x", rows[i].text, &r, why) != ERR_OK)
            fail_msg("line %d: %s", rows[i].line, why);
        check_true(rows[i].line, r.verdict == rows[i].verdict, "verdict");
        check_slice(rows[i].line, slice_of(r.needed), rows[i].needed);
    }
}

#define NO_PATTERN "is no pattern; write $name, Type/$name, METHODS /path or GET /?NAME"
#define NO_METHODS "is no list of methods; give some of GET,POST,PUT,PATCH,DELETE with a comma"
#define TWO_WAYS   "has a path that can be written in two ways; use only letters, digits and -._~$"
#define NO_VERDICT                                                                                 \
    "is no verdict; give deny, open, token, or scopes such as system/*.rs with one blank between"
#define OF_FHIR "could open FHIR's own interactions, which are decided by scopes; give deny, or a"
#define SEARCH  "could open every search, since it is one of FHIR's own parameters; give deny, or a"

static const struct fault {
    int line;
    const char *pattern, *verdict, *want;
} faults[] = {
    {__LINE__, "", "token", NO_PATTERN},
    {__LINE__, "$", "token", NO_PATTERN},
    {__LINE__, "$1", "token", NO_PATTERN},
    {__LINE__, "$-a", "token", NO_PATTERN},
    {__LINE__, "$a_b", "token", NO_PATTERN},
    {__LINE__, "$a.b", "token", NO_PATTERN},
    {__LINE__, "$a*", "token", NO_PATTERN},
    {__LINE__, "$a/", "token", NO_PATTERN},
    {__LINE__, "$a/$b", "token", "\"$a\" is no resource type; mind capital letters"},
    {__LINE__, "everything", "token", NO_PATTERN},
    {__LINE__, "Patient", "token", NO_PATTERN},
    {__LINE__, "Patient/", "token", NO_PATTERN},
    {__LINE__, "Patient/match", "token", NO_PATTERN},
    {__LINE__, "Patient/1/$match", "token", NO_PATTERN},
    {__LINE__, "Patient/$match/1", "token", NO_PATTERN},
    {__LINE__, "patient/$match", "token", "\"patient\" is no resource type; mind capital letters"},
    {__LINE__, "Nobody/$match", "deny", "\"Nobody\" is no resource type; mind capital letters"},
    {__LINE__, "*/$match", "deny", "\"*\" is no resource type; mind capital letters"},
    {__LINE__, "GET $match", "token", NO_PATTERN},
    {__LINE__, "GET Patient/$match", "token", "\"GET Patient\" is no resource type"},
    {__LINE__, "GET", "token", NO_PATTERN},
    {__LINE__, "get /a", "token", NO_METHODS},
    {__LINE__, "HEAD /a", "token", NO_METHODS},
    {__LINE__, "OPTIONS /a", "deny", NO_METHODS},
    {__LINE__, "GET,GET /a", "token", NO_METHODS},
    {__LINE__, "GET, POST /a", "token", NO_PATTERN},
    {__LINE__, "GET,/a", "token", NO_PATTERN},
    {__LINE__, "GET, /a", "token", NO_METHODS},
    {__LINE__, ",GET /a", "token", NO_METHODS},
    {__LINE__, " /a", "token", NO_METHODS},
    {__LINE__, "* /a", "deny", NO_METHODS},
    {__LINE__, "GET  /a", "token", NO_PATTERN},
    {__LINE__, "/a b", "token", NO_PATTERN},
    {__LINE__, "GET /a b", "token", TWO_WAYS},
    {__LINE__, "GET /a\tb", "token", TWO_WAYS},
    {__LINE__, "/a/", "token", TWO_WAYS},
    {__LINE__, "//", "deny", TWO_WAYS},
    {__LINE__, "//a", "token", TWO_WAYS},
    {__LINE__, "/a//b", "token", TWO_WAYS},
    {__LINE__, "/a/.", "token", TWO_WAYS},
    {__LINE__, "/../a", "token", TWO_WAYS},
    {__LINE__, "/%61", "token", TWO_WAYS},
    {__LINE__, "/a;b", "token", TWO_WAYS},
    {__LINE__, "/a#b", "token", TWO_WAYS},
    {__LINE__, "/a?b", "token", TWO_WAYS},
    {__LINE__, "/\xc3\xb1", "token", TWO_WAYS},
    {__LINE__, "/a*", "token", TWO_WAYS},
    {__LINE__, "/*a", "token", TWO_WAYS},
    {__LINE__, "/**", "deny", TWO_WAYS},
    {__LINE__, "/*/a", "token", TWO_WAYS},
    {__LINE__, "/a/*/", "token", TWO_WAYS},
    {__LINE__, "/?", "token", "has no name of one parameter"},
    {__LINE__, "/?a=b", "token", "has no name of one parameter"},
    {__LINE__, "/?a&b", "token", "has no name of one parameter"},
    {__LINE__, "/?%61", "token", "has no name of one parameter"},
    {__LINE__, "/?*", "deny", "has no name of one parameter"},
    {__LINE__, "POST /?a", "token", "a parameter decides only for GET; write GET /?NAME"},
    {__LINE__, "GET,POST /?a", "deny", "a parameter decides only for GET"},
    {__LINE__, "/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "1234567", "open",
     "is longer than 127 bytes; shorten it"},
    /* verdicts */
    {__LINE__, "$a", "", "\"\" " NO_VERDICT},
    {__LINE__, "$a", "allow", "\"allow\" " NO_VERDICT},
    {__LINE__, "$a", "Deny", "\"Deny\" " NO_VERDICT},
    {__LINE__, "$a", "deny token", "\"deny\" " NO_VERDICT},
    {__LINE__, "$a", "system/*.rs open", "\"open\" " NO_VERDICT},
    {__LINE__, "$a", "system/*.rs  user/*.r", "\"\" " NO_VERDICT},
    {__LINE__, "$a", "system/*.sr", "\"system/*.sr\" " NO_VERDICT},
    {__LINE__, "$a", "system/Nobody.r", "\"system/Nobody.r\" " NO_VERDICT},
    {__LINE__, "$a", "System/Patient.r", "\"System/Patient.r\" " NO_VERDICT},
    {__LINE__, "$a", "patient", "\"patient\" " NO_VERDICT},
    {__LINE__, "$a", "urn:\"x\"", "\"urn:\"x\"\" " NO_VERDICT},
    {__LINE__, "$a", "urn:\xc3\xb1", "\"urn:\xc3\xb1\" " NO_VERDICT},
    {__LINE__, "$a", "a\\b:c", "\"a\\b:c\" " NO_VERDICT},
    /* what FHIR itself does cannot be opened by accident */
    {__LINE__, "/", "open", OF_FHIR},
    {__LINE__, "/*", "token", OF_FHIR},
    {__LINE__, "POST /", "system/*.cruds", OF_FHIR},
    {__LINE__, "/Patient", "open", OF_FHIR},
    {__LINE__, "/Patient/*", "token", OF_FHIR},
    {__LINE__, "/Patient/$match", "token", OF_FHIR},
    {__LINE__, "/patient/*", "token", OF_FHIR},
    {__LINE__, "DELETE /Observation/1", "system/*.d", OF_FHIR},
    {__LINE__, "/ActorDefinition/*", "open", OF_FHIR}, /* of R5 alone */
    {__LINE__, "/metadata", "open", OF_FHIR},
    {__LINE__, "/_history", "token", OF_FHIR},
    {__LINE__, "/_history/*", "token", OF_FHIR},
    {__LINE__, "POST /_search", "token", OF_FHIR},
    {__LINE__, "/?_type", "token", SEARCH},
    {__LINE__, "/?_lastupdated", "system/*.s", SEARCH},
    {__LINE__, "/?_id", "open", SEARCH},
    {__LINE__, "/?_getpages", "open",
     "could open every search to everybody; give token, scopes or deny"},
};

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct config_rule r, before;
        char why[512];
        memset(&r, 0xa5, sizeof r);
        before = r;
        enum err e = parse(faults[i].pattern, faults[i].verdict, &r, why);
        if (e != ERR_CONFIG || strstr(why, faults[i].want) == NULL)
            fail_msg("line %d: %s %s", faults[i].line, err_row(e)->name, why);
        check_true(faults[i].line, memcmp(&r, &before, sizeof r) == 0, "out was touched");
    }
}

static void lengths_are_bounded(void **state)
{
    char text[512], why[512];
    struct config_rule r;
    (void)state;
    memset(text, 'a', sizeof text);
    text[0] = '/';
    text[127] = '\0';
    assert_int_equal(parse(text, "open", &r, why), ERR_OK);
    assert_int_equal(strlen(r.pattern), 127);
    text[0] = ':';
    text[127] = 'a';
    text[255] = '\0';
    assert_int_equal(parse("$a", text, &r, why), ERR_OK);
    assert_int_equal(strlen(r.needed), 255);
    text[255] = 'a';
    text[256] = '\0';
    assert_int_equal(parse("$a", text, &r, why), ERR_CONFIG);
    assert_string_equal(why, "the scopes are longer than 255 bytes; shorten them");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_bits),    cmocka_unit_test(patterns_are_read),
        cmocka_unit_test(verdicts_are_read),   cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(lengths_are_bounded),
    };
    return cmocka_run_group_tests_name("config_rules", tests, NULL, NULL);
}
