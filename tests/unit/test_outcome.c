#include "fixture.h"

#include "json.h"
#include "outcome.h"

static void form_follows_format_then_accept(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *format, *accept;
        bool xml;
    } rows[] = {
        {__LINE__, NULL, NULL, false},
        {__LINE__, NULL, "", false},
        {__LINE__, NULL, "*/*", false},
        {__LINE__, NULL, "application/fhir+json", false},
        {__LINE__, NULL, "application/fhir+xml", true},
        {__LINE__, NULL, "APPLICATION/FHIR+XML", true},
        {__LINE__, NULL, "text/xml", true},
        {__LINE__, NULL, "application/xml;charset=utf-8", true},
        {__LINE__, NULL, "application/xhtml+xml", false},
        {__LINE__, NULL, "application/fhir+xml, application/fhir+json", false}, /* alike */
        {__LINE__, NULL, "application/fhir+json;q=0.5, application/fhir+xml", true},
        {__LINE__, NULL, "application/fhir+xml;q=0.5, application/fhir+json;q=0.4", true},
        {__LINE__, NULL, "application/fhir+xml;q=0.4, application/fhir+json;q=0.5", false},
        {__LINE__, NULL, "application/fhir+xml ; q=0.999,application/fhir+json;q=0.998", true},
        {__LINE__, NULL, "application/fhir+xml;q=0", false},
        {__LINE__, NULL, "application/fhir+xml;q=0.000", false},
        {__LINE__, NULL, "application/fhir+xml;Q=1.000", true},
        {__LINE__, NULL, "application/fhir+xml;q=1.001", false},
        {__LINE__, NULL, "application/fhir+xml;q=2", false},
        {__LINE__, NULL, "application/fhir+xml;q=", false},
        {__LINE__, NULL, "application/fhir+xml;q=0.1234", false},
        {__LINE__, NULL, "application/fhir+xml;q=0x1", false},
        {__LINE__, NULL, "application/fhir+xml;q=-1", false},
        {__LINE__, NULL, ",;,;q=,", false},
        {__LINE__, NULL, "text/html, application/xml;q=0.9, */*;q=0.8", true},
        {__LINE__, "json", "application/fhir+xml", false},
        {__LINE__, "xml", "application/fhir+json", true},
        {__LINE__, "application%2Ffhir%2Bxml", NULL, true},
        {__LINE__, "application/fhir+json", "application/fhir+xml", false},
        {__LINE__, "ttl", "application/fhir+xml", true},
        {__LINE__, "", "application/fhir+xml", true},
        {__LINE__, "html", NULL, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(format, slice_of(rows[i].format));
        EXACT(accept, slice_of(rows[i].accept));
        struct outcome_form form = outcome_negotiate(format, accept, SLICE_NONE);
        check_true(rows[i].line, form.xml == rows[i].xml, "xml");
        assert_non_null(strstr(outcome_content_type(form), rows[i].xml ? "fhir+xml" : "fhir+json"));
    }
}

static void language_follows_accept_language(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *accept;
        bool spanish;
    } rows[] = {
        {__LINE__, NULL, false},
        {__LINE__, "*", false},
        {__LINE__, "en", false},
        {__LINE__, "es", true},
        {__LINE__, "ES", true},
        {__LINE__, "es-CL", true},
        {__LINE__, "es-419,es;q=0.9,en;q=0.8", true},
        {__LINE__, "en-US,en;q=0.9,es;q=0.8", false},
        {__LINE__, "en,es", false},
        {__LINE__, "fr, es;q=0.1", true},
        {__LINE__, "es;q=0", false},
        {__LINE__, "est", false}, /* Estonian's long code */
        {__LINE__, "e", false},
        {__LINE__, "ca-es", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(accept, slice_of(rows[i].accept));
        struct outcome_form form = outcome_negotiate(SLICE_NONE, SLICE_NONE, accept);
        check_true(rows[i].line, form.spanish == rows[i].spanish, "spanish");
    }
}

/* Every reason in both languages is JSON that says what it should. */
static void json_outcomes_are_well_formed(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++)
        for (int spanish = 0; spanish < 2; spanish++) {
            char space[4096];
            struct buf out = BUF(space);
            struct outcome_form form = {.spanish = spanish};
            outcome_write((enum err)e, form, SLICE("a\"b\\c<&\n"), SLICE("id-1"), &out);
            assert_false(out.overflowed);
            struct json *document;
            assert_int_equal(json_parse(buf_slice(&out), &document), ERR_OK);
            struct slice text;
            assert_true(json_member_string(document, "resourceType", &text));
            assert_true(slice_is(text, "OperationOutcome"));
            const struct json *issues = json_member(document, "issue");
            assert_int_equal(json_count(issues), 1);
            const struct json *issue = json_first(issues);
            const struct err_row *row = err_row((enum err)e);
            assert_true(json_member_string(issue, "severity", &text) && slice_is(text, "error"));
            assert_true(json_member_string(issue, "code", &text) && slice_is(text, row->issue));
            assert_true(json_member_string(json_member(issue, "details"), "text", &text));
            assert_true(slice_starts(text, spanish ? row->text_es : row->text));
            assert_true(slice_ends(text, ": a\"b\\c<&\n"));
            assert_true(json_member_string(issue, "diagnostics", &text));
            assert_true(slice_is(text, "request-id: id-1"));
            json_free(document);
        }
}

static void xml_outcomes_are_escaped(void **state)
{
    (void)state;
    char space[4096];
    struct buf out = BUF(space);
    outcome_write(ERR_SCOPE, (struct outcome_form){.xml = true}, SLICE("a\"><b/>&"), SLICE("id\"<"),
                  &out);
    assert_string_equal(
        space, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<OperationOutcome xmlns=\"http://hl7.org/fhir\"><issue><severity value=\"error\"/>"
               "<code value=\"forbidden\"/><details><text value=\"The granted scopes do not cover "
               "this request: a&quot;&gt;&lt;b/&gt;&amp;\"/></details>"
               "<diagnostics value=\"request-id: id&quot;&lt;\"/></issue></OperationOutcome>\n");
}

static void what_is_absent_is_left_out(void **state)
{
    (void)state;
    char space[4096];
    struct buf out = BUF(space);
    outcome_write(ERR_NO_TOKEN, (struct outcome_form){0}, SLICE_NONE, SLICE_NONE, &out);
    assert_non_null(strstr(space, "Authorization: Bearer\"}"));
    char small[64];
    struct buf full = BUF(small);
    outcome_write(ERR_NO_TOKEN, (struct outcome_form){0}, SLICE_NONE, SLICE_NONE, &full);
    assert_true(full.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_follows_format_then_accept),
        cmocka_unit_test(language_follows_accept_language),
        cmocka_unit_test(json_outcomes_are_well_formed),
        cmocka_unit_test(xml_outcomes_are_escaped),
        cmocka_unit_test(what_is_absent_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
