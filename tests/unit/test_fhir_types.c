#include "fixture.h"

#include "fhir_types.h"

/* Types are numbered without a gap. */
static int type_count(void)
{
    int n = 0;
    while (*fhir_type_name(n) != '\0')
        n++;
    return n;
}

static void every_type_is_found_by_its_name(void **state)
{
    (void)state;
    for (int type = 0; type < type_count(); type++) {
        EXACT(name, slice_of(fhir_type_name(type)));
        assert_int_equal(fhir_type_find(name), type);
        /* Neither a letter less nor one more. */
        int shorter = fhir_type_find((struct slice){name.p, name.n - 1});
        assert_true(shorter == FHIR_TYPE_UNKNOWN || shorter < type);
        char longer[64];
        snprintf(longer, sizeof longer, "%.*sx", SLICE_FMT(name));
        EXACT(more, slice_of(longer));
        assert_int_equal(fhir_type_find(more), FHIR_TYPE_UNKNOWN);
    }
}

static void names_are_in_byte_order(void **state)
{
    (void)state;
    for (int type = 1; type < type_count(); type++)
        assert_true(strcmp(fhir_type_name(type - 1), fhir_type_name(type)) < 0);
}

static void other_names_are_unknown(void **state)
{
    (void)state;
    /* Resource and DomainResource are abstract; Sequence is of STU3. */
    static const char *const names[] = {
        "",           "A", "Z",        "patient",  "PATIENT",        "Patients", "Pa",
        "Resource",   "*", "Sequence", "Patient ", "DomainResource", "zz",       "\xff\xff\xff",
        "Account\xff"};
    for (size_t i = 0; i < COUNT(names); i++) {
        EXACT(name, slice_of(names[i]));
        assert_int_equal(fhir_type_find(name), FHIR_TYPE_UNKNOWN);
    }
    assert_int_equal(fhir_type_find(SLICE_NONE), FHIR_TYPE_UNKNOWN);
    assert_int_equal(fhir_type_find(SLICE("Patient\0")), FHIR_TYPE_UNKNOWN);
}

static void numbers_that_are_no_type_have_no_name(void **state)
{
    (void)state;
    static const int numbers[] = {FHIR_TYPE_UNKNOWN, -1000, 1000, FHIR_TYPE_MAX, INT32_MAX};
    assert_string_equal(fhir_type_name(FHIR_TYPE_ANY), "*");
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_string_equal(fhir_type_name(numbers[i]), "");
        assert_false(fhir_type_in(numbers[i], FHIR_R4));
    }
    assert_string_equal(fhir_type_name(type_count()), "");
    assert_false(fhir_type_in(type_count(), FHIR_R5));
    assert_false(fhir_type_in(FHIR_TYPE_ANY, FHIR_R4));
    assert_true(type_count() < FHIR_TYPE_MAX);
}

static void types_belong_to_versions(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *name;
        bool r4, r5;
    } rows[] = {
        {__LINE__, "Patient", true, true},
        {__LINE__, "Parameters", true, true},
        {__LINE__, "Account", true, true},
        {__LINE__, "VisionPrescription", true, true},
        {__LINE__, "Media", true, false},
        {__LINE__, "RequestGroup", true, false},
        {__LINE__, "DeviceUseStatement", true, false},
        {__LINE__, "ActorDefinition", false, true},
        {__LINE__, "Transport", false, true},
        {__LINE__, "Permission", false, true},
        {__LINE__, "RequestOrchestration", false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int type = fhir_type_find(slice_of(rows[i].name));
        check_true(rows[i].line, type >= 0, "known");
        check_true(rows[i].line, fhir_type_in(type, FHIR_R4) == rows[i].r4, "R4");
        check_true(rows[i].line, fhir_type_in(type, FHIR_R5) == rows[i].r5, "R5");
    }
    /* http://hl7.org/fhir/R4/resourcelist.html and R5's, with Parameters; none belongs to neither.
     */
    int r4 = 0, r5 = 0;
    for (int type = 0; type < type_count(); type++) {
        r4 += fhir_type_in(type, FHIR_R4);
        r5 += fhir_type_in(type, FHIR_R5);
        assert_true(fhir_type_in(type, FHIR_R4) || fhir_type_in(type, FHIR_R5));
    }
    assert_int_equal(r4, 147);
    assert_int_equal(r5, 158);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_its_name),
        cmocka_unit_test(names_are_in_byte_order),
        cmocka_unit_test(other_names_are_unknown),
        cmocka_unit_test(numbers_that_are_no_type_have_no_name),
        cmocka_unit_test(types_belong_to_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
