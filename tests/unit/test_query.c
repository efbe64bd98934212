#include "fixture.h"

#include "query.h"

/* first: the name of the first parameter that reaches other types, as sent; NULL when none does. */
static const struct {
    int line;
    const char *query;
    const char *first;
} reach[] = {
    {__LINE__, NULL, NULL},
    {__LINE__, "", NULL},
    {__LINE__, "&&", NULL},
    {__LINE__, "name=eve", NULL},
    {__LINE__, "name=eve&birthdate=gt2000-01-01&_count=50", NULL},
    {__LINE__, "name:exact=Eve", NULL},
    {__LINE__, "code=http://loinc.org|1234-5,http://loinc.org|6789-0", NULL},
    {__LINE__, "code:in=http://example.org/vs", "code:in"},
    {__LINE__, "code:not-in=http://example.org/vs", "code:not-in"},
    {__LINE__, "code:not=a", NULL},
    {__LINE__, "subject:missing=true", NULL},
    {__LINE__, "subject:identifier=a|b", NULL},
    {__LINE__, "subject:Patient=1", NULL},
    {__LINE__, "subject:patient=1", "subject:patient"},
    {__LINE__, "component-code-value-quantity=a$lt5", NULL},
    {__LINE__, "_id=1", NULL},
    {__LINE__, "_lastUpdated=gt2020-01-01T00:00:00Z", NULL},
    {__LINE__, "_tag=a&_profile=b&_security=c&_source=d", NULL},
    {__LINE__, "_summary=count&_elements=name&_format=json&_pretty=true&_total=none", NULL},
    {__LINE__, "_since=2020&_at=2021", NULL},
    {__LINE__, "_profile:below=http://example.org", NULL},

    /* side doors of http://hl7.org/fhir/R4/search.html */
    {__LINE__, "_include=Observation:subject", "_include"},
    {__LINE__, "_include:iterate=Patient:general-practitioner", "_include:iterate"},
    {__LINE__, "_include:recurse=Patient:link", "_include:recurse"},
    {__LINE__, "_revinclude=Observation:subject", "_revinclude"},
    {__LINE__, "_has:Observation:patient:code=1234-5", "_has:Observation:patient:code"},
    {__LINE__, "_has=x", "_has"},
    {__LINE__, "subject.name=eve", "subject.name"},
    {__LINE__, "subject:Patient.name=eve", "subject:Patient.name"},
    {__LINE__, "subject.organization.name=x", "subject.organization.name"},
    {__LINE__, "_filter=name+eq+eve", "_filter"},
    {__LINE__, "_query=all", "_query"},
    {__LINE__, "_list=42", "_list"},
    {__LINE__, "_in=Group/1", "_in"},
    {__LINE__, "_contained=true", "_contained"},
    {__LINE__, "_containedType=contained", "_containedType"},
    {__LINE__, "_type=Patient,Observation", "_type"},
    {__LINE__, "_text=x", "_text"},
    {__LINE__, "_content=x", "_content"},
    {__LINE__, "_getpages=0-1-2", "_getpages"},
    {__LINE__, "_graph=x", "_graph"},
    {__LINE__, "_cascade=delete", "_cascade"},
    {__LINE__, "_expunge=true", "_expunge"},
    {__LINE__, "_hardDelete=true", "_hardDelete"},
    {__LINE__, "_new-in-r9=1", "_new-in-r9"},
    {__LINE__, "_", "_"},

    /* the same door under another name */
    {__LINE__, "%5Finclude=Observation:subject", "%5Finclude"},
    {__LINE__, "%5finclude=Observation:subject", "%5finclude"},
    {__LINE__, "_%69nclude=Observation:subject", "_%69nclude"},
    {__LINE__, "%5F%69%6E%63%6C%75%64%65=x", "%5F%69%6E%63%6C%75%64%65"},
    {__LINE__, "%255Finclude=x", "%255Finclude"}, /* were it decoded twice */
    {__LINE__, "_INCLUDE=x", "_INCLUDE"},
    {__LINE__, "_Include=x", "_Include"},
    {__LINE__, "+_include=x", "+_include"},
    {__LINE__, "_include+=x", "_include+"},
    {__LINE__, "%20_include=x", "%20_include"},
    {__LINE__, "%09_include=x", "%09_include"},
    {__LINE__, "_include%0a=x", "_include%0a"},
    {__LINE__, "_id%20=x", "_id%20"},
    {__LINE__, "_include", "_include"},
    {__LINE__, "_include=", "_include"},
    {__LINE__, "_include[]=x", "_include[]"},
    {__LINE__, "name[]=x", "name[]"},
    {__LINE__, "subject%2Ename=eve", "subject%2Ename"},
    {__LINE__, "subject%3APatient.name=eve", "subject%3APatient.name"},
    {__LINE__, "name:exact:x=1", "name:exact:x"},
    {__LINE__, "name:=1", "name:"},
    {__LINE__, ":exact=1", ":exact"},
    {__LINE__, "=1", ""},
    {__LINE__, "name=1&_include=x", "_include"},
    {__LINE__, "&&&_include=x", "_include"},
    {__LINE__, "name=1&&_include=x", "_include"},
    {__LINE__, "name=1;_include=x", "_include"}, /* ';' as a separator */
    {__LINE__, "name;_include=x", "_include"},
    {__LINE__, ";;_include=x", "_include"},
    {__LINE__, "name=1?_include=x", NULL}, /* a '?' in a value separates nothing */
    {__LINE__, "?_include=x", "?_include"},
    {__LINE__, "name=a%26_include=x", NULL}, /* nor does an encoded '&' */
    {__LINE__, "_has:A:b:c=1&_include=x", "_has:A:b:c"},
    {__LINE__, "_id=1&_id=2", NULL},
    {__LINE__, "1name=x", "1name"},
    {__LINE__, "na/me=x", "na/me"},
    {__LINE__, "n%C3%A1me=x", "n%C3%A1me"},

    /* R5 lets a sort follow references */
    {__LINE__, "_sort=-date,name", NULL},
    {__LINE__, "_sort=_lastUpdated", NULL},
    {__LINE__, "_sort", NULL},
    {__LINE__, "_sort=subject.name", "_sort"},
    {__LINE__, "_sort=subject%2Ename", "_sort"},
    {__LINE__, "_sort=subject%252Ename", "_sort"},
    {__LINE__, "_sort=subject:Patient.name", "_sort"},
    {__LINE__, "_sort=name&_sort=subject.name", "_sort"},
    {__LINE__, "_sort:desc=name", "_sort:desc"},
};

