#include "fixture.h"

#include "fhir_types.h"

static void every_type_is_found_by_its_name(void **state)
{
    (void)state;
    for (int type = 0; type < FHIR_TYPE_COUNT; type++) {
        EXACT(name, slice_of(fhir_type_name(type)));
        assert_true(name.n > 0);
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
    for (int type = 1; type < FHIR_TYPE_COUNT; type++)
        assert_true(strcmp(fhir_type_name(type - 1), fhir_type_name(type)) < 0);
}

static void other_names_are_unknown(void **state)
{
    (void)state;
    /* Resource and DomainResource are abstract; the others are of R5 or of nobody. */
    static const char *const names[] = {"",        "A",         "Z",         "patient",
                                        "PATIENT", "Patients",  "Pat",       "Resource",
                                        "*",       "Transport", "Patient ",  "DomainResource",
                                        "zzz",     "\xff",      "Permission"};
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
    assert_string_equal(fhir_type_name(FHIR_TYPE_ANY), "*");
    assert_string_equal(fhir_type_name(FHIR_TYPE_UNKNOWN), "");
    assert_string_equal(fhir_type_name(FHIR_TYPE_COUNT), "");
    assert_string_equal(fhir_type_name(-1000), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_its_name),
        cmocka_unit_test(names_are_in_byte_order),
        cmocka_unit_test(other_names_are_unknown),
        cmocka_unit_test(numbers_that_are_no_type_have_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
