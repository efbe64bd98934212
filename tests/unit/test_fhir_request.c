#include "fixture.h"

#include "fhir_request.h"

#define THREE_BASES                                                                                \
    "[token-endpoint]\n"                                                                           \
    "issuer = https://hospital.example/auth\n"                                                     \
    "[fhir \"root\"]\nbase = https://hospital.example\n"                                           \
    "[fhir \"main\"]\nbase = https://hospital.example/fhir\n"                                      \
    "[fhir \"deep\"]\nbase = https://hospital.example/fhir/r4\n"

static enum err parse(const struct config *conf, const char *method, struct slice uri,
                      struct fhir_request *out)
{
    struct request rq = {.role = ROLE_AUTHORIZER, .method = slice_of(method), .uri = uri};
    return fhir_request_parse(&rq, conf, out);
}

/* Paths are below "/fhir". */
static const struct {
    int line;
    const char *method, *path;
    enum err why;
    enum interaction interaction;
    const char *type, *id; /* id NULL: none */
} rows[] = {
    {__LINE__, "GET", "/Patient/1", ERR_OK, FHIR_READ, "Patient", "1"},
    {__LINE__, "HEAD", "/Patient/1", ERR_OK, FHIR_READ, "Patient", "1"},
    {__LINE__, "GET", "/Patient/1/", ERR_OK, FHIR_READ, "Patient", "1"},
    {__LINE__, "GET", "/Patient/A-z.09", ERR_OK, FHIR_READ, "Patient", "A-z.09"},
    {__LINE__, "GET", "/Patient/...", ERR_OK, FHIR_READ, "Patient", "..."},
    {__LINE__, "GET", "/Patient/1/_history/2", ERR_OK, FHIR_VREAD, "Patient", "1"},
    {__LINE__, "GET", "/Patient/1/_history", ERR_OK, FHIR_HISTORY_INSTANCE, "Patient", "1"},
    {__LINE__, "GET", "/Patient/_history", ERR_OK, FHIR_HISTORY_TYPE, "Patient", NULL},
    {__LINE__, "GET", "/_history", ERR_OK, FHIR_HISTORY_SYSTEM, "*", NULL},
    {__LINE__, "GET", "/Patient", ERR_OK, FHIR_SEARCH_TYPE, "Patient", NULL},
    {__LINE__, "GET", "/Patient/", ERR_OK, FHIR_SEARCH_TYPE, "Patient", NULL},
    {__LINE__, "GET", "/Patient?name=a", ERR_OK, FHIR_SEARCH_TYPE, "Patient", NULL},
    {__LINE__, "POST", "/Patient/_search", ERR_OK, FHIR_SEARCH_TYPE, "Patient", NULL},
    {__LINE__, "POST", "/_search", ERR_OK, FHIR_SEARCH_SYSTEM, "*", NULL},
    {__LINE__, "GET", "", ERR_OK, FHIR_SEARCH_SYSTEM, "*", NULL},
    {__LINE__, "GET", "/", ERR_OK, FHIR_SEARCH_SYSTEM, "*", NULL},
    {__LINE__, "GET", "?_type=Patient", ERR_OK, FHIR_SEARCH_SYSTEM, "*", NULL},
    {__LINE__, "POST", "/Patient", ERR_OK, FHIR_CREATE, "Patient", NULL},
    {__LINE__, "PUT", "/Patient/1", ERR_OK, FHIR_UPDATE, "Patient", "1"},
    {__LINE__, "PUT", "/Patient?identifier=1", ERR_OK, FHIR_UPDATE, "Patient", NULL},
    {__LINE__, "PATCH", "/Patient/1", ERR_OK, FHIR_PATCH, "Patient", "1"},
    {__LINE__, "PATCH", "/Patient?identifier=1", ERR_OK, FHIR_PATCH, "Patient", NULL},
    {__LINE__, "DELETE", "/Patient/1", ERR_OK, FHIR_DELETE, "Patient", "1"},
    {__LINE__, "DELETE", "/Patient?identifier=1", ERR_OK, FHIR_DELETE, "Patient", NULL},
    {__LINE__, "GET", "/metadata", ERR_OK, FHIR_CAPABILITIES, "*", NULL},
    {__LINE__, "HEAD", "/metadata", ERR_OK, FHIR_CAPABILITIES, "*", NULL},
    {__LINE__, "GET", "/metadata?mode=terminology", ERR_OK, FHIR_CAPABILITIES, "*", NULL},
    {__LINE__, "GET", "/.well-known/smart-configuration", ERR_OK, FHIR_DISCOVERY, "*", NULL},
    {__LINE__, "GET", "/.well-known/udap", ERR_OK, FHIR_DISCOVERY, "*", NULL},

    {__LINE__, "POST", "", ERR_OK, FHIR_BATCH, "*", NULL},
    {__LINE__, "POST", "/", ERR_OK, FHIR_BATCH, "*", NULL},
    {__LINE__, "DELETE", "?identifier=1", ERR_OK, FHIR_DELETE, "*", NULL},
    {__LINE__, "DELETE", "", ERR_METHOD, FHIR_DELETE, "*", NULL},
    {__LINE__, "GET", "/$export", ERR_OK, FHIR_OPERATION, "*", NULL},
    {__LINE__, "POST", "/$graphql", ERR_OK, FHIR_OPERATION, "*", NULL},
    {__LINE__, "GET", "/Patient/$export", ERR_OK, FHIR_OPERATION, "Patient", NULL},
    {__LINE__, "GET", "/Patient/1/$everything", ERR_OK, FHIR_OPERATION, "Patient", "1"},
    {__LINE__, "POST", "/Patient/1/$validate", ERR_OK, FHIR_OPERATION, "Patient", "1"},
    {__LINE__, "GET", "/Patient/1/Observation", ERR_OK, FHIR_SEARCH_COMPARTMENT, "Patient", "1"},
    {__LINE__, "GET", "/Patient/1/*", ERR_OK, FHIR_SEARCH_COMPARTMENT, "Patient", "1"},
    {__LINE__, "POST", "/Patient/1/_search", ERR_OK, FHIR_SEARCH_COMPARTMENT, "Patient", "1"},
    {__LINE__, "POST", "/Patient/1/Observation/_search", ERR_OK, FHIR_SEARCH_COMPARTMENT, "Patient",
     "1"},

    /* operations that nobody knows */
    {__LINE__, "GET", "/Patient/$", ERR_INTERACTION, FHIR_OPERATION, "Patient", NULL},
    {__LINE__, "POST", "/$process-message", ERR_INTERACTION, FHIR_OPERATION, "*", NULL},
    {__LINE__, "GET", "/$everything", ERR_INTERACTION, FHIR_OPERATION, "*", NULL},
    {__LINE__, "GET", "/Observation/$match", ERR_INTERACTION, FHIR_OPERATION, "Observation", NULL},

    /* no FHIR path */
    {__LINE__, "GET", "/patient/1", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/PATIENT", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patients", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patien", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Resource/1", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/a_b", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/a~b", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/a$b", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/_validate", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/_search", ERR_METHOD, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Organization/1/Patient", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/Observation/*", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/Observation/2", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/name", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/_history/2/3", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/_history/_x", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/_history/2/$meta", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/Patient/1/2/3/4/5/6/7", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/metadata/x", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/_search/x", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/_history/1", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/$a/$b", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/.well-known", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/.well-known/other", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/.well-known/Patient/1", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},
    {__LINE__, "GET", "/.Well-Known/udap", ERR_NOT_FHIR, FHIR_NONE, NULL, NULL},

    /* no interaction there */
    {__LINE__, "POST", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "PUT", "/Patient", ERR_METHOD, FHIR_UPDATE, "Patient", NULL},
    {__LINE__, "PUT", "/Patient?", ERR_METHOD, FHIR_UPDATE, "Patient", NULL},
    {__LINE__, "PATCH", "/Patient", ERR_METHOD, FHIR_PATCH, "Patient", NULL},
    {__LINE__, "DELETE", "/Patient", ERR_METHOD, FHIR_DELETE, "Patient", NULL},
    {__LINE__, "DELETE", "/Patient/", ERR_METHOD, FHIR_DELETE, "Patient", NULL},
    {__LINE__, "GET", "/Patient/_search", ERR_METHOD, FHIR_NONE, "Patient", NULL},
    {__LINE__, "GET", "/_search", ERR_METHOD, FHIR_NONE, "*", NULL},
    {__LINE__, "POST", "/metadata", ERR_METHOD, FHIR_NONE, "*", NULL},
    {__LINE__, "POST", "/.well-known/udap", ERR_METHOD, FHIR_NONE, "*", NULL},
    {__LINE__, "DELETE", "/Patient/1/_history", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "DELETE", "/Patient/1/_history/2", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "PUT", "/Patient/1/_history/2", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "PUT", "", ERR_METHOD, FHIR_NONE, "*", NULL},
    {__LINE__, "get", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "Get", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "GET ", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "GETX", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, NULL, "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "TRACE", "/Patient/1", ERR_METHOD, FHIR_NONE, "Patient", "1"},
    {__LINE__, "SEARCH", "/Patient", ERR_METHOD, FHIR_NONE, "Patient", NULL},
    {__LINE__, "QUERY", "/Patient", ERR_METHOD, FHIR_NONE, "Patient", NULL},
    {__LINE__, "OPTIONS", "/Patient", ERR_METHOD, FHIR_NONE, "Patient", NULL},
};

static void method_and_path_make_an_interaction(void **state)
{
    (void)state;
    struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char target[256];
        struct fhir_request f;
        snprintf(target, sizeof target, "/fhir%s", rows[i].path);
        EXACT(uri, slice_of(target));
        check_err(rows[i].line, parse(&conf, rows[i].method, uri, &f), rows[i].why);
        check_true(rows[i].line, f.path.base == &conf.fhir[0], "base");
        check_true(rows[i].line, f.interaction == rows[i].interaction, "interaction");
        if (rows[i].type != NULL) {
            check_slice(rows[i].line, slice_of(fhir_type_name(f.path.type)), rows[i].type);
            check_slice(rows[i].line, f.path.id, rows[i].id);
        }
        bool open = rows[i].why == ERR_OK && (rows[i].interaction == FHIR_CAPABILITIES ||
                                              rows[i].interaction == FHIR_DISCOVERY);
        check_true(rows[i].line, f.open == open, "open");
        check_true(rows[i].line, (f.needs.count > 0) == (rows[i].why == ERR_OK && !open), "needs");
    }
}

/* Whatever two servers could read in two ways; each was seen on a real one. */
static const struct {
    int line;
    const char *target;
    enum err why;
} targets[] = {
    {__LINE__, NULL, ERR_TARGET},
    {__LINE__, "", ERR_TARGET},
    {__LINE__, "*", ERR_TARGET},
    {__LINE__, "?", ERR_TARGET},
    {__LINE__, "fhir/Patient", ERR_TARGET},
    {__LINE__, "?/fhir/Patient", ERR_TARGET},
    {__LINE__, "//fhir/Patient", ERR_TARGET},
    {__LINE__, "/fhir//Patient/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient//1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1//", ERR_TARGET},
    {__LINE__, "/fhir/./Patient/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/.", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1/.", ERR_TARGET},
    {__LINE__, "/fhir/../fhir/Patient", ERR_TARGET},
    {__LINE__, "/fhir/Patient/..", ERR_TARGET},
    {__LINE__, "/fhir/Patient/../", ERR_TARGET},
    {__LINE__, "/fhir/Patient/../Observation/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/%2e%2e/Observation/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/..%2fObservation", ERR_TARGET},
    {__LINE__, "/fhir/Patient%2F1", ERR_TARGET},
    {__LINE__, "/fhir/Patient%2f1", ERR_TARGET},
    {__LINE__, "/fhir/Patient%5c1", ERR_TARGET},
    {__LINE__, "/fhir/Patient\\1", ERR_TARGET},
    {__LINE__, "/fhir/%50atient/1", ERR_TARGET},
    {__LINE__, "/%66hir/Patient/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1%00", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1%0a", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1%20", ERR_TARGET},
    {__LINE__, "/fhir/Patient/%", ERR_TARGET},
    {__LINE__, "/fhir/Patient/%252e%252e", ERR_TARGET},
    {__LINE__, "/fhir/Patient;a=b/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1;", ERR_TARGET},
    {__LINE__, "/fhir/..;/Patient", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1#", ERR_TARGET},
    {__LINE__, "/fhir/Patient#/1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1 ", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1\t", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1\r\n", ERR_TARGET},
    {__LINE__, "/fhir/Patient/\xc3\xa9", ERR_TARGET},
    {__LINE__, "/fhir/Patient/\xe9", ERR_TARGET},
    {__LINE__, "/fhir/Patient/*", ERR_NOT_FHIR},
    {__LINE__, "/fhir/Patient/1*", ERR_TARGET},
    {__LINE__, "/fhir/Patient+1", ERR_TARGET},
    {__LINE__, "/fhir/Patient/a:b", ERR_TARGET},
    {__LINE__, "/fhir/Patient/a@b", ERR_TARGET},
    {__LINE__, "/fhir/Patient/a,b", ERR_TARGET},
    {__LINE__, "/fhir/Patient/(1)", ERR_TARGET},
    {__LINE__, "/fhir/Patient/'1'", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1|2", ERR_TARGET},
    {__LINE__, "/fhir/Patient/1?a=%zz", ERR_QUERY},
    {__LINE__, "/fhir/Patient/1?access_token=a", ERR_TOKEN_IN_QUERY},
    {__LINE__, "/fhir/Patient/1?_method=PUT", ERR_METHOD_OVERRIDE},
    {__LINE__, "/fhir/metadata?access_token=a", ERR_TOKEN_IN_QUERY},
    {__LINE__, "/fhir/metadata?_method=PUT", ERR_METHOD_OVERRIDE},
    {__LINE__, "/", ERR_OUTSIDE_BASE},
    {__LINE__, "/fhi", ERR_OUTSIDE_BASE},
    {__LINE__, "/fhirx/Patient", ERR_OUTSIDE_BASE},
    {__LINE__, "/FHIR/Patient", ERR_OUTSIDE_BASE},
    {__LINE__, "/Patient", ERR_OUTSIDE_BASE},
    {__LINE__, "/metadata", ERR_OUTSIDE_BASE},
    {__LINE__, "/other/fhir/Patient", ERR_OUTSIDE_BASE},

    /* absolute form (RFC 9112 section 3.2.2): Apache hands it over as it came */
    {__LINE__, "http://hospital.example/fhir/Patient/1", ERR_OK},
    {__LINE__, "HTTPS://hospital.example:8443/fhir/Patient/1", ERR_OK},
    {__LINE__, "https://[2001:db8::1]:443/fhir/Patient/1", ERR_OK},
    {__LINE__, "http://hospital.example", ERR_TARGET},
    {__LINE__, "http:///fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://", ERR_TARGET},
    {__LINE__, "http:/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "ftp://hospital.example/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example?a=/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example#/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example;/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example\\/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://a@hospital.example/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example%2ffhir/fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example//fhir/Patient/1", ERR_TARGET},
    {__LINE__, "http://hospital.example/http://x/fhir/Patient/1", ERR_TARGET},
};

static void targets_with_two_readings_are_refused(void **state)
{
    (void)state;
    struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct fhir_request f;
        EXACT(uri, slice_of(targets[i].target));
        check_err(targets[i].line, parse(&conf, "GET", uri, &f), targets[i].why);
        check_true(targets[i].line, f.open == false, "open");
    }
}

/* Where the FHIR server stands at the root, everything is below a base. */
static void an_absolute_target_without_path_is_not_its_query(void **state)
{
    (void)state;
    struct config conf;
    struct fhir_request f;
    config_of("[token-endpoint]\nissuer = https://a.example\n"
              "[fhir \"root\"]\nbase = https://hospital.example\n",
              &conf);
    EXACT(search, SLICE("http://hospital.example?name=/Patient/1"));
    assert_int_equal(parse(&conf, "GET", search, &f), ERR_TARGET);
    EXACT(read, SLICE("http://hospital.example/Patient/1?name=/Observation"));
    assert_int_equal(parse(&conf, "GET", read, &f), ERR_OK);
    assert_int_equal(f.interaction, FHIR_READ);
}

static void every_byte_of_a_path_is_looked_at(void **state)
{
    (void)state;
    struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    for (int c = 0; c < 256; c++) {
        char text[] = {'/', 'f', 'h', 'i', 'r', '/', 'P',     'a',
                       't', 'i', 'e', 'n', 't', '/', (char)c, 'a'};
        struct fhir_request f;
        EXACT(uri, ((struct slice){text, sizeof text}));
        enum err e = parse(&conf, "GET", uri, &f);
        bool id = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '.';
        if (id)
            assert_int_equal(e, ERR_OK);
        else if (c == '?') /* "Patient/?a": a search */
            assert_int_equal(f.interaction, FHIR_SEARCH_TYPE);
        else
            assert_int_not_equal(e, ERR_OK);
    }
}

static void ids_have_at_most_64_characters(void **state)
{
    (void)state;
    struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    for (size_t n = 63; n <= 66; n++) {
        char text[128] = "/fhir/Patient/";
        struct fhir_request f;
        memset(text + 14, '1', n);
        EXACT(uri, ((struct slice){text, 14 + n}));
        assert_int_equal(parse(&conf, "GET", uri, &f), n <= 64 ? ERR_OK : ERR_NOT_FHIR);
    }
}

static void the_longest_base_counts(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *target, *base;
        enum err why;
    } bases[] = {
        {__LINE__, "/Patient", "root", ERR_OK},
        {__LINE__, "/", "root", ERR_OK},
        {__LINE__, "/fhir", "main", ERR_OK},
        {__LINE__, "/fhir/", "main", ERR_OK},
        {__LINE__, "/fhir/Patient", "main", ERR_OK},
        {__LINE__, "/fhir/r4", "deep", ERR_OK},
        {__LINE__, "/fhir/r4/Patient", "deep", ERR_OK},
        {__LINE__, "/fhir/r4x/Patient", "main", ERR_NOT_FHIR},
        {__LINE__, "/fhirx/Patient", "root", ERR_NOT_FHIR},
        {__LINE__, "/fhir/r4/r4/Patient", "deep", ERR_NOT_FHIR},
    };
    struct config conf;
    config_of(THREE_BASES, &conf);
    for (size_t i = 0; i < COUNT(bases); i++) {
        struct fhir_request f;
        EXACT(uri, slice_of(bases[i].target));
        check_err(bases[i].line, parse(&conf, "GET", uri, &f), bases[i].why);
        assert_non_null(f.path.base);
        check_slice(bases[i].line, slice_of(f.path.base->name), bases[i].base);
    }
}

static void interactions_have_their_fhir_names(void **state)
{
    (void)state;
    for (int i = FHIR_NONE; i <= FHIR_DISCOVERY; i++)
        assert_non_null(interaction_name((enum interaction)i));
    assert_string_equal(interaction_name(FHIR_SEARCH_TYPE), "search-type");
    assert_string_equal(interaction_name(FHIR_HISTORY_INSTANCE), "history-instance");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_and_path_make_an_interaction),
        cmocka_unit_test(targets_with_two_readings_are_refused),
        cmocka_unit_test(an_absolute_target_without_path_is_not_its_query),
        cmocka_unit_test(every_byte_of_a_path_is_looked_at),
        cmocka_unit_test(ids_have_at_most_64_characters),
        cmocka_unit_test(the_longest_base_counts),
        cmocka_unit_test(interactions_have_their_fhir_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
