#include "fixture.h"

#include "fhir_params.h"

static int type_of(const char *name)
{
    return fhir_type_find(slice_of(name));
}

/* targets: names by blanks; "*" for any; NULL for a parameter that is no reference. */
static const struct {
    int line;
    const char *type, *name;
    enum fhir_param_kind kind;
    const char *targets;
    unsigned of_patient;
} known[] = {
    {__LINE__, "Account", "identifier", FHIR_PARAM_TOKEN, NULL, 0}, /* the first */
    {__LINE__, "VisionPrescription", "status", FHIR_PARAM_TOKEN, NULL, 0},
    {__LINE__, "Patient", "name", FHIR_PARAM_STRING, NULL, 0},
    {__LINE__, "Patient", "birthdate", FHIR_PARAM_DATE, NULL, 0},
    {__LINE__, "Location", "near", FHIR_PARAM_SPECIAL, NULL, 0},
    {__LINE__, "Observation", "value-quantity", FHIR_PARAM_QUANTITY, NULL, 0},
    {__LINE__, "Observation", "code-value-quantity", FHIR_PARAM_COMPOSITE, NULL, 0},
    {__LINE__, "ValueSet", "url", FHIR_PARAM_URI, NULL, 0},
    {__LINE__, "RiskAssessment", "probability", FHIR_PARAM_NUMBER, NULL, 0},
    {__LINE__, "Observation", "patient", FHIR_PARAM_REFERENCE, "Patient", FHIR_R4 | FHIR_R5},
    {__LINE__, "Observation", "subject", FHIR_PARAM_REFERENCE, "Device Group Location Patient",
     FHIR_R4 | FHIR_R5},
    {__LINE__, "Observation", "performer", FHIR_PARAM_REFERENCE,
     "CareTeam Organization Patient Practitioner PractitionerRole RelatedPerson", FHIR_R4},
    {__LINE__, "Observation", "encounter", FHIR_PARAM_REFERENCE, "Encounter EpisodeOfCare", 0},
    {__LINE__, "Observation", "focus", FHIR_PARAM_REFERENCE, "*", 0},
    {__LINE__, "Patient", "link", FHIR_PARAM_REFERENCE, "Patient RelatedPerson", FHIR_R4},
    {__LINE__, "Patient", "general-practitioner", FHIR_PARAM_REFERENCE,
     "Organization Practitioner PractitionerRole", 0},
    {__LINE__, "Coverage", "beneficiary", FHIR_PARAM_REFERENCE, "Patient", FHIR_R4},
    {__LINE__, "Condition", "subject", FHIR_PARAM_REFERENCE, "Group Patient", FHIR_R4 | FHIR_R5},
    {__LINE__, "Condition", "encounter", FHIR_PARAM_REFERENCE, "Encounter", 0},
    {__LINE__, "Device", "patient", FHIR_PARAM_REFERENCE, "Patient", FHIR_R4},
    {__LINE__, "AllergyIntolerance", "recorder", FHIR_PARAM_REFERENCE,
     "Patient Practitioner PractitionerRole RelatedPerson", FHIR_R4},
    {__LINE__, "Task", "subject", FHIR_PARAM_REFERENCE, "*", 0},
    {__LINE__, "RequestGroup", "instantiates-canonical", FHIR_PARAM_REFERENCE, "*", 0},
    {__LINE__, "Provenance", "target", FHIR_PARAM_REFERENCE, "*", 0},
};

static void check_targets(int line, const struct fhir_targets *have, const char *want)
{
    check_true(line, have != NULL, "a reference has targets");
    check_true(line, have->any == (strcmp(want, "*") == 0), "any");
    struct slice rest = have->any ? SLICE_NONE : slice_of(want), name;
    size_t n = 0;
    for (; slice_cut(&rest, ' ', &name); n++)
        check_true(line, n < have->count && have->types[n] == fhir_type_find(name), "target");
    check_true(line, have->count == n, "no target besides");
}

