#include "fixture.h"

#include "url.h"

static const struct {
    int line;
    const char *a, *b;
    bool same;
} rows[] = {
    {__LINE__, "https://h.example/p", "https://h.example/p", true},
    {__LINE__, "https://h.example/p", "HTTPS://H.Example/p", true},
    {__LINE__, "https://h.example/p", "https://h.example/P", false},
    {__LINE__, "https://h.example/p", "http://h.example/p", false},
    {__LINE__, "https://h.example/p", "https://h.example:443/p", true},
    {__LINE__, "https://h.example/p", "https://h.example:/p", true},
    {__LINE__, "https://h.example/p", "https://h.example:80/p", false},
    {__LINE__, "https://h.example/p", "https://h.example:0443/p", false},
    {__LINE__, "https://h.example/p", "https://h.example:8443/p", false},
    {__LINE__, "https://h.example:8443/p", "https://h.example:8443/p", true},
    {__LINE__, "http://h.example/p", "http://h.example:80/p", true},
    {__LINE__, "https://[::1]/p", "https://[::1]:443/p", true},
    {__LINE__, "https://[::1]:1/p", "https://[::1]/p", false},
    {__LINE__, "https://[fe80::A]/p", "https://[FE80::a]/p", true},
    /* path */
    {__LINE__, "https://h.example", "https://h.example/", true},
    {__LINE__, "https://h.example", "https://h.example//", false},
    {__LINE__, "https://h.example/p", "https://h.example/p/", false},
    {__LINE__, "https://h.example/p", "https://h.example/%70", true},
    {__LINE__, "https://h.example/~", "https://h.example/%7e", true},
    {__LINE__, "https://h.example/%c3%a9", "https://h.example/%C3%A9", true},
    {__LINE__, "https://h.example/a/b", "https://h.example/a%2Fb", false},
    {__LINE__, "https://h.example/a%2fb", "https://h.example/a%2Fb", true},
    {__LINE__, "https://h.example/$x", "https://h.example/%24x", false},
    {__LINE__, "https://h.example/a%3Fb", "https://h.example/a?b", false},
    {__LINE__, "https://h.example/%", "https://h.example/%", false},
    {__LINE__, "https://h.example/%4", "https://h.example/%4", false},
    {__LINE__, "https://h.example/%zz", "https://h.example/%zz", false},
    {__LINE__, "https://h.example/a", "https://h.example/b/../a", false},
    /* query and fragment */
    {__LINE__, "https://h.example/p", "https://h.example/p?q=%zz", true},
    {__LINE__, "https://h.example/p#f", "https://h.example/p?q#g", true},
    {__LINE__, "https://h.example?q", "https://h.example/", true},
    /* no URL of a request */
    {__LINE__, "https://u@h.example/p", "https://u@h.example/p", false},
    {__LINE__, "https://h.example@e.example/p", "https://h.example/p", false},
    {__LINE__, "https:///p", "https:///p", false},
    {__LINE__, "https://:443/p", "https://:443/p", false},
    {__LINE__, "https://", "https://", false},
    {__LINE__, "https:/h.example/p", "https:/h.example/p", false},
    {__LINE__, "ftp://h.example/p", "ftp://h.example/p", false},
    {__LINE__, "/p", "/p", false},
    {__LINE__, "", "", false},
    {__LINE__, "https://h.example/\xc3\xa9", "https://h.example/\xc3\xa9", false},
    {__LINE__, "https://h.example/a\n", "https://h.example/a\n", false},
    {__LINE__, "https://h.example\\@e/p", "https://h.example/p", false},
    {__LINE__, "https://h.example.evil/p", "https://h.example/p", false},
    {__LINE__, "https://[::1/p", "https://[::1]/p", false},
};

static void same_is_what_rfc_3986_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(a, slice_of(rows[i].a));
        EXACT(b, slice_of(rows[i].b));
        check_true(rows[i].line, url_same(a, b) == rows[i].same, "a, b");
        check_true(rows[i].line, url_same(b, a) == rows[i].same, "b, a");
    }
    assert_false(url_same(SLICE_NONE, SLICE_NONE));
    assert_false(url_same(SLICE("https://h/a\0b"), SLICE("https://h/a\0b")));
}

static void path_is_what_follows_the_authority(void **state)
{
    static const char *const paths[][2] = {
        {"https://h.example", ""},
        {"https://h.example/", "/"},
        {"https://h.example/a", "/a"},
        {"https://h.example:8443/a/b", "/a/b"},
        {"http://[::1]:80/a//b", "/a//b"},
        {"https:", ""},
        {"h.example", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        EXACT(url, slice_of(paths[i][0]));
        assert_true(slice_is(url_path(url), paths[i][1]));
    }
    assert_int_equal(url_path(SLICE_NONE).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_is_what_rfc_3986_says),
                                       cmocka_unit_test(path_is_what_follows_the_authority)};
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
