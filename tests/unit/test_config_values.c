#include "config_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

static const struct config_key *find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    fail_msg("[%s] %s", section, name);
    return NULL;
}

/* Read a value of a key as the file's reader does; why is "" when it is taken. */
static enum err read_value(const struct config_key *k, const char *value, struct config *c,
                           char why[1024])
{
    struct buf b = buf_over(why, 1024);
    bool in_fhir = strcmp(k->section, "fhir") == 0;
    void *field = in_fhir ? (char *)&c->fhir[0] + k->offset : (char *)c + k->offset;
    return k->read(k, slice_of(value), field, &b);
}

static unsigned number_of(const struct config_key *k, const struct config *c)
{
    unsigned v;
    memcpy(&v, (const char *)c + k->offset, sizeof v);
    return v;
}

static void test_ranges(void **state)
{
    static const struct {
        int line;
        const char *section, *name, *below, *min, *max, *above;
        unsigned least, most; /* in the field's unit */
    } rows[] = {
        {__LINE__, "server", "threads", "0", "1", "64", "65", 1, 64},
        {__LINE__, "store", "busy_timeout", "99ms", "100ms", "30s", "30001ms", 100, 30000},
        {__LINE__, "token-endpoint", "token_lifetime", "0", "1s", "1h", "3601s", 1, 3600},
        {__LINE__, "token-endpoint", "clock_skew", NULL, "0", "5m", "301s", 0, 300},
        {__LINE__, "token-endpoint", "rotate_every", NULL, "0s", "3650d", "3651d", 0, 315360000},
        {__LINE__, "token-endpoint", "publish_before_use", "0", "1s", "30d", "31d", 1, 2592000},
        {__LINE__, "dpop", "window", "0", "1s", "10m", "601s", 1, 600},
        {__LINE__, "throttle", "failed_logins", NULL, "0", "1000", "1001", 0, 1000},
        {__LINE__, "throttle", "lock_time", "0", "1s", "24h", "25h", 1, 86400},
        {__LINE__, "throttle", "token_requests", NULL, "0", "1000000", "1000001", 0, 1000000},
        {__LINE__, "throttle", "refusals", NULL, "0", "1000000", "1000001", 0, 1000000},
        {__LINE__, "audit", "grants", NULL, "0", "1000000", "1000001", 0, 1000000},
        {__LINE__, "audit", "spool_max", "1023k", "1m", "1024m", "1025m", 1048576, 1073741824},
        {__LINE__, "issuer", "introspection_timeout", "99ms", "100ms", "30s", "31s", 100, 30000},
        {__LINE__, "issuer", "introspection_cache", NULL, "0s", "1h", "61m", 0, 3600},
        {__LINE__, "token-endpoint", "max_body", "1023", "1k", "1m", "1048577", 1024, 1048576},
        {__LINE__, "jwks", "timeout", "99ms", "100ms", "1m", "61s", 100, 60000},
        {__LINE__, "jwks", "max_size", "1023", "1024", "1024k", "2m", 1024, 1048576},
        {__LINE__, "jwks", "cache", NULL, "0s", "1d", "25h", 0, 86400},
        {__LINE__, "jwks", "stale_if_error", NULL, "0s", "7d", "8d", 0, 604800},
        {__LINE__, "issuer", "clock_skew", NULL, "0s", "5m", "6m", 0, 300},
        {__LINE__, "authorizer", "clock_skew", NULL, "0s", "5m", "301s", 0, 300},
        {__LINE__, "authorizer", "token_cache", NULL, "0", "1000000", "1000001", 0, 1000000},
    };
    (void)state;
    size_t ranges = 0;
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        ranges += config_keys[i].min != NULL;
    assert_int_equal(ranges, sizeof rows / sizeof rows[0]);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct config_key *k = find_key(rows[i].section, rows[i].name);
        struct config c = {0};
        char why[1024];
        enum err e = read_value(k, rows[i].min, &c, why);
        if (e != ERR_OK || number_of(k, &c) != rows[i].least)
            fail_msg("line %d: %u %s", rows[i].line, number_of(k, &c), why);
        e = read_value(k, rows[i].max, &c, why);
        if (e != ERR_OK || number_of(k, &c) != rows[i].most)
            fail_msg("line %d: %u %s", rows[i].line, number_of(k, &c), why);
        const char *outside[] = {rows[i].above, rows[i].below};
        for (size_t n = 0; n < 2 && outside[n] != NULL; n++) {
            e = read_value(k, outside[n], &c, why);
            if (e != ERR_CONFIG || strstr(why, "is out of range; give ") == NULL)
                fail_msg("line %d: %s \"%s\"", rows[i].line, outside[n], why);
            assert_int_equal(number_of(k, &c), rows[i].most); /* untouched */
        }
    }
}

