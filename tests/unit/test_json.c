#include "buf.h"
#include "json.h"
#include "json_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
    int line;
    const char *text;
} good[] = {
    {__LINE__, "{}"},
    {__LINE__, "[]"},
    {__LINE__, " \t\r\n{ \"a\" : [ 1 , 2 ] } \n"},
    {__LINE__, "0"},
    {__LINE__, "-0"},
    {__LINE__, "-1.5e+10"},
    {__LINE__, "1E-2"},
    {__LINE__, "1e308"},
    {__LINE__, "true"},
    {__LINE__, "null"},
    {__LINE__, "\"\""},
    {__LINE__, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""},
    {__LINE__, "\"\\ud83d\\ude00\""},
    {__LINE__, "\"\xf0\x9f\x98\x80\""},
    {__LINE__, "\"\x7f\""},
    {__LINE__, "{\"a\":1,\"A\":2}"},
    {__LINE__, "{\"\":1,\" \":2}"},
    {__LINE__, "[{\"a\":1},{\"a\":1}]"},
    {__LINE__, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"},                               /* 16 levels */
    {__LINE__, "123456789012345678901234567890123456789012345678901234567890123"}, /* 63 digits */
};

static const struct {
    int line;
    const char *text;
} bad[] = {
    {__LINE__, ""},
    {__LINE__, " "},
    {__LINE__, "{"},
    {__LINE__, "}"},
    {__LINE__, "{\"a\"}"},
    {__LINE__, "{\"a\":}"},
    {__LINE__, "{\"a\":1,}"},
    {__LINE__, "{,}"},
    {__LINE__, "{a:1}"},
    {__LINE__, "{'a':1}"},
    {__LINE__, "{1:1}"},
    {__LINE__, "[1,]"},
    {__LINE__, "[1 2]"},
    {__LINE__, "[1}"},
    {__LINE__, "{\"a\":1]"},
    {__LINE__, "tru"},
    {__LINE__, "True"},
    {__LINE__, "nulll"},
    {__LINE__, "NaN"},
    {__LINE__, "Infinity"},
    {__LINE__, "// x\n1"},
    /* trailing bytes */
    {__LINE__, "{}x"},
    {__LINE__, "{}{}"},
    {__LINE__, "1 1"},
    {__LINE__, "{}\x0b"},
    {__LINE__, "{}\xc2\xa0"},
    /* a byte order mark */
    {__LINE__, "\xef\xbb\xbf{}"},
    /* numbers */
    {__LINE__, "01"},
    {__LINE__, "-01"},
    {__LINE__, "-"},
    {__LINE__, "+1"},
    {__LINE__, ".5"},
    {__LINE__, "1."},
    {__LINE__, "1.e1"},
    {__LINE__, "1e"},
    {__LINE__, "1e+"},
    {__LINE__, "0x10"},
    {__LINE__, "1e400"},
    {__LINE__, "-1e400"},
    {__LINE__, "[1e999]"},
    {__LINE__, "{\"a\":{\"b\":1e309}}"},
    {__LINE__, "1234567890123456789012345678901234567890123456789012345678901234"},
    /* strings */
    {__LINE__, "\""},
    {__LINE__, "\"a"},
    {__LINE__, "\"\\"},
    {__LINE__, "\"\\\""},
    {__LINE__, "\"\\x\""},
    {__LINE__, "\"\\u12\""},
    {__LINE__, "\"\\u12g4\""},
    {__LINE__, "\"a\nb\""},
    {__LINE__, "\"a\tb\""},
    {__LINE__, "\"\x01\""},
    {__LINE__, "\"admin\\u0000evil\""},
    {__LINE__, "{\"a\\u0000\":1}"},
    {__LINE__, "\"\\ud83d\""},
    {__LINE__, "\"\\ud83dx\""},
    {__LINE__, "\"\\ud83d\\n\""},
    {__LINE__, "\"\\ud83d\\u0041\""},
    {__LINE__, "\"\\ude00\""},
    {__LINE__, "\"\\ude00\\ud83d\""},
    /* not UTF-8 */
    {__LINE__, "\"\x80\""},
    {__LINE__, "\"\xc0\x80\""},
    {__LINE__, "\"\xed\xa0\x80\""},
    {__LINE__, "\"\xf4\x90\x80\x80\""},
    {__LINE__, "\"\xe2\x82"},
    {__LINE__, "{\"\xff\":1}"},
    /* duplicate names, also spelled differently */
    {__LINE__, "{\"a\":1,\"a\":1}"},
    {__LINE__, "{\"a\":1,\"b\":2,\"\\u0061\":3}"},
    {__LINE__, "{\"/\":1,\"\\/\":2}"},
    {__LINE__, "{\"\xc3\xa9\":1,\"\\u00E9\":2}"},
    {__LINE__, "{\"\":1,\"\":2}"},
    {__LINE__, "[{\"x\":{\"a\":1,\"a\":2}}]"},
    /* depth 17 */
    {__LINE__, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"},
    {__LINE__, "[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]"},
};

static void test_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct json *doc = NULL;
        enum err e = json_parse(slice_of(good[i].text), &doc);
        if (e != ERR_OK || doc == NULL)
            fail_msg("line %d: %s", good[i].line, err_row(e)->name);
        json_free(doc);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    struct json *doc = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum err e = json_parse(slice_of(bad[i].text), &doc);
        if (e != ERR_JSON || doc != NULL)
            fail_msg("line %d: %s", bad[i].line, err_row(e)->name);
    }
    assert_int_equal(json_parse(SLICE_NONE, &doc), ERR_JSON);
    assert_int_equal(json_parse(SLICE("{}\0"), &doc), ERR_JSON);
    assert_int_equal(json_parse(SLICE("\"a\0b\""), &doc), ERR_JSON);
    assert_null(doc);
}

