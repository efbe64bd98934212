#include "config_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LOCAL                                                                                      \
    "[token-endpoint]\nissuer = https://a.example/oauth\n"                                         \
    "[fhir \"m\"]\nbase = https://a.example/fhir\n" /* four lines */

static struct config config;
static char faults[4096];

static enum err parse(const char *text)
{
    struct buf b = BUF(faults);
    return config_parse(slice_of(text), "conf", &config, &b);
}

static void issuers_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse(LOCAL
                           "[issuer \"kc\"]\nissuer = https://kc.example/realms/x\n"
                           "keys = discovery\ntyp = JWT at+jwt\n"
                           "scope_claim = scope realm_access.roles\n"
                           "[scope-map \"kc\"]\n"
                           "urn:kc:read = system/*.rs\n"
                           "lab = system/Observation.rs?category=laboratory system/Patient.r\n"
                           "[issuer \"b\"]\nissuer = https://b.example/\nkeys = /etc/b.jwks\n"
                           "algorithms = HS256\naudience = x y\nclock_skew = 0\n"),
                     ERR_OK);
    assert_string_equal(faults, "");
    assert_int_equal(config.issuer_count, 2);
    const struct config_issuer *kc = &config.issuers[0], *b = &config.issuers[1];
    assert_string_equal(kc->issuer, "https://kc.example/realms/x");
    assert_string_equal(kc->typ, "JWT at+jwt");
    assert_string_equal(kc->algorithms, "ES256 ES384 RS256 RS384 PS256 PS384 EdDSA");
    assert_string_equal(kc->audience, "");
    assert_int_equal(kc->clock_skew_s, 30);
    assert_non_null(kc->scope_map);
    assert_null(b->scope_map);
    assert_string_equal(b->issuer, "https://b.example/");
    assert_string_equal(b->algorithms, "HS256");
    assert_string_equal(b->audience, "x y");
    assert_int_equal(b->clock_skew_s, 0);
    assert_true(slice_is(config_map_find(kc->scope_map, SLICE("urn:kc:read")), "system/*.rs"));
    assert_true(slice_is(config_map_find(kc->scope_map, SLICE("lab")),
                         "system/Observation.rs?category=laboratory system/Patient.r"));
    assert_null(config_map_find(kc->scope_map, SLICE("la")).p);
    assert_null(config_map_find(NULL, SLICE("lab")).p);
}

#define ASKING                                                                                     \
    "introspection = discovery\nintrospection_client_id = me\nintrospection_secret_file = /s\n"
#define ISSUER "[issuer \"k\"]\nissuer = https://k.example\nkeys = discovery\n" /* three lines */