static void parameters_are_as_the_registry_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        EXACT(name, slice_of(known[i].name));
        struct fhir_param p;
        check_true(known[i].line, fhir_param_find(type_of(known[i].type), name, &p), "found");
        check_true(known[i].line, p.kind == known[i].kind, "kind");
        check_true(known[i].line, p.of_patient == known[i].of_patient, "of_patient");
        if (known[i].targets == NULL)
            check_true(known[i].line, p.targets == NULL, "targets only of references");
        else
            check_targets(known[i].line, p.targets, known[i].targets);
    }
}

static void others_are_not_found(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *type, *name;
    } rows[] = {
        {__LINE__, "Patient", ""},           {__LINE__, "Patient", "a"},
        {__LINE__, "Patient", "zzz"},        {__LINE__, "Patient", "Name"},
        {__LINE__, "Patient", "nam"},        {__LINE__, "Patient", "names"},
        {__LINE__, "Patient", "name "},      {__LINE__, "Patient", "code"}, /* of Observation */
        {__LINE__, "Patient", "_id"},                                       /* of every resource */
        {__LINE__, "Patient", "_query"},     {__LINE__, "Patient", "\xff"},
        {__LINE__, "CatalogEntry", "name"}, /* it has none at all */
        {__LINE__, "Binary", "contenttype"}, {__LINE__, "ActorDefinition", "url"}, /* of R5 */
        {__LINE__, "NoSuchType", "name"},
    };
    struct fhir_param p = {.kind = FHIR_PARAM_URI};
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(name, slice_of(rows[i].name));
        check_true(rows[i].line, !fhir_param_find(type_of(rows[i].type), name, &p), "not found");
        check_true(rows[i].line, p.kind == FHIR_PARAM_URI, "untouched");
    }
    assert_false(fhir_param_find(type_of("Patient"), SLICE_NONE, &p));
    assert_false(fhir_param_find(FHIR_TYPE_ANY, SLICE("name"), &p));
    assert_false(fhir_param_find(FHIR_TYPE_MAX, SLICE("name"), &p));
    assert_false(fhir_param_find(INT32_MAX, SLICE("name"), &p));
}

/* A type has its own parameters, neither its neighbour's before it nor behind it. */
static void types_do_not_share_parameters(void **state)
{
    (void)state;
    static const char *const names[] = {"patient", "subject", "code", "identifier", "url"};
    size_t found[COUNT(names)] = {0};
    for (int type = 0; *fhir_type_name(type) != '\0'; type++)
        for (size_t i = 0; i < COUNT(names); i++) {
            struct fhir_param p;
            found[i] += fhir_param_find(type, slice_of(names[i]), &p);
        }
    /* As often as they stand in the table. */
    static const size_t want[COUNT(names)] = {65, 46, 30, 112, 31};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(found[i], want[i]);
}

static void targets_are_told_apart(void **state)
{
    (void)state;
    struct fhir_param subject, focus;
    assert_true(fhir_param_find(type_of("Observation"), SLICE("subject"), &subject));
    assert_true(fhir_param_find(type_of("Observation"), SLICE("focus"), &focus));
    assert_true(fhir_targets_have(subject.targets, type_of("Patient")));
    assert_true(fhir_targets_have(subject.targets, type_of("Device")));
    assert_false(fhir_targets_have(subject.targets, type_of("Practitioner")));
    assert_true(fhir_targets_have(focus.targets, type_of("Practitioner")));
    assert_false(fhir_targets_have(focus.targets, FHIR_TYPE_UNKNOWN));
    assert_false(fhir_targets_have(focus.targets, FHIR_TYPE_ANY));
    assert_false(fhir_targets_have(NULL, type_of("Patient")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_as_the_registry_says),
        cmocka_unit_test(others_are_not_found),
        cmocka_unit_test(types_do_not_share_parameters),
        cmocka_unit_test(targets_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