static void test_bad_measures(void **state)
{
    static const char *const bad[] = {
        "",    "-1",   "+1", "1.5",        "0x10",       "01",
        "1 ",  " 1",   "s",  "5 s",        "5S",         "5ss",
        "5sm", "five", "5w", "5\xc2\xb5s", "4294967296", "99999999999999999999999s",
    };
    static const struct {
        const char *section, *name, *bad, *why;
    } whys[] = {
        {"server", "threads", "4k", "\"4k\" is not a whole number; give one from 1 to 64"},
        {"store", "busy_timeout", "5",
         "\"5\" is not a duration (a whole number and ms, s, m, h or d); give one from 100ms to "
         "30s"},
        {"token-endpoint", "clock_skew", "1500ms",
         "\"1500ms\" is not a duration in whole seconds (a whole number and s, m, h or d); give "
         "one from 0s to 5m"},
        {"token-endpoint", "max_body", "1g",
         "\"1g\" is not a size (a whole number, k or m behind it); give one from 1k to 1m"},
    };
    struct config c = {0};
    char why[1024];
    (void)state;
    for (size_t k = 0; k < sizeof whys / sizeof whys[0]; k++) {
        const struct config_key *key = find_key(whys[k].section, whys[k].name);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            if (read_value(key, bad[i], &c, why) != ERR_CONFIG || strstr(why, "; give") == NULL)
                fail_msg("%s = \"%s\": %s", key->name, bad[i], why);
        assert_int_equal(read_value(key, whys[k].bad, &c, why), ERR_CONFIG);
        assert_string_equal(why, whys[k].why);
        assert_int_equal(number_of(key, &c), 0);
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *value;
        unsigned seconds;
    } rows[] = {{"90s", 90},   {"5m", 300},    {"1h", 3600}, {"2000ms", 2},
                {"1d", 86400}, {"24h", 86400}, {"0", 0},     {"0ms", 0}};
    const struct config_key *k = find_key("jwks", "cache");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config c = {.jwks_cache_s = 7};
        char why[1024];
        assert_int_equal(read_value(k, rows[i].value, &c, why), ERR_OK);
        assert_int_equal(c.jwks_cache_s, rows[i].seconds);
        assert_string_equal(why, "");
    }
}

