#include "fixture.h"

#include "server_env.h"

#define MAX_ENV 12

struct environment {
    char *vars[MAX_ENV + 1];
};

static void environment_free(struct environment *e)
{
    for (size_t i = 0; e->vars[i] != NULL; i++)
        free(e->vars[i]);
}

/* Writable copies, as the real one is wiped. */
static struct environment environment_of(const char *const vars[])
{
    struct environment e = {{NULL}};
    for (size_t i = 0; i < MAX_ENV && vars[i] != NULL; i++) {
        e.vars[i] = strdup(vars[i]);
        assert_non_null(e.vars[i]);
    }
    return e;
}

#define ENVIRONMENT(name, vars)                                                                    \
    __attribute__((cleanup(environment_free))) struct environment name = environment_of(vars)

static void variables_become_a_request(void **state)
{
    (void)state;
    static const char *const vars[MAX_ENV + 1] = {
        "REQUEST_METHOD=POST",     "REQUEST_URI=/a?b=c=d",  "HTTP_AUTHORIZATION=Bearer x",
        "CONTENT_TYPE=text/plain", "CONTENT_LENGTH=12",     "HTTP_ACCEPT=a/b",
        "HTTP_ACCEPT_LANGUAGE=es", "REMOTE_ADDR=192.0.2.1", "UNIQUE_ID=u",
        "HTTP_IF_NONE_EXIST=c=d",  "HTTP_X_PROVENANCE={}",  "HTTP_X_CASCADE=delete"};
    ENVIRONMENT(e, vars);
    struct request rq;
    size_t length = 0;
    request_from_env(e.vars, ROLE_AUTHORIZER, &rq, &length);
    assert_int_equal(rq.role, ROLE_AUTHORIZER);
    check_slice(__LINE__, rq.method, "POST");
    check_slice(__LINE__, rq.uri, "/a?b=c=d");
    check_slice(__LINE__, rq.authorization, "Bearer x");
    check_slice(__LINE__, rq.content_type, "text/plain");
    check_slice(__LINE__, rq.accept, "a/b");
    check_slice(__LINE__, rq.accept_language, "es");
    check_slice(__LINE__, rq.remote_addr, "192.0.2.1");
    check_slice(__LINE__, rq.request_id, "u");
    check_slice(__LINE__, rq.if_none_exist, "c=d");
    check_slice(__LINE__, rq.provenance, "{}");
    check_slice(__LINE__, rq.cascade, "delete");
    assert_int_equal(length, 12);
    assert_false(rq.duplicate || rq.method_override || rq.https);
    assert_int_equal(rq.body_error, ERR_OK);
    assert_null(rq.redirect_status.p);
}

/* Apache's own id is taken when the client sends none, whichever comes first. */
static void the_request_id_of_the_client_goes_first(void **state)
{
    (void)state;
    static const char *const orders[][MAX_ENV + 1] = {{"UNIQUE_ID=u", "HTTP_X_REQUEST_ID=x"},
                                                      {"HTTP_X_REQUEST_ID=x", "UNIQUE_ID=u"}};
    for (size_t i = 0; i < COUNT(orders); i++) {
        ENVIRONMENT(e, orders[i]);
        struct request rq;
        size_t length;
        request_from_env(e.vars, ROLE_AUTHORIZER, &rq, &length);
        check_slice(__LINE__, rq.request_id, "x");
    }
}

static void an_empty_environment_is_an_empty_request(void **state)
{
    (void)state;
    static const char *const vars[MAX_ENV + 1] = {"", "=", "NOTHING", "REQUEST_METHOD"};
    ENVIRONMENT(e, vars);
    char **const environments[] = {NULL, e.vars};
    for (size_t i = 0; i < COUNT(environments); i++) {
        struct request rq;
        size_t length = 4711;
        request_from_env(environments[i], ROLE_RESPONDER, &rq, &length);
        assert_null(rq.method.p);
        assert_null(rq.uri.p);
        assert_null(rq.authorization.p);
        assert_int_equal(length, 0);
        assert_false(rq.https || rq.duplicate || rq.method_override);
        request_wipe_env(environments[i]);
    }
}

