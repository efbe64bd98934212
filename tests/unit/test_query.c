#include "query_fixture.h"

static const struct {
    int line;
    const char *query;
    enum err why;
} refused[] = {
    {__LINE__, "a=%", ERR_QUERY},
    {__LINE__, "a=%4", ERR_QUERY},
    {__LINE__, "a=%4g", ERR_QUERY},
    {__LINE__, "a=%g4", ERR_QUERY},
    {__LINE__, "a%=1", ERR_QUERY},
    {__LINE__, "a%4=1", ERR_QUERY},
    {__LINE__, "%&a=1", ERR_QUERY},
    {__LINE__, "a=%00", ERR_QUERY},
    {__LINE__, "a%00=1", ERR_QUERY},
    {__LINE__, "_id=1&b=%zz", ERR_QUERY},
    {__LINE__, "_include=x&b=%zz", ERR_QUERY},
    {__LINE__, "a=%u0041", ERR_QUERY},
    {__LINE__, "a=1#_include=x", ERR_QUERY},
    {__LINE__, "a b=1", ERR_QUERY},
    {__LINE__, "a=\t", ERR_QUERY},
    {__LINE__, "a=1\r\nX: y", ERR_QUERY},
    {__LINE__, "a=\x7f", ERR_QUERY},
    {__LINE__, "a=\x80", ERR_QUERY},
    {__LINE__, "n\xc3\xa1me=x", ERR_QUERY},
    {__LINE__, "access_token=abc", ERR_TOKEN_IN_QUERY},
    {__LINE__, "Access_Token=abc", ERR_TOKEN_IN_QUERY},
    {__LINE__, "access_token", ERR_TOKEN_IN_QUERY},
    {__LINE__, "access_token=", ERR_TOKEN_IN_QUERY},
    {__LINE__, "%61ccess_token=abc", ERR_TOKEN_IN_QUERY},
    {__LINE__, "a=1;access_token=abc", ERR_TOKEN_IN_QUERY},
    {__LINE__, "_include=x&access_token=abc", ERR_TOKEN_IN_QUERY},
    {__LINE__, "_method=DELETE", ERR_METHOD_OVERRIDE},
    {__LINE__, "_METHOD=DELETE", ERR_METHOD_OVERRIDE},
    {__LINE__, "%5Fmethod=DELETE", ERR_METHOD_OVERRIDE},
    {__LINE__, "X-HTTP-Method-Override=DELETE", ERR_METHOD_OVERRIDE},
    {__LINE__, "a=1;_method=DELETE", ERR_METHOD_OVERRIDE},
    {__LINE__, "a=1;b=%zz", ERR_QUERY},
    {__LINE__, "a=1;%zz=b", ERR_QUERY},
    {__LINE__, "_id=1&_include=%zz", ERR_QUERY},
};

static void bad_forms_and_forbidden_names_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        EXACT(query, slice_of(refused[i].query));
        struct query q;
        check_err(refused[i].line, query_check(query, 0, FHIR_R4, &q), refused[i].why);
    }
}

static void every_byte_of_a_query_is_looked_at(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = {'a', '=', (char)c};
        EXACT(query, ((struct slice){text, sizeof text}));
        struct query q;
        bool good = c > 0x20 && c < 0x7f && c != '#' && c != '%';
        assert_int_equal(query_check(query, 0, FHIR_R4, &q) == ERR_OK, good);
    }
}

/* A name is decoded into a fixed space: what does not fit must not be cut off and passed. */
static void long_names_are_refused(void **state)
{
    (void)state;
    char text[3 * QUERY_MAX_NAME + 16];
    struct query q;
    for (size_t n = QUERY_MAX_NAME - 2; n <= QUERY_MAX_NAME + 2; n++) {
        memset(text, 'a', n);
        memcpy(text + n, "=1", 3);
        EXACT(plain, slice_of(text));
        assert_int_equal(query_check(plain, 0, FHIR_R4, &q),
                         n <= QUERY_MAX_NAME ? ERR_OK : ERR_QUERY);
        for (size_t i = 0; i < n; i++)
            memcpy(text + 3 * i, "%61", 4);
        EXACT(encoded, slice_of(text));
        assert_int_equal(query_check(encoded, 0, FHIR_R4, &q),
                         n <= QUERY_MAX_NAME ? ERR_OK : ERR_QUERY);
    }
}

/* A refused query leaves nothing behind that could be taken for an answer. */
static void a_refusal_leaves_the_answer_untouched(void **state)
{
    (void)state;
    struct query q = {.reach.count = 7};
    assert_int_equal(query_check(SLICE("a=1&_method=x"), 0, FHIR_R4, &q), ERR_METHOD_OVERRIDE);
    assert_int_equal(query_check(SLICE("a=%"), 0, FHIR_R4, &q), ERR_QUERY);
    assert_int_equal(query_check(SLICE("a=\n"), 0, FHIR_R4, &q), ERR_QUERY);
    assert_int_equal(q.reach.count, 7);
}

/* Refused names are refused in the search of any type, of none and of the system. */
static void refusals_do_not_depend_on_the_type(void **state)
{
    (void)state;
    static const int types[] = {FHIR_TYPE_ANY, FHIR_TYPE_UNKNOWN, 0, 5, FHIR_TYPE_MAX};
    struct query q;
    for (size_t i = 0; i < COUNT(types); i++) {
        assert_int_equal(query_check(SLICE("a.b=1&access_token=x"), types[i], FHIR_R5, &q),
                         ERR_TOKEN_IN_QUERY);
        assert_int_equal(query_check(SLICE("a=1"), types[i], FHIR_R5, &q), ERR_OK);
    }
}

static void what_was_sent_is_kept(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *query, *format, *types;
    } rows[] = {
        {__LINE__, "a=1", NULL, NULL},
        {__LINE__, "_format=xml", "xml", NULL},
        {__LINE__, "%5Fformat=application%2Ffhir%2Bxml", "application%2Ffhir%2Bxml", NULL},
        {__LINE__, "_format=json&_format=xml", "json", NULL},
        {__LINE__, "_format", NULL, NULL},
        {__LINE__, "_format=", "", NULL},
        {__LINE__, "_FORMAT=xml", NULL, NULL},
        {__LINE__, "_type=Patient%2CGroup&_type=List", NULL, "Patient%2CGroup"},
        {__LINE__, "%5Ftype=Patient", NULL, "Patient"},
        {__LINE__, "_type:not=Patient", NULL, NULL},
        {__LINE__, "_typeFilter=Patient%3Fa=1", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(query, slice_of(rows[i].query));
        struct query q;
        check_err(rows[i].line, query_check(query, FHIR_TYPE_ANY, FHIR_R4, &q), ERR_OK);
        check_slice(rows[i].line, q.format, rows[i].format);
        check_slice(rows[i].line, q.types, rows[i].types);
        check_slice(rows[i].line, q.text, rows[i].query);
    }
    struct query q;
    assert_int_equal(query_check(SLICE_NONE, FHIR_TYPE_ANY, FHIR_R4, &q), ERR_OK);
    assert_null(q.text.p);
    assert_null(q.format.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_forms_and_forbidden_names_are_refused),
        cmocka_unit_test(every_byte_of_a_query_is_looked_at),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(a_refusal_leaves_the_answer_untouched),
        cmocka_unit_test(refusals_do_not_depend_on_the_type),
        cmocka_unit_test(what_was_sent_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
