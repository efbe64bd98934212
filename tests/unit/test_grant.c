#include "fixture.h"

#include "grant.h"
#include "jwt.h"

static void a_scope_is_granted_as_asked_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *allowed, *requested;
        enum err why;
        const char *granted;
    } rows[] = {
        {__LINE__, "system/*.rs", "system/*.rs", ERR_OK, "system/*.rs"},
        {__LINE__, "system/*.rs", "system/Patient.rs", ERR_OK, "system/Patient.rs"},
        {__LINE__, "system/*.rs", "system/Patient.r system/Observation.s", ERR_OK,
         "system/Patient.r system/Observation.s"},
        {__LINE__, "system/*.rs", "system/*.read", ERR_OK, "system/*.read"},
        {__LINE__, "system/*.read", "system/*.rs", ERR_OK, "system/*.rs"},
        {__LINE__, "system/*.cruds", "system/*.* system/*.write", ERR_OK,
         "system/*.* system/*.write"},
        {__LINE__, "system/Patient.r system/Patient.s", "system/Patient.rs", ERR_OK,
         "system/Patient.rs"},
        {__LINE__, "system/*.r system/Patient.s", "system/Patient.rs", ERR_OK, "system/Patient.rs"},
        {__LINE__, "system/*.rs", "  system/*.rs   system/*.rs  system/*.r ", ERR_OK,
         "system/*.rs system/*.r"},
        {__LINE__, "system/*.rs introspect", "introspect", ERR_OK, "introspect"},
        {__LINE__, "system/*.rs introspect", "system/*.r introspect", ERR_OK,
         "system/*.r introspect"},

        {__LINE__, "system/*.rs", "system/*.cruds", ERR_SCOPE, NULL},
        {__LINE__, "system/*.rs", "system/Patient.c", ERR_SCOPE, NULL},
        {__LINE__, "system/*.rs", "system/*.*", ERR_SCOPE, NULL},
        {__LINE__, "system/*.rs", "system/*.write", ERR_SCOPE, NULL},
        {__LINE__, "system/*.rs", "system/*.rs system/Patient.c", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs", "system/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs", "system/Observation.r", ERR_SCOPE, NULL},
        {__LINE__, "system/*.r system/Patient.s", "system/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "", "system/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "system/*.rs", "user/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "user/*.rs patient/*.rs", "user/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "user/*.rs patient/*.rs", "patient/*.rs", ERR_SCOPE, NULL},
        {__LINE__, "user/*.cruds", "system/*.r", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=b", ERR_OK,
         "system/Patient.rs?a=b"},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.r?a=b", ERR_OK, "system/Patient.r?a=b"},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=c", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs?a=b&c=d", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs?a=b", "system/Observation.rs?a=b", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.cruds?a=b", ERR_SCOPE, NULL},
        {__LINE__, "system/Patient.rs?a=b", "system/Patient.rs", ERR_SCOPE, NULL},
        {__LINE__, "system/*.cruds", "system/Patient.rs?a=b", ERR_OK, "system/Patient.rs?a=b"},
        {__LINE__, "system/*.rs", "introspect", ERR_SCOPE, NULL},
        {__LINE__, "introspect", "system/*.rs introspect", ERR_SCOPE, NULL},

        {__LINE__, "system/*.rs", NULL, ERR_SCOPE_MISSING, NULL},
        {__LINE__, "system/*.rs", "", ERR_SCOPE_MISSING, NULL},
        {__LINE__, "system/*.rs", "   ", ERR_SCOPE_MISSING, NULL},

        {__LINE__, "system/*.rs", "openid", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs openid", "openid", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.rs openid", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.sr", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.rsx", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/patient.rs", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "SYSTEM/*.rs", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.rs\tx", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.rs\nsystem/*.r", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs", "system/*.rs\"", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "system/*.rs introspect", "Introspect", ERR_SCOPE_UNKNOWN, NULL},
        {__LINE__, "*", "*", ERR_SCOPE_UNKNOWN, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 16384);
        struct slice granted = SLICE_NONE;
        EXACT(requested, slice_of(rows[i].requested));
        EXACT(allowed, slice_of(rows[i].allowed));
        check_err(rows[i].line, grant_scope(requested, allowed, &a, &granted), rows[i].why);
        check_slice(rows[i].line, granted, rows[i].granted);
    }
}

/* Whatever is granted is within the registration, for all sets of letters on both sides. */
static void nothing_beyond_the_registration_is_granted(void **state)
{
    (void)state;
    for (unsigned have = 1; have <= SCOPE_ALL; have++)
        for (unsigned want = 1; want <= SCOPE_ALL; want++) {
            ARENA(a, 16384);
            char letters[6], allowed[32], requested[32];
            struct slice granted;
            scope_letters(have, letters);
            snprintf(allowed, sizeof allowed, "system/Patient.%s", letters);
            scope_letters(want, letters);
            snprintf(requested, sizeof requested, "system/Patient.%s", letters);
            enum err e = grant_scope(slice_of(requested), slice_of(allowed), &a, &granted);
            assert_int_equal(e, (want & ~have) == 0 ? ERR_OK : ERR_SCOPE);
        }
}

static void a_list_that_no_token_could_carry_is_refused(void **state)
{
    (void)state;
    ARENA(a, 65536);
    char *text = arena_alloc(&a, 16384);
    struct buf list = buf_over(text, 16384);
    struct slice granted;
    for (int type = 0; type < FHIR_TYPE_MAX; type++)
        for (unsigned actions = SCOPE_C; actions <= SCOPE_S && list.n < JWT_MAX_SCOPE;
             actions *= 2) {
            char letters[6];
            scope_letters(actions, letters);
            buf_printf(&list, "system/%s.%s ", fhir_type_name(type), letters);
        }
    assert_true(list.n >= JWT_MAX_SCOPE);
    EXACT(requested, buf_slice(&list));
    assert_int_equal(grant_scope(requested, SLICE("system/*.cruds"), &a, &granted),
                     ERR_SCOPE_UNKNOWN);
    ARENA(small, 8);
    assert_int_not_equal(grant_scope(SLICE("system/*.r"), SLICE("system/*.r"), &small, &granted),
                         ERR_OK);
}

#define TWO_BASES                                                                                  \
    "[token-endpoint]\nissuer = https://a.example\n"                                               \
    "[fhir \"one\"]\nbase = https://a.example/one\n"                                               \
    "[fhir \"two\"]\nbase = https://a.example/two\naudience = urn:two\"\n"

static void the_audience_is_chosen_by_resource(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *form;
        enum err why;
        const char *audience;
    } rows[] = {
        {__LINE__, "", ERR_OK, "[\"https://a.example/one\",\"urn:two\\\"\"]"},
        {__LINE__, "resource=", ERR_OK, "[\"https://a.example/one\",\"urn:two\\\"\"]"},
        {__LINE__, "resource=https://a.example/one", ERR_OK, "\"https://a.example/one\""},
        {__LINE__, "resource=https://a.example/one/", ERR_OK, "\"https://a.example/one\""},
        {__LINE__, "resource=https://a.example/two", ERR_OK, "\"urn:two\\\"\""},
        {__LINE__, "resource=urn:two%22", ERR_OK, "\"urn:two\\\"\""},
        {__LINE__, "resource=https://a.example/two&resource=urn:two%22", ERR_OK, "\"urn:two\\\"\""},
        {__LINE__, "resource=https://a.example/two&resource=https://a.example/one", ERR_OK,
         "[\"https://a.example/one\",\"urn:two\\\"\"]"},
        {__LINE__, "resource=https://a.example/three", ERR_AUDIENCE_UNKNOWN, NULL},
        {__LINE__, "resource=https://a.example/one//", ERR_AUDIENCE_UNKNOWN, NULL},
        {__LINE__, "resource=https://a.example/one%23x", ERR_AUDIENCE_UNKNOWN, NULL},
        {__LINE__, "resource=https://a.example/One", ERR_AUDIENCE_UNKNOWN, NULL},
        {__LINE__, "resource=/", ERR_AUDIENCE_UNKNOWN, NULL},
        {__LINE__, "resource=https://a.example/one&resource=x", ERR_AUDIENCE_UNKNOWN, NULL},
    };
    static struct config conf;
    config_of(TWO_BASES, &conf);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 16384);
        struct form form;
        char text[256];
        struct buf out = BUF(text);
        assert_int_equal(form_parse(slice_of(rows[i].form), &a, &form), ERR_OK);
        check_err(rows[i].line, grant_audience(&form, &conf, &out), rows[i].why);
        if (rows[i].why == ERR_OK)
            check_slice(rows[i].line, buf_slice(&out), rows[i].audience);
    }
    struct form none = {.count = 0};
    char small[8];
    struct buf full = BUF(small);
    assert_int_equal(grant_audience(&none, &conf, &full), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_granted_as_asked_or_not_at_all),
        cmocka_unit_test(nothing_beyond_the_registration_is_granted),
        cmocka_unit_test(a_list_that_no_token_could_carry_is_refused),
        cmocka_unit_test(the_audience_is_chosen_by_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
