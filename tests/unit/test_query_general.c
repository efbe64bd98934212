#include "query_fixture.h"

/* The parameters that every resource has, and those of the result. */
static const struct reach_row rows[] = {
    {__LINE__, "Patient", "_id=1&_id=2", ""},
    {__LINE__, "Patient", "_lastUpdated=gt2020-01-01T00:00:00Z", ""},
    {__LINE__, "Patient", "_tag=a&_profile=b&_security=c&_source=d&_language=e", ""},
    {__LINE__, "Patient", "_summary=count&_elements=name&_format=json&_pretty=true", ""},
    {__LINE__, "Patient", "_total=none&_count=5&_score=1&_maxresults=5", ""},
    {__LINE__, "Patient", "_text=x&_content=y", ""},
    {__LINE__, "Patient", "_since=2020&_until=2022&_at=2021", ""},
    {__LINE__, "Patient", "_outputFormat=application/fhir%2Bndjson", ""},
    {__LINE__, "Patient", "_count", ""},

    /* side doors of http://hl7.org/fhir/R4/search.html and of servers */
    {__LINE__, "Patient", "_filter=name+eq+eve", "*"},
    {__LINE__, "Patient", "_query=all", "*"},
    {__LINE__, "Patient", "_graph=x", "*"},
    {__LINE__, "Patient", "_getpages=0-1-2", "*"},
    {__LINE__, "Patient", "_cascade=delete", "*"},
    {__LINE__, "Patient", "_expunge=true", "*"},
    {__LINE__, "Patient", "_hardDelete=true", "*"},
    {__LINE__, "Patient", "_not-referenced=*:*", "*"},
    {__LINE__, "Patient", "_new-in-r9=1", "*"},
    {__LINE__, "Patient", "_", "*"},
    {__LINE__, "Patient", "_ID=1", "*"},
    {__LINE__, "Patient", "includeAssociatedData=LatestProvenanceResources", "*"},
    {__LINE__, "Patient", "_contained=false", ""},
    {__LINE__, "Patient", "_contained=true", "*"},
    {__LINE__, "Patient", "_contained=both", "*"},
    {__LINE__, "Patient", "_contained", "*"},
    {__LINE__, "Patient", "_contained=false;true", "*"},
    {__LINE__, "Patient", "_contained:x=false", "*"},
    {__LINE__, "Patient", "_containedType=contained", "*"},

    {__LINE__, "Patient", "_list=42", "List"},
    {__LINE__, "Patient", "_list=42,List/43", "List"},
    {__LINE__, "Patient", "_list=$current-problems", "* List"},
    {__LINE__, "Patient", "_list=42,$current-problems", "* List"},
    {__LINE__, "Patient", "_list=%24current-problems", "* List"},
    {__LINE__, "Patient", "_list=%2524current-problems", "* List"},
    {__LINE__, "Patient", "_list=http://x/List/42", "* List"},
    {__LINE__, "Patient", "_list:not=42", "* List"},
    {__LINE__, "Patient", "_in=Group/1", "CareTeam Group List"},
    {__LINE__, "Patient", "_in:not=Group/1", "* CareTeam Group List"},

    /* R5 lets a sort follow references */
    {__LINE__, "Patient", "_sort=-date,name", ""},
    {__LINE__, "Patient", "_sort=_lastUpdated", ""},
    {__LINE__, "Patient", "_sort", ""},
    {__LINE__, "Patient", "_sort=subject.name", "*"},
    {__LINE__, "Patient", "_sort=subject%2Ename", "*"},
    {__LINE__, "Patient", "_sort=subject%252Ename", "*"},
    {__LINE__, "Patient", "_sort=subject:Patient.name", "*"},
    {__LINE__, "Patient", "_sort=name&_sort=subject.name", "*"},
    {__LINE__, "Patient", "_sort:desc=name", "*"},

    /* _include */
    {__LINE__, "Observation", "_include=Observation:patient", "Patient"},
    {__LINE__, "Observation", "_include=Observation:subject", "Device Group Location Patient"},
    {__LINE__, "Observation", "_include=Observation:subject:Patient", "Patient"},
    {__LINE__, "Observation", "_include=Observation:subject:Practitioner", "*"},
    {__LINE__, "Observation", "_include=Observation:subject:x", "*"},
    {__LINE__, "Observation", "_include=Observation:subject:", "*"},
    {__LINE__, "Observation", "_include=Observation:subject:*", "*"},
    {__LINE__, "Observation", "_include=Observation:subject:Patient:x", "*"},
    {__LINE__, "Observation", "_include=Observation:focus", "*"},
    {__LINE__, "Observation", "_include=Observation:focus:Media", "Media"},
    {__LINE__, "Observation", "_include=Observation%3Apatient", "Patient"},
    {__LINE__, "Observation", "%5Finclude=Observation:patient", "Patient"},
    {__LINE__, "Observation", "_include=Observation%253Apatient", "*"},
    {__LINE__, "Observation", "_include=Encounter:location", "Encounter Location"},
    {__LINE__, "Observation", "_include:iterate=Patient:link", "Patient RelatedPerson"},
    {__LINE__, "Observation", "_include:recurse=Patient:organization", "Organization Patient"},
    {__LINE__, "Observation", "_include:reverse=Patient:link", "*"},
    {__LINE__, "Observation", "_include:=Patient:link", "*"},
    {__LINE__, "Observation", "_include:iterate:iterate=Patient:link", "*"},
    /* Observations that the rest of the query does not limit */
    {__LINE__, "Observation", "_include=Observation:has-member:Observation", "Observation"},
    {__LINE__, "Observation", "_include=*", "*"},
    {__LINE__, "Observation", "_include=Observation:*", "*"},
    {__LINE__, "Observation", "_include=*:*", "*"},
    {__LINE__, "Observation", "_include=Observation", "*"},
    {__LINE__, "Observation", "_include=Observation:", "*"},
    {__LINE__, "Observation", "_include=:patient", "*"},
    {__LINE__, "Observation", "_include=", "*"},
    {__LINE__, "Observation", "_include", "*"},
    {__LINE__, "Observation", "_include=Observation:code", "*"},   /* no reference */
    {__LINE__, "Observation", "_include=Observation:nobody", "*"}, /* not known */
    {__LINE__, "Observation", "_include=observation:patient", "*"},
    {__LINE__, "Observation", "_include=Transport:patient", "*"},
    {__LINE__, "Observation", "_include=Observation:patient,Encounter:location", "*"},
    {__LINE__, "Observation", "_include=Observation:patient+", "*"},
    {__LINE__, "Observation", "_include=Observation:patient;x=1", "* Patient"},
    {__LINE__, "Observation", "_include=Observation:patient&_include=Observation:encounter",
     "Encounter EpisodeOfCare Patient"},

    /* _revinclude */
    {__LINE__, "Patient", "_revinclude=Observation:patient", "Observation"},
    {__LINE__, "Patient", "_revinclude=Observation:subject:Patient", "Observation"},
    {__LINE__, "Patient", "_revinclude=Observation:focus", "Observation"},
    {__LINE__, "Patient", "_revinclude=Observation:subject:Practitioner", "*"},
    {__LINE__, "Patient", "_revinclude=Observation:encounter", "*"}, /* leads to no Patient */
    {__LINE__, "Patient", "_revinclude:iterate=Observation:encounter", "Observation"},
    {__LINE__, "Patient", "_revinclude:iterate=Observation:code", "*"},
    {__LINE__, "Patient", "_revinclude:x=Observation:patient", "*"},
    {__LINE__, "Patient", "_revinclude=Patient:link", "Patient"},
    {__LINE__, "Patient", "_revinclude=*", "*"},
    {__LINE__, "Patient", "_revinclude=Observation:*", "*"},
    {__LINE__, "Patient", "_revinclude=Observation:nobody", "*"},
    {__LINE__, "Patient", "_revinclude=Observation", "*"},
    {__LINE__, "Patient", "_revinclude", "*"},

    /* _type, of a type: only itself */
    {__LINE__, "Patient", "_type=Patient", ""},
    {__LINE__, "Account", "_type=Account", ""},
    {__LINE__, "Patient", "_type=Patient&_type=Patient", ""},
    {__LINE__, "Patient", "_type=Observation", "*"},
    {__LINE__, "Patient", "_type=Patient,Observation", "*"},
    {__LINE__, "Patient", "_type=", "*"},
    {__LINE__, "Patient", "_type=patient", "*"},
    {__LINE__, "Patient", "_type:not=Patient", "*"},
    {__LINE__, "NoSuchType", "_type=NoSuchType", "*"},
    {__LINE__, "Observation", "patient._type=Patient", "Patient"},
    {__LINE__, "Observation", "patient._type=Group", "* Patient"},

    /* _type, of the system: all that is searched */
    {__LINE__, NULL, "", "*"},
    {__LINE__, NULL, NULL, "*"},
    {__LINE__, NULL, "_count=5", "*"},
    {__LINE__, NULL, "_type=Patient", "Patient"},
    {__LINE__, NULL, "_type=Patient,Observation", "Observation Patient"},
    {__LINE__, NULL, "_type=Patient%2CObservation", "Observation Patient"},
    {__LINE__, NULL, "_type=Patient%252CObservation", "*"},
    {__LINE__, NULL, "_type=Patient,Patient", "Patient"},
    {__LINE__, NULL, "_type=Patient,", "* Patient"},
    {__LINE__, NULL, "_type=Patient,+Observation", "* Patient"},
    {__LINE__, NULL, "_type=Patient|Observation", "*"},
    {__LINE__, NULL, "_type=*", "*"},
    {__LINE__, NULL, "_type=", "*"},
    {__LINE__, NULL, "_type", "*"},
    {__LINE__, NULL, "_type=Resource", "*"},
    {__LINE__, NULL, "_type=Patient,Transport", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_type=Patient", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_type=Group", "* Group Patient"},
    {__LINE__, NULL, "_type=Patient;_type=Group", "* Group Patient"},
    {__LINE__, NULL, "_type=Patient;x=1", "* Patient"},
    {__LINE__, NULL, "x=1;_type=Patient", "* Patient"}, /* were ';' no separator */
    {__LINE__, NULL, "_type:not=Patient", "* * Patient"},
    {__LINE__, NULL, "_Type=Patient", "* *"},
    {__LINE__, NULL, "_type=Patient&name=x&_id=1", "Patient"},
    {__LINE__, NULL, "_type=Patient&organization.name=x", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_has:Observation:patient:code=x", "Observation Patient"},
    {__LINE__, NULL, "_type=Patient&_include=Patient:link", "Patient RelatedPerson"},
    {__LINE__, NULL, "_type=Patient&_revinclude=Observation:patient", "Observation Patient"},
    {__LINE__, NULL, "_type=Patient&includeAssociatedData=x", "* Patient"},

    /* _typeFilter of bulk data */
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fname%3Dx", "Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient?name=x", "Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Observation%3Fcode%3Dx", "Observation Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Observation%3Fcode%3Dx,y%2Cz",
     "Observation Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Observation%3Fa%3Dx,Group%3Fb%3Dy",
     "Group Observation Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Observation%3Fpatient.organization.name%3Dx",
     "Observation Organization Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F_include%3DPatient:link",
     "Patient RelatedPerson"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fa%3D1%26_filter%3Dx", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fa%3D1%3B_filter%3Dx", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fa%3D1,b%26_filter%3Dx", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F%255Ffilter%3Dx", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F_has:Group:member:_id%3Dx",
     "Group Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F_type%3DGroup", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F_typeFilter%3DPatient?a=1", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F", "Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3F%3D", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fa%3D1%3B_", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient%3Fa%3D1%3B", "Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=Patient", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=x,Patient%3Fa%3D1", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=x%3Fa%3D1", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter=%3Fa%3D1", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typeFilter:x=Patient%3Fa%3D1", "* Patient"},
    {__LINE__, NULL, "_type=Patient&_typefilter=Patient%3Fa%3D1", "* Patient"},
    {__LINE__, "Patient", "_typeFilter=Patient%3Fname%3Dx", "Patient"},
};

