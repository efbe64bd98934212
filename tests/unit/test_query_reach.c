#include "query_fixture.h"

/* Names, modifiers, chains, _has; the searched type itself stands only where something leads back
 * to it. */
static const struct reach_row rows[] = {
    {__LINE__, "Patient", NULL, ""},
    {__LINE__, "Patient", "", ""},
    {__LINE__, "Patient", "&&&", ""},
    {__LINE__, "Patient", ";;", "*"},
    {__LINE__, "Patient", "name=eve&birthdate=gt2000-01-01&_count=50", ""},
    {__LINE__, "Patient", "organization=Organization/1", ""},
    {__LINE__, "Patient", "my-own-parameter=1&a1=1&b_2=1", ""},
    {__LINE__, "Patient", "name=1?_include=x", ""},   /* a '?' in a value separates nothing */
    {__LINE__, "Patient", "name=a%26_include=x", ""}, /* nor does an encoded '&' */
    {__LINE__, "Observation", "code=http://loinc.org|1234-5,http://loinc.org|6789-0", ""},
    {__LINE__, "Observation", "component-code-value-quantity=a$lt5", ""},
    {__LINE__, "NoSuchType", "name=eve", ""},

    /* modifiers (http://hl7.org/fhir/R5/search.html#modifiers) */
    {__LINE__, "Patient", "name:exact=Eve&name:contains=E&name:missing=false", ""},
    {__LINE__, "Patient", "my-own-parameter:exact=1", ""},
    {__LINE__, "Observation", "code:not=a&code:text=b&code:text-advanced=c&code:code-text=d", ""},
    {__LINE__, "Observation", "code:above=a&code:below=b", ""},
    {__LINE__, "Patient", "identifier:of-type=a|b|c", ""},
    {__LINE__, "Observation", "subject:identifier=a|b", ""},
    {__LINE__, "Observation", "subject:missing=true", ""},
    {__LINE__, "Observation", "_profile:below=http://x&_tag:not=a&_id:missing=true", ""},
    {__LINE__, "Observation", "_tag:in=http://x", "ValueSet"},
    {__LINE__, "Observation", "_tag:Patient=1", "*"},
    {__LINE__, "Observation", "code:in=http://x", "ValueSet"},
    {__LINE__, "Observation", "code:not-in=http://x", "ValueSet"},
    {__LINE__, "Observation", "code:Patient=1", "*"}, /* no reference */
    {__LINE__, "Observation", "subject:Patient=1", ""},
    {__LINE__, "Observation", "subject:Practitioner=1", ""}, /* finds nothing, reveals nothing */
    {__LINE__, "Observation", "focus:Account=1", ""},
    {__LINE__, "Observation", "subject:patient=1", "*"},
    {__LINE__, "Observation", "subject:Transport=1", "*"}, /* of R5 */
    {__LINE__, "Observation", "my-own-parameter:Patient=1", "*"},
    {__LINE__, "Observation", "my-own-parameter:below=1", "*"},
    {__LINE__, "Observation", "my-own-parameter:in=1", "CareTeam Group List ValueSet"},
    {__LINE__, "Observation", "subject:in=Group/1", "CareTeam Group List ValueSet"},
    {__LINE__, "Encounter", "location:below=1", "Location"}, /* the hierarchy of locations */
    {__LINE__, "Procedure", "subject:above=1", "Group Patient"},
    {__LINE__, "Provenance", "target:above=1", "*"},
    {__LINE__, "Patient", "name:near=1", "*"},
    {__LINE__, "Patient", "name:EXACT=1", "*"},
    {__LINE__, "Patient", "name:exact:x=1", "*"},
    {__LINE__, "Patient", "name:=1", "*"},
    {__LINE__, "Patient", "name:iterate=1", "*"},

    /* chains */
    {__LINE__, "Observation", "patient.name=eve", "Patient"},
    {__LINE__, "Observation", "patient.name:exact=eve", "Patient"},
    {__LINE__, "Observation", "patient._id=1", "Patient"},
    {__LINE__, "Observation", "patient.my-own-parameter=1", "Patient"},
    {__LINE__, "Observation", "subject.name=eve", "Device Group Location Patient"},
    {__LINE__, "Observation", "subject:Patient.name=eve", "Patient"},
    {__LINE__, "Observation", "subject:Practitioner.name=eve", "*"}, /* it cannot be one */
    {__LINE__, "Observation", "subject:x.name=eve", "*"},
    {__LINE__, "Observation", "subject:.name=eve", "*"},
    {__LINE__, "Observation", "subject:Patient:Patient.name=eve", "*"},
    {__LINE__, "Observation", "patient.organization.name=x", "Organization Patient"},
    {__LINE__, "Observation", "patient.organization.partof.name=x", "Organization Patient"},
    {__LINE__, "Observation", "subject:Patient.general-practitioner:Practitioner.name=x",
     "Patient Practitioner"},
    {__LINE__, "Observation", "subject.organization.name=x", "*"}, /* from which of the four? */
    {__LINE__, "Observation", "focus.name=x", "*"},
    {__LINE__, "Observation", "focus:Patient.name=x", "Patient"},
    {__LINE__, "Observation", "code.name=x", "*"},    /* no reference */
    {__LINE__, "Observation", "nowhere.name=x", "*"}, /* not known */
    {__LINE__, "Observation", "Patient.name=x", "*"},
    {__LINE__, "Observation", "patient.nowhere.name=x", "* Patient"},
    {__LINE__, "Observation", "patient.code:in=x", "CareTeam Group List Patient ValueSet"},
    {__LINE__, "Observation", "patient.identifier:in=x", "Patient ValueSet"},
    {__LINE__, "Observation", "patient._list=1", "List Patient"},
    {__LINE__, "Observation", "patient._filter=x", "* Patient"},
    {__LINE__, "Observation", "patient._include=Patient:link", "Patient RelatedPerson"},
    {__LINE__, "Patient", "link:Patient.name=x", "Patient"}, /* others than those found */
    {__LINE__, "Observation", "has-member:Observation.code=x", "Observation"},
    {__LINE__, "Observation", "patient.=x", "* Patient"},
    {__LINE__, "Observation", ".name=x", "*"},
    {__LINE__, "Observation", ".=x", "*"},
    {__LINE__, "Observation", "patient..name=x", "* Patient"},
    {__LINE__, "Observation", "_id.name=x", "*"},
    {__LINE__, "Observation", "_include.name=x", "*"},
    {__LINE__, "Observation", "patient:exact.name=x", "*"},
    {__LINE__, "CatalogEntry", "patient.name=x", "*"}, /* a type without parameters */

    /* _has */
    {__LINE__, "Patient", "_has:Observation:patient:code=1234-5", "Observation"},
    {__LINE__, "Patient", "_has:Observation:patient:code:in=x", "Observation ValueSet"},
    {__LINE__, "Patient", "_has:Observation:patient:performer:Practitioner.name=x",
     "Observation Practitioner"},
    {__LINE__, "Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=x",
     "AuditEvent Observation"},
    {__LINE__, "Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent:Device.type=x",
     "AuditEvent Device Observation"},
    {__LINE__, "Patient", "_has:Patient:link:name=x", "Patient"},
    {__LINE__, "Patient", "_has:Account:patient:name=x", "Account"},
    {__LINE__, "Observation", "patient._has:Group:member:_id=1", "Group Patient"},
    {__LINE__, "Observation", "subject:Patient._has:Group:member:_id=1", "Group Patient"},
    {__LINE__, "Patient", "_has:Observation:my-own-reference:code=1", "Observation"},
    {__LINE__, "Patient", "_has:Observation:patient:focus.code=1", "* Observation"},
    {__LINE__, "Patient", "_has=x", "*"},
    {__LINE__, "Patient", "_has:Observation=x", "*"},
    {__LINE__, "Patient", "_has:Observation:patient=x", "*"},
    {__LINE__, "Patient", "_has:Observation:patient:=x", "* Observation"},
    {__LINE__, "Patient", "_has:Observation::code=x", "*"},
    {__LINE__, "Patient", "_has::patient:code=x", "*"},
    {__LINE__, "Patient", "_has:Transport:patient:code=x", "*"},
    {__LINE__, "Patient", "_has:*:patient:code=x", "*"},
    {__LINE__, "Patient", "_has:Observation:a.b:code=x", "*"},
    {__LINE__, "Patient", "_has.Observation:patient:code=x", "*"},
    {__LINE__, "Patient", "_HAS:Observation:patient:code=x", "*"},

    /* names that are none */
    {__LINE__, "Patient", ":exact=1", "*"},
    {__LINE__, "Patient", "=1", "*"},
    {__LINE__, "Patient", "name[]=x", "*"},
    {__LINE__, "Patient", "_include[]=x", "*"},
    {__LINE__, "Patient", "?_include=x", "*"},
    {__LINE__, "Patient", "1name=x", "*"},
    {__LINE__, "Patient", "-name=x", "*"},
    {__LINE__, "Patient", "na/me=x", "*"},
    {__LINE__, "Patient", "n%C3%A1me=x", "*"},

    /* the same door under another name */
    {__LINE__, "Patient", "%5Ffilter=x", "*"},
    {__LINE__, "Patient", "%5ffilter=x", "*"},
    {__LINE__, "Patient", "%5F%66%69%6C%74%65%72=x", "*"},
    {__LINE__, "Patient", "%255Ffilter=x", "*"}, /* were it decoded twice */
    {__LINE__, "Patient", "na%256De=x", "*"},
    {__LINE__, "Patient", "_FILTER=x", "*"},
    {__LINE__, "Patient", "+_filter=x", "*"},
    {__LINE__, "Patient", "_filter+=x", "*"},
    {__LINE__, "Patient", "%20_filter=x", "*"},
    {__LINE__, "Patient", "%09_filter=x", "*"},
    {__LINE__, "Patient", "_filter%0a=x", "*"},
    {__LINE__, "Patient", "_id%20=x", "*"},
    {__LINE__, "Observation", "patient%2Ename=eve", "Patient"},
    {__LINE__, "Observation", "subject%3APatient.name=eve", "Patient"},
    {__LINE__, "Observation", "patient%252Ename=eve", "*"},

    /* ';' as a separator, and as none */
    {__LINE__, "Patient", "name=1;_filter=x", "*"},
    {__LINE__, "Patient", "name=1;a;b=3", ""},
    {__LINE__, "Patient", "name;_filter=x", "*"},
    {__LINE__, "Patient", ";;_filter=x", "*"},
    {__LINE__, "Observation", "code=1;patient.name=x", "Patient"},
    {__LINE__, "Observation", "patient.name;x=1", "* Patient"},
    {__LINE__, "Patient", "name=1%3B_filter=x", ""},
};

