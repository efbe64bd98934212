#include "fixture.h"

#include "slice.h"

static void slice_of_a_null_pointer_is_absent(void **state)
{
    (void)state;
    assert_null(slice_of(NULL).p);
    assert_int_equal(slice_of(NULL).n, 0);
    assert_non_null(slice_of("").p);
    assert_int_equal(slice_of("abc").n, 3);
    assert_non_null(SLICE("").p);
}

static void comparing_looks_at_every_byte_and_no_more(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *a, *b;
        bool same, same_nocase;
    } rows[] = {
        {__LINE__, "", "", true, true},
        {__LINE__, "a", "", false, false},
        {__LINE__, "", "a", false, false},
        {__LINE__, "abc", "abc", true, true},
        {__LINE__, "abc", "abd", false, false},
        {__LINE__, "abc", "ab", false, false},
        {__LINE__, "ab", "abc", false, false},
        {__LINE__, "Bearer", "bearer", false, true},
        {__LINE__, "AZaz", "azAZ", false, true},
        /* bytes that differ from letters by 0x20 only */
        {__LINE__, "@[", "`{", false, false},
        {__LINE__, "\xc3\x81", "\xc3\xa1", false, false},
        {__LINE__, "k", "\xe2\x84\xaa", false, false}, /* KELVIN SIGN */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(a, slice_of(rows[i].a));
        EXACT(b, slice_of(rows[i].b));
        check_true(rows[i].line, slice_eq(a, b) == rows[i].same, "slice_eq");
        check_true(rows[i].line, slice_is(a, rows[i].b) == rows[i].same, "slice_is");
        check_true(rows[i].line, slice_is_nocase(a, rows[i].b) == rows[i].same_nocase, "nocase");
    }
    assert_true(slice_eq(SLICE_NONE, SLICE_NONE));
    assert_true(slice_eq(SLICE_NONE, SLICE("")));
    assert_false(slice_is(SLICE("a\0b"), "a"));
}

static void starts_ends_has(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *text, *part;
        bool starts, ends;
    } rows[] = {
        {__LINE__, "abc", "", true, true},       {__LINE__, "abc", "abc", true, true},
        {__LINE__, "abc", "ab", true, false},    {__LINE__, "abc", "bc", false, true},
        {__LINE__, "abc", "abcd", false, false}, {__LINE__, "", "", true, true},
        {__LINE__, "", "a", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(text, slice_of(rows[i].text));
        check_true(rows[i].line, slice_starts(text, rows[i].part) == rows[i].starts, "starts");
        check_true(rows[i].line, slice_ends(text, rows[i].part) == rows[i].ends, "ends");
    }
    assert_true(slice_starts(SLICE_NONE, ""));
    assert_false(slice_starts(SLICE_NONE, "a"));
    assert_false(slice_ends(SLICE_NONE, "a"));
    assert_true(slice_has_char(SLICE("abc"), 'c'));
    assert_false(slice_has_char(SLICE("abc"), 'd'));
    assert_false(slice_has_char(SLICE_NONE, 'a'));
    assert_true(slice_has_char(SLICE("a\0b"), 'b'));
}

static void skipping_never_leaves_the_slice(void **state)
{
    (void)state;
    EXACT(text, SLICE("abc"));
    assert_true(slice_is(slice_skip(text, 0), "abc"));
    assert_true(slice_is(slice_skip(text, 1), "bc"));
    assert_true(slice_is(slice_skip(text, 3), ""));
    assert_ptr_equal(slice_skip(text, 4).p, text.p + 3);
    assert_int_equal(slice_skip(text, SIZE_MAX).n, 0);
    assert_null(slice_skip(SLICE_NONE, 5).p);
}

static void trimming_takes_blanks_and_tabs_only(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *text, *trimmed;
    } rows[] = {
        {__LINE__, "", ""},          {__LINE__, " ", ""},          {__LINE__, " \t ", ""},
        {__LINE__, " a b\t", "a b"}, {__LINE__, "\na\n", "\na\n"}, {__LINE__, "a", "a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(text, slice_of(rows[i].text));
        check_slice(rows[i].line, slice_trim(text), rows[i].trimmed);
    }
}

static void cutting_yields_every_part_once(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *text;
        const char *parts[5];
    } rows[] = {
        {__LINE__, "a..b", {"a", "", "b"}}, {__LINE__, "", {""}},
        {__LINE__, ".", {"", ""}},          {__LINE__, "a", {"a"}},
        {__LINE__, "a.", {"a", ""}},        {__LINE__, ".a", {"", "a"}},
        {__LINE__, NULL, {NULL}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(text, slice_of(rows[i].text));
        struct slice rest = text, part;
        size_t n = 0;
        while (slice_cut(&rest, '.', &part)) {
            assert_true(n < 5);
            check_slice(rows[i].line, part, rows[i].parts[n++]);
        }
        check_true(rows[i].line, rows[i].parts[n] == NULL, "parts are missing");
        check_true(rows[i].line, rest.p == NULL, "something is left");
    }
}

static void numbers_are_strict(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } rows[] = {
        {__LINE__, "0", 0, true, 0},
        {__LINE__, "1", 0, false, 0},
        {__LINE__, "65535", 65535, true, 65535},
        {__LINE__, "65536", 65535, false, 0},
        {__LINE__, "18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {__LINE__, "18446744073709551616", UINT64_MAX, false, 0},
        {__LINE__, "18446744073709551615", UINT64_MAX - 1, false, 0},
        {__LINE__, "99999999999999999999", UINT64_MAX, false, 0},
        {__LINE__, "100000000000000000000", UINT64_MAX, false, 0},
        {__LINE__, "", UINT64_MAX, false, 0},
        {__LINE__, "00", UINT64_MAX, false, 0},
        {__LINE__, "01", UINT64_MAX, false, 0},
        {__LINE__, "+1", UINT64_MAX, false, 0},
        {__LINE__, "-1", UINT64_MAX, false, 0},
        {__LINE__, " 1", UINT64_MAX, false, 0},
        {__LINE__, "1 ", UINT64_MAX, false, 0},
        {__LINE__, "0x1", UINT64_MAX, false, 0},
        {__LINE__, "1e3", UINT64_MAX, false, 0},
        {__LINE__, "1/", UINT64_MAX, false, 0},
        {__LINE__, "1:", UINT64_MAX, false, 0},
        {__LINE__, "\xd9\xa1", UINT64_MAX, false, 0}, /* ARABIC-INDIC DIGIT ONE */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(text, slice_of(rows[i].text));
        uint64_t value = 4711;
        check_true(rows[i].line, slice_to_u64(text, rows[i].max, &value) == rows[i].good,
                   "verdict");
        check_true(rows[i].line, value == (rows[i].good ? rows[i].value : 4711), "value");
    }
}

static void printable_is_ascii_from_blank_to_tilde(void **state)
{
    (void)state;
    assert_true(slice_is_printable(SLICE_NONE));
    for (int c = -128; c < 128; c++) {
        char byte = (char)c;
        assert_int_equal(slice_is_printable((struct slice){&byte, 1}), c >= 0x20 && c <= 0x7e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_of_a_null_pointer_is_absent),
        cmocka_unit_test(comparing_looks_at_every_byte_and_no_more),
        cmocka_unit_test(starts_ends_has),
        cmocka_unit_test(skipping_never_leaves_the_slice),
        cmocka_unit_test(trimming_takes_blanks_and_tabs_only),
        cmocka_unit_test(cutting_yields_every_part_once),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(printable_is_ascii_from_blank_to_tilde),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
