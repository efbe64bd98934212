/* What the profiles want of an event is checked by tests/integration/balp.py. */
#include "audit_fixture.h"

#include "json.h"

#define ALL      "system/*.cruds"
#define PROFILES "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."

static struct config conf;

/* The event as text; it is one line of JSON. */
static const char *write_event(const struct told *t)
{
    static char text[65536];
    struct buf b = buf_over(text, audit_event_room(&t->d));
    struct json *event;
    assert_true(audit_event_room(&t->d) <= sizeof text);
    audit_event_write(&t->d, &b);
    assert_false(b.overflowed);
    assert_ptr_equal(strchr(text, '\n'), text + b.n - 1);
    assert_int_equal(json_parse((struct slice){text, b.n - 1}, &event), ERR_OK);
    json_free(event);
    return text;
}

static void check_has(int line, const char *event, bool has, const char *part)
{
    if ((strstr(event, part) != NULL) != has)
        fail_msg("line %d: %s %s in %s", line, part, has ? "is not" : "is", event);
}

static void test_interactions(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *method, *uri, *action, *subtype, *profile; /* NULL: none */
        const char *what;                                      /* NULL: anything */
    } rows[] = {
        {__LINE__, "GET", "/fhir/Patient/1", "R", "read", "PatientRead", "Patient/1"},
        {__LINE__, "HEAD", "/fhir/Group/1", "R", "read", "Read", "Group/1"},
        {__LINE__, "GET", "/fhir/Group/1/_history/2", "R", "vread", "Read", "Group/1/_history/2"},
        {__LINE__, "GET", "/fhir/Group/1/_history/2/", "R", "vread", "Read", "Group/1/_history/2"},
        {__LINE__, "GET", "/fhir/Group/1/_history", "R", "history-instance", NULL, "Group/1"},
        {__LINE__, "GET", "/fhir/Group/_history", "R", "history-type", NULL, NULL},
        {__LINE__, "GET", "/fhir/_history", "R", "history-system", NULL, NULL},
        {__LINE__, "GET", "/fhir/Group?code=1", "E", "search-type", "Query", NULL},
        {__LINE__, "GET", "/fhir/Patient/1/Group", "E", "search", "PatientQuery", "Patient/1"},
        {__LINE__, "GET", "/fhir/Device/1/Group", "E", "search", "Query", NULL},
        {__LINE__, "GET", "/fhir?_type=Group", "E", "search-system", "Query", NULL},
        {__LINE__, "POST", "/fhir/Group/_search", "E", "search-type", "Query", NULL},
        {__LINE__, "POST", "/fhir/Group", "C", "create", "Create", NULL},
        {__LINE__, "PUT", "/fhir/Group/1", "U", "update", "Update", "Group/1"},
        {__LINE__, "PATCH", "/fhir/Group/1", "U", "patch", "Update", "Group/1"},
        {__LINE__, "PUT", "/fhir/Group?code=1", "U", "update", "Update", NULL},
        {__LINE__, "DELETE", "/fhir/Group/1", "D", "delete", "Delete", "Group/1"},
        {__LINE__, "POST", "/fhir", "E", "batch", NULL, NULL},
        {__LINE__, "GET", "/fhir/Patient/1/$everything", "E", "operation", NULL, "Patient/1"},
        {__LINE__, "GET", "/fhir/metadata", "R", "capabilities", NULL, NULL},
        {__LINE__, "GET", "/fhir/.well-known/udap", "R", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told t;
        char part[256];
        tell_of(&t, &conf, rows[i].method, rows[i].uri, ALL);
        check_true(rows[i].line, t.decision.allow, "allowed");
        const char *event = write_event(&t);
        snprintf(part, sizeof part, "\"action\":\"%s\",\"recorded\":\"2020-09-13T12:26:40.042Z\"",
                 rows[i].action);
        check_has(rows[i].line, event, true, part);
        snprintf(part, sizeof part, "restful-interaction\",\"code\":\"%s\"}]",
                 rows[i].subtype ? rows[i].subtype : "");
        check_has(rows[i].line, event, rows[i].subtype != NULL, part);
        snprintf(part, sizeof part, "\"meta\":{\"profile\":[\"" PROFILES "%s\"",
                 rows[i].profile ? rows[i].profile : "OAUTHaccessTokenUse.Minimal");
        check_has(rows[i].line, event, true, part);
        snprintf(part, sizeof part, "\"reference\":\"%s\"", rows[i].what ? rows[i].what : "");
        check_has(rows[i].line, event, rows[i].what != NULL, part);
        check_has(rows[i].line, event, true, "\"outcome\":\"0\"");
        check_has(rows[i].line, event, true, "\"urn:ietf:params:oauth:jti:the-jti\"");
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *uri, *scope, *reason;
    } rows[] = {
        {__LINE__, "/fhir/Group/1", NULL, "ERR_NO_TOKEN"},
        {__LINE__, "/fhir/Group/1", "system/Patient.r", "ERR_SCOPE"},
        {__LINE__, "/fhir/Nonsense", ALL, "ERR_NOT_FHIR"},
        {__LINE__, "/fhir/../x", ALL, "ERR_TARGET"},
        {__LINE__, "/elsewhere", ALL, "ERR_OUTSIDE_BASE"},
        {__LINE__, "", ALL, "ERR_TARGET"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told t;
        char part[128];
        tell_of(&t, &conf, "GET", rows[i].uri, rows[i].scope);
        const char *event = write_event(&t);
        snprintf(part, sizeof part, "\"outcome\":\"4\",\"outcomeDesc\":\"%s\"", rows[i].reason);
        check_has(rows[i].line, event, true, part);
        check_has(rows[i].line, event, true, "\"reference\":\"#outcome\"");
        check_has(rows[i].line, event, false, PROFILES "Read");
        check_has(rows[i].line, event, rows[i].scope != NULL, "\"the-subject\"");
    }
}

/* Only a token that is good for nothing but one patient makes that patient the one concerned. */
static void test_patient_of_the_token(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *scope, *patient;
        bool told;
    } rows[] = {
        {__LINE__, "patient/Group.rs", "7", true},
        {__LINE__, "patient/*.rs openid", "7", true},
        {__LINE__, "patient/Group.rs system/Patient.r", "7", false},
        {__LINE__, "patient/Group.rs user/*.rs", "7", false},
        {__LINE__, "patient/Group.rs system/Group.rs?code=1", "7", false},
        {__LINE__, "patient/Group.rs", "a/b", false},
        {__LINE__, "patient/Group.rs", "\"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told t;
        tell_of(&t, &conf, "GET", "/fhir/Group?member=7", rows[i].scope);
        t.token.patient = slice_of(rows[i].patient);
        check_has(rows[i].line, write_event(&t), rows[i].told, "\"reference\":\"Patient/7\"");
    }
}

/* base64 of https://hospital.example/fhir/Patient, with ?name=x and without. */
#define BARE "\"query\":\"aHR0cHM6Ly9ob3NwaXRhbC5leGFtcGxlL2ZoaXIvUGF0aWVudA==\""
#define FULL "\"query\":\"aHR0cHM6Ly9ob3NwaXRhbC5leGFtcGxlL2ZoaXIvUGF0aWVudD9uYW1lPXg=\""

static void test_query(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *query;
        bool told;
    } rows[] = {
        {__LINE__, "?name=x", true},
        {__LINE__, "", false},
        {__LINE__, "?access_token=x", false},
        {__LINE__, "?name=%zz", false},
        {__LINE__, "?My-Token=x", false},
        {__LINE__, "?client_secret=x", false},
        {__LINE__, "?client_assertion=x", false},
        {__LINE__, "?password=x", false},
        {__LINE__, "?name=eyJhbGciOiJub25l", false},
        {__LINE__, "?name=opaque~bearer", false},
    };
    static const char *const schemes[] = {"Bearer opaque~bearer", "DPoP opaque~bearer"};
    for (size_t k = 0; k < COUNT(schemes) * COUNT(rows); k++) {
        size_t i = k % COUNT(rows);
        struct told t;
        char uri[256];
        snprintf(uri, sizeof uri, "/fhir/Patient%s", rows[i].query);
        tell_of(&t, &conf, "GET", uri, ALL);
        t.request.authorization = slice_of(schemes[k / COUNT(rows)]);
        const char *event = write_event(&t);
        bool search = t.asked.interaction == FHIR_SEARCH_TYPE;
        check_has(rows[i].line, event, rows[i].told, FULL);
        check_has(rows[i].line, event, search && !rows[i].told, BARE);
    }
}