static const struct {
    int line;
    const char *text, *want;
} rows[] = {
    {__LINE__, "[issuer]\n",
     "conf:5: [issuer] has no valid name; write [issuer \"name\"] with 1 to 40 "
     "letters, digits, - and _\n"},
    {__LINE__, "[issuer \"k\"]\nkeys = store\n",
     "conf:5: [issuer \"k\"] issuer: is missing; add it\n"},
    {__LINE__, "[issuer \"k\"]\nissuer = https://k.example\n",
     "conf:5: [issuer \"k\"] keys: is missing; add it\n"},
    {__LINE__, ISSUER "[issuer \"k\"]\nissuer = https://l.example\nkeys = store\n",
     "conf:8: [issuer \"k\"] was begun in line 5; give this one another name\n"},
    {__LINE__, ISSUER "[issuer \"l\"]\nissuer = https://k.example\nkeys = store\n",
     "conf:8: [issuer \"l\"] has the issuer of another section; leave one out\n"},
    {__LINE__, "[issuer \"l\"]\nissuer = https://a.example/oauth\nkeys = store\n",
     "conf:5: [issuer \"l\"] has the issuer of [token-endpoint], whose tokens are known already; "
     "leave it out, or set keys = introspection\n"},
    {__LINE__, "[issuer \"l\"]\nissuer = https://l.example\nkeys = introspection\n",
     "conf:5: [issuer \"l\"] says how to introspect, but not where; set introspection = "
     "discovery\n"},
    {__LINE__, ISSUER "introspection_client_id = me\n",
     "conf:5: [issuer \"k\"] says how to introspect, but not where; set introspection = "
     "discovery\n"},
    {__LINE__, ISSUER "introspection = discovery\n",
     "conf:5: [issuer \"k\"] needs introspection_client_id and one of introspection_secret_file "
     "and introspection_key_file; set them\n"},
    {__LINE__,
     ISSUER "introspection = discovery\nintrospection_client_id = me\n"
            "introspection_secret_file = /s\nintrospection_key_file = /k\n",
     "conf:5: [issuer \"k\"] needs introspection_client_id and one of introspection_secret_file "
     "and introspection_key_file; set them\n"},
    {__LINE__, ISSUER ASKING "[issuer \"l\"]\nissuer = https://l.example\nkeys = store\n" ASKING,
     "conf:11: [issuer \"l\"] introspects opaque tokens as another section does, and nothing tells "
     "whose one is; set introspection_opaque = no in one of them\n"},
    {__LINE__,
     ISSUER "introspection = http://127.0.0.1/x\nintrospection_client_id = me\n"
            "introspection_secret_file = /s\n",
     "conf:5: [issuer \"k\"] introspects without TLS; give an https URL, or set http_loopback = "
     "yes in [jwks]\n"},
    {__LINE__, ISSUER "introspection = nowhere\n",
     "conf:8: [issuer \"k\"] introspection: \"nowhere\" is no endpoint; give discovery, an https "
     "URL or nothing\n"},
    {__LINE__, "[issuer \"k\"]\nissuer = https://k.example//\nkeys = store\n",
     "conf:6: [issuer \"k\"] issuer: \"https://k.example//\" ends with a slash; leave it out\n"},
    {__LINE__, "[issuer \"k\"]\nissuer = https:///\nkeys = store\n",
     "conf:6: [issuer \"k\"] issuer: \"https:///\" has no valid host and port; give a name in "
     "lower "
     "case, an address or [IPv6 address], and a port up to 65535 if it is not the usual one\n"},
    {__LINE__, "[issuer \"k\"]\nissuer = https://k.example\nkeys = etc/keys\n",
     "conf:7: [issuer \"k\"] keys: \"etc/keys\" is no source of keys; give discovery, store, the "
     "https "
     "URL of a key set, the absolute path of one, or introspection\n"},
    {__LINE__, "[issuer \"k\"]\nissuer = https://k.example\nkeys = http://127.0.0.1/jwks\n",
     "conf:5: [issuer \"k\"] fetches its keys without TLS; give an https URL, or set http_loopback "
     "= "
     "yes in [jwks]\n"},
    {__LINE__, ISSUER "algorithms = ES256 none\n",
     "conf:8: [issuer \"k\"] algorithms: \"none\" is no signature algorithm; give names such as "
     "ES256 "
     "RS256\n"},
    {__LINE__, ISSUER "audience = a  b\n",
     "conf:8: [issuer \"k\"] audience: \"a  b\" is no list; give printable ASCII with one blank "
     "between\n"},
    {__LINE__, "[scope-map \"k\"]\na = system/*.rs\n",
     "conf:5: [scope-map \"k\"] belongs to no [issuer \"k\"]; name one that exists\n"},
    {__LINE__, ISSUER "[scope-map \"k\"]\na = system/Nobody.rs\n",
     "conf:9: [scope-map \"k\"] a: \"system/Nobody.rs\" is no SMART scope; give scopes such as "
     "system/*.rs, one blank between\n"},
    {__LINE__, ISSUER "[scope-map \"k\"]\na = system/*.r\na = system/*.s\n",
     "conf:10: [scope-map \"k\"] a: is mapped already; put all its scopes in one line\n"},
    {__LINE__, ISSUER "[scope-map \"k\"]\na=system/*.r\n",
     "conf:9: [scope-map \"k\"] is no mapping; write NAME = SCOPES\n"},
    {__LINE__, ISSUER "[scope-map \"k\"]\na = system/*.r ; note\n[scope-map \"k\"]\n",
     "conf:10: [scope-map \"k\"] was begun in line 8; put all its lines there\n"},
    {__LINE__, "[rules]\n",
     "conf:5: [rules] has no valid name; write [rules \"name\"] with 1 to 40 letters, digits, - "
     "and _\n"},
    {__LINE__, "[rules \"n\"]\n$x = deny\n",
     "conf:5: [rules \"n\"] belongs to no [fhir \"n\"]; name one that exists\n"},
    {__LINE__, "[rules \"m\"]\n$x = deny\n[server]\n[rules \"m\"]\n$y = deny\n",
     "conf:8: [rules \"m\"] was begun in line 5; put all its lines there\n"},
    {__LINE__, "[rule \"m\"]\n$x = deny\n",
     "conf:5: [rule \"m\"] is no section; see fhir-auth.conf(5)\n"},
    {__LINE__, "[rules \"m\"]\n$x=deny\n$y =\n = deny\n$z\n",
     "conf:6: [rules \"m\"] is no rule; write PATTERN = VERDICT\n"
     "conf:7: [rules \"m\"] is no rule; write PATTERN = VERDICT\n"
     "conf:8: begins with a blank; begin each line at the margin, and keep a value on one line\n"
     "conf:9: [rules \"m\"] is no rule; write PATTERN = VERDICT\n"},
    {__LINE__, "[rules \"m\"]\n$x = \n/a;b = open\n/c ;d = open\n",
     "conf:6: [rules \"m\"] $x: \"\" is no verdict; give deny, open, token, or scopes such as "
     "system/*.rs with one blank between\n"
     "conf:7: [rules \"m\"] /a;b: has a path that can be written in two ways; use only letters, "
     "digits and -._~$ between single slashes, and * only as the whole last segment\n"
     "conf:8: [rules \"m\"] is no rule; write PATTERN = VERDICT\n"},
    {__LINE__, "[rules \"m\"]\n$x = deny\n$y = token\nPatient/$x = token\n$x = token\n",
     "conf:9: [rules \"m\"] $x: has a rule in line 6; leave one out\n"},
    {__LINE__,
     "[rules \"m\"]\nGET,PUT /a = token\n/a/* = token\nPOST /a = token\n/a = open\n"
     "/a/* = deny\n/?a = token\nGET /?a = deny\n",
     "conf:9: [rules \"m\"] /a: has a rule in line 6; leave one out\n"
     "conf:10: [rules \"m\"] /a/*: has a rule in line 7; leave one out\n"
     "conf:12: [rules \"m\"] GET /?a: has a rule in line 11; leave one out\n"},
    {__LINE__, "[rules \"m\"]\n$x = system/Nobody.r\n/Patient/* = open\n",
     "conf:6: [rules \"m\"] $x: \"system/Nobody.r\" is no verdict; give deny, open, token, or "
     "scopes such as system/*.rs with one blank between\n"
     "conf:7: [rules \"m\"] /Patient/*: could open FHIR's own interactions, which are decided by "
     "scopes; give deny, or a path of another kind\n"},
    {__LINE__, "[server 1]\n", "conf:5: [server 1] is no section; did you mean [server]?\n"},
};

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048];
        struct buf b = BUF(text);
        buf_puts(&b, LOCAL);
        buf_puts(&b, rows[i].text);
        if (parse(text) != ERR_CONFIG || !slice_is(slice_of(faults), rows[i].want))
            fail_msg("line %d: %s", rows[i].line, faults);
    }
}