static void parameters_reach_what_they_can_reveal(void **state)
{
    (void)state;
    check_reaches(rows, COUNT(rows), FHIR_R4);
}

/* A value that is too long to be looked into may hold anything; elsewhere it does no harm. */
static void long_values_reach_everything_where_they_are_looked_into(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *name, *reach;
    } cases[] = {
        {__LINE__, "name", ""},         {__LINE__, "_id", ""},
        {__LINE__, "_sort", "*"},       {__LINE__, "_list", "* List"},
        {__LINE__, "_type", "*"},       {__LINE__, "_include", "*"},
        {__LINE__, "_revinclude", "*"}, {__LINE__, "_typeFilter", "*"},
        {__LINE__, "_contained", "*"},  {__LINE__, "_in", "CareTeam Group List"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[QUERY_MAX_VALUE + 32];
        memset(text, 'a', sizeof text);
        size_t n = (size_t)snprintf(text, sizeof text, "%s=", cases[i].name);
        text[n] = 'a';
        text[n + QUERY_MAX_VALUE + 1] = '\0';
        check_reach(cases[i].line, "Patient", FHIR_R4, text, cases[i].reach);
    }
}

/* The longest value that is looked into: to the last byte. */
static void the_last_byte_of_a_value_is_looked_at(void **state)
{
    (void)state;
    char text[QUERY_MAX_VALUE + 32];
    int n = snprintf(text, sizeof text, "_sort=");
    memset(text + n, 'a', QUERY_MAX_VALUE);
    text[n + QUERY_MAX_VALUE] = '\0';
    check_reach(__LINE__, "Patient", FHIR_R4, text, "");
    text[n + QUERY_MAX_VALUE - 1] = '.';
    check_reach(__LINE__, "Patient", FHIR_R4, text, "*");
}

