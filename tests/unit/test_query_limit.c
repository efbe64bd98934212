#include "query_fixture.h"

/* missing: the part of the constraint that is not satisfied; NULL when the query implies it all. */
static const struct {
    int line;
    const char *query, *constraint, *missing;
} implied[] = {
    {__LINE__, "category=laboratory", "category=laboratory", NULL},
    {__LINE__, "category=laboratory&code=x&_sort=date", "category=laboratory", NULL},
    {__LINE__, "code=x&category=laboratory", "category=laboratory", NULL},
    {__LINE__, "category=laboratory&category=laboratory", "category=laboratory", NULL},
    {__LINE__, NULL, "category=laboratory", "category=laboratory"},
    {__LINE__, "", "category=laboratory", "category=laboratory"},
    {__LINE__, "code=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=imaging", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laboratory2", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laborator", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=Laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "Category=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=", "category=laboratory", "category=laboratory"},
    {__LINE__, "category", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=+laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category2=laboratory", "category=laboratory", "category=laboratory"},

    /* every time that it stands there */
    {__LINE__, "category=laboratory&category=imaging", "category=laboratory",
     "category=laboratory"},
    {__LINE__, "category=imaging&category=laboratory", "category=laboratory",
     "category=laboratory"},
    {__LINE__, "category=laboratory&category=", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laboratory&%63ategory=imaging", "category=laboratory",
     "category=laboratory"},

    /* encoded, once, on either side */
    {__LINE__, "c%61tegory=labor%61tory", "category=laboratory", NULL},
    {__LINE__, "category=laboratory", "c%61tegory=labor%61tory", NULL},
    {__LINE__, "category=http%3A%2F%2Fx%7Claboratory", "category=http://x|laboratory", NULL},
    {__LINE__, "name=a+b", "name=a%20b", NULL},
    {__LINE__, "name=a%2Bb", "name=a+b", "name=a+b"},
    {__LINE__, "category=labor%2561tory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=labor%zz", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laboratory&a%zz=1", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laboratory", "category=laboratory%zz", "category=laboratory%zz"},
    {__LINE__, "category=laboratory", "category%zz=laboratory", "category%zz=laboratory"},

    /* alternatives */
    {__LINE__, "category=a", "category=a,b", NULL},
    {__LINE__, "category=b", "category=a,b", NULL},
    {__LINE__, "category=a,b", "category=a,b", NULL},
    {__LINE__, "category=b,a", "category=a,b", NULL},
    {__LINE__, "category=a&category=b", "category=a,b", NULL},
    {__LINE__, "category=a%2Cb", "category=a,b", NULL},
    {__LINE__, "category=a,c", "category=a,b", "category=a,b"},
    {__LINE__, "category=a%2Cc", "category=a,b", "category=a,b"},
    {__LINE__, "category=a,b", "category=a", "category=a"},
    {__LINE__, "category=a,", "category=a", "category=a"},
    {__LINE__, "category=,a", "category=a", "category=a"},
    {__LINE__, "category=,", "category=a,", "category=a,"},
    {__LINE__, "category=", "category=", "category="},
    {__LINE__, "category=", "category=a,", "category=a,"},
    {__LINE__, "category=a\\,b", "category=a,b", "category=a,b"},
    {__LINE__, "category=a\\,b", "category=a\\,b", "category=a\\,b"},
    {__LINE__, "category=a", "category=a\\,b", "category=a\\,b"},
    {__LINE__, "category=b", "category=a\\,b", "category=a\\,b"},
    {__LINE__, "category=a\\", "category=a\\,b", "category=a\\,b"},
    {__LINE__, "category=a%5C,b", "category=a,b", "category=a,b"},

    /* system|code */
    {__LINE__, "category=http://x|a", "category=http://x|a", NULL},
    {__LINE__, "category=http://x|a", "category=a", NULL},
    {__LINE__, "category=http://x|a,b", "category=a,b", NULL},
    {__LINE__, "category=x|a", "category=a", NULL},
    {__LINE__, "category=a", "category=http://x|a", "category=http://x|a"},
    {__LINE__, "category=http://y|a", "category=http://x|a", "category=http://x|a"},
    {__LINE__, "category=http://x|b", "category=a", "category=a"},
    {__LINE__, "category=|a", "category=|a", NULL},
    {__LINE__, "category=|a", "category=a", "category=a"},
    {__LINE__, "category=a", "category=|a", "category=|a"},
    {__LINE__, "category=http://x|", "category=http://x|", NULL},
    {__LINE__, "category=http://x|a", "category=http://x|", "category=http://x|"},
    {__LINE__, "category=http://x|", "category=a", "category=a"},
    {__LINE__, "category=http://x|y|a", "category=a", "category=a"},
    {__LINE__, "category=x||a", "category=a", "category=a"},

    /* to the letter */
    {__LINE__, "date=ge2020", "date=ge2020", NULL},
    {__LINE__, "date=ge2021", "date=ge2020", "date=ge2020"},
    {__LINE__, "date=2020", "date=ge2020", "date=ge2020"},
    {__LINE__, "patient=Patient/1", "patient=1", "patient=1"},

    /* modifiers and chains */
    {__LINE__, "category:not=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category:not=laboratory", "category:not=laboratory", "category:not=laboratory"},
    {__LINE__, "category:in=x", "category:in=x", "category:in=x"},
    {__LINE__, "category=laboratory&category:not=x", "category=laboratory", "category=laboratory"},
    {__LINE__, "category:=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category.x=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "patient.name=x", "patient.name=x", "patient.name=x"},
    {__LINE__, "_has:A:b:c=1", "_has:A:b:c=1", "_has:A:b:c=1"},

    /* all of them */
    {__LINE__, "a=1&b=2", "a=1&b=2", NULL},
    {__LINE__, "b=2&a=1", "a=1&b=2", NULL},
    {__LINE__, "a=1", "a=1&b=2", "b=2"},
    {__LINE__, "b=2", "a=1&b=2", "a=1"},
    {__LINE__, "a=1&b=3", "a=1&b=2", "b=2"},
    {__LINE__, "a=1&a=2", "a=1&a=2", "a=1"}, /* both at once: more than is looked at */
    {__LINE__, "a=1", "a=1&", ""},
    {__LINE__, "a=1", "&a=1", ""},
    {__LINE__, "a=1", "", ""},
    {__LINE__, "a=1", "a", "a"},
    {__LINE__, "=1", "=1", "=1"},
    {__LINE__, "a=1", NULL, NULL}, /* no constraint at all */

    /* ';' as a separator, and as none */
    {__LINE__, "category=laboratory;x=1", "category=laboratory", "category=laboratory"},
    {__LINE__, "x=1;category=laboratory", "category=laboratory", "category=laboratory"},
    {__LINE__, "category=laboratory&x=1;category=imaging", "category=laboratory",
     "category=laboratory"},
    {__LINE__, "category=laboratory&x=1;category=laboratory", "category=laboratory", NULL},
    {__LINE__, "category=laboratory&x=1;y=2", "category=laboratory", NULL},
    {__LINE__, "category=laboratory&x;category:not=a=2", "category=laboratory",
     "category=laboratory"},
    {__LINE__, "a=1;b=2", "a=1;b=2", "a=1;b=2"},
    {__LINE__, "a=1%3Bb", "a=1%3Bb", NULL},
};

static void a_query_implies_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(implied); i++) {
        EXACT(query, slice_of(implied[i].query));
        EXACT(constraint, slice_of(implied[i].constraint));
        struct slice missing = SLICE_NONE;
        bool implies = query_implies(query, constraint, &missing);
        check_slice(implied[i].line, missing, implied[i].missing);
        check_true(implied[i].line, implies == (implied[i].missing == NULL), "implied");
        check_true(implied[i].line, query_implies(query, constraint, NULL) == implies, "NULL");
    }
}