/* Sections may come in any order, and each base has the rules of its own name. */
static void rules_are_lent_to_their_base(void **state)
{
    (void)state;
    assert_int_equal(parse("[rules \"b\"]\n$x = deny ; a comment\n/f/* = open\n" LOCAL
                           "[rules \"m\"]\n"
                           "# a comment\n"
                           "$y = https://a.example/op?a=b\t; another\n"
                           "[fhir \"c\"]\nbase = https://a.example/c\n"
                           "[fhir \"b\"]\nbase = https://a.example/b\n"
                           "[rules \"c\"]\n"),
                     ERR_OK);
    assert_string_equal(faults, "");
    assert_int_equal(config.rule_count, 3);
    const struct config_fhir *m = &config.fhir[0], *c = &config.fhir[1], *b = &config.fhir[2];
    assert_int_equal(m->rule_count, 1);
    assert_int_equal(m->rules[0].line, 10);
    assert_string_equal(m->rules[0].needed, "https://a.example/op?a=b");
    assert_int_equal(b->rule_count, 2);
    assert_int_equal(b->rules[0].line, 2);
    assert_int_equal(b->rules[0].verdict, RULE_DENY);
    assert_int_equal(b->rules[1].line, 3);
    assert_string_equal(b->rules[1].pattern, "/f/");
    assert_int_equal(c->rule_count, 0);
}

