#include "authorize_fixture.h"

/* needed NULL: allowed; "" : refused for another reason than the scope. */
static const struct {
    int line;
    const char *method, *path, *scope, *needed;
    enum err why; /* when needed is "" */
} rows[] = {
    /* one letter for each interaction, of that type or of all */
    {__LINE__, "GET", "/Patient/1", "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/*.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.cuds", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Observation.cruds", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "", "system/Patient.r", ERR_OK},
    {__LINE__, "HEAD", "/Patient/1", "system/Patient.s", "system/Patient.r", ERR_OK},
    {__LINE__, "HEAD", "/Patient/1", "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1/_history/1", "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1/_history/1", "system/Patient.s", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1/_history", "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1/_history", "system/Patient.cuds", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/_history", "system/Patient.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/_history", "system/Patient.crud", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/_history", "system/*.s", NULL, ERR_OK},
    {__LINE__, "GET", "/_history", "system/*.crud", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/_history", "system/Patient.s", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient", "system/Patient.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/", "system/Patient.r", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/Patient?name=a", "system/Patient.crud", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "", "system/*.s", NULL, ERR_OK},
    {__LINE__, "GET", "?_type=Patient", "system/Patient.s", NULL, ERR_OK},
    {__LINE__, "GET", "?_getpages=1", "system/Patient.cruds", "system/*.s", ERR_OK},
    {__LINE__, "POST", "/Patient", "system/Patient.c", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient", "system/Patient.ruds", "system/Patient.c", ERR_OK},
    {__LINE__, "PUT", "/Patient/1", "system/Patient.u", NULL, ERR_OK},
    {__LINE__, "PUT", "/Patient/1", "system/Patient.crds", "system/Patient.u", ERR_OK},
    {__LINE__, "PATCH", "/Patient/1", "system/Patient.u", NULL, ERR_OK},
    {__LINE__, "PATCH", "/Patient/1", "system/Patient.crds", "system/Patient.u", ERR_OK},
    {__LINE__, "DELETE", "/Patient/1", "system/Patient.d", NULL, ERR_OK},
    {__LINE__, "DELETE", "/Patient/1", "system/Patient.crus", "system/Patient.d", ERR_OK},

    /* conditional interactions are a search too */
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.us", NULL, ERR_OK},
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.u", "system/Patient.us", ERR_OK},
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.crds", "system/Patient.us", ERR_OK},
    {__LINE__, "PATCH", "/Patient?identifier=1", "system/Patient.us", NULL, ERR_OK},
    {__LINE__, "PATCH", "/Patient?identifier=1", "system/Patient.u", "system/Patient.us", ERR_OK},
    {__LINE__, "DELETE", "/Patient?identifier=1", "system/Patient.ds", NULL, ERR_OK},
    {__LINE__, "DELETE", "/Patient?identifier=1", "system/Patient.d", "system/Patient.ds", ERR_OK},
    {__LINE__, "DELETE", "/Patient?identifier=1", "system/*.s system/Patient.d", NULL, ERR_OK},

    /* search side doors: every type must be searchable */
    {__LINE__, "GET", "/Patient?_include=Patient:link", "system/Patient.rs",
     "system/Patient.s system/RelatedPerson.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_include=Patient:link", "system/*.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient?_include=*", "system/Patient.cruds", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_include:iterate=a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_revinclude=Observation:subject", "system/Patient.rs",
     "system/Patient.s system/Observation.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_has:Observation:patient:code=1", "system/Patient.rs",
     "system/Patient.s system/Observation.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_has:Observation:patient:code=1", "system/*.rs", NULL, ERR_OK},
    {__LINE__, "GET", "/Observation?subject.name=eve", "system/Observation.rs",
     "system/Observation.s system/Device.s system/Group.s system/Location.s system/Patient.s",
     ERR_OK},
    {__LINE__, "GET", "/Observation?subject:Patient.name=a", "system/Observation.rs",
     "system/Observation.s system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/Observation?subject:Patient=1", "system/Observation.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Observation?code:in=http://a", "system/Observation.rs",
     "system/Observation.s system/ValueSet.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_filter=name+eq+a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_query=a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_list=1", "system/Patient.rs", "system/Patient.s system/List.s",
     ERR_OK},
    {__LINE__, "GET", "/Patient?_contained=both", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_type=Observation", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_sort=link.name", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_sort=name", "system/Patient.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient?%5Finclude=a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?name=a;_include=a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient?_include=a", "system/*.r", "system/*.s", ERR_OK},
    {__LINE__, "GET", "/Patient/1?_include=a", "system/Patient.r", "system/Patient.r system/*.s",
     ERR_OK},
    {__LINE__, "GET", "/Patient/1?_include=a", "system/Patient.r system/*.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1?_format=json", "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/_history?_list=1", "system/Patient.rs",
     "system/Patient.s system/List.s", ERR_OK},
    {__LINE__, "GET", "/Patient/_history?_since=2020", "system/Patient.s", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient/_search", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "POST", "/Patient/_search", "system/*.r system/Patient.s", "system/*.s", ERR_OK},
    {__LINE__, "POST", "/Patient/_search", "system/*.s", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient/_search?name=a", "system/Patient.rs", "system/*.s", ERR_OK},
    {__LINE__, "POST", "/_search", "system/Patient.cruds", "system/*.s", ERR_OK},
    {__LINE__, "POST", "/_search", "system/*.s", NULL, ERR_OK},

    /* a write whose parameters may reach other types may write them */
    {__LINE__, "DELETE", "/Patient/1?_cascade=delete", "system/Patient.d system/*.s", "system/*.ds",
     ERR_OK},
    {__LINE__, "DELETE", "/Patient/1?_cascade=delete", "system/*.ds", NULL, ERR_OK},
    {__LINE__, "DELETE", "/Patient?identifier=1&_cascade=delete", "system/Patient.ds system/*.rs",
     "system/*.ds", ERR_OK},
    {__LINE__, "PUT", "/Patient/1?_unknown=1", "system/Patient.u system/*.s", "system/*.us",
     ERR_OK},
    {__LINE__, "POST", "/Patient?_unknown=1", "system/Patient.c", "system/*.cs", ERR_OK},
    {__LINE__, "POST", "/Patient?_format=json", "system/Patient.c", NULL, ERR_OK},
    {__LINE__, "PATCH", "/Patient?organization.name=a", "system/Patient.us",
     "system/Patient.us system/Organization.us", ERR_OK},

    /* version 1 */
    {__LINE__, "GET", "/Patient/1", "system/Patient.read", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient?name=a", "system/Patient.read", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient", "system/Patient.read", "system/Patient.c", ERR_OK},
    {__LINE__, "POST", "/Patient", "system/Patient.write", NULL, ERR_OK},
    {__LINE__, "DELETE", "/Patient/1", "system/*.write", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.write", "system/Patient.r", ERR_OK},
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.write", "system/Patient.us", ERR_OK},
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.write system/Patient.read", NULL,
     ERR_OK},
    {__LINE__, "GET", "/Patient?_include=a", "system/*.*", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient?_include=a", "system/Patient.*", "system/*.s", ERR_OK},

    /* scopes add up, and only those that are understood as a whole count */
    {__LINE__, "PUT", "/Patient?identifier=1", "system/Patient.u system/Patient.s", NULL, ERR_OK},
    {__LINE__, "PUT", "/Patient?identifier=1", "system/*.s system/Patient.u", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", "openid fhirUser launch offline_access system/Patient.r", NULL,
     ERR_OK},
    {__LINE__, "GET", "/Patient/1", "patient/Patient.r", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "user/*.cruds patient/*.cruds", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.read-only", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.rx", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.sr", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.rr", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.R", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/patient.r", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "SYSTEM/Patient.r", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.r,system/Patient.s", "system/Patient.r",
     ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system%2FPatient.r", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "*", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/*", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/**.r", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.r\tx", "system/Patient.r", ERR_OK},

    /* a constraint counts only for a search that keeps to it */
    {__LINE__, "GET", "/Patient/1", "system/Patient.r?name=a", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient?name=a", "system/Patient.rs?name=a", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient?name=b", "system/Patient.rs?name=a", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/Patient", "system/Patient.rs?name=a", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/*.cruds?_tag=a", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.r?", "system/Patient.r", ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.r?name=a system/Patient.r", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", "system/Patient.read?name=a", "system/Patient.r", ERR_OK},

    /* batches, operations, compartments */
    {__LINE__, "POST", "", "system/*.cruds", NULL, ERR_OK},
    {__LINE__, "POST", "", "system/*.crud", "system/*.cruds", ERR_OK},
    {__LINE__, "POST", "", "system/Patient.cruds", "system/*.cruds", ERR_OK},
    {__LINE__, "DELETE", "?name=a", "system/*.d", "system/*.ds", ERR_OK},
    {__LINE__, "GET", "/$export", "system/Patient.rs", "system/*.rs", ERR_OK},
    {__LINE__, "GET", "/$export?_type=Patient", "system/Patient.rs", NULL, ERR_OK},
    {__LINE__, "GET", "/$export?_type=Patient,Group", "system/Patient.rs",
     "system/Patient.rs system/Group.rs", ERR_OK},
    {__LINE__, "POST", "/$export?_type=Patient", "system/Patient.rs", "system/*.rs", ERR_OK},
    {__LINE__, "POST", "/Patient/$match", "system/Patient.r", "system/Patient.s", ERR_OK},
    {__LINE__, "GET", "/Patient/1/$everything", "system/Patient.rs", "system/*.rs", ERR_OK},
    {__LINE__, "GET", "/Patient/1/Observation", "system/Observation.s", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1/Observation", "system/Patient.s", "system/Observation.s", ERR_OK},
    {__LINE__, "GET", "/Patient/1/*", "system/Patient.s", "system/*.s", ERR_OK},

    /* refused whatever the scopes */
    {__LINE__, "POST", "/$process-message", "system/*.cruds", "", ERR_INTERACTION},
    {__LINE__, "GET", "/Patient/1/x", "system/*.cruds", "", ERR_NOT_FHIR},
    {__LINE__, "GET", "/Patient/../Observation", "system/*.cruds", "", ERR_TARGET},
    {__LINE__, "GET", "/Patient?a=%", "system/*.cruds", "", ERR_QUERY},
    {__LINE__, "FOO", "/Patient/1", "system/*.cruds", "", ERR_METHOD},
    {__LINE__, "GET", "x/Patient/1", "system/*.cruds", "", ERR_OUTSIDE_BASE},
    {__LINE__, "POST", "/Patient?_method=DELETE", "system/*.cruds", "", ERR_METHOD_OVERRIDE},

    /* open, with or without scopes */
    {__LINE__, "GET", "/metadata", "", NULL, ERR_OK},
    {__LINE__, "GET", "/.well-known/smart-configuration", "", NULL, ERR_OK},
    {__LINE__, "OPTIONS", "/Patient/1", "system/*.cruds", "", ERR_METHOD},
    {__LINE__, "POST", "/metadata", "system/*.cruds", "", ERR_METHOD},
};

static void a_request_passes_only_with_scopes_for_all_it_reaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char target[256];
        snprintf(target, sizeof target, "/fhir%s", rows[i].path);
        EXACT(uri, slice_of(target));
        struct request rq = {.method = slice_of(rows[i].method), .uri = uri};
        struct decision d = decide(&rq, rows[i].scope);
        bool small = rows[i].needed != NULL && rows[i].needed[0] != '\0';
        /* Too small has several reasons; test_cover.c and test_decisions.c tell them apart. */
        check_true(rows[i].line, !small || err_row(d.why)->bearer_status == 403, "too small");
        check_decision(rows[i].line, &d, small ? d.why : rows[i].why, rows[i].needed);
        if (!small)
            continue;
        /* What is named as needed is enough. */
        struct decision again = decide(&rq, rows[i].needed);
        check_decision(rows[i].line, &again, ERR_OK, NULL);
    }
}

/* Headers that make a server do more than method and URL say. */
static const struct {
    int line;
    const char *method, *path;
    const char *if_none_exist, *provenance, *cascade;
    const char *scope, *needed;
    enum err why;
} headers[] = {
    {__LINE__, "POST", "/Patient", "identifier=1", NULL, NULL, "system/Patient.cs", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient", "?identifier=1", NULL, NULL, "system/Patient.cs", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient", "identifier=1", NULL, NULL, "system/Patient.c",
     "system/Patient.cs", ERR_OK},
    {__LINE__, "POST", "/Patient", "", NULL, NULL, "system/Patient.c", "system/Patient.cs", ERR_OK},
    {__LINE__, "POST", "/Patient", "_has:Observation:patient:code=1", NULL, NULL,
     "system/Patient.cs", "system/Patient.cs system/Observation.s", ERR_OK},
    {__LINE__, "POST", "/Patient", "organization.name=a", NULL, NULL, "system/Patient.cs",
     "system/Patient.cs system/Organization.s", ERR_OK},
    {__LINE__, "POST", "/Patient", "Observation?code=1", NULL, NULL, "system/Patient.cs",
     "system/Patient.c system/*.s", ERR_OK},
    {__LINE__, "POST", "/Patient", "a=%", NULL, NULL, "system/*.cruds", "", ERR_QUERY},
    {__LINE__, "POST", "/Patient", "a=1 b", NULL, NULL, "system/*.cruds", "", ERR_QUERY},
    {__LINE__, "PUT", "/Patient/1", "identifier=1", NULL, NULL, "system/Patient.u", NULL, ERR_OK},

    {__LINE__, "POST", "/Patient", NULL, "{}", NULL, "system/Patient.c",
     "system/Patient.c system/Provenance.c", ERR_OK},
    {__LINE__, "POST", "/Patient", NULL, "{}", NULL, "system/Patient.c system/Provenance.c", NULL,
     ERR_OK},
    {__LINE__, "PUT", "/Patient/1", NULL, "", NULL, "system/Patient.u",
     "system/Patient.u system/Provenance.c", ERR_OK},
    {__LINE__, "PUT", "/Patient/1", NULL, "{}", NULL, "system/*.cu", NULL, ERR_OK},
    {__LINE__, "POST", "/Provenance", NULL, "{}", NULL, "system/Provenance.c", NULL, ERR_OK},
    {__LINE__, "GET", "/Patient/1", NULL, "{}", NULL, "system/Patient.r", NULL, ERR_OK},
    {__LINE__, "POST", "/Patient", "organization.name=a", "{}", NULL, "system/Patient.cs",
     "system/Patient.cs system/Provenance.c system/Organization.s", ERR_OK},

    {__LINE__, "DELETE", "/Patient/1", NULL, NULL, "delete", "system/Patient.d", "system/*.ds",
     ERR_OK},
    {__LINE__, "DELETE", "/Patient/1", NULL, NULL, "delete", "system/*.ds", NULL, ERR_OK},
    {__LINE__, "DELETE", "/Patient/1", NULL, NULL, "", "system/Patient.d system/*.s", "system/*.ds",
     ERR_OK},
};

static void headers_that_reach_further_need_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        char target[256];
        snprintf(target, sizeof target, "/fhir%s", headers[i].path);
        EXACT(condition, slice_of(headers[i].if_none_exist));
        struct request rq = {.method = slice_of(headers[i].method),
                             .uri = slice_of(target),
                             .if_none_exist = condition,
                             .provenance = slice_of(headers[i].provenance),
                             .cascade = slice_of(headers[i].cascade)};
        struct decision d = decide(&rq, headers[i].scope);
        bool small = headers[i].needed != NULL && headers[i].needed[0] != '\0';
        check_decision(headers[i].line, &d, small ? ERR_SCOPE : headers[i].why, headers[i].needed);
    }
}

static void an_override_is_refused_even_where_it_is_open(void **state)
{
    (void)state;
    static const char *const targets[] = {"/fhir/Patient/1", "/fhir/metadata"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct request rq = {
            .method = SLICE("GET"), .uri = slice_of(targets[i]), .method_override = true};
        struct decision d = decide(&rq, "system/*.cruds");
        check_decision(__LINE__, &d, ERR_METHOD_OVERRIDE, NULL);
        rq.method = SLICE("OPTIONS");
        d = decide(&rq, "system/*.cruds");
        check_decision(__LINE__, &d, ERR_METHOD_OVERRIDE, NULL);
    }
}

static void what_came_twice_is_refused_even_where_it_is_open(void **state)
{
    (void)state;
    static const char *const targets[] = {"/fhir/Patient/1", "/fhir/metadata"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct request rq = {
            .method = SLICE("GET"), .uri = slice_of(targets[i]), .duplicate = true};
        struct decision d = decide(&rq, "system/*.cruds");
        check_decision(__LINE__, &d, ERR_TARGET, NULL);
    }
}

static void the_longest_need_can_be_told(void **state)
{
    (void)state;
    for (int type = 0; type < FHIR_TYPE_MAX; type++) {
        char target[128];
        if (!fhir_type_in(type, FHIR_R4))
            continue;
        snprintf(target, sizeof target, "/fhir/%s", fhir_type_name(type));
        struct request rq = {.method = SLICE("POST"),
                             .uri = slice_of(target),
                             .if_none_exist = SLICE("a.b=1"),
                             .provenance = SLICE("{}")};
        struct decision d = decide(&rq, "");
        struct decision again = decide(&rq, d.scope);
        check_decision(__LINE__, &again, ERR_OK, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_passes_only_with_scopes_for_all_it_reaches),
        cmocka_unit_test(headers_that_reach_further_need_more),
        cmocka_unit_test(an_override_is_refused_even_where_it_is_open),
        cmocka_unit_test(what_came_twice_is_refused_even_where_it_is_open),
        cmocka_unit_test(the_longest_need_can_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