static void what_decides_may_not_come_twice(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *vars[4];
        bool duplicate;
    } rows[] = {
        {__LINE__, {"REQUEST_METHOD=GET", "REQUEST_METHOD=PUT"}, true},
        {__LINE__, {"REQUEST_URI=/a", "X=1", "REQUEST_URI=/b"}, true},
        {__LINE__, {"HTTP_AUTHORIZATION=a", "HTTP_AUTHORIZATION=a"}, true},
        {__LINE__, {"HTTP_AUTHORIZATION=", "HTTP_AUTHORIZATION=a"}, true},
        {__LINE__, {"FHIR_AUTH_MODE=deny", "FHIR_AUTH_MODE=authorizer"}, true},
        {__LINE__, {"HTTP_ACCEPT=a", "HTTP_ACCEPT=b"}, false},
        {__LINE__, {"FCGI_ROLE=AUTHORIZER", "FCGI_ROLE=AUTHORIZER"}, false},
        {__LINE__, {"REDIRECT_REQUEST_METHOD=GET", "REQUEST_METHOD=GET"}, false},
        {__LINE__, {"HTTP_REQUEST_URI=/a", "REQUEST_URI=/b"}, false},
        {__LINE__, {"HTTP_AUTHORIZATION=a", "REDIRECT_HTTP_AUTHORIZATION=a"}, false},
        {__LINE__, {"REDIRECT_HTTP_AUTHORIZATION=a", "HTTP_AUTHORIZATION=a"}, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ENVIRONMENT(e, rows[i].vars);
        struct request rq;
        size_t length;
        request_from_env(e.vars, ROLE_RESPONDER, &rq, &length);
        check_true(rows[i].line, rq.duplicate == rows[i].duplicate, "duplicate");
    }
}

