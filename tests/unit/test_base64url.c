#include "base64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
    int line;
    const char *text;
    enum err want;
    const char *bytes; /* when ERR_OK */
} url_cases[] = {
    /* RFC 4648 section 10, without padding */
    {__LINE__, "", ERR_OK, ""},
    {__LINE__, "Zg", ERR_OK, "f"},
    {__LINE__, "Zm8", ERR_OK, "fo"},
    {__LINE__, "Zm9v", ERR_OK, "foo"},
    {__LINE__, "Zm9vYg", ERR_OK, "foob"},
    {__LINE__, "Zm9vYmE", ERR_OK, "fooba"},
    {__LINE__, "Zm9vYmFy", ERR_OK, "foobar"},
    {__LINE__, "-_-_", ERR_OK, "\xfb\xff\xbf"},
    /* RFC 7515 appendix C */
    {__LINE__, "A-z_4ME", ERR_OK, "\x03\xec\xff\xe0\xc1"},
    /* lengths that cannot be */
    {__LINE__, "A", ERR_BASE64, NULL},
    {__LINE__, "Zm9vY", ERR_BASE64, NULL},
    /* padding */
    {__LINE__, "Zg==", ERR_BASE64, NULL},
    {__LINE__, "Zm8=", ERR_BASE64, NULL},
    {__LINE__, "====", ERR_BASE64, NULL},
    /* spare bits */
    {__LINE__, "Zh", ERR_BASE64, NULL},
    {__LINE__, "Zm9", ERR_BASE64, NULL},
    {__LINE__, "Zv", ERR_BASE64, NULL},
    /* foreign alphabet and bytes */
    {__LINE__, "+/+/", ERR_BASE64, NULL},
    {__LINE__, "Zm 9v", ERR_BASE64, NULL},
    {__LINE__, "Zm9\n", ERR_BASE64, NULL},
    {__LINE__, " Zm9", ERR_BASE64, NULL},
    {__LINE__, "Zm9.", ERR_BASE64, NULL},
    {__LINE__, "Zm9\xc3", ERR_BASE64, NULL},
};

static const struct {
    int line;
    const char *text;
    enum err want;
    const char *bytes;
} standard_cases[] = {
    {__LINE__, "", ERR_OK, ""},
    {__LINE__, "Zg==", ERR_OK, "f"},
    {__LINE__, "Zm8=", ERR_OK, "fo"},
    {__LINE__, "Zm9v", ERR_OK, "foo"},
    {__LINE__, "+/+/", ERR_OK, "\xfb\xff\xbf"},
    {__LINE__, "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", ERR_OK, "Aladdin:open sesame"},
    {__LINE__, "Zg", ERR_BASE64, NULL},
    {__LINE__, "Zg=", ERR_BASE64, NULL},
    {__LINE__, "Z===", ERR_BASE64, NULL},
    {__LINE__, "====", ERR_BASE64, NULL},
    {__LINE__, "=", ERR_BASE64, NULL},
    {__LINE__, "Zg=a", ERR_BASE64, NULL},
    {__LINE__, "Zg==Zg==", ERR_BASE64, NULL},
    {__LINE__, "Zh==", ERR_BASE64, NULL},
    {__LINE__, "Zm9=", ERR_BASE64, NULL},
    {__LINE__, "-_-_", ERR_BASE64, NULL},
    {__LINE__, "Zm9v\n", ERR_BASE64, NULL},
};

static void check(int line, enum err e, enum err want, struct slice got, const char *bytes)
{
    if (e != want || (bytes != NULL && !slice_is(got, bytes)))
        fail_msg("line %d: %s", line, err_row(e)->name);
    if (bytes == NULL)
        assert_null(got.p); /* untouched */
    else
        assert_int_equal(got.p[got.n], '\0');
}

static void test_decode(void **state)
{
    (void)state;
    struct arena a;
    assert_true(arena_init(&a, 4096));
    for (size_t i = 0; i < sizeof url_cases / sizeof url_cases[0]; i++) {
        struct slice out = SLICE_NONE;
        enum err e = base64url_decode(slice_of(url_cases[i].text), &a, &out);
        check(url_cases[i].line, e, url_cases[i].want, out, url_cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof standard_cases / sizeof standard_cases[0]; i++) {
        struct slice out = SLICE_NONE;
        enum err e = base64_decode(slice_of(standard_cases[i].text), &a, &out);
        check(standard_cases[i].line, e, standard_cases[i].want, out, standard_cases[i].bytes);
    }
    arena_free(&a);
}

/* Of all texts of two digits one in sixteen is canonical, and each stands for its own byte. */
static void test_canonical(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    bool seen[256] = {false};
    size_t good = 0;
    struct arena a;
    assert_true(arena_init(&a, 64));
    for (size_t i = 0; i < 64; i++) {
        for (size_t k = 0; k < 64; k++) {
            char text[2] = {digits[i], digits[k]};
            struct slice out;
            if (base64url_decode((struct slice){text, 2}, &a, &out) == ERR_OK) {
                assert_int_equal(out.n, 1);
                assert_false(seen[(unsigned char)out.p[0]]);
                seen[(unsigned char)out.p[0]] = true;
                good++;
            }
            arena_reset(&a);
        }
    }
    assert_int_equal(good, 256);
    arena_free(&a);
}

static void test_round_trip(void **state)
{
    (void)state;
    char bytes[256], text[BASE64URL_LENGTH(sizeof bytes) + 1];
    struct arena a;
    assert_true(arena_init(&a, 1024));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(unsigned char)(i * 167 + 13);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct buf b = BUF(text);
        struct slice out;
        base64url_encode((struct slice){bytes, n}, &b);
        assert_false(b.overflowed);
        assert_int_equal(b.n, BASE64URL_LENGTH(n));
        assert_int_equal(base64url_decode(buf_slice(&b), &a, &out), ERR_OK);
        assert_true(slice_eq(out, (struct slice){bytes, n}));
        arena_reset(&a);
    }
    arena_free(&a);
}

/* RFC 4648 section 10, and the two digits that differ from base64url. */
static void test_standard_alphabet(void **state)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "+/8="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[16];
        struct buf b = BUF(text);
        base64_encode(slice_of(rows[i].bytes), &b);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct arena a;
    struct slice out = SLICE_NONE;
    char small[4];
    struct buf b = BUF(small);
    assert_true(arena_init(&a, 16));
    assert_int_equal(base64url_decode(SLICE("AAAAAAAAAAAAAAAAAAAAAAAA"), &a, &out), ERR_TOO_LARGE);
    assert_null(out.p);
    arena_free(&a);
    base64url_encode(SLICE("foo"), &b);
    assert_true(b.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),     cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_standard_alphabet),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