static void parameters_reach_what_they_can_reveal(void **state)
{
    (void)state;
    check_reaches(rows, COUNT(rows), FHIR_R4);
}

/* The table is R4's: in R5 a reference may lead elsewhere, unless the query says where. */
static const struct reach_row rows_of_r5[] = {
    {__LINE__, "Patient", "name=x&name:exact=y&_id=1", ""},
    {__LINE__, "Observation", "patient=1&subject:Patient=1", ""},
    {__LINE__, "Observation", "subject:Transport=1", ""},
    {__LINE__, "Observation", "subject:Media=1", "*"}, /* of R4 */
    {__LINE__, "Observation", "patient.name=x", "*"},
    {__LINE__, "Observation", "subject:Patient.name=x", "Patient"},
    {__LINE__, "Observation", "subject:Transport.status=x", "Transport"},
    {__LINE__, "Observation", "subject:Patient.organization.name=x", "* Patient"},
    {__LINE__, "Encounter", "location:below=1", "*"},
    {__LINE__, "Observation", "code:below=1", ""},
    {__LINE__, "Observation", "code:in=1", "ValueSet"},
    {__LINE__, "Patient", "_has:Observation:patient:code=1", "Observation"},
    {__LINE__, "Patient", "_has:Transport:patient:code=1", "Transport"},
    {__LINE__, "Patient", "_has:Media:patient:code=1", "*"},
    {__LINE__, "Patient", "_include=Patient:organization", "*"},
    {__LINE__, "Patient", "_include=Patient:organization:Organization", "Organization"},
    {__LINE__, "Patient", "_revinclude=Observation:patient", "Observation"},
    {__LINE__, "Transport", "status=x", ""},
    {__LINE__, "Transport", "patient.name=x", "*"},
    {__LINE__, NULL, "_type=Transport", "Transport"},
    {__LINE__, NULL, "_type=Media", "*"},
};

