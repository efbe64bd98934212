#include "certificate_fixture.h"
#include "vectors.h"

#include "base64url.h"
#include "certificate.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

/* `text` with other line breaks, maybe all of it percent-encoded as nginx does. */
static struct slice rewritten(struct arena *a, struct slice text, const char *line_break,
                              bool escaped)
{
    struct buf out = buf_in(a, 4 * text.n + 64);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool plain =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (c == '\n' && !escaped)
            buf_puts(&out, i + 1 < text.n ? line_break : "");
        else if (escaped && !plain)
            buf_printf(&out, "%%%02X", (unsigned char)c);
        else
            buf_putc(&out, c);
    }
    assert_false(out.overflowed);
    return buf_slice(&out);
}

static void check_digest(int line, struct slice text, const char *want)
{
    ARENA(a, 1 << 17);
    EXACT(exact, text);
    struct slice der;
    char digest[CERTIFICATE_DIGEST + 1];
    check_err(line, certificate_der(exact, &a, &der), ERR_OK);
    check_err(line, certificate_digest(der, digest), ERR_OK);
    check_slice(line, slice_of(digest), want);
}

static void every_server_s_form_gives_the_digest_of_the_rfc(void **state)
{
    (void)state;
    ARENA(a, 1 << 17);
    struct json *vector = vector_load("rfc8705-a.json");
    struct slice pem = vector_text(vector, "certificate"), der;
    const char *want = RFC8705_X5T;
    check_slice(__LINE__, vector_text(vector, "x5t#S256"), want);
    check_digest(__LINE__, pem, want); /* Apache, lighttpd */
    check_digest(__LINE__, rewritten(&a, pem, "\r\n", false), want);
    check_digest(__LINE__, rewritten(&a, pem, "\n\t", false), want); /* $ssl_client_cert */
    check_digest(__LINE__, rewritten(&a, pem, "\n   ", false), want);
    check_digest(__LINE__, rewritten(&a, pem, " ", false), want); /* a header of Apache's */
    check_digest(__LINE__, rewritten(&a, pem, "", false), want);
    check_digest(__LINE__, rewritten(&a, pem, "", true), want); /* ..._escaped_cert */
    struct slice bare = {pem.p + strlen(BEGIN), pem.n - strlen(BEGIN "\n" END)};
    check_digest(__LINE__, bare, want);
    check_digest(__LINE__, rewritten(&a, bare, "", false), want);
    assert_int_equal(certificate_der(pem, &a, &der), ERR_OK);
    char text[64];
    struct buf subject = BUF(text);
    assert_int_equal(certificate_subject(der, &subject), ERR_OK);
    check_slice(__LINE__, vector_text(vector, "subject"), text);
    assert_int_equal(certificate_bears(der, CERTIFICATE_SUBJECT, SLICE("CN=mtls")), ERR_OK);
    json_free(vector);
}

static void what_is_no_certificate_is_refused(void **state)
{
    static const struct {
        int line;
        struct slice text;
        enum err want;
    } rows[] = {
        {__LINE__, {NULL, 0}, ERR_TLS_MISSING},
        {__LINE__, BYTES(""), ERR_TLS_MISSING},
        {__LINE__, BYTES(" \t\r\n"), ERR_TLS_MISSING},
        {__LINE__, BYTES("(null)"), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN), ERR_TLS_FORM},
        {__LINE__, BYTES(END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN END), ERR_TLS_FORM},
        {__LINE__, BYTES("-----BEGIN CERTIFICATE-----END CERTIFICATE-----"), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "\n" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJD"), ERR_TLS_FORM},
        {__LINE__, BYTES("QUJD" END), ERR_TLS_FORM},
        {__LINE__, BYTES("x" BEGIN "QUJD" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJD" END "x"), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJD" END "\n" BEGIN "QUJD" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJ" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QU=D" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJ_" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QUJD\0" END), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "QU\vJD" END), ERR_TLS_FORM},
        {__LINE__, BYTES("-----BEGIN PRIVATE KEY-----QUJD-----END PRIVATE KEY-----"), ERR_TLS_FORM},
        {__LINE__, BYTES("-----BEGIN%20CERTIFICATE-----QUJD-----END%20CERTIFICATE----%2"),
         ERR_TLS_FORM},
        {__LINE__, BYTES("%00"), ERR_TLS_FORM},
        {__LINE__, BYTES("%0A"), ERR_TLS_FORM},
        {__LINE__, BYTES(BEGIN "%2BQJD" END), ERR_OK},
        {__LINE__, BYTES(BEGIN "+QJD" END), ERR_OK},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 1 << 16);
        EXACT(text, rows[i].text);
        struct slice der;
        check_err(rows[i].line, certificate_der(text, &a, &der), rows[i].want);
    }
    ARENA(a, 1 << 17);
    static char long_text[CERTIFICATE_MAX_BYTES + 5];
    struct slice der;
    memset(long_text, 'A', sizeof long_text);
    struct slice longest = {long_text, CERTIFICATE_MAX_BYTES};
    assert_int_equal(certificate_der(longest, &a, &der), ERR_OK);
    longest.n += 4;
    assert_int_equal(certificate_der(longest, &a, &der), ERR_TLS_FORM);
    ARENA(small, 64);
    longest.n = 400;
    assert_int_equal(certificate_der(longest, &small, &der), ERR_MEMORY);
}

