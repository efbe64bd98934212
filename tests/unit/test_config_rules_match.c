/* Which rule counts for a request. */
#include "fixture.h"

#include "config_rules.h"

/* Rules of "PATTERN = VERDICT" lines; the number of one is its line, from 1. */
struct rules {
    size_t count;
    struct config_rule list[8];
};

static struct rules rules_of(int line, const char *const lines[8])
{
    struct rules all = {0};
    for (; all.count < 8 && lines[all.count] != NULL; all.count++) {
        struct slice whole = slice_of(lines[all.count]);
        size_t n = whole.n;
        while (n > 0 && whole.p[n - 1] != ' ')
            n--;
        char text[512];
        struct buf why = BUF(text);
        struct config_rule *r = &all.list[all.count];
        if (config_rule_parse((struct slice){whole.p, n - 1}, slice_skip(whole, n), r, &why) !=
            ERR_OK)
            fail_msg("line %d: %s", line, text);
        r->line = (int)all.count + 1;
    }
    return all;
}

static void check_match(int line, const struct config_rule *have, int want)
{
    if ((have != NULL ? have->line : 0) != want)
        fail_msg("line %d: rule %d rather than %d", line, have != NULL ? have->line : 0, want);
}

static const struct path_row {
    int line;
    const char *rules[8], *method, *path, *query;
    int want;
} paths[] = {
    {__LINE__, {"/files/* open"}, "GET", "/files/a", NULL, 1},
    {__LINE__, {"/files/* open"}, "HEAD", "/files/a", NULL, 1},
    {__LINE__, {"/files/* open"}, "GET", "/files/a/b", "x=y", 1},
    {__LINE__, {"/files/* open"}, "GET", "/files/a/", NULL, 1},
    {__LINE__, {"/files/* open"}, "GET", "/files", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/files/", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/filesx", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/filesx/a", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/Files/a", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/x/files/a", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "", NULL, 0},
    {__LINE__, {"/files/* open"}, "GET", "/", NULL, 0},
    {__LINE__, {"/files/* open"}, "POST", "/files/a", NULL, 0},
    {__LINE__, {"/files/* open"}, "OPTIONS", "/files/a", NULL, 0},
    {__LINE__, {"/files/* open"}, "get", "/files/a", NULL, 0},
    {__LINE__, {"/files/* deny"}, "TRACE", "/files/a", NULL, 0},
    {__LINE__, {"/files open"}, "GET", "/files", NULL, 1},
    {__LINE__, {"/files open"}, "GET", "/files/", NULL, 1},
    {__LINE__, {"/files open"}, "GET", "/files/a", NULL, 0},
    {__LINE__, {"/files open"}, "GET", "/file", NULL, 0},
    {__LINE__, {"/files open"}, "GET", "/filess", NULL, 0},
    {__LINE__, {"DELETE,PUT /a token"}, "DELETE", "/a", NULL, 1},
    {__LINE__, {"DELETE,PUT /a token"}, "PUT", "/a", NULL, 1},
    {__LINE__, {"DELETE,PUT /a token"}, "PATCH", "/a", NULL, 0},
    {__LINE__, {"DELETE,PUT /a token"}, "GET", "/a", NULL, 0},
    {__LINE__, {"/Patient/* deny"}, "PUT", "/Patient/1", NULL, 1},
    {__LINE__, {"/Patient/* deny"}, "POST", "/Patient/_search", NULL, 1},
    {__LINE__, {"/Patient/* deny"}, "POST", "/Patient", NULL, 0},
    /* the base itself */
    {__LINE__, {"POST / deny"}, "POST", "", NULL, 1},
    {__LINE__, {"POST / deny"}, "POST", "/", NULL, 1},
    {__LINE__, {"POST / deny"}, "POST", "/a", NULL, 0},
    {__LINE__, {"POST / deny"}, "GET", "", NULL, 0},
    {__LINE__, {"/* deny"}, "GET", "/a", NULL, 1},
    {__LINE__, {"/* deny"}, "DELETE", "/a/b/c", NULL, 1},
    {__LINE__, {"/* deny"}, "GET", "", NULL, 0},
    {__LINE__, {"/* deny"}, "GET", "/", NULL, 0},
    /* the first counts */
    {__LINE__, {"/a/b open", "/a/* deny"}, "GET", "/a/b", NULL, 1},
    {__LINE__, {"/a/b open", "/a/* deny"}, "GET", "/a/b/c", NULL, 2},
    {__LINE__, {"/a/b open", "/a/* deny"}, "POST", "/a/b", NULL, 2},
    {__LINE__, {"/a/* deny", "/a/b open"}, "GET", "/a/b", NULL, 1},
    {__LINE__, {"$a deny", "GET /$a token"}, "GET", "/$a", NULL, 2},
    {__LINE__, {NULL}, "GET", "/a", NULL, 0},
};

static const struct path_row parameters[] = {
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "HEAD", "/", "_getpages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages=", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "a=b&_getpages=1&c", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "a=b;_getpages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "&;&_getpages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "%5fget%70ages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "%5F%67%65%74%70%61%67%65%73", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "x=%zz&_getpages=1", 1},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "%255fgetpages=1", 0}, /* once only */
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "%5_getpages=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages%=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages%00=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages%3D1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages%26=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages+=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpages:x=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_GETPAGES=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "_getpagesoffset=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "a=_getpages", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "a=b?_getpages", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", "", 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "", NULL, 0},
    {__LINE__, {"GET /?_getpages token"}, "GET", "/Patient", "_getpages=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "POST", "", "_getpages=1", 0},
    {__LINE__, {"GET /?_getpages token"}, "DELETE", "", "_getpages=1", 0},
    {__LINE__, {"/?a deny", "/?b token"}, "GET", "", "b=1&a=2", 1},
    {__LINE__, {"/?a deny", "/?b token"}, "GET", "", "b=1", 2},
};

static void check_paths(const struct path_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rules all = rules_of(rows[i].line, rows[i].rules);
        EXACT(path, slice_of(rows[i].path));
        EXACT(query, slice_of(rows[i].query));
        check_match(rows[i].line,
                    config_rule_for_path(all.list, all.count,
                                         http_method_bit(slice_of(rows[i].method)), path, query),
                    rows[i].want);
    }
}

static void paths_are_matched(void **state)
{
    (void)state;
    check_paths(paths, COUNT(paths));
}

static void parameters_are_matched(void **state)
{
    (void)state;
    check_paths(parameters, COUNT(parameters));
}

/* The longest name is found however it is written; a longer one is not, and nothing overflows. */
static void long_names_are_matched(void **state)
{
    enum { MOST = CONFIG_MAX_PATTERN - 1 };
    char line[CONFIG_MAX_PATTERN + 16] = "/?", query[4 * CONFIG_MAX_PATTERN];
    (void)state;
    memset(line + 2, 'a', MOST);
    snprintf(line + 2 + MOST, sizeof line - 2 - MOST, " token");
    struct rules all = rules_of(__LINE__, (const char *const[8]){line});
    for (size_t i = 0; i <= MOST; i++)
        snprintf(query + 3 * i, 4, "%%61");
    for (size_t bytes = 3 * MOST - 3; bytes <= 3 * MOST + 3; bytes += 3) {
        EXACT(sent, ((struct slice){query, bytes}));
        check_match(__LINE__, config_rule_for_path(all.list, all.count, HTTP_GET, SLICE(""), sent),
                    bytes == 3 * MOST);
    }
    char huge[4096];
    memset(huge, 'a', sizeof huge);
    EXACT(sent, ((struct slice){huge, sizeof huge}));
    check_match(__LINE__, config_rule_for_path(all.list, all.count, HTTP_GET, SLICE(""), sent), 0);
}

static void operations_are_matched(void **state)
{
    static const char *const lines[8] = {
        "Patient/$a system/Patient.r", "$a token", "Patient/$b open", "Group/$a deny", "/$c token",
    };
    static const struct {
        int line;
        const char *method, *type, *name;
        int want;
    } rows[] = {
        {__LINE__, "GET", "Patient", "$a", 1},     {__LINE__, "POST", "Patient", "$a", 1},
        {__LINE__, "HEAD", "Patient", "$a", 1},    {__LINE__, "PUT", "Patient", "$a", 0},
        {__LINE__, "DELETE", "Patient", "$a", 0},  {__LINE__, "OPTIONS", "Patient", "$a", 0},
        {__LINE__, "GET", "Observation", "$a", 2}, {__LINE__, "GET", NULL, "$a", 2},
        {__LINE__, "GET", "Group", "$a", 2},       {__LINE__, "GET", "Patient", "$b", 3},
        {__LINE__, "GET", NULL, "$b", 0},          {__LINE__, "GET", "Group", "$b", 0},
        {__LINE__, "GET", NULL, "$c", 0},          {__LINE__, "GET", NULL, "$A", 0},
        {__LINE__, "GET", NULL, "a", 0},           {__LINE__, "GET", NULL, "$aa", 0},
        {__LINE__, "GET", NULL, "$", 0},           {__LINE__, "GET", NULL, "", 0},
    };
    (void)state;
    struct rules all = rules_of(__LINE__, lines);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int type = rows[i].type != NULL ? fhir_type_find(slice_of(rows[i].type)) : FHIR_TYPE_ANY;
        EXACT(name, slice_of(rows[i].name));
        check_match(rows[i].line,
                    config_rule_for_operation(
                        all.list, all.count, http_method_bit(slice_of(rows[i].method)), type, name),
                    rows[i].want);
    }
    check_match(__LINE__, config_rule_for_operation(NULL, 0, HTTP_GET, 0, SLICE("$a")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_matched),
        cmocka_unit_test(parameters_are_matched),
        cmocka_unit_test(long_names_are_matched),
        cmocka_unit_test(operations_are_matched),
    };
    return cmocka_run_group_tests_name("config_rules_match", tests, NULL, NULL);
}