static void in_r5_references_lead_anywhere(void **state)
{
    (void)state;
    check_reaches(rows_of_r5, COUNT(rows_of_r5), FHIR_R5);
}

/* Names within each other are followed only so far. */
static void depth_is_bounded(void **state)
{
    (void)state;
    char text[QUERY_MAX_NAME + 8] = "patient.organization";
    for (int partofs = 0; partofs < 20; partofs++) {
        struct query q;
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, ".name=x");
        EXACT(query, slice_of(text));
        assert_int_equal(query_check(query, type_named("Observation"), FHIR_R4, &q), ERR_OK);
        bool all = false;
        for (size_t i = 0; i < q.reach.count; i++)
            all = all || q.reach.list[i].type == FHIR_TYPE_ANY;
        assert_int_equal(all, partofs > 5);
        snprintf(text + n, sizeof text - n, ".partof");
    }
}

/* The parameter that is to blame is named as it was sent, the first of them for each type. */
static void causes_are_as_sent(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *query, *type, *cause;
    } causes[] = {
        {__LINE__, "name=1&_filter=x&_query=y", NULL, "_filter"},
        {__LINE__, "%5Ffilter=x", NULL, "%5Ffilter"},
        {__LINE__, "=x", NULL, ""},
        {__LINE__, "name=1;_filter=x", NULL, "_filter"},
        {__LINE__, "organization.name=x&_has:Organization:a:b=1", "Organization",
         "organization.name"},
        {__LINE__, "_include:iterate=Patient:link", "RelatedPerson", "_include:iterate"},
    };
    for (size_t i = 0; i < COUNT(causes); i++) {
        EXACT(query, slice_of(causes[i].query));
        struct query q;
        bool found = false;
        check_err(causes[i].line, query_check(query, type_named("Patient"), FHIR_R4, &q), ERR_OK);
        for (size_t n = 0; n < q.reach.count; n++)
            if (q.reach.list[n].type == type_named(causes[i].type)) {
                check_slice(causes[i].line, q.reach.list[n].cause, causes[i].cause);
                found = true;
            }
        check_true(causes[i].line, found, "a need with a cause");
    }
}

