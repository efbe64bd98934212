#include "fixture.h"

#include "jose_header.h"

static const struct {
    int line;
    const char *header;
    enum err want;
    const char *value; /* NULL: none */
} cases[] = {
    {__LINE__, "{\"kid\":\"a\"}", ERR_OK, "a"},
    {__LINE__, "{\"kid\":\"\"}", ERR_OK, ""},
    {__LINE__, "{\"kid\":\"12345678\"}", ERR_OK, "12345678"},
    {__LINE__, "{\"kid\":\"123456789\"}", ERR_JWE_FORM, NULL},
    {__LINE__, "{\"Kid\":\"a\"}", ERR_OK, NULL},
    {__LINE__, "{}", ERR_OK, NULL},
    {__LINE__, "{\"kid\":null}", ERR_JWE_FORM, NULL},
    {__LINE__, "{\"kid\":1}", ERR_JWE_FORM, NULL},
    {__LINE__, "{\"kid\":[\"a\"]}", ERR_JWE_FORM, NULL},
    {__LINE__, "{\"kid\":\"a\\tb\"}", ERR_JWE_FORM, NULL},
    {__LINE__, "{\"kid\":\"\\u00e9\"}", ERR_JWE_FORM, NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        ARENA(a, 64);
        struct json *header = NULL;
        struct slice out = SLICE("untouched");
        assert_int_equal(json_parse(slice_of(cases[i].header), &header), ERR_OK);
        enum err e = jose_header_string(header, "kid", 8, ERR_JWE_FORM, &a, &out);
        json_free(header); /* what was found does not borrow from it */
        check_err(cases[i].line, e, cases[i].want);
        if (e != ERR_OK)
            check_slice(cases[i].line, out, "untouched");
        else if (cases[i].value != NULL)
            check_slice(cases[i].line, out, cases[i].value);
        else
            check_true(cases[i].line, out.p == NULL, "a value");
    }
}

static void test_no_room(void **state)
{
    (void)state;
    ARENA(a, 16);
    struct json *header = NULL;
    struct slice out;
    assert_int_equal(json_parse(SLICE("{\"kid\":\"0123456789abcdef\"}"), &header), ERR_OK);
    assert_int_equal(jose_header_string(header, "kid", 16, ERR_JWE_FORM, &a, &out), ERR_TOO_LARGE);
    json_free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests_name("jose_header", tests, NULL, NULL);
}
