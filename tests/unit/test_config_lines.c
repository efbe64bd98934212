#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* The least that is taken: lines 1 to 4. */
#define LEAST                                                                                      \
    "[token-endpoint]\n"                                                                           \
    "issuer = https://a.example/oauth\n"                                                           \
    "[fhir \"main\"]\n"                                                                            \
    "base = https://a.example/fhir\n"

#define TEN  "1234567890"
#define WIDE TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN /* 100 bytes */

struct row {
    int line;
    struct slice text;
    const char *faults;
};
#define ROW(text, faults)                                                                          \
    {                                                                                              \
        __LINE__, {"" text, sizeof(text) - 1}, faults                                              \
    }

static enum err parse(struct slice text, struct config *c, char *faults, size_t cap)
{
    struct buf b = buf_over(faults, cap);
    return config_parse(text, "f", c, &b);
}

static void check(const struct row *rows, size_t count)
{
    static struct config c;
    for (size_t i = 0; i < count; i++) {
        char faults[4096];
        enum err e = parse(rows[i].text, &c, faults, sizeof faults);
        if (e != (rows[i].faults[0] != '\0' ? ERR_CONFIG : ERR_OK) ||
            strcmp(faults, rows[i].faults) != 0)
            fail_msg("line %d: %s\n%s", rows[i].line, err_row(e)->name, faults);
    }
}
#define CHECK(rows) check((rows), sizeof(rows) / sizeof(rows)[0])

static void test_taken(void **state)
{
    static const struct row rows[] = {
        ROW(LEAST, ""),
        ROW("\xef\xbb\xbf" LEAST, ""), /* a byte order mark */
        ROW("# comment\n; comment\n  # indented comment\n\n \t\n" LEAST, ""),
        ROW("# " WIDE WIDE " is long\n" LEAST, ""),
        ROW(LEAST "[server]\r\nthreads = 8\r\n\r\n", ""),
        ROW(LEAST "[server]\nthreads = 8", ""), /* no newline at the end */
        ROW(LEAST "[server] ; comment\nthreads=8 ; comment\nlog\t=\tsyslog\t; c\n", ""),
        ROW(LEAST "[server] # comment\n[store]\n", ""),
        ROW(LEAST "[fhir \"A-b_9\"]\nbase = https://a.example/fhir/sub\n", ""),
        ROW(LEAST "[fhir \"" TEN TEN TEN TEN "\"]\nbase = https://a.example\n", ""),
        ROW(LEAST "[authorizer]\nrealm = " WIDE "123456789 123456789\n", ""),
    };
    (void)state;
    CHECK(rows);
}

static void test_lines(void **state)
{
    static const struct row rows[] = {
        ROW(LEAST "[server]\nthreads 8\nlog = syslog\n",
            "f:6: is neither [section] nor key = value; mend it\n"),
        ROW(LEAST "[server]\nthreads", "f:6: is neither [section] nor key = value; mend it\n"),
        ROW(LEAST "[server]\n threads = 8\n",
            "f:6: begins with a blank; begin each line at the margin, and keep a value on one "
            "line\n"),
        ROW(LEAST "[server]\nlog = stderr\n\tsyslog\n",
            "f:7: begins with a blank; begin each line at the margin, and keep a value on one "
            "line\n"),
        ROW(LEAST " [server]\n",
            "f:5: begins with a blank; begin each line at the margin, and keep a value on one "
            "line\n"),
        ROW(LEAST "[server]\nlog = /a\0b\n",
            "f:6: holds a NUL or another control character; remove it\n"),
        ROW(LEAST "# a\0b\n", "f:5: holds a NUL or another control character; remove it\n"),
        ROW(LEAST "[server]\nlog = /a\x1b[2J\n",
            "f:6: holds a NUL or another control character; remove it\n"),
        ROW(LEAST "[server]\rthreads = 8\n",
            "f:5: holds a NUL or another control character; remove it\n"),
        ROW(LEAST "[server]\nlog = /a\xf1o\n",
            "f:6: is not UTF-8; save the file in that encoding\n"),
        ROW(LEAST "# a\xf1o\n", "f:5: is not UTF-8; save the file in that encoding\n"),
        ROW(LEAST "[server]\nlog = /" WIDE TEN TEN TEN TEN TEN TEN TEN TEN TEN "12\n", ""),
        ROW(LEAST "[server]\nlog = /" WIDE TEN TEN TEN TEN TEN TEN TEN TEN TEN "123\n",
            "f:6: is too long; a line has at most 199 bytes\n"),
        ROW(LEAST "[server]\nthreads: 8\n", "f:6: has a colon behind the key; write key = value\n"),
        ROW(LEAST "[server]\nthreads ; = 8\n",
            "f:6: is neither [section] nor key = value; mend it\n"),
        ROW("threads = 8\n" LEAST, "f:1: threads: stands before the first [section]; move it\n"),
    };
    (void)state;
    CHECK(rows);
}