/* ---- the more is asked, the more is needed ---- */

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

/* Pieces out of which queries are made, of both good and bad form. */
static const char *const words[] = {
    "patient",      "subject", "name",  "code",        "_has",       "_include",
    "_revinclude",  "_type",   "_list", "_in",         "_filter",    "_id",
    "_sort",        "Patient", "Group", "Observation", "link",       "member",
    "organization", "partof",  "exact", "in",          "below",      "iterate",
    "%5F",          "%2E",     "%3A",   "_typeFilter", "Transport",  "$x",
    "%25",          "+",       "",      "*",           "_contained",
};
static const char *const joints[] = {".", ":", ":", ".", "=", "=", "?", ",", ";", ""};

static size_t make_parameter(unsigned *seed, char *to, size_t cap)
{
    size_t n = 0;
    for (unsigned parts = 1 + next_random(seed) % 6; parts > 0; parts--)
        n += (size_t)snprintf(to + n, cap - n, "%s%s", words[next_random(seed) % COUNT(words)],
                              joints[next_random(seed) % COUNT(joints)]);
    return n;
}

static bool covers(const struct needs *larger, int type)
{
    for (size_t i = 0; i < larger->count; i++)
        if (larger->list[i].type == type || larger->list[i].type == FHIR_TYPE_ANY)
            return true;
    return false;
}

static void another_parameter_never_makes_reach_smaller(void **state)
{
    (void)state;
    unsigned seed = 20260101;
    size_t compared = 0;
    for (int round = 0; round < 20000; round++) {
        char text[1024];
        struct query one, two;
        int type = next_random(&seed) % 2 ? type_named("Observation") : type_named("Patient");
        enum fhir_version version = next_random(&seed) % 4 ? FHIR_R4 : FHIR_R5;
        size_t n = make_parameter(&seed, text, sizeof text);
        EXACT(shorter, ((struct slice){text, n}));
        text[n++] = '&';
        n += make_parameter(&seed, text + n, sizeof text - n);
        EXACT(longer, ((struct slice){text, n}));
        if (query_check(shorter, type, version, &one) != ERR_OK ||
            query_check(longer, type, version, &two) != ERR_OK)
            continue;
        compared++;
        for (size_t i = 0; i < one.reach.count; i++)
            if (!covers(&two.reach, one.reach.list[i].type))
                fail_msg("%.*s reaches less than its part", SLICE_FMT(longer));
    }
    assert_true(compared > 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_reach_what_they_can_reveal),
        cmocka_unit_test(in_r5_references_lead_anywhere),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(causes_are_as_sent),
        cmocka_unit_test(another_parameter_never_makes_reach_smaller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
