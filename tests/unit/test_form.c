#include "fixture.h"

#include "form.h"

static void escapes_are_undone_once(void **state)
{
    (void)state;
    static const struct {
        int line;
        struct slice text;
        bool plus;
        enum err why;
        const char *decoded;
    } rows[] = {
        {__LINE__, BYTES(""), true, ERR_OK, ""},
        {__LINE__, BYTES("abc"), true, ERR_OK, "abc"},
        {__LINE__, BYTES("a+b"), true, ERR_OK, "a b"},
        {__LINE__, BYTES("a+b"), false, ERR_OK, "a+b"},
        {__LINE__, BYTES("%41%6a%6A"), true, ERR_OK, "Ajj"},
        {__LINE__, BYTES("%2B%20%25"), true, ERR_OK, "+ %"},
        {__LINE__, BYTES("%2541"), true, ERR_OK, "%41"},
        {__LINE__, BYTES("%c3%a9"), true, ERR_OK, "\xc3\xa9"},
        {__LINE__, BYTES("%fF"), true, ERR_OK, "\xff"},
        {__LINE__, BYTES("%"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%4"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("a%4"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%%41"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%4g"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%g4"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%-1"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("% 1"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%0x"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%u0041"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("%00"), true, ERR_FORM, NULL},
        {__LINE__, BYTES("a\0b"), true, ERR_FORM, NULL},
        {__LINE__, {NULL, 0}, true, ERR_OK, ""},
    };
    ARENA(a, 4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice out = SLICE("untouched");
        EXACT(text, rows[i].text);
        check_err(rows[i].line, percent_decode(text, rows[i].plus, &a, &out), rows[i].why);
        check_slice(rows[i].line, out, rows[i].decoded != NULL ? rows[i].decoded : "untouched");
        if (rows[i].decoded != NULL)
            check_true(rows[i].line, out.p[out.n] == '\0', "NUL");
    }
    ARENA(small, 16);
    struct slice out;
    assert_int_equal(percent_decode(SLICE("0123456789abcdef"), true, &small, &out), ERR_TOO_LARGE);
}

/* value NULL: absent. */
static const struct {
    int line;
    struct slice body;
    enum err why;
    const char *name, *value;
} forms[] = {
    {__LINE__, {NULL, 0}, ERR_OK, "a", NULL},
    {__LINE__, BYTES(""), ERR_OK, "a", NULL},
    {__LINE__, BYTES("&&"), ERR_OK, "a", NULL},
    {__LINE__, BYTES("a=b"), ERR_OK, "a", "b"},
    {__LINE__, BYTES("&a=b&"), ERR_OK, "a", "b"},
    {__LINE__, BYTES("x=y&a=b"), ERR_OK, "a", "b"},
    {__LINE__, BYTES("a=b=c"), ERR_OK, "a", "b=c"},
    {__LINE__, BYTES("%61=%62+c%2b"), ERR_OK, "a", "b c+"},
    {__LINE__, BYTES("a=b%26c=d"), ERR_OK, "a", "b&c=d"},
    {__LINE__, BYTES("a=b;c=d"), ERR_OK, "a", "b;c=d"},
    {__LINE__, BYTES("a="), ERR_OK, "a", NULL}, /* RFC 6749 section 3.2 */
    {__LINE__, BYTES("a"), ERR_OK, "a", NULL},
    {__LINE__, BYTES("A=b"), ERR_OK, "a", NULL},
    {__LINE__, BYTES("a=%c3%b1"), ERR_OK, "a", "\xc3\xb1"},
    {__LINE__, BYTES("a=\xc3\xb1"), ERR_OK, "a", "\xc3\xb1"},
    {__LINE__, BYTES("resource=a&resource=b"), ERR_OK, "resource", "a"},
    {__LINE__, BYTES("a=1&a=2"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("a=1&a=1"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("a=1&%61=1"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("a=&a=1"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("a&a=1"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("x=1&a=2&x=3"), ERR_FORM_DUPLICATE, NULL, NULL},
    {__LINE__, BYTES("=b"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("="), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=%"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a%=b"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=%00"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=b\0"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=%ff"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=%c0%80"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("%ff=a"), ERR_FORM, NULL, NULL},
    {__LINE__, BYTES("a=\xed\xa0\x80"), ERR_FORM, NULL, NULL},
};

static void forms_are_read_strictly(void **state)
{
    (void)state;
    ARENA(a, 16384);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct form f;
        EXACT(body, forms[i].body);
        check_err(forms[i].line, form_parse(body, &a, &f), forms[i].why);
        if (forms[i].why == ERR_OK)
            check_slice(forms[i].line, form_get(&f, forms[i].name), forms[i].value);
    }
}

static void there_is_a_limit_of_fields(void **state)
{
    (void)state;
    char text[1024];
    ARENA(a, 65536);
    struct form f;
    struct buf b = BUF(text);
    for (int i = 0; i < FORM_MAX_FIELDS; i++)
        buf_printf(&b, "%sp%d=%d", i > 0 ? "&" : "", i, i);
    EXACT(most, buf_slice(&b));
    assert_int_equal(form_parse(most, &a, &f), ERR_OK);
    assert_int_equal(f.count, FORM_MAX_FIELDS);
    assert_true(slice_is(form_get(&f, "p63"), "63"));
    buf_puts(&b, "&more=1");
    EXACT(more, buf_slice(&b));
    assert_int_equal(form_parse(more, &a, &f), ERR_FORM);
    /* Of the one name that may be repeated, too. */
    b = BUF(text);
    for (int i = 0; i <= FORM_MAX_FIELDS; i++)
        buf_puts(&b, "resource=a&");
    EXACT(resources, buf_slice(&b));
    assert_int_equal(form_parse(resources, &a, &f), ERR_FORM);
}

/* Whatever room the arena has left, the answer is a refusal or the whole form. */
static void a_full_arena_is_a_refusal(void **state)
{
    (void)state;
    EXACT(body, SLICE("grant_type=client_credentials&scope=system/*.rs&client_id=abc"));
    for (size_t cap = 16; cap <= 256; cap += 16) {
        ARENA(a, cap);
        struct form f;
        enum err e = form_parse(body, &a, &f);
        assert_true(e == ERR_OK || e == ERR_TOO_LARGE);
        assert_int_equal(e == ERR_OK, !a.overflowed);
        if (e == ERR_OK)
            assert_true(slice_is(form_get(&f, "client_id"), "abc"));
    }
}

static void what_is_escaped_reads_the_same(void **state)
{
    (void)state;
    char all[256], text[1024];
    ARENA(a, 4096);
    struct slice back;
    for (size_t i = 0; i < 255; i++)
        all[i] = (char)(unsigned char)(i + 1); /* a NUL is refused */
    struct buf b = BUF(text);
    form_escape((struct slice){all, 255}, &b);
    assert_int_equal(percent_decode(buf_slice(&b), true, &a, &back), ERR_OK);
    assert_true(slice_eq(back, (struct slice){all, 255}));
    b = BUF(text);
    form_escape(SLICE("aZ09-._ ~:%&=+/\xc3\xb1"), &b);
    check_slice(__LINE__, buf_slice(&b), "aZ09-._+%7E%3A%25%26%3D%2B%2F%C3%B1");
}

static void media_types_are_compared_without_parameters(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header;
        bool same;
    } rows[] = {
        {__LINE__, "a/b", true},
        {__LINE__, "A/B", true},
        {__LINE__, "a/b;charset=x", true},
        {__LINE__, " a/b ; charset=x", true},
        {__LINE__, "a/bc", false},
        {__LINE__, "a/", false},
        {__LINE__, "", false},
        {__LINE__, ";a/b", false},
        {__LINE__, "a/b,a/b", false},
        {__LINE__, "x;a/b", false},
        {__LINE__, NULL, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(header, slice_of(rows[i].header));
        check_true(rows[i].line, media_type_is(header, "a/b") == rows[i].same, "media_type_is");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_undone_once),
        cmocka_unit_test(forms_are_read_strictly),
        cmocka_unit_test(there_is_a_limit_of_fields),
        cmocka_unit_test(a_full_arena_is_a_refusal),
        cmocka_unit_test(what_is_escaped_reads_the_same),
        cmocka_unit_test(media_types_are_compared_without_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