/* Values of text: taken when why is NULL, else refused with it. */
static const struct {
    int line;
    const char *section, *name, *value, *why;
} texts[] = {
    {__LINE__, "server", "log", "stderr", NULL},
    {__LINE__, "server", "log", "syslog", NULL},
    {__LINE__, "server", "log", "/var/log/x", NULL},
    {__LINE__, "server", "log", "Stderr", "give stderr, syslog or an absolute path"},
    {__LINE__, "server", "log", "", "give stderr, syslog or an absolute path"},
    {__LINE__, "server", "log", "log/x", "give stderr, syslog or an absolute path"},
    {__LINE__, "server", "log", "/var/log/", "\"/var/log/\" ends with a slash; leave it out"},
    {__LINE__, "store", "path", "/x.db", NULL},
    {__LINE__, "store", "path", "x.db", "\"x.db\" is no absolute path; begin it with /"},
    {__LINE__, "store", "path", "", "\"\" is no absolute path; begin it with /"},
    {__LINE__, "store", "path", "/", "ends with a slash"},
    {__LINE__, "token-endpoint", "keys", "keys", "no absolute path"},
    {__LINE__, "jwks", "ca_file", "", NULL},
    {__LINE__, "jwks", "ca_file", "/etc/ca.pem", NULL},
    {__LINE__, "jwks", "ca_file", "ca.pem", "no absolute path"},
    {__LINE__, "throttle", "exempt", "", NULL},
    {__LINE__, "throttle", "exempt", "127.0.0.1 ::1 2001:db8::1", NULL},
    {__LINE__, "throttle", "exempt", "localhost",
     "\"localhost\" is no IP address; give addresses such as 127.0.0.1 with one blank between"},
    {__LINE__, "throttle", "exempt", "127.0.0.1  ::1", "\"\" is no IP address"},
    {__LINE__, "throttle", "exempt", "10.0.0.0/8", "no IP address"},
    {__LINE__, "audit", "events", "", NULL},
    {__LINE__, "audit", "events", "/var/log/fhir-auth/events.ndjson", NULL},
    {__LINE__, "audit", "events", "https://audit.example.org/fhir", NULL},
    {__LINE__, "audit", "events", "http://127.0.0.1:8080/fhir", NULL},
    {__LINE__, "audit", "events", "http://audit.example.org/fhir", "https"},
    {__LINE__, "audit", "events", "events.ndjson",
     "\"events.ndjson\" is no place for events; give an absolute path, the URL of a FHIR base"},
    {__LINE__, "token-endpoint", "signing_alg", "ES384", NULL},
    {__LINE__, "token-endpoint", "signing_alg", "RS256", NULL},
    {__LINE__, "token-endpoint", "signing_alg", "RS384", NULL},
    {__LINE__, "token-endpoint", "signing_alg", "none",
     "\"none\" is no algorithm to sign with; give ES256, ES384, RS256 or RS384"},
    {__LINE__, "token-endpoint", "signing_alg", "HS256", "no algorithm"},
    {__LINE__, "token-endpoint", "signing_alg", "es256", "no algorithm"},
    {__LINE__, "token-endpoint", "require_https", "yes", NULL},
    {__LINE__, "token-endpoint", "require_https", "no", NULL},
    {__LINE__, "token-endpoint", "require_https", "true",
     "\"true\" is neither yes nor no; give one of them"},
    {__LINE__, "token-endpoint", "require_https", "No", "neither yes nor no"},
    {__LINE__, "token-endpoint", "require_https", "", "neither yes nor no"},
    {__LINE__, "authorizer", "realm", "Hospital 12 de Octubre", NULL},
    {__LINE__, "authorizer", "realm", "", "give printable ASCII without \" and \\"},
    {__LINE__, "authorizer", "realm", "a\"b", "no realm"},
    {__LINE__, "authorizer", "realm", "a\\b", "no realm"},
    {__LINE__, "authorizer", "realm", "a\tb", "no realm"},
    {__LINE__, "authorizer", "realm", "a\xc3\xb1", "no realm"},
    {__LINE__, "fhir", "audience", "urn:fhir:main", NULL},
    {__LINE__, "fhir", "audience", "", "no audience"},
    {__LINE__, "fhir", "audience", "a b", "\"a b\" is no audience; give printable ASCII without"},
    {__LINE__, "fhir", "audience", "\xc3\xb1", "no audience"},
};