/* The bound is that of all sections together. */
static void rules_have_a_bound(void **state)
{
    char text[8192];
    struct buf b = BUF(text);
    (void)state;
    buf_puts(&b, LOCAL "[fhir \"n\"]\nbase = https://a.example/n\n[rules \"n\"]\n");
    for (int i = 0; i < CONFIG_MAX_RULES; i++)
        buf_printf(&b, "%s$o%d = token\n", i == 100 ? "[rules \"m\"]\n" : "", i);
    assert_int_equal(parse(text), ERR_OK);
    assert_int_equal(config.fhir[0].rule_count, 28);
    assert_int_equal(config.fhir[1].rule_count, 100);
    assert_string_equal(config.fhir[0].rules[27].pattern, "$o127");
    buf_puts(&b, "$o128 = token\n");
    assert_false(b.overflowed);
    assert_int_equal(parse(text), ERR_CONFIG);
    assert_string_equal(
        faults, "conf:137: [rules \"m\"] $o128: there are more than 128 rules; leave some out\n");
}

static void rotation_leaves_time_to_publish(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *fault;
    } cases[] = {
        {"rotate_every = 2h\n", NULL},
        {"rotate_every = 0s\n", NULL},
        {"publish_before_use = 30d\nrotate_every = 60d\n", NULL},
        {"rotate_every = 7199s\n", "conf:4: [token-endpoint] rotate_every: is less than twice "},
        {"publish_before_use = 30d\nrotate_every = 59d\n", "conf:5: [token-endpoint] rotate_"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[fhir \"x\"]\nbase = https://a.example/x\n[token-endpoint]\n%s"
                 "issuer = https://a.example\n",
                 cases[i].lines);
        assert_int_equal(parse(text), cases[i].fault == NULL ? ERR_OK : ERR_CONFIG);
        assert_true(cases[i].fault == NULL || strstr(faults, cases[i].fault) != NULL);
    }
}

static void maps_have_a_bound(void **state)
{
    (void)state;
    char text[16384];
    struct buf b = BUF(text);
    buf_puts(&b, LOCAL ISSUER "[scope-map \"k\"]\n");
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "name-%d = system/Observation.cruds\n", i);
    assert_false(b.overflowed);
    assert_int_equal(parse(text), ERR_CONFIG);
    assert_non_null(strstr(faults, "the map is larger than 4096 bytes; shorten it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation_leaves_time_to_publish), cmocka_unit_test(issuers_are_read),
        cmocka_unit_test(what_is_wrong_is_told),           cmocka_unit_test(maps_have_a_bound),
        cmocka_unit_test(rules_are_lent_to_their_base),    cmocka_unit_test(rules_have_a_bound),
    };
    return cmocka_run_group_tests_name("config_sections", tests, NULL, NULL);
}
