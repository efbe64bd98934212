#include "fixture.h"

#include "buf.h"

static void one_byte_is_kept_for_the_nul(void **state)
{
    (void)state;
    char *block = malloc(4);
    assert_non_null(block);
    struct buf b = buf_over(block, 4);
    buf_puts(&b, "abc");
    assert_false(b.overflowed);
    assert_string_equal(block, "abc");
    buf_putc(&b, 'd');
    assert_true(b.overflowed);
    assert_string_equal(block, "abc");
    free(block);
}

static void an_overflow_stays_and_writes_nothing_more(void **state)
{
    (void)state;
    char block[8];
    struct buf b = BUF(block);
    buf_puts(&b, "abc");
    buf_puts(&b, "defgh");
    assert_true(b.overflowed);
    buf_putc(&b, 'x');
    buf_puts(&b, "");
    buf_printf(&b, "%d", 1);
    buf_json(&b, SLICE("y"));
    assert_string_equal(block, "abc");
    assert_true(slice_is(buf_slice(&b), "abc"));
}

static void printing_that_does_not_fit_leaves_the_text_as_it_was(void **state)
{
    (void)state;
    char block[8];
    struct buf b = BUF(block);
    buf_printf(&b, "%s", "abc");
    buf_printf(&b, "%05d", 7);
    assert_true(b.overflowed);
    assert_string_equal(block, "abc");
    struct buf exactly = BUF(block);
    buf_printf(&exactly, "%07d", 7);
    assert_false(exactly.overflowed);
    assert_string_equal(block, "0000007");
}

static void without_memory_it_has_overflowed_from_the_start(void **state)
{
    (void)state;
    char byte;
    struct buf none = buf_over(NULL, 100), empty = buf_over(&byte, 0);
    buf_puts(&none, "a");
    buf_puts(&empty, "a");
    assert_true(none.overflowed && empty.overflowed);
    assert_null(buf_slice(&none).p);

    ARENA(a, 32);
    struct buf fits = buf_in(&a, 32), more = buf_in(&a, 1);
    assert_false(fits.overflowed);
    assert_true(more.overflowed && a.overflowed);
    buf_printf(&more, "%d", 1);
    assert_null(buf_slice(&more).p);
}

static void arena_keeps_its_bounds(void **state)
{
    (void)state;
    ARENA(a, 64);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 14));
    assert_null(arena_alloc(&a, 65));
    assert_true(a.overflowed);
    arena_reset(&a);
    assert_false(a.overflowed);
    char *p = arena_alloc(&a, 33);
    assert_non_null(p);
    memset(p, 'x', 33);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_null(arena_alloc(&a, 17));
    char *q = arena_alloc(&a, 16);
    assert_ptr_equal(q, p + 48);
    assert_null(arena_alloc(&a, 1));
    arena_reset(&a);
    assert_int_equal(p[0], 0);
    assert_null(arena_dup(&a, (struct slice){"", SIZE_MAX}));
    assert_string_equal(arena_dup(&a, SLICE_NONE), "");
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    static const struct {
        int line;
        struct slice text;
        const char *json;
    } rows[] = {
        {__LINE__, {"", 0}, "\"\""},
        {__LINE__, {NULL, 0}, "\"\""},
        {__LINE__, {"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {__LINE__, {"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {__LINE__, {"\0\x01\x1f\x7f", 4}, "\"\\u0000\\u0001\\u001f\\u007f\""},
        {__LINE__, {"\xc3\xb1\xf0\x9f\x92\x8a", 6}, "\"\xc3\xb1\xf0\x9f\x92\x8a\""},
        {__LINE__, {"\xff\xc3", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {__LINE__, {"\xc3\"", 2}, "\"\xef\xbf\xbd\\\"\""}, /* a cut character hides no quote */
        {__LINE__, {"</script>", 9}, "\"</script>\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char space[64];
        struct buf b = BUF(space);
        EXACT(text, rows[i].text);
        buf_json(&b, text);
        check_slice(rows[i].line, buf_slice(&b), rows[i].json);
    }
}

static void xml_text_holds_only_what_xml_can(void **state)
{
    (void)state;
    static const struct {
        int line;
        struct slice text;
        const char *xml;
    } rows[] = {
        {__LINE__, {"", 0}, ""},
        {__LINE__, {"<a b=\"c\">&'", 11}, "&lt;a b=&quot;c&quot;&gt;&amp;'"},
        {__LINE__, {"\t\n", 2}, "\t\n"},
        {__LINE__, {"\0\r\x1b", 3}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {__LINE__, {"\xc3\xb1", 2}, "\xc3\xb1"},
        {__LINE__, {"\xc3<", 2}, "\xef\xbf\xbd&lt;"},
        {__LINE__, {"\xef\xbf\xbe", 3}, "\xef\xbf\xbd"}, /* U+FFFE is no Char */
        {__LINE__, {"\xef\xbf\xbf", 3}, "\xef\xbf\xbd"}, /* nor is U+FFFF */
        {__LINE__, {"\xef\xbf\xbd", 3}, "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char space[64];
        struct buf b = BUF(space);
        EXACT(text, rows[i].text);
        buf_xml(&b, text);
        check_slice(rows[i].line, buf_slice(&b), rows[i].xml);
    }
}

static void numbers_are_decimal(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-10, "-10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char block[32];
        struct buf b = BUF(block);
        buf_number(&b, rows[i].number);
        assert_string_equal(block, rows[i].text);
    }
}

/* The next piece follows it, and the wiping covers both. */
static void what_a_text_did_not_need_goes_back(void **state)
{
    (void)state;
    ARENA(a, 128);
    struct buf b = buf_in(&a, 100);
    buf_puts(&b, "0123456789abcdef");
    struct slice text = buf_finish(&b, &a);
    assert_true(slice_is(text, "0123456789abcdef"));
    assert_int_equal(a.used, 32); /* with the NUL */
    buf_putc(&b, 'x');
    assert_true(b.overflowed);
    assert_ptr_equal(arena_alloc(&a, 96), a.base + 32);
    assert_null(arena_alloc(&a, 1));
    struct buf none = buf_in(&a, 1);
    assert_null(buf_finish(&none, &a).p);
    assert_int_equal(a.used, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_byte_is_kept_for_the_nul),
        cmocka_unit_test(an_overflow_stays_and_writes_nothing_more),
        cmocka_unit_test(printing_that_does_not_fit_leaves_the_text_as_it_was),
        cmocka_unit_test(without_memory_it_has_overflowed_from_the_start),
        cmocka_unit_test(arena_keeps_its_bounds),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(xml_text_holds_only_what_xml_can),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(what_a_text_did_not_need_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