/* A rewritten URL renames the variable, on shared hosting. */
static void a_renamed_authorization_counts_where_the_real_one_is_missing(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *vars[4];
        enum role role;
        const char *authorization;
    } rows[] = {
        {__LINE__, {"REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_RESPONDER, "r"},
        {__LINE__, {"REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_CGI, "r"},
        {__LINE__, {"REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_AUTHORIZER, NULL},
        {__LINE__, {"REDIRECT_HTTP_AUTHORIZATION=r", "HTTP_AUTHORIZATION=h"}, ROLE_CGI, "h"},
        {__LINE__, {"HTTP_AUTHORIZATION=h", "REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_CGI, "h"},
        {__LINE__, {"HTTP_AUTHORIZATION=", "REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_CGI, "r"},
        {__LINE__, {"HTTP_AUTHORIZATION=h", "REDIRECT_HTTP_AUTHORIZATION=r"}, ROLE_AUTHORIZER, "h"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ENVIRONMENT(e, rows[i].vars);
        struct request rq;
        size_t length;
        request_from_env(e.vars, rows[i].role, &rq, &length);
        check_slice(rows[i].line, rq.authorization, rows[i].authorization);
    }
}

/* Only a server's own configuration makes a responder decide; a client's headers begin with HTTP_.
 */
static void the_server_tells_what_is_asked(void **state)
{
    (void)state;
    static const struct {
        int line;
        enum role role;
        const char *vars[4];
        enum pass pass;
    } rows[] = {
        {__LINE__, ROLE_AUTHORIZER, {"A=b"}, PASS_DECIDE},
        {__LINE__, ROLE_AUTHORIZER, {"REDIRECT_STATUS=401"}, PASS_DECIDE},
        {__LINE__, ROLE_AUTHORIZER, {"FCGI_APACHE_ROLE=ACCESS_CHECKER"}, PASS_DECIDE},
        {__LINE__, ROLE_AUTHORIZER, {"FCGI_APACHE_ROLE=AUTHENTICATOR"}, PASS_DECIDE_AUTHNZ},
        {__LINE__, ROLE_RESPONDER, {"FCGI_APACHE_ROLE=AUTHENTICATOR"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=authorizer"}, PASS_AUTH_REQUEST},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=deny", "FHIR_AUTH_STATUS=401"}, PASS_DENY},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=deny", "REDIRECT_STATUS=401"}, PASS_DENY},
        {__LINE__, ROLE_RESPONDER, {"REDIRECT_STATUS=401"}, PASS_DENY_BODY},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=", "REDIRECT_STATUS=401"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=Authorizer"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {"FHIR_AUTH_MODE=granted"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {"HTTP_FHIR_AUTH_MODE=authorizer"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {"HTTP_REDIRECT_STATUS=401"}, PASS_NONE},
        {__LINE__, ROLE_RESPONDER, {NULL}, PASS_NONE},
        {__LINE__, ROLE_CGI, {"FHIR_AUTH_MODE=authorizer", "REDIRECT_STATUS=200"}, PASS_NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ENVIRONMENT(e, rows[i].vars);
        struct request rq;
        size_t length;
        request_from_env(e.vars, rows[i].role, &rq, &length);
        check_true(rows[i].line, rq.pass == rows[i].pass, "pass");
    }
}

static void overrides_and_https_are_seen(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *var;
        bool override, https;
    } rows[] = {
        {__LINE__, "HTTP_X_HTTP_METHOD_OVERRIDE=DELETE", true, false},
        {__LINE__, "HTTP_X_HTTP_METHOD_OVERRIDE=", true, false},
        {__LINE__, "HTTP_X_HTTP_METHOD=PUT", true, false},
        {__LINE__, "HTTP_X_METHOD_OVERRIDE=PUT", true, false},
        {__LINE__, "HTTP_X_ORIGINAL_URL=/fhir/Patient", true, false},
        {__LINE__, "HTTP_X_REWRITE_URL=/fhir/Patient", true, false},
        {__LINE__, "HTTP_X_FORWARDED_FOR=a", false, false},
        {__LINE__, "HTTP_X_HTTP_METHODS=a", false, false},
        {__LINE__, "HTTPS=on", false, true},
        {__LINE__, "HTTPS=ON", false, true},
        {__LINE__, "HTTPS=off", false, false},
        {__LINE__, "HTTPS=1", false, false},
        {__LINE__, "HTTPS=", false, false},
        {__LINE__, "REQUEST_SCHEME=https", false, true},
        {__LINE__, "REQUEST_SCHEME=http", false, false},
        {__LINE__, "HTTP_HTTPS=on", false, false}, /* a client's header "Https" */
        {__LINE__, "HTTP_X_FORWARDED_PROTO=https", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const vars[] = {rows[i].var, NULL};
        ENVIRONMENT(e, vars);
        struct request rq;
        size_t length;
        request_from_env(e.vars, ROLE_RESPONDER, &rq, &length);
        check_true(rows[i].line, rq.method_override == rows[i].override, "method_override");
        check_true(rows[i].line, rq.https == rows[i].https, "https");
    }
}

static void a_content_length_is_a_number(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *var;
        size_t length;
        enum err why;
    } rows[] = {
        {__LINE__, "CONTENT_LENGTH=", 0, ERR_OK},
        {__LINE__, "CONTENT_LENGTH=0", 0, ERR_OK},
        {__LINE__, "CONTENT_LENGTH=9223372036854775807", SIZE_MAX / 2, ERR_OK},
        {__LINE__, "CONTENT_LENGTH=9223372036854775808", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH=18446744073709551616", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH=-1", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH=+1", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH= 1", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH=0x10", 0, ERR_FORM},
        {__LINE__, "CONTENT_LENGTH=1,1", 0, ERR_FORM},
        {__LINE__, "HTTP_CONTENT_LENGTH=5", 0, ERR_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const vars[] = {rows[i].var, NULL};
        ENVIRONMENT(e, vars);
        struct request rq;
        size_t length = 4711;
        request_from_env(e.vars, ROLE_RESPONDER, &rq, &length);
        check_true(rows[i].line, length == rows[i].length, "length");
        check_err(rows[i].line, rq.body_error, rows[i].why);
    }
}

static void credentials_are_wiped_and_nothing_else(void **state)
{
    (void)state;
    static const char *const vars[MAX_ENV + 1] = {
        "HTTP_AUTHORIZATION=Bearer x", "A=b", "Authorization=Bearer x",
        "REDIRECT_HTTP_AUTHORIZATION=Basic y", "HTTP_AUTHORIZATION="};
    ENVIRONMENT(e, vars);
    request_wipe_env(e.vars);
    assert_memory_equal(e.vars[0], "HTTP_AUTHORIZATION=\0\0\0\0\0\0\0\0", 28);
    assert_string_equal(e.vars[1], "A=b");
    assert_string_equal(e.vars[2], "Authorization=");
    assert_string_equal(e.vars[3], "REDIRECT_HTTP_AUTHORIZATION=");
    assert_string_equal(e.vars[4], "HTTP_AUTHORIZATION=");
}

static void two_proofs_are_none(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *vars[3];
        const char *proof;
    } rows[] = {
        {__LINE__, {"REQUEST_METHOD=GET"}, NULL},
        {__LINE__, {"HTTP_DPOP=a.b.c"}, "a.b.c"},
        {__LINE__, {"HTTP_DPOP="}, ""},
        {__LINE__, {"HTTP_DPOP=a.b.c", "HTTP_DPOP=a.b.c"}, ","},
        {__LINE__, {"HTTP_DPOP=", "HTTP_DPOP=a.b.c"}, ","},
        {__LINE__, {"HTTP_DPOP=a, b"}, "a, b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[3][64];
        char *envp[4] = {NULL};
        struct request rq;
        size_t length;
        for (size_t k = 0; k < 3 && rows[i].vars[k] != NULL; k++) {
            snprintf(text[k], sizeof text[k], "%s", rows[i].vars[k]);
            envp[k] = text[k];
        }
        request_from_env(envp, ROLE_AUTHORIZER, &rq, &length);
        check_slice(rows[i].line, rq.dpop, rows[i].proof);
        check_true(rows[i].line, !rq.duplicate, "duplicate");
    }
}

/* Headers of a client make names that begin with HTTP_, whatever they are called. */
static void only_the_server_tells_of_a_certificate(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *vars[3];
        const char *certificate, *verified;
        bool duplicate;
    } rows[] = {
        {__LINE__, {"SSL_CLIENT_CERT=c", "SSL_CLIENT_VERIFY=SUCCESS"}, "c", "SUCCESS", false},
        {__LINE__, {"HTTP_SSL_CLIENT_CERT=c", "HTTP_SSL_CLIENT_VERIFY=SUCCESS"}, NULL, NULL, false},
        {__LINE__, {"HTTP_X_SSL_CERT=c", "HTTP_CLIENT_CERT=c"}, NULL, NULL, false},
        {__LINE__, {"REDIRECT_SSL_CLIENT_CERT=c", "Ssl-Client-Cert=c"}, NULL, NULL, false},
        {__LINE__, {"ssl_client_cert=c", "SSL_CLIENT_CERT_CHAIN_0=c"}, NULL, NULL, false},
        {__LINE__, {"SSL_CLIENT_CERT=c", "SSL_CLIENT_CERT=d"}, "c", NULL, true},
        {__LINE__, {"SSL_CLIENT_VERIFY=NONE", "SSL_CLIENT_VERIFY=SUCCESS"}, NULL, "NONE", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[3][64];
        char *envp[4] = {NULL};
        struct request rq;
        size_t length;
        for (size_t k = 0; k < 3 && rows[i].vars[k] != NULL; k++) {
            snprintf(text[k], sizeof text[k], "%s", rows[i].vars[k]);
            envp[k] = text[k];
        }
        request_from_env(envp, ROLE_AUTHORIZER, &rq, &length);
        check_slice(rows[i].line, rq.certificate, rows[i].certificate);
        check_slice(rows[i].line, rq.verified, rows[i].verified);
        check_true(rows[i].line, rq.duplicate == rows[i].duplicate, "duplicate");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_become_a_request),
        cmocka_unit_test(only_the_server_tells_of_a_certificate),
        cmocka_unit_test(the_request_id_of_the_client_goes_first),
        cmocka_unit_test(an_empty_environment_is_an_empty_request),
        cmocka_unit_test(what_decides_may_not_come_twice),
        cmocka_unit_test(a_renamed_authorization_counts_where_the_real_one_is_missing),
        cmocka_unit_test(the_server_tells_what_is_asked),
        cmocka_unit_test(overrides_and_https_are_seen),
        cmocka_unit_test(a_content_length_is_a_number),
        cmocka_unit_test(credentials_are_wiped_and_nothing_else),
        cmocka_unit_test(two_proofs_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