/* No byte behind the slice is looked at: every proper prefix of a document is refused. */
static void test_prefixes(void **state)
{
    (void)state;
    struct slice whole = SLICE("{\"a\":[1.5e3,true,null,\"\\ud83d\\ude00\xe2\x82\xac\"],\"b\":{}}");
    struct json *doc = NULL;
    for (size_t n = 0; n < whole.n; n++) {
        char *copy = malloc(n + 1); /* so that the sanitizer sees an overrun */
        assert_non_null(copy);
        memcpy(copy + 1, whole.p, n);
        assert_int_equal(json_parse((struct slice){copy + 1, n}, &doc), ERR_JSON);
        free(copy);
    }
    assert_int_equal(json_parse(whole, &doc), ERR_OK);
    json_free(doc);
}

static enum err parse_members(size_t count, bool named, bool last_twice)
{
    static char text[65536];
    struct buf b = BUF(text);
    struct json *doc = NULL;
    buf_putc(&b, named ? '{' : '[');
    for (size_t i = 0; i < count; i++) {
        size_t name = last_twice && i + 1 == count ? 0 : i;
        buf_puts(&b, i > 0 ? "," : "");
        if (named)
            buf_printf(&b, "\"member%zu\":", name);
        buf_printf(&b, "%zu", i);
    }
    buf_putc(&b, named ? '}' : ']');
    assert_false(b.overflowed);
    enum err e = json_parse(buf_slice(&b), &doc);
    if (e == ERR_OK)
        assert_int_equal(json_count(doc), count);
    json_free(doc);
    return e;
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(parse_members(JSON_MAX_MEMBERS, true, false), ERR_OK);
    assert_int_equal(parse_members(JSON_MAX_MEMBERS, true, true), ERR_JSON);
    assert_int_equal(parse_members(JSON_MAX_MEMBERS + 1, true, false), ERR_JSON);
    assert_int_equal(parse_members(JSON_MAX_MEMBERS, false, false), ERR_OK);
    assert_int_equal(parse_members(JSON_MAX_MEMBERS + 1, false, false), ERR_JSON);
}

static void test_getters(void **state)
{
    (void)state;
    struct json *doc = NULL;
    struct slice text = SLICE_NONE;
    int64_t n = 7;
    double d = 7;
    bool b = false;
    assert_int_equal(json_parse(SLICE("{\"s\":\"caf\\u00e9\",\"i\":1.0,\"f\":1.5,\"t\":true,"
                                      "\"z\":null,\"a\":[10,\"x\"],\"o\":{\"s\":\"in\"}}"),
                                &doc),
                     ERR_OK);
    assert_int_equal(json_count(doc), 7);
    assert_true(json_member_string(doc, "s", &text));
    assert_true(slice_is(text, "caf\xc3\xa9"));
    assert_null(json_member(doc, "S"));
    assert_false(json_member_string(doc, "i", &text));
    assert_true(slice_is(text, "caf\xc3\xa9")); /* untouched */
    assert_true(json_integer(json_member(doc, "i"), &n));
    assert_int_equal(n, 1);
    assert_false(json_integer(json_member(doc, "f"), &n));
    assert_false(json_integer(json_member(doc, "s"), &n));
    assert_false(json_integer(NULL, &n));
    assert_int_equal(n, 1);
    assert_true(json_number(json_member(doc, "f"), &d));
    assert_true(d > 1.4 && d < 1.6);
    assert_false(json_number(json_member(doc, "s"), &d));
    assert_true(json_bool(json_member(doc, "t"), &b));
    assert_true(b);
    assert_false(json_bool(json_member(doc, "z"), &b));
    assert_false(json_bool(NULL, &b));

    const struct json *array = json_member(doc, "a");
    assert_int_equal(json_kind(array), JSON_ARRAY);
    assert_null(json_member(array, "x"));
    assert_true(json_integer(json_first(array), &n));
    assert_int_equal(n, 10);
    assert_true(json_string(json_next(json_first(array)), &text));
    assert_null(json_next(json_next(json_first(array))));
    assert_true(slice_is(json_name(json_first(doc)), "s"));
    assert_null(json_first(json_member(doc, "s")));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_null(json_member(NULL, "a"));
    json_free(doc);
    json_free(NULL);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_kind want;
    } cases[] = {
        {"null", JSON_NULL},   {"true", JSON_BOOL}, {"false", JSON_BOOL}, {"1", JSON_NUMBER},
        {"\"\"", JSON_STRING}, {"[]", JSON_ARRAY},  {"{}", JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *doc = NULL;
        assert_int_equal(json_parse(slice_of(cases[i].text), &doc), ERR_OK);
        assert_int_equal(json_kind(doc), cases[i].want);
        json_free(doc);
    }
}

static void test_integer_range(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {__LINE__, "9007199254740992", true, INT64_C(9007199254740992)},
        {__LINE__, "-9007199254740992", true, -INT64_C(9007199254740992)},
        {__LINE__, "9007199254740994", false, 0},
        {__LINE__, "-9007199254740994", false, 0},
        {__LINE__, "9223372036854775808", false, 0},
        {__LINE__, "1e300", false, 0},
        {__LINE__, "1e3", true, 1000},
        {__LINE__, "0.1", false, 0},
        {__LINE__, "-0", true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *doc = NULL;
        int64_t n = 0;
        assert_int_equal(json_parse(slice_of(cases[i].text), &doc), ERR_OK);
        if (json_integer(doc, &n) != cases[i].ok || n != cases[i].want)
            fail_msg("line %d", cases[i].line);
        json_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),       cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_getters),       cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_integer_range),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
