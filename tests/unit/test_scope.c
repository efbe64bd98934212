#include "fixture.h"

#include "scope.h"

/* actions 0: no scope of FHIR form. */
static const struct {
    int line;
    const char *text;
    unsigned actions;
    enum scope_context context;
    const char *type, *constraint;
    bool v1;
} parsed[] = {
    {__LINE__, "system/Patient.r", SCOPE_R, SCOPE_SYSTEM, "Patient", NULL, false},
    {__LINE__, "user/Patient.cruds", SCOPE_ALL, SCOPE_USER, "Patient", NULL, false},
    {__LINE__, "patient/*.rs", SCOPE_R | SCOPE_S, SCOPE_PATIENT, "*", NULL, false},
    {__LINE__, "system/*.c", SCOPE_C, SCOPE_SYSTEM, "*", NULL, false},
    {__LINE__, "system/*.us", SCOPE_U | SCOPE_S, SCOPE_SYSTEM, "*", NULL, false},
    {__LINE__, "system/*.d", SCOPE_D, SCOPE_SYSTEM, "*", NULL, false},
    {__LINE__, "system/Patient.read", SCOPE_R | SCOPE_S, SCOPE_SYSTEM, "Patient", NULL, true},
    {__LINE__, "system/*.write", SCOPE_C | SCOPE_U | SCOPE_D, SCOPE_SYSTEM, "*", NULL, true},
    {__LINE__, "system/*.*", SCOPE_ALL, SCOPE_SYSTEM, "*", NULL, true},
    {__LINE__, "system/Patient.rs?name=a", SCOPE_R | SCOPE_S, SCOPE_SYSTEM, "Patient", "name=a",
     false},
    {__LINE__, "system/Observation.rs?category=http://a|b&code=c/d.e?f", SCOPE_R | SCOPE_S,
     SCOPE_SYSTEM, "Observation", "category=http://a|b&code=c/d.e?f", false},
    {__LINE__, "system/Patient.read?name=a", SCOPE_R | SCOPE_S, SCOPE_SYSTEM, "Patient", "name=a",
     true},

    {__LINE__, "", 0, 0, NULL, NULL, false},
    {__LINE__, "openid", 0, 0, NULL, NULL, false},
    {__LINE__, "launch/patient", 0, 0, NULL, NULL, false},
    {__LINE__, "system", 0, 0, NULL, NULL, false},
    {__LINE__, "system/", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.", 0, 0, NULL, NULL, false},
    {__LINE__, "/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system//Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient/1.r", 0, 0, NULL, NULL, false},
    {__LINE__, "System/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "systemx/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "syste/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patientx.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/**.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/*Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Resource.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.sr", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.dus", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rd.s", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rr", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.R", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.READ", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.read-only", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.reads", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rsXYZ", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.xr", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.**", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient..r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.r.", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.r?", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.?name=a", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient?name=a.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system?/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, " system/Patient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.r ", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rs?a=\"b\"", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rs?a=b\\c", 0, 0, NULL, NULL, false},
    {__LINE__, "system/Patient.rs?a=\xc3\xa9", 0, 0, NULL, NULL, false},
    {__LINE__, "system%2fPatient.r", 0, 0, NULL, NULL, false},
    {__LINE__, "system.Patient.r", 0, 0, NULL, NULL, false},
};

static void a_scope_is_understood_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parsed); i++) {
        struct scope s = {.actions = 4711};
        EXACT(text, slice_of(parsed[i].text));
        bool good = parsed[i].actions != 0;
        check_true(parsed[i].line, scope_parse(text, &s) == good, "verdict");
        if (!good) {
            check_true(parsed[i].line, s.actions == 4711, "touched");
            continue;
        }
        check_true(parsed[i].line, s.actions == parsed[i].actions, "actions");
        check_true(parsed[i].line, s.context == parsed[i].context, "context");
        check_true(parsed[i].line, s.v1 == parsed[i].v1, "version");
        check_slice(parsed[i].line, slice_of(fhir_type_name(s.type)), parsed[i].type);
        check_slice(parsed[i].line, s.constraint, parsed[i].constraint);
    }
}

/* All 31 sets of letters in their order, and back; any other order is none. */
static void letters_have_one_order(void **state)
{
    (void)state;
    for (unsigned actions = 1; actions <= SCOPE_ALL; actions++) {
        char letters[6], text[32];
        struct scope s;
        scope_letters(actions, letters);
        snprintf(text, sizeof text, "system/*.%s", letters);
        assert_true(scope_parse(slice_of(text), &s));
        assert_int_equal(s.actions, actions);
        size_t n = strlen(letters);
        if (n < 2)
            continue;
        snprintf(text, sizeof text, "system/*.%c%.*s", letters[n - 1], (int)n - 1, letters);
        assert_false(scope_parse(slice_of(text), &s));
    }
    char none[6];
    scope_letters(0, none);
    assert_string_equal(none, "");
}

static void lists_are_cut_at_blanks_only(void **state)
{
    (void)state;
    EXACT(text, SLICE("  a  b\tc  "));
    struct slice rest = text, word;
    assert_true(scope_next(&rest, &word) && slice_is(word, "a"));
    assert_true(scope_next(&rest, &word) && slice_is(word, "b\tc"));
    assert_false(scope_next(&rest, &word));
    rest = SLICE_NONE;
    assert_false(scope_next(&rest, &word));
}