static const struct test_name subject[] = {
    {"C", "AR"}, {"O", "Hospital, S.A."}, {"CN", "Ward \303\261 1"}, {NULL, NULL}};
#define SUBJECT "CN=Ward \\C3\\B1 1,O=Hospital\\, S.A.,C=AR"
#define SAN                                                                                        \
    "DNS:Ward.example,URI:urn:ward:1,IP:192.0.2.7,IP:2001:db8::7,email:ward@hospital.example"

static void a_name_is_borne_or_not(void **state)
{
    static const struct {
        int line;
        enum certificate_name kind;
        struct slice name;
        enum err want;
    } rows[] = {
        {__LINE__, CERTIFICATE_SUBJECT, BYTES(SUBJECT), ERR_OK},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("C=AR,O=Hospital\\, S.A.,CN=Ward \\C3\\B1 1"),
         ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=Ward \\C3\\B1 1,O=Hospital\\, S.A."),
         ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("O=Hospital\\, S.A.,C=AR"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES(SUBJECT ",C=AR"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES(""), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, {NULL, 0}, ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("ward.example"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("Ward.example"), ERR_OK},
        {__LINE__, CERTIFICATE_DNS, BYTES("ward.EXAMPLE"), ERR_OK},
        {__LINE__, CERTIFICATE_DNS, BYTES("ward.exampl"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("ward.example."), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("ward.example\0"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("*.example"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("192.0.2.7"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_URI, BYTES("urn:ward:1"), ERR_OK},
        {__LINE__, CERTIFICATE_URI, BYTES("urn:WARD:1"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_IP, BYTES("192.0.2.7"), ERR_OK},
        {__LINE__, CERTIFICATE_IP, BYTES("2001:db8::7"), ERR_OK},
        {__LINE__, CERTIFICATE_IP, BYTES("2001:0DB8:0:0:0:0:0:7"), ERR_OK},
        {__LINE__, CERTIFICATE_IP, BYTES("192.0.2.8"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_IP, BYTES("192.0.2.007"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_IP, BYTES("ward.example"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_EMAIL, BYTES("ward@hospital.example"), ERR_OK},
        {__LINE__, CERTIFICATE_EMAIL, BYTES("WARD@hospital.example"), ERR_TLS_NAME},
        {__LINE__, CERTIFICATE_DNS, BYTES("ward@hospital.example"), ERR_TLS_NAME},
    };
    (void)state;
    ARENA(a, 1 << 17);
    struct slice der, plain;
    char text[256];
    struct buf written = BUF(text);
    assert_int_equal(certificate_der(certificate_new(&a, subject, SAN), &a, &der), ERR_OK);
    assert_int_equal(certificate_der(certificate_new(&a, subject, NULL), &a, &plain), ERR_OK);
    assert_int_equal(certificate_subject(der, &written), ERR_OK);
    assert_string_equal(text, SUBJECT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(exact, der);
        check_err(rows[i].line, certificate_bears(exact, rows[i].kind, rows[i].name), rows[i].want);
        if (rows[i].kind != CERTIFICATE_SUBJECT) /* one without such names bears none */
            check_err(rows[i].line, certificate_bears(plain, rows[i].kind, rows[i].name),
                      ERR_TLS_NAME);
    }
    struct slice cut = {der.p, der.n - 1};
    char more[4096];
    assert_true(der.n < sizeof more);
    memcpy(more, der.p, der.n);
    more[der.n] = 0;
    struct slice longer = {more, der.n + 1};
    assert_int_equal(certificate_bears(cut, CERTIFICATE_URI, SLICE("urn:ward:1")), ERR_TLS_FORM);
    assert_int_equal(certificate_bears(longer, CERTIFICATE_URI, SLICE("urn:ward:1")), ERR_TLS_FORM);
    assert_int_equal(certificate_bears(SLICE("ABC"), CERTIFICATE_URI, SLICE("urn:ward:1")),
                     ERR_TLS_FORM);
    assert_int_equal(certificate_subject(SLICE("ABC"), &written), ERR_TLS_FORM);
    struct buf small = buf_over(text, 8);
    assert_int_equal(certificate_subject(der, &small), ERR_TOO_LARGE);
}

/* What a value says cannot look like another attribute. */
static void a_value_is_no_attribute(void **state)
{
    static const struct test_name one[] = {{"CN", "a,O=b+L=c\\"}, {NULL, NULL}};
    static const struct test_name blanks[] = {{"CN", " a "}, {"O", "#1"}, {NULL, NULL}};
    (void)state;
    ARENA(a, 1 << 17);
    char text[256];
    struct slice der;
    struct buf written = BUF(text);
    assert_int_equal(certificate_der(certificate_new(&a, one, NULL), &a, &der), ERR_OK);
    assert_int_equal(certificate_subject(der, &written), ERR_OK);
    assert_string_equal(text, "CN=a\\,O=b\\+L=c\\\\"); /* which needs no escape for '=' */
    assert_true(certificate_name_valid(CERTIFICATE_SUBJECT, buf_slice(&written)));
    written = BUF(text);
    assert_int_equal(certificate_der(certificate_new(&a, blanks, NULL), &a, &der), ERR_OK);
    assert_int_equal(certificate_subject(der, &written), ERR_OK);
    assert_string_equal(text, "O=\\#1,CN=\\ a\\ ");
    assert_true(certificate_name_valid(CERTIFICATE_SUBJECT, buf_slice(&written)));
}

static void names_that_can_be_registered(void **state)
{
    static const struct {
        int line;
        enum certificate_name kind;
        struct slice name;
        bool valid;
    } rows[] = {
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=a"), true},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=a+O=b,C=AR"), true},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("1.2.3=#0401"), true},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN="), true},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=a, O=b"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN = a"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("/CN=a"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=a,"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=a\\"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("a"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES("CN=\303\261"), false},
        {__LINE__, CERTIFICATE_SUBJECT, BYTES(""), false},
        {__LINE__, CERTIFICATE_DNS, BYTES("a.example"), true},
        {__LINE__, CERTIFICATE_DNS, BYTES("*.example"), false},
        {__LINE__, CERTIFICATE_DNS, BYTES("a b"), false},
        {__LINE__, CERTIFICATE_DNS, BYTES("https://a.example"), false},
        {__LINE__, CERTIFICATE_URI, BYTES("urn:a"), true},
        {__LINE__, CERTIFICATE_URI, BYTES("a"), false},
        {__LINE__, CERTIFICATE_IP, BYTES("::1"), true},
        {__LINE__, CERTIFICATE_IP, BYTES("1.2.3"), false},
        {__LINE__, CERTIFICATE_IP, BYTES("10.0.0.0/8"), false},
        {__LINE__, CERTIFICATE_EMAIL, BYTES("a@b.example"), true},
        {__LINE__, CERTIFICATE_EMAIL, BYTES("a"), false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(name, rows[i].name);
        check_true(rows[i].line, certificate_name_valid(rows[i].kind, name) == rows[i].valid,
                   "valid or not");
    }
    static char long_name[CERTIFICATE_MAX_NAME + 1];
    memset(long_name, 'a', sizeof long_name);
    struct slice name = {long_name, CERTIFICATE_MAX_NAME};
    assert_true(certificate_name_valid(CERTIFICATE_DNS, name));
    name.n++;
    assert_false(certificate_name_valid(CERTIFICATE_DNS, name));
}

static void a_file_holds_several(void **state)
{
    (void)state;
    struct slice rest = SLICE("# a\n" BEGIN "\nQUJD\n" END "\n-----BEGIN PRIVATE KEY-----\n" BEGIN
                              "REVG" END BEGIN "QQ=="),
                 pem;
    assert_true(certificate_next(&rest, &pem));
    check_slice(__LINE__, pem, BEGIN "\nQUJD\n" END);
    assert_true(certificate_next(&rest, &pem));
    check_slice(__LINE__, pem, BEGIN "REVG" END);
    assert_true(certificate_next(&rest, &pem)); /* which certificate_der refuses */
    check_slice(__LINE__, pem, BEGIN "QQ==");
    assert_false(certificate_next(&rest, &pem));
    rest = SLICE("none");
    assert_false(certificate_next(&rest, &pem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_server_s_form_gives_the_digest_of_the_rfc),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(a_name_is_borne_or_not),
        cmocka_unit_test(a_value_is_no_attribute),
        cmocka_unit_test(names_that_can_be_registered),
        cmocka_unit_test(a_file_holds_several),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