static void what_can_leave_the_type_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reach); i++) {
        EXACT(query, slice_of(reach[i].query));
        struct query q;
        check_err(reach[i].line, query_check(query, &q), ERR_OK);
        check_true(reach[i].line, q.reaches_all == (reach[i].first != NULL), "reaches_all");
        check_slice(reach[i].line, q.first_such, reach[i].first);
    }
}

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
};

static void bad_forms_and_forbidden_names_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        EXACT(query, slice_of(refused[i].query));
        struct query q;
        check_err(refused[i].line, query_check(query, &q), refused[i].why);
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
        assert_int_equal(query_check(query, &q) == ERR_OK, good);
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
        assert_int_equal(query_check(plain, &q), n <= QUERY_MAX_NAME ? ERR_OK : ERR_QUERY);
        for (size_t i = 0; i < n; i++)
            memcpy(text + 3 * i, "%61", 4);
        EXACT(encoded, slice_of(text));
        assert_int_equal(query_check(encoded, &q), n <= QUERY_MAX_NAME ? ERR_OK : ERR_QUERY);
    }
}

static void a_sort_that_is_too_long_to_look_at_reaches_all(void **state)
{
    (void)state;
    char text[1024];
    struct query q;
    memcpy(text, "_sort=", 6);
    memset(text + 6, 'a', 1000);
    EXACT(query, ((struct slice){text, 1006}));
    assert_int_equal(query_check(query, &q), ERR_OK);
    assert_true(q.reaches_all);
}

static void format_is_the_first_that_is_given(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *query, *format;
    } rows[] = {
        {__LINE__, "a=1", NULL},
        {__LINE__, "_format=xml", "xml"},
        {__LINE__, "%5Fformat=application%2Ffhir%2Bxml", "application%2Ffhir%2Bxml"},
        {__LINE__, "_format=json&_format=xml", "json"},
        {__LINE__, "_format", NULL},
        {__LINE__, "_format=", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(query, slice_of(rows[i].query));
        struct query q;
        check_err(rows[i].line, query_check(query, &q), ERR_OK);
        check_slice(rows[i].line, q.format, rows[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_leave_the_type_is_seen),
        cmocka_unit_test(bad_forms_and_forbidden_names_are_refused),
        cmocka_unit_test(every_byte_of_a_query_is_looked_at),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(a_sort_that_is_too_long_to_look_at_reaches_all),
        cmocka_unit_test(format_is_the_first_that_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