static void test_headings(void **state)
{
    static const struct row rows[] = {
        ROW(LEAST "[sever]\nthreads = x\n", "f:5: [sever] is no section; did you mean [server]?\n"),
        ROW(LEAST "[token_endpoint]\n",
            "f:5: [token_endpoint] is no section; did you mean [token-endpoint]?\n"),
        ROW(LEAST "[Server]\n", "f:5: [Server] is no section; did you mean [server]?\n"),
        ROW(LEAST "[proxy]\n", "f:5: [proxy] is no section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[]\n", "f:5: [] is no section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[" TEN TEN TEN TEN TEN TEN "]\nx = y\n",
            "f:5: [" TEN TEN TEN TEN TEN TEN "] is no section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[server\nthreads = 8\n",
            "f:5: is no heading; write [section] alone in its line\n"),
        ROW(LEAST "[server] threads = 8\n",
            "f:5: is no heading; write [section] alone in its line\n"),
        ROW(LEAST "[server]\n[store]\n[server]\nthreads = 0\n",
            "f:7: [server] was begun in line 5; put all its keys there\n"
            "f:8: [server] threads: \"0\" is out of range; give 1 to 64\n"),
        ROW(LEAST "[token-endpoint]\nissuer = https://b.example\n",
            "f:5: [token-endpoint] was begun in line 1; put all its keys there\n"
            "f:6: [token-endpoint] issuer: was set in line 2; leave one out\n"),
    };
    (void)state;
    CHECK(rows);
}

static void test_keys(void **state)
{
    static const struct row rows[] = {
        ROW(LEAST "[server]\nthraeds = 8\n",
            "f:6: [server] thraeds: is no key; did you mean threads?\n"),
        ROW(LEAST "[server]\nThreads = 8\n",
            "f:6: [server] Threads: is no key; did you mean threads?\n"),
        ROW(LEAST "[server]\npath = /x\n",
            "f:6: [server] path: is no key of this section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[server]\nlof = x\n", "f:6: [server] lof: is no key; did you mean log?\n"),
        ROW(LEAST "[server]\nlaf = x\n",
            "f:6: [server] laf: is no key of this section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[server]\n= 8\n",
            "f:6: [server] : is no key of this section; see fhir-auth.conf(5)\n"),
        ROW(LEAST "[server]\nthreads = 8\nthreads = 8\n",
            "f:7: [server] threads: was set in line 6; leave one out\n"),
        ROW(LEAST "[server]\nthreads = x\nthreads = 8\n",
            "f:6: [server] threads: \"x\" is not a whole number; give one from 1 to 64\n"
            "f:7: [server] threads: was set in line 6; leave one out\n"),
        ROW(LEAST "[server]\nthreads =\n",
            "f:6: [server] threads: \"\" is not a whole number; give one from 1 to 64\n"),
        ROW(LEAST "[server]\nthreads = ; 8\n",
            "f:6: [server] threads: \"\" is not a whole number; give one from 1 to 64\n"),
        ROW("[fhir \"m\"]\nbase = https://a.example/f\n",
            "f: [token-endpoint] issuer: is missing; add it\n"),
        ROW("[fhir \"m\"]\nbase = https://a.example/f\n[token-endpoint]\nkeys = /k\n",
            "f:3: [token-endpoint] issuer: is missing; add it\n"),
        ROW("[token-endpoint]\nissuer = https://A\n[fhir \"m\"]\nbase = https://a.example/f\n",
            "f:2: [token-endpoint] issuer: \"https://A\" has no valid host and port; give a name "
            "in lower case, an address or [IPv6 address], and a port up to 65535 if it is not the "
            "usual one\n"),
        ROW("", "f: [token-endpoint] issuer: is missing; add it\n"
                "f: no FHIR base; add a section [fhir \"name\"]\n"),
    };
    (void)state;
    CHECK(rows);
}