/* Another field never makes a query imply more, unless it names the parameter that was missing. */
static void more_fields_do_not_imply_more(void **state)
{
    (void)state;
    static const char *const more[] = {"x=1", "_id=1", "category2=a", "%63%64=1", "x;y=2",
                                       "=",   "x"};
    for (size_t i = 0; i < COUNT(implied); i++)
        for (size_t n = 0; n < COUNT(more); n++) {
            char text[256];
            struct slice constraint = slice_of(implied[i].constraint);
            snprintf(text, sizeof text, "%s&%s", implied[i].query ? implied[i].query : "", more[n]);
            bool implies = query_implies(slice_of(text), constraint, NULL);
            check_true(implied[i].line, implies == (implied[i].missing == NULL), text);
        }
}

static void parts_and_values_are_bounded(void **state)
{
    (void)state;
    char text[QUERY_MAX_VALUE + 64] = "a=1";
    for (int parts = 1; parts < 20; parts++) {
        assert_int_equal(query_implies(SLICE("a=1"), slice_of(text), NULL), parts <= 16);
        strncat(text, "&a=1", sizeof text - strlen(text) - 1);
    }
    for (size_t length = QUERY_MAX_VALUE - 1; length <= QUERY_MAX_VALUE + 1; length++) {
        memset(text, 'a', sizeof text);
        text[1] = '=';
        EXACT(both, ((struct slice){text, length + 2}));
        assert_int_equal(query_implies(both, both, NULL), length <= QUERY_MAX_VALUE);
    }
    memset(text, 'a', sizeof text);
    text[QUERY_MAX_NAME + 1] = '=';
    EXACT(long_name, ((struct slice){text, QUERY_MAX_NAME + 4}));
    assert_false(query_implies(long_name, long_name, NULL));
}

