#include "fixture.h"

#include "jwt_scope.h"

#define MAP                                                                                        \
    "[issuer \"x\"]\nissuer = https://x.example\nkeys = store\n"                                   \
    "[scope-map \"x\"]\n"                                                                          \
    "read = system/*.rs\n"                                                                         \
    "lab = system/Observation.rs system/DiagnosticReport.rs\n"                                     \
    "Patient Reader = system/Patient.rs\n"                                                         \
    "m\303\251dico = system/*.cruds\n"

static enum err scope_of(const char *claims, const char *payload, bool mapped, struct arena *a,
                         struct slice *out)
{
    static struct config conf;
    config_of(CONFIG_ONE_BASE MAP, &conf);
    EXACT(text, slice_of(payload));
    return jwt_scope(text, claims, mapped ? conf.issuers[0].scope_map : NULL, a, out);
}

static const struct {
    int line;
    const char *claims, *payload;
    enum err why;
    const char *want; /* without a map */
} rows[] = {
    /* one string */
    {__LINE__, "scope", "{\"scope\":\"a\"}", ERR_OK, "a"},
    {__LINE__, "scope", "{\"scope\":\"a b\"}", ERR_OK, "a b"},
    {__LINE__, "scope", "{\"scope\":\"  a   b  \"}", ERR_OK, "a b"},
    {__LINE__, "scope", "{\"scope\":\"\"}", ERR_OK, ""},
    {__LINE__, "scope", "{\"scope\":\" \"}", ERR_OK, ""},
    {__LINE__, "scope", "{}", ERR_OK, ""},
    {__LINE__, "scope", "{\"Scope\":\"a\",\"scp\":\"b\"}", ERR_OK, ""},
    {__LINE__, "scope", "{\"scope\":\"a\\tb\"}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":\"a\\nb\"}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":\"a \\\"b\"}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":\"a\\\\b\"}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":\"m\303\251dico\"}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":\"a\\u0000b\"}", ERR_JSON, NULL},
    /* an array: each element is one name, and what cannot be a scope grants nothing */
    {__LINE__, "scp", "{\"scp\":[\"a\",\"b\"]}", ERR_OK, "a b"},
    {__LINE__, "scp", "{\"scp\":[]}", ERR_OK, ""},
    {__LINE__, "scp", "{\"scp\":[\"\"]}", ERR_OK, ""},
    {__LINE__, "scp", "{\"scp\":[\"a\",\"\",\"b\"]}", ERR_OK, "a b"},
    {__LINE__, "scp", "{\"scp\":[\"x system/*.cruds\",\"b\"]}", ERR_OK, "b"},
    {__LINE__, "scp", "{\"scp\":[\"m\303\251dico\",\"a\\\"b\",\"a\\nb\",\"b\"]}", ERR_OK, "b"},
    {__LINE__, "scp", "{\"scp\":[\"a\",1]}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scp", "{\"scp\":[\"a\",null]}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scp", "{\"scp\":[[\"a\"]]}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scp", "{\"scp\":[{\"a\":\"b\"}]}", ERR_JWT_CLAIM, NULL},
    /* another type */
    {__LINE__, "scope", "{\"scope\":null}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":1}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":true}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope", "{\"scope\":{\"a\":\"b\"}}", ERR_JWT_CLAIM, NULL},
    /* nested */
    {__LINE__, "realm_access.roles", "{\"realm_access\":{\"roles\":[\"a\",\"b\"]}}", ERR_OK, "a b"},
    {__LINE__, "a.b.c", "{\"a\":{\"b\":{\"c\":\"x y\"}}}", ERR_OK, "x y"},
    {__LINE__, "a.b.c", "{\"a\":{\"b\":\"x\"}}", ERR_OK, ""},
    {__LINE__, "a.b.c", "{\"a\":[{\"b\":{\"c\":\"x\"}}]}", ERR_OK, ""},
    {__LINE__, "a.b", "{\"a.b\":\"x\"}", ERR_OK, ""},
    {__LINE__, "a.b", "{\"a\":null}", ERR_OK, ""},
    {__LINE__, "a.b", "{\"a\":{\"b\":7}}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "a..b", "{\"a\":{\"\":{\"b\":\"x\"}}}", ERR_OK, "x"},
    {__LINE__, "a.", "{\"a\":\"x\"}", ERR_OK, ""},
    /* several claims */
    {__LINE__, "scope scp", "{\"scope\":\"a\",\"scp\":[\"b\"]}", ERR_OK, "a b"},
    {__LINE__, "scope scp", "{\"scp\":[\"b\"]}", ERR_OK, "b"},
    {__LINE__, "scope scp", "{\"scope\":\"a\",\"scp\":2}", ERR_JWT_CLAIM, NULL},
    {__LINE__, "scope scope", "{\"scope\":\"a\"}", ERR_OK, "a a"},
    {__LINE__, "scope", "{\"scope\":\"read lab\"}", ERR_OK, "read lab"},
    /* no claim set */
    {__LINE__, "scope", "[\"a\"]", ERR_OK, ""},
    {__LINE__, "scope", "\"a\"", ERR_OK, ""},
    {__LINE__, "scope", "", ERR_JSON, NULL},
    {__LINE__, "scope", "{\"scope\":\"a\"", ERR_JSON, NULL},
    {__LINE__, "scope", "{\"scope\":\"a\",\"scope\":\"b\"}", ERR_JSON, NULL},
};