static void test_fhir(void **state)
{
#define NAME_FAULT                                                                                 \
    "[fhir] has no valid name; write [fhir \"name\"] with 1 to 40 letters, digits, - and _\n"
    static const struct row rows[] = {
        ROW(LEAST "[fhir]\nbase = x\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir main]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"a\" ]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir  \"a\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"a.b\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"a\"b\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"\xc3\xb1\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"" TEN TEN TEN TEN "1\"]\n", "f:5: " NAME_FAULT),
        ROW(LEAST "[fhir \"b\"]\n[server]\n", "f:5: [fhir \"b\"] base: is missing; add it\n"),
        ROW(LEAST "[fhir \"b\"]\naudience = b\n", "f:5: [fhir \"b\"] base: is missing; add it\n"),
        ROW(LEAST "[fhir \"b\"]\n[fhir \"c\"]\nbase = https://a.example/c\n",
            "f:5: [fhir \"b\"] base: is missing; add it\n"),
        ROW(LEAST "[fhir \"b\"]\nbase = http://a.example\n",
            "f:6: [fhir \"b\"] base: \"http://a.example\" is not https; give https://… (http is "
            "allowed only for 127.0.0.1, [::1] and localhost)\n"),
        ROW(LEAST "[fhir \"b\"]\nbase = https://a.example/b\nbase = https://a.example/c\n",
            "f:7: [fhir \"b\"] base: was set in line 6; leave one out\n"),
        ROW(LEAST "[fhir \"main\"]\nbase = https://a.example/b\n",
            "f:5: [fhir \"main\"] was begun in line 3; give this one another name\n"),
        ROW(LEAST "[fhir \"b\"]\nbase = https://a.example/fhir\n",
            "f:5: [fhir \"b\"] has the path of [fhir \"main\"] in line 3, and only the path of a "
            "request tells them apart; give it another base\n"),
        ROW(LEAST "[fhir \"b\"]\nbase = https://b.example:8443/fhir\n",
            "f:5: [fhir \"b\"] has the path of [fhir \"main\"] in line 3, and only the path of a "
            "request tells them apart; give it another base\n"),
    };
    (void)state;
    CHECK(rows);
}

static void test_many_bases(void **state)
{
    static struct config c;
    char text[4096], faults[1024];
    struct buf b = BUF(text);
    (void)state;
    buf_puts(&b, LEAST);
    for (int i = 2; i <= CONFIG_MAX_BASES; i++)
        buf_printf(&b, "[fhir \"b%d\"]\nbase = https://a.example/%d\n", i, i);
    assert_int_equal(parse(buf_slice(&b), &c, faults, sizeof faults), ERR_OK);
    assert_int_equal(c.fhir_count, 16);
    assert_string_equal(c.fhir[15].base, "https://a.example/16");
    assert_int_equal(c.fhir[15].line, 33);
    buf_puts(&b, "[fhir \"b17\"]\nbase = nonsense\n");
    assert_int_equal(parse(buf_slice(&b), &c, faults, sizeof faults), ERR_CONFIG);
    assert_string_equal(faults, "f:35: more than 16 [fhir] sections; leave some out\n");
}

static void test_defaults(void **state)
{
    static struct config c;
    char faults[1024];
    (void)state;
    assert_int_equal(parse(SLICE(LEAST), &c, faults, sizeof faults), ERR_OK);
    assert_string_equal(c.file, "f");
    assert_int_equal(c.threads, 4);
    assert_string_equal(c.log, "stderr");
    assert_string_equal(c.store_path, "/var/lib/fhir-auth/fhir-auth.db");
    assert_int_equal(c.store_busy_timeout_ms, 2000);
    assert_string_equal(c.issuer, "https://a.example/oauth");
    assert_string_equal(c.url, "https://a.example/oauth");
    assert_string_equal(c.key_dir, "/var/lib/fhir-auth/keys");
    assert_string_equal(c.signing_alg, "ES256");
    assert_int_equal(c.token_lifetime_s, 300);
    assert_int_equal(c.clock_skew_s, 30);
    assert_int_equal(c.max_body_bytes, 65536);
    assert_true(c.require_https);
    assert_false(c.endpoint_certificates || c.authorizer_certificates);
    assert_string_equal(c.ca_file, "");
    assert_int_equal(c.jwks_timeout_ms, 5000);
    assert_int_equal(c.jwks_max_bytes, 65536);
    assert_int_equal(c.jwks_cache_s, 300);
    assert_string_equal(c.realm, "fhir");
    assert_int_equal(c.token_cache, 10000);
    assert_int_equal(c.fhir_count, 1);
    assert_string_equal(c.fhir[0].name, "main");
    assert_int_equal(c.fhir[0].line, 3);
    assert_string_equal(c.fhir[0].base, "https://a.example/fhir");
    assert_string_equal(c.fhir[0].audience, "https://a.example/fhir");
    assert_string_equal(c.fhir[0].path, "/fhir");
    assert_int_equal(c.fhir[0].version, FHIR_R4);
    assert_false(c.fhir[0].preflight);
    assert_true(c.fhir[0].metadata_open);
    assert_true(c.fhir[0].well_known_open);
    assert_false(c.fhir[0].limits_to_backend);
    assert_false(c.fhir[0].bodies_to_backend);
    assert_false(c.fhir[0].dpop_required);
    assert_int_equal(c.dpop_window_s, 60);
    assert_false(c.dpop_nonces);
    assert_int_equal(c.fhir[0].rule_count, 0);
}