#define R4      FHIR_R4
#define R5      FHIR_R5
#define NEITHER 0
#define BOTH    (FHIR_R4 | FHIR_R5)

/* versions: those in which the query is limited to the patient "p-1.A". */
static const struct {
    int line;
    const char *type, *query;
    unsigned versions;
} of_patient[] = {
    {__LINE__, "Observation", "patient=Patient/p-1.A", BOTH},
    {__LINE__, "Observation", "patient=p-1.A", BOTH},
    {__LINE__, "Observation", "patient=p-1.A&code=x&_count=5", BOTH},
    {__LINE__, "Observation", "code=x&p%61tient=Patient%2Fp-1.A", BOTH},
    {__LINE__, "Observation", "subject=Patient/p-1.A", BOTH},
    {__LINE__, "Observation", "subject=p-1.A", NEITHER}, /* a Group may have that id */
    {__LINE__, "Observation", "performer=Patient/p-1.A", R4},
    {__LINE__, "Observation", "focus=Patient/p-1.A", NEITHER},
    {__LINE__, "Observation", NULL, NEITHER},
    {__LINE__, "Observation", "", NEITHER},
    {__LINE__, "Observation", "_id=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=", NEITHER},
    {__LINE__, "Observation", "patient", NEITHER},
    {__LINE__, "Observation", "patient=Patient/", NEITHER},
    {__LINE__, "Observation", "patient=Patient/p-1.a", NEITHER},
    {__LINE__, "Observation", "patient=Patient/p-1.A2", NEITHER},
    {__LINE__, "Observation", "patient=Patient/p-1.", NEITHER},
    {__LINE__, "Observation", "patient=patient/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=Patient/Patient/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=Group/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=Patient/p-1.A/_history/1", NEITHER},
    {__LINE__, "Observation", "patient=https://hospital.example/fhir/Patient/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=Patient/p-1.A,Patient/2", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A,", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A%2C2", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A+", NEITHER},
    {__LINE__, "Observation", "patient=Patient%252Fp-1.A", NEITHER},
    {__LINE__, "Observation", "Patient=p-1.A", NEITHER},

    /* every time that it stands there */
    {__LINE__, "Observation", "patient=p-1.A&patient=Patient/p-1.A", BOTH},
    {__LINE__, "Observation", "patient=p-1.A&patient=2", NEITHER},
    {__LINE__, "Observation", "patient=2&patient=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&p%61tient=2", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&subject=Patient/2", BOTH}, /* finds nothing */
    {__LINE__, "Observation", "subject=Patient/2&patient=p-1.A", BOTH},
    {__LINE__, "Observation", "subject=Patient/2&subject=Patient/p-1.A&patient=p-1.A", BOTH},
    {__LINE__, "Observation", "performer=Practitioner/1&patient=p-1.A", BOTH},
    {__LINE__, "Observation", "patient=2&focus=Patient/p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=2&code=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=2&my-own-parameter=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=2&subject=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&patient:not=2", NEITHER},
    {__LINE__, "Observation", "patient:missing=true&patient=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&patient.name=x", NEITHER},
    {__LINE__, "Observation", "subject:Patient=p-1.A", NEITHER}, /* modifiers are not looked at */
    {__LINE__, "Observation", "patient:not=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient._id=p-1.A", NEITHER},
    {__LINE__, "Observation", "_has:Group:member:patient=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&a%zz=1", NEITHER},
    {__LINE__, "Observation", "a%zz=1&patient=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A;x=1", NEITHER},
    {__LINE__, "Observation", "x=1;patient=p-1.A", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&x=1;patient=2", NEITHER},
    {__LINE__, "Observation", "patient=p-1.A&x=1;patient=p-1.A", BOTH},
    {__LINE__, "Observation", "patient=p-1.A&x=1;y=2", BOTH},

    /* other types */
    {__LINE__, "Patient", "_id=p-1.A", BOTH},
    {__LINE__, "Patient", "_id=p-1.A&_id=p-1.A", BOTH},
    {__LINE__, "Patient", "_id=p-1.A&_id=2", NEITHER},
    {__LINE__, "Patient", "_id=p-1.A,2", NEITHER},
    {__LINE__, "Patient", "_id=Patient/p-1.A", NEITHER},
    {__LINE__, "Patient", "_id:not=p-1.A", NEITHER},
    {__LINE__, "Patient", "link=Patient/p-1.A", NEITHER}, /* other Patients */
    {__LINE__, "Patient", "identifier=p-1.A", NEITHER},
    {__LINE__, "Condition", "subject=Patient/p-1.A", BOTH},
    {__LINE__, "Condition", "asserter=Patient/p-1.A", R4},
    {__LINE__, "AllergyIntolerance", "recorder=Patient/p-1.A", R4}, /* R5 has it no more */
    {__LINE__, "AllergyIntolerance", "recorder=p-1.A", NEITHER},
    {__LINE__, "Coverage", "beneficiary=p-1.A", R4},
    {__LINE__, "Coverage", "beneficiary=Patient/p-1.A", R4},
    {__LINE__, "Coverage", "payor=p-1.A", NEITHER},
    {__LINE__, "Device", "patient=p-1.A", R4}, /* R5 has it no more */
    {__LINE__, "Task", "patient=p-1.A", BOTH},
    {__LINE__, "Task", "subject=Patient/p-1.A", NEITHER},
    {__LINE__, "Practitioner", "patient=p-1.A", NEITHER},
    {__LINE__, "Practitioner", "_id=p-1.A", NEITHER},
    {__LINE__, "NoSuchType", "patient=p-1.A", NEITHER},
    {__LINE__, NULL, "patient=p-1.A", NEITHER},
    {__LINE__, NULL, "_id=p-1.A", NEITHER},
};

static void a_query_is_of_a_patient_when_it_says_so(void **state)
{
    (void)state;
    EXACT(id, SLICE("p-1.A"));
    for (size_t i = 0; i < COUNT(of_patient); i++) {
        EXACT(query, slice_of(of_patient[i].query));
        int type = type_named(of_patient[i].type);
        bool r4 = query_is_of_patient(query, type, FHIR_R4, id);
        bool r5 = query_is_of_patient(query, type, FHIR_R5, id);
        check_true(of_patient[i].line, r4 == ((of_patient[i].versions & R4) != 0), "R4");
        check_true(of_patient[i].line, r5 == ((of_patient[i].versions & R5) != 0), "R5");
    }
}

/* An id comes from a token: what is no id is nobody's. */
static void ids_that_are_none_name_nobody(void **state)
{
    (void)state;
    static const char *const ids[] = {NULL, "", "1,2", "1/2", "Patient/1", "*", "1 ", "\xc3\xa1"};
    int observation = type_named("Observation"), patient = type_named("Patient");
    for (size_t i = 0; i < COUNT(ids); i++) {
        char text[64];
        EXACT(id, slice_of(ids[i]));
        snprintf(text, sizeof text, "patient=%s&_id=%s", ids[i] ? ids[i] : "",
                 ids[i] ? ids[i] : "");
        assert_false(query_is_of_patient(slice_of(text), observation, FHIR_R4, id));
        assert_false(query_is_of_patient(slice_of(text), patient, FHIR_R4, id));
    }
    for (size_t length = 63; length <= 65; length++) {
        char text[80] = "patient=";
        memset(text + 8, 'a', length);
        EXACT(query, ((struct slice){text, 8 + length}));
        assert_int_equal(query_is_of_patient(query, observation, FHIR_R4, slice_skip(query, 8)),
                         length <= 64);
    }
}

static void the_shortest_id_is_one(void **state)
{
    (void)state;
    int observation = type_named("Observation");
    assert_true(query_is_of_patient(SLICE("patient=1"), observation, FHIR_R4, SLICE("1")));
    assert_false(query_is_of_patient(SLICE("patient=1"), observation, FHIR_R4, SLICE("2")));
}

/* A query may name the patient by several parameters; it is not tried without end. */
static void parameters_that_name_a_patient_are_bounded(void **state)
{
    (void)state;
    char text[256] = "";
    for (int others = 0; others < 12; others++) {
        struct slice query = slice_of(text);
        char whole[300];
        snprintf(whole, sizeof whole, "%.*ssubject=Patient/1", SLICE_FMT(query));
        assert_int_equal(
            query_is_of_patient(slice_of(whole), type_named("Observation"), FHIR_R4, SLICE("1")),
            others < 8);
        strncat(text, "patient=2&", sizeof text - query.n - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_implies_what_it_says),
        cmocka_unit_test(more_fields_do_not_imply_more),
        cmocka_unit_test(parts_and_values_are_bounded),
        cmocka_unit_test(a_query_is_of_a_patient_when_it_says_so),
        cmocka_unit_test(ids_that_are_none_name_nobody),
        cmocka_unit_test(the_shortest_id_is_one),
        cmocka_unit_test(parameters_that_name_a_patient_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