static void scopes_are_gathered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 16384);
        struct slice out = SLICE("untouched");
        check_err(rows[i].line, scope_of(rows[i].claims, rows[i].payload, false, &a, &out),
                  rows[i].why);
        check_slice(rows[i].line, out, rows[i].want != NULL ? rows[i].want : "untouched");
    }
}

static const struct {
    int line;
    const char *payload, *want;
} mapped[] = {
    {__LINE__, "{\"s\":\"read\"}", "system/*.rs"},
    {__LINE__, "{\"s\":[\"lab\"]}", "system/Observation.rs system/DiagnosticReport.rs"},
    {__LINE__, "{\"s\":\"read lab other\"}",
     "system/*.rs system/Observation.rs system/DiagnosticReport.rs other"},
    /* to the letter and whole */
    {__LINE__, "{\"s\":\"Read rea readx re\"}", "Read rea readx re"},
    {__LINE__, "{\"s\":[\"Read\",\"read \"]}", "Read"},
    /* names that are no words of RFC 6749 can be mapped where they stand alone */
    {__LINE__, "{\"s\":[\"Patient Reader\"]}", "system/Patient.rs"},
    {__LINE__, "{\"s\":[\"m\303\251dico\"]}", "system/*.cruds"},
    {__LINE__, "{\"s\":\"Patient Reader\"}", "Patient Reader"},
    {__LINE__, "{\"s\":\"m\303\251dico\"}", "system/*.cruds"},
    /* what the map yields is not mapped again, and our own scopes stand as they are */
    {__LINE__, "{\"s\":\"system/Patient.r\"}", "system/Patient.r"},
};

static void names_are_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mapped); i++) {
        ARENA(a, 16384);
        struct slice out = SLICE_NONE;
        check_err(mapped[i].line, scope_of("s", mapped[i].payload, true, &a, &out), ERR_OK);
        check_slice(mapped[i].line, out, mapped[i].want);
    }
}

/* n times the word, as a string or as an array. */
static enum err many(const char *word, size_t n, bool array, bool map, struct slice *out)
{
    static char text[65536];
    struct buf b = BUF(text);
    ARENA(a, 16384);
    buf_puts(&b, array ? "{\"s\":[" : "{\"s\":\"");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, array ? "%s\"%s\"" : "%s%s", i == 0 ? "" : array ? "," : " ", word);
    buf_puts(&b, array ? "]}" : "\"}");
    assert_false(b.overflowed);
    enum err e = scope_of("s", text, map, &a, out);
    if (e == ERR_OK)
        assert_true(out->n <= JWT_MAX_SCOPE);
    return e;
}

static void the_list_has_a_bound(void **state)
{
    (void)state;
    struct slice out = SLICE_NONE;
    assert_int_equal(many("x", (JWT_MAX_SCOPE + 1) / 2, false, false, &out), ERR_OK);
    assert_int_equal(out.n, JWT_MAX_SCOPE - 1);
    assert_int_equal(many("x", JWT_MAX_SCOPE / 2 + 1, false, false, &out), ERR_JWT_CLAIM);
    assert_int_equal(many("0123456789abcdef", 400, true, false, &out), ERR_OK);
    assert_int_equal(many("0123456789abcdef", 420, true, false, &out), ERR_JWT_CLAIM);
    /* What the map makes of a short list counts. */
    assert_int_equal(many("lab", 100, true, true, &out), ERR_OK);
    assert_int_equal(many("lab", 200, true, true, &out), ERR_JWT_CLAIM);
    assert_int_equal(many("x", 513, true, false, &out), ERR_JSON); /* JSON_MAX_MEMBERS */
}

static void memory_has_a_bound(void **state)
{
    (void)state;
    ARENA(a, JWT_MAX_SCOPE);
    struct slice out = SLICE("untouched");
    assert_int_equal(scope_of("scope", "{\"scope\":\"a\"}", false, &a, &out), ERR_TOO_LARGE);
    check_slice(__LINE__, out, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_are_gathered),
        cmocka_unit_test(names_are_mapped),
        cmocka_unit_test(the_list_has_a_bound),
        cmocka_unit_test(memory_has_a_bound),
    };
    return cmocka_run_group_tests_name("jwt_scope", tests, NULL, NULL);
}