/* Every key lands in its own field; sections may come in any order. */
static void test_all_keys(void **state)
{
    static struct config c;
    static const char text[] =
        "[fhir \"one\"]\naudience = urn:one\nbase = https://a.example\n"
        "[authorizer]\nrealm = A realm\ntoken_cache = 7\n"
        "[fhir \"two\"]\nbase = https://a.example/two\n"
        "version = R5\npreflight = yes\nopen =\nlimits = backend\nbodies = backend\n"
        "dpop = required\n[dpop]\nwindow = 2m\nnonces = yes\n"
        "[token-endpoint]\nissuer = https://a.example/i\nurl = https://b.example/u\nkeys = /k\n"
        "signing_alg = RS384\ntoken_lifetime = 2m\nclock_skew = 0\nmax_body = 2k\n"
        "require_https = no\nclient_certificates = yes\n"
        "[jwks]\nca_file = /ca\ntimeout = 250ms\nmax_size = 1m\ncache = 0s\n"
        "[store]\npath = /s\nbusy_timeout = 1s\n"
        "[server]\nthreads = 2\nlog = /l\n";
    char faults[1024];
    (void)state;
    assert_int_equal(parse(slice_of(text), &c, faults, sizeof faults), ERR_OK);
    assert_int_equal(c.threads, 2);
    assert_string_equal(c.log, "/l");
    assert_string_equal(c.store_path, "/s");
    assert_int_equal(c.store_busy_timeout_ms, 1000);
    assert_string_equal(c.issuer, "https://a.example/i");
    assert_string_equal(c.url, "https://b.example/u");
    assert_string_equal(c.key_dir, "/k");
    assert_string_equal(c.signing_alg, "RS384");
    assert_int_equal(c.token_lifetime_s, 120);
    assert_int_equal(c.clock_skew_s, 0);
    assert_int_equal(c.max_body_bytes, 2048);
    assert_false(c.require_https);
    assert_true(c.endpoint_certificates && !c.authorizer_certificates);
    assert_string_equal(c.ca_file, "/ca");
    assert_int_equal(c.jwks_timeout_ms, 250);
    assert_int_equal(c.jwks_max_bytes, 1048576);
    assert_int_equal(c.jwks_cache_s, 0);
    assert_string_equal(c.realm, "A realm");
    assert_int_equal(c.token_cache, 7);
    assert_int_equal(c.fhir_count, 2);
    assert_string_equal(c.fhir[0].path, "");
    assert_string_equal(c.fhir[0].audience, "urn:one");
    assert_string_equal(c.fhir[1].path, "/two");
    assert_string_equal(c.fhir[1].audience, "https://a.example/two");
    assert_int_equal(c.fhir[0].version, FHIR_R4); /* of this base only */
    assert_true(c.fhir[0].metadata_open && c.fhir[0].well_known_open);
    assert_int_equal(c.fhir[1].version, FHIR_R5);
    assert_true(c.fhir[1].preflight);
    assert_false(c.fhir[1].metadata_open || c.fhir[1].well_known_open);
    assert_true(c.fhir[1].limits_to_backend);
    assert_true(c.fhir[1].bodies_to_backend);
    assert_true(c.fhir[1].dpop_required && !c.fhir[0].dpop_required);
    assert_int_equal(c.dpop_window_s, 120);
    assert_true(c.dpop_nonces);
}

/* A fault that finds no room is still a fault, and the ones before it stay whole. */
static void test_full_fault_text(void **state)
{
    static struct config c;
    char faults[64];
    (void)state;
    assert_int_equal(parse(SLICE(LEAST "[a]\n[proxy]\n"), &c, faults, sizeof faults), ERR_CONFIG);
    assert_string_equal(faults, "f:5: [a] is no section; see fhir-auth.conf(5)\n");
    char none[8];
    assert_int_equal(parse(SLICE(LEAST "[a]\n"), &c, none, sizeof none), ERR_CONFIG);
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_headings),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_fhir),
        cmocka_unit_test(test_many_bases),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_full_fault_text),
    };
    return cmocka_run_group_tests_name("config_lines", tests, NULL, NULL);
}