/* Whatever stands in a token or a request, the event is one line of JSON that fits. */
static void test_hostile_values(void **state)
{
    (void)state;
    static char long_text[4000], uri[16000];
    static const struct slice values[] = {
        {NULL, 0},
        BYTES(""),
        BYTES("\"},{\"a\":\"\\\n"),
        BYTES("\x01\xff\x7f"),
        {long_text, sizeof long_text},
    };
    memset(long_text, '\x01', sizeof long_text);
    memset(uri, '1', sizeof uri - 1);
    for (size_t i = 20; i < sizeof uri - 1; i += 20)
        uri[i] = ',';
    memcpy(uri, "/fhir/Group?code=", 17);
    for (size_t i = 0; i < COUNT(values); i++) {
        struct told t;
        tell_of(&t, &conf, "GET", i % 2 ? "/fhir/Group/1" : "/fhir/Group?code=1", ALL);
        t.token.client_id = t.token.subject = values[i];
        t.token.jti = t.token.issuer = t.token.fhir_user = values[i];
        t.request.remote_addr = values[i].n < 100 ? values[i] : SLICE("::1");
        if (values[i].n < 100)
            write_event(&t);
    }
    struct told t;
    tell_of(&t, &conf, "GET", uri, ALL);
    check_has(__LINE__, write_event(&t), true, "\"query\":");
    tell_of(&t, &conf, "GET", "/fhir/Group/1", ALL);
    t.token.client_id = t.token.subject = values[4];
    char small[20000];
    struct buf b = BUF(small);
    audit_event_write(&t.d, &b);
    assert_true(b.overflowed);
}

static int load(void **state)
{
    (void)state;
    config_of(CONFIG_ONE_BASE "bodies = backend\n", &conf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interactions),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_patient_of_the_token), cmocka_unit_test(test_query),
        cmocka_unit_test(test_hostile_values),
    };
    return cmocka_run_group_tests_name("audit_event", tests, load, NULL);
}