static void test_issuer_audience(void **state)
{
    static const struct {
        const char *value, *why; /* NULL: taken */
    } rows[] = {
        {"any", NULL},
        {"https://a.example many anyone", NULL},
        {"any x", "any stands among others; leave it out, or the others"},
        {"x any", "any stands among others"},
        {"any any", "any stands among others"},
        {"x  y", "is no list"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char field[CONFIG_MAX_TEXT] = "", text[1024] = "";
        struct buf why = BUF(text);
        const struct config_key *k = find_key("issuer", "audience");
        enum err e = k->read(k, slice_of(rows[i].value), field, &why);
        bool ok = rows[i].why == NULL ? e == ERR_OK && strcmp(field, rows[i].value) == 0
                                      : e == ERR_CONFIG && strstr(text, rows[i].why) != NULL;
        if (!ok)
            fail_msg("\"%s\": %s", rows[i].value, text);
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config c = {0};
        char why[1024];
        const struct config_key *k = find_key(texts[i].section, texts[i].name);
        enum err e = read_value(k, texts[i].value, &c, why);
        const char *field =
            (const char *)(k->section[0] == 'f' ? (void *)&c.fhir[0] : (void *)&c) + k->offset;
        bool kept = k->read == config_read_yes_no ? c.require_https == (texts[i].value[0] == 'y')
                                                  : strcmp(field, texts[i].value) == 0;
        bool ok = texts[i].why == NULL
                      ? e == ERR_OK && kept && why[0] == '\0'
                      : e == ERR_CONFIG && field[0] == '\0' && strstr(why, texts[i].why) != NULL;
        if (!ok)
            fail_msg("line %d: %s \"%s\"", texts[i].line, err_row(e)->name, why);
    }
}

/* What a base is set to by words: each value of each key, and nothing else. */
static void test_words_of_fhir(void **state)
{
    static const struct {
        int line;
        const char *name, *value;
        struct config_fhir want; /* as it was, when why is not NULL */
        const char *why;
    } rows[] = {
        {__LINE__, "version", "R4", {.version = FHIR_R4}, NULL},
        {__LINE__, "version", "R5", {.version = FHIR_R5}, NULL},
        {__LINE__, "version", "r4", .why = "\"r4\" is neither R5 nor R4; give one of them"},
        {__LINE__, "version", "R4B", .why = "is neither"},
        {__LINE__, "version", "", .why = "is neither"},
        {__LINE__, "preflight", "yes", {.preflight = true}, NULL},
        {__LINE__, "preflight", "no", .why = NULL},
        {__LINE__, "preflight", "on", .why = "is neither yes nor no"},
        {__LINE__, "limits", "backend", {.limits_to_backend = true}, NULL},
        {__LINE__, "limits", "deny", .why = NULL},
        {__LINE__, "limits", "all", .why = "\"all\" is neither backend nor deny"},
        {__LINE__, "limits", "", .why = "is neither"},
        {__LINE__, "bodies", "backend", {.bodies_to_backend = true}, NULL},
        {__LINE__, "bodies", "all", .why = NULL},
        {__LINE__, "bodies", "deny", .why = "\"deny\" is neither backend nor all"},
        {__LINE__, "bodies", "all backend", .why = "is neither"},
        {__LINE__, "dpop", "required", {.dpop_required = true}, NULL},
        {__LINE__, "dpop", "optional", .why = NULL},
        {__LINE__, "dpop", "yes", .why = "\"yes\" is neither required nor optional"},
        {__LINE__, "open", "", .why = NULL},
        {__LINE__, "open", "metadata", {.metadata_open = true}, NULL},
        {__LINE__, "open", "well-known", {.well_known_open = true}, NULL},
        {__LINE__,
         "open",
         "well-known metadata",
         {.metadata_open = true, .well_known_open = true},
         NULL},
        {__LINE__, "open", "metadata Patient",
         .why = "\"Patient\" cannot be open; give metadata, well-known, both with one blank "
                "between, or "
                "nothing"},
        {__LINE__, "open", "metadata  well-known", .why = "\"\" cannot be open"},
        {__LINE__, "open", "Metadata", .why = "\"Metadata\" cannot be open"},
        {__LINE__, "open", "metadata,well-known", .why = "cannot be open"},
        {__LINE__, "open", ".well-known", .why = "cannot be open"},
        {__LINE__, "open", "no", .why = "cannot be open"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config c = {0};
        struct config_fhir *have = &c.fhir[0];
        const struct config_fhir *want = &rows[i].want;
        char why[1024];
        enum err e = read_value(find_key("fhir", rows[i].name), rows[i].value, &c, why);
        bool ok = rows[i].why == NULL ? e == ERR_OK && why[0] == '\0'
                                      : e == ERR_CONFIG && strstr(why, rows[i].why) != NULL;
        if (!ok || have->version != want->version || have->preflight != want->preflight ||
            have->metadata_open != want->metadata_open ||
            have->well_known_open != want->well_known_open ||
            have->limits_to_backend != want->limits_to_backend ||
            have->bodies_to_backend != want->bodies_to_backend ||
            have->dpop_required != want->dpop_required)
            fail_msg("line %d: %s \"%s\"", rows[i].line, err_row(e)->name, why);
    }
}

/* Both words set their field, whatever it was. */
static void test_words_are_taken_back(void **state)
{
    struct config c = {0};
    struct config_fhir *f = &c.fhir[0];
    char why[1024];
    (void)state;
    f->metadata_open = f->well_known_open = f->limits_to_backend = true;
    assert_int_equal(read_value(find_key("fhir", "open"), "x", &c, why), ERR_CONFIG);
    assert_true(f->metadata_open && f->well_known_open); /* untouched */
    assert_int_equal(read_value(find_key("fhir", "open"), "", &c, why), ERR_OK);
    assert_false(f->metadata_open || f->well_known_open);
    assert_int_equal(read_value(find_key("fhir", "limits"), "deny", &c, why), ERR_OK);
    assert_false(f->limits_to_backend);
}

static void test_realm_length(void **state)
{
    char value[129], why[1024];
    const struct config_key *k = find_key("authorizer", "realm");
    struct config c = {0};
    (void)state;
    memset(value, 'r', sizeof value);
    value[127] = '\0';
    assert_int_equal(read_value(k, value, &c, why), ERR_OK);
    assert_int_equal(strlen(c.realm), 127);
    value[127] = 'r';
    value[128] = '\0';
    assert_int_equal(read_value(k, value, &c, why), ERR_CONFIG);
    assert_string_equal(why, "is longer than 127 bytes; shorten it");
    assert_int_equal(strlen(c.realm), 127);
}

static void test_distance(void **state)
{
    static const struct {
        int line;
        const char *a, *b;
        size_t want;
    } rows[] = {
        {__LINE__, "", "", 0},
        {__LINE__, "log", "log", 0},
        {__LINE__, "", "log", 3},
        {__LINE__, "log", "", 3},
        {__LINE__, "threds", "threads", 1},
        {__LINE__, "threaads", "threads", 1},
        {__LINE__, "thraeds", "threads", 2},
        {__LINE__, "kitten", "sitting", 3},
        {__LINE__, "1234567890123456789012345678901234567890", "", 40},
        {__LINE__, "12345678901234567890123456789012345678901", "", SIZE_MAX},
        {__LINE__, "", "12345678901234567890123456789012345678901", SIZE_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t have = config_distance(slice_of(rows[i].a), slice_of(rows[i].b));
        if (have != rows[i].want)
            fail_msg("line %d: %zu", rows[i].line, have);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_fhir),   cmocka_unit_test(test_words_are_taken_back),
        cmocka_unit_test(test_ranges),          cmocka_unit_test(test_bad_measures),
        cmocka_unit_test(test_durations),       cmocka_unit_test(test_texts),
        cmocka_unit_test(test_issuer_audience), cmocka_unit_test(test_realm_length),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests_name("config_values", tests, NULL, NULL);
}
