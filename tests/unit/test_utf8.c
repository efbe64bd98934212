#include "fixture.h"

#include "utf8.h"

/* Length of the first character; RFC 3629 section 4. */
static const struct {
    int line;
    const char *bytes;
    size_t length;
} rows[] = {
    {__LINE__, "a", 1},
    {__LINE__, "\x7f", 1},
    {__LINE__, "\x80", 0},
    {__LINE__, "\xbf", 0},
    {__LINE__, "\xc0\x80", 0}, /* overlong NUL */
    {__LINE__, "\xc1\xbf", 0},
    {__LINE__, "\xc2\x80", 2},
    {__LINE__, "\xc2", 0},
    {__LINE__, "\xc2\x7f", 0},
    {__LINE__, "\xc2\xc0", 0},
    {__LINE__, "\xdf\xbf", 2},
    {__LINE__, "\xe0\x9f\xbf", 0}, /* overlong */
    {__LINE__, "\xe0\xa0\x80", 3},
    {__LINE__, "\xe0\xa0", 0},
    {__LINE__, "\xe1\x80\x7f", 0},
    {__LINE__, "\xed\x9f\xbf", 3},
    {__LINE__, "\xed\xa0\x80", 0}, /* U+D800 */
    {__LINE__, "\xed\xbf\xbf", 0}, /* U+DFFF */
    {__LINE__, "\xee\x80\x80", 3},
    {__LINE__, "\xef\xbf\xbf", 3},
    {__LINE__, "\xf0\x8f\xbf\xbf", 0}, /* overlong */
    {__LINE__, "\xf0\x90\x80\x80", 4},
    {__LINE__, "\xf0\x90\x80", 0},
    {__LINE__, "\xf0\x90", 0},
    {__LINE__, "\xf0", 0},
    {__LINE__, "\xf0\x90\x80\xc0", 0},
    {__LINE__, "\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
    {__LINE__, "\xf4\x90\x80\x80", 0}, /* one above it */
    {__LINE__, "\xf5\x80\x80\x80", 0},
    {__LINE__, "\xf8\x88\x80\x80\x80", 0},
    {__LINE__, "\xff", 0},
};

static void only_well_formed_characters_have_a_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(s, slice_of(rows[i].bytes));
        check_true(rows[i].line, utf8_length(s) == rows[i].length, "length");
        check_true(rows[i].line, utf8_valid(s) == (rows[i].length == s.n), "valid");
    }
    assert_int_equal(utf8_length(SLICE_NONE), 0);
    assert_int_equal(utf8_length(SLICE("\0")), 1);
}

/* What stands behind the first character does not count for its length, but for validity. */
static void a_bad_byte_anywhere_makes_a_text_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[16];
        snprintf(text, sizeof text, "ok\xc3\xa9%s", rows[i].bytes);
        EXACT(s, slice_of(text));
        check_true(rows[i].line, utf8_valid(s) == (rows[i].length == strlen(rows[i].bytes)),
                   "valid behind others");
    }
    assert_true(utf8_valid(SLICE_NONE));
    assert_true(utf8_valid(SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_characters_have_a_length),
        cmocka_unit_test(a_bad_byte_anywhere_makes_a_text_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