static void words_have_the_characters_of_rfc_6749(void **state)
{
    (void)state;
    assert_false(scope_valid_word(SLICE("")));
    assert_false(scope_valid_word(SLICE_NONE));
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool good = c == 0x21 || (c >= 0x23 && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
        assert_int_equal(scope_valid_word((struct slice){&byte, 1}), good);
    }
}

static void covering_is_containment(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *have, *want;
        bool covers;
    } rows[] = {
        {__LINE__, "system/*.cruds", "system/Patient.r", true},
        {__LINE__, "system/*.cruds", "system/*.cruds", true},
        {__LINE__, "system/*.rs", "system/Patient.rs", true},
        {__LINE__, "system/Patient.rs", "system/*.rs", false},
        {__LINE__, "system/Patient.rs", "system/Patient.rs", true},
        {__LINE__, "system/Patient.rs", "system/Patient.r", true},
        {__LINE__, "system/Patient.r", "system/Patient.rs", false},
        {__LINE__, "system/Patient.rs", "system/Observation.r", false},
        {__LINE__, "system/Patient.read", "system/Patient.rs", true},
        {__LINE__, "system/Patient.rs", "system/Patient.read", true},
        {__LINE__, "user/*.cruds", "system/Patient.r", false},
        {__LINE__, "system/*.cruds", "patient/Patient.r", false},
        {__LINE__, "system/Patient.rs", "system/Patient.rs?a=b", true},
        {__LINE__, "system/*.rs", "system/Patient.rs?a=b", true},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs", false},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=b", true},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.r?a=b", true},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=c", false},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=b&c=d", false},
        {__LINE__, "system/*.rs?_tag=a", "system/Patient.rs?_tag=a", false},
        {__LINE__, "system/*.rs?_tag=a", "system/*.rs?_tag=a", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scope have, want;
        assert_true(scope_parse(slice_of(rows[i].have), &have));
        assert_true(scope_parse(slice_of(rows[i].want), &want));
        check_true(rows[i].line, scope_covers(&have, &want) == rows[i].covers, "covers");
    }
}

static void a_set_holds_unconstrained_system_scopes_only(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *list, *type;
        unsigned allowed; /* exactly these letters */
        bool constrained, other;
    } rows[] = {
        {__LINE__, "", "Patient", 0, false, false},
        {__LINE__, "system/Patient.r", "Patient", SCOPE_R, false, false},
        {__LINE__, "system/Patient.r", "Observation", 0, false, false},
        {__LINE__, "system/Patient.r", "*", 0, false, false},
        {__LINE__, "system/Patient.r system/Patient.s", "Patient", SCOPE_R | SCOPE_S, false, false},
        {__LINE__, "system/*.r system/Patient.s", "Patient", SCOPE_R | SCOPE_S, false, false},
        {__LINE__, "system/*.r system/Patient.s", "*", SCOPE_R, false, false},
        {__LINE__, "system/Patient.r?a=b", "Patient", 0, true, false},
        {__LINE__, "system/Patient.r?a=b system/Patient.s", "Patient", SCOPE_S, true, false},
        {__LINE__, "patient/*.cruds user/*.cruds", "Patient", 0, false, true},
        {__LINE__, "openid system/Patient.d", "Patient", SCOPE_D, false, true},
        {__LINE__, "system/Patient.r\nsystem/*.cruds", "Patient", 0, false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scope_set set;
        EXACT(list, slice_of(rows[i].list));
        scope_set_compile(list, SCOPE_SYSTEM, &set);
        int type =
            strcmp(rows[i].type, "*") == 0 ? FHIR_TYPE_ANY : fhir_type_find(slice_of(rows[i].type));
        for (unsigned actions = 1; actions <= SCOPE_ALL; actions++)
            check_true(rows[i].line,
                       scope_set_allows(&set, type, actions) == !(actions & ~rows[i].allowed),
                       "allowed");
        check_true(rows[i].line, set.has_constrained == rows[i].constrained, "has_constrained");
        check_true(rows[i].line, set.has_other == rows[i].other, "has_other");
    }
}

static void nothing_asked_is_never_allowed(void **state)
{
    (void)state;
    struct scope_set all;
    scope_set_compile(SLICE("system/*.cruds"), SCOPE_SYSTEM, &all);
    assert_false(scope_set_allows(&all, 0, 0));
    assert_false(scope_set_allows(&all, FHIR_TYPE_ANY, 0));
    assert_false(scope_set_allows(&all, 0, SCOPE_ALL + 1));
    struct scope_set one;
    scope_set_compile(SLICE("system/Account.cruds"), SCOPE_SYSTEM, &one);
    assert_false(scope_set_allows(&one, FHIR_TYPE_UNKNOWN, SCOPE_R));
    assert_false(scope_set_allows(&one, FHIR_TYPE_MAX, SCOPE_R));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_understood_as_a_whole_or_not_at_all),
        cmocka_unit_test(letters_have_one_order),
        cmocka_unit_test(lists_are_cut_at_blanks_only),
        cmocka_unit_test(words_have_the_characters_of_rfc_6749),
        cmocka_unit_test(covering_is_containment),
        cmocka_unit_test(a_set_holds_unconstrained_system_scopes_only),
        cmocka_unit_test(nothing_asked_is_never_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