/* One after the other, but not without end. */
static void filters_in_one_value_are_bounded(void **state)
{
    (void)state;
    char text[1024] = "_typeFilter=Group?a=1";
    for (int filters = 1; filters < 12; filters++) {
        check_reach(__LINE__, "Patient", FHIR_R4, text, filters <= 8 ? "Group" : "* Group");
        strncat(text, ",Group?a=1", sizeof text - strlen(text) - 1);
    }
}

static void the_system_without_a_type_has_no_parameter_to_blame(void **state)
{
    (void)state;
    struct query q;
    assert_int_equal(query_check(SLICE("_id=1"), FHIR_TYPE_ANY, FHIR_R4, &q), ERR_OK);
    assert_int_equal(q.reach.count, 1);
    assert_null(q.reach.list[0].cause.p);
    assert_int_equal(query_check(SLICE("_type=x"), FHIR_TYPE_ANY, FHIR_R4, &q), ERR_OK);
    assert_int_equal(q.reach.count, 1);
    check_slice(__LINE__, q.reach.list[0].cause, "_type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_reach_what_they_can_reveal),
        cmocka_unit_test(long_values_reach_everything_where_they_are_looked_into),
        cmocka_unit_test(the_last_byte_of_a_value_is_looked_at),
        cmocka_unit_test(filters_in_one_value_are_bounded),
        cmocka_unit_test(the_system_without_a_type_has_no_parameter_to_blame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
