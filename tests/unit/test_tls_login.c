/* Clients that log in by a certificate, and tokens that are bound to one (RFC 8705). */
#include "certificate_fixture.h"
#include "endpoint_fixture.h"

#include "caller.h"
#include "certificate.h"

#define TOKEN_FORM "client_id=a&grant_type=client_credentials&scope=system/*.rs"
#define SUBJECT    "CN=a,O=Hospital"

static const struct test_name subject[] = {{"O", "Hospital"}, {"CN", "a"}, {NULL, NULL}};

static const char *digest_of(struct site *s, struct slice pem)
{
    char *digest = arena_alloc(&s->arena, CERTIFICATE_DIGEST + 1);
    struct slice der;
    assert_non_null(digest);
    assert_int_equal(certificate_der(pem, &s->arena, &der), ERR_OK);
    assert_int_equal(certificate_digest(der, digest), ERR_OK);
    return digest;
}

static void client_of(struct site *s, enum client_auth auth, enum certificate_name kind,
                      const char *name)
{
    struct client c = site_client("a", "system/*.rs introspect");
    c.auth = auth;
    c.tls_kind = kind;
    c.tls_name = name;
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
}

static void show(struct call *c, struct slice pem, const char *verified)
{
    c->request.certificate = pem;
    c->request.verified = slice_of(verified);
}

static int64_t failures_of(struct site *s)
{
    struct failed_logins failed;
    assert_int_equal(store_failed_login_get(s->st, SLICE("a"), &failed), ERR_OK);
    return failed.count;
}

/* The claims of the token in the answer. */
static struct jwt_claims claims_of(struct site *s, const struct call *c)
{
    struct jws jws;
    struct jwt_claims claims;
    const char *token = answer_text(s, c, "access_token");
    assert_int_equal(jws_parse(slice_of(token), &s->arena, &jws), ERR_OK);
    assert_int_equal(jwt_claims_parse(jws.payload, &s->arena, &claims), ERR_OK);
    return claims;
}

static void a_certificate_of_a_ca_must_be_verified(void **state)
{
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    s->conf.failed_logins = 1000;
    struct slice own = certificate_new(&s->arena, subject, NULL);
    client_of(s, CLIENT_TLS, CERTIFICATE_SUBJECT, SUBJECT);
    show(&c, own, "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_OK);
    assert_string_equal(c.ep.who.method, "tls_client_auth");
    assert_string_equal(answer_text(s, &c, "token_type"), "Bearer");
    check_slice(__LINE__, claims_of(s, &c).cnf_x5t, digest_of(s, own));
    assert_null(claims_of(s, &c).cnf_jkt.p);

    static const char *const not_verified[] = {NULL,
                                               "",
                                               "NONE",
                                               "GENEROUS",
                                               "FAILED:self signed certificate",
                                               "success",
                                               "SUCCESS ",
                                               "SUCCESS, SUCCESS"};
    for (size_t i = 0; i < COUNT(not_verified); i++) {
        show(&c, own, not_verified[i]);
        assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
        assert_int_equal(c.ep.who.reason, ERR_TLS_UNVERIFIED);
        assert_int_equal(failures_of(s), i + 1);
    }
}

static void another_certificate_is_not_enough(void **state)
{
    static const struct test_name other[] = {{"O", "Hospital"}, {"CN", "b"}, {NULL, NULL}};
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    s->conf.failed_logins = 0;
    client_of(s, CLIENT_TLS, CERTIFICATE_SUBJECT, SUBJECT);
    show(&c, certificate_new(&s->arena, other, "DNS:a,email:a@a.example"), "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
    assert_int_equal(c.ep.who.reason, ERR_TLS_NAME);
    show(&c, SLICE("QUJD"), "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
    assert_int_equal(c.ep.who.reason, ERR_TLS_FORM);
    show(&c, SLICE_NONE, "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_NONE);
    /* and for a client that nobody knows, or that is disabled */
    struct slice own = certificate_new(&s->arena, subject, NULL);
    show(&c, own, "SUCCESS");
    assert_int_equal(
        call(s, &c, endpoint_token, "client_id=b&grant_type=client_credentials&scope=system/*.rs"),
        ERR_CLIENT_AUTH);
    assert_int_equal(c.ep.who.reason, ERR_NOT_FOUND);
    struct client disabled;
    assert_int_equal(store_client_get(s->st, SLICE("a"), &s->arena, &disabled), ERR_OK);
    disabled.enabled = false;
    assert_int_equal(store_client_update(s->st, &disabled), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
}

static void other_names_of_a_certificate_serve_too(void **state)
{
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    struct slice own = certificate_new(&s->arena, subject, "DNS:a.example");
    client_of(s, CLIENT_TLS, CERTIFICATE_DNS, "a.example");
    show(&c, own, "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_OK);
    struct client other;
    assert_int_equal(store_client_get(s->st, SLICE("a"), &s->arena, &other), ERR_OK);
    other.tls_kind = CERTIFICATE_URI;
    assert_int_equal(store_client_update(s->st, &other), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
}

static void a_known_certificate_needs_no_ca(void **state)
{
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    struct slice old = certificate_new(&s->arena, subject, NULL);
    struct slice next = certificate_new(&s->arena, subject, NULL);
    struct slice other = certificate_new(&s->arena, subject, NULL);
    struct buf digests = buf_in(&s->arena, 128);
    buf_printf(&digests, "%s %s", digest_of(s, old), digest_of(s, next));
    client_of(s, CLIENT_TLS_SELF_SIGNED, CERTIFICATE_SUBJECT, digests.p);
    show(&c, old, "FAILED:self signed certificate");
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_OK);
    assert_string_equal(c.ep.who.method, "self_signed_tls_client_auth");
    check_slice(__LINE__, claims_of(s, &c).cnf_x5t, digest_of(s, old));
    show(&c, next, NULL);
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_OK);
    check_slice(__LINE__, claims_of(s, &c).cnf_x5t, digest_of(s, next));
    show(&c, other, "SUCCESS"); /* the same name, and even trusted: it is another one */
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_AUTH);
    assert_int_equal(c.ep.who.reason, ERR_TLS_NAME);
}

/* RFC 9700 section 2.5: a client has one method, and no weaker one serves. */
static void no_other_method_serves(void **state)
{
    struct site *s = *state;
    struct jwk *key;
    CALL(c);
    s->conf.endpoint_certificates = true;
    s->conf.failed_logins = 0;
    struct slice own = certificate_new(&s->arena, subject, NULL);
    client_of(s, CLIENT_TLS, CERTIFICATE_SUBJECT, SUBJECT);
    show(&c, own, "SUCCESS");
    const char *more = "&grant_type=client_credentials&scope=system/*.rs";
    const char *secret = client_add_secret(s, "a");
    assert_int_equal(call(s, &c, endpoint_token, secret_form(s, "a", secret, more)),
                     ERR_CLIENT_AUTH);
    /* not even with keys that it once had */
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    struct client with_keys;
    assert_int_equal(store_client_get(s->st, SLICE("a"), &s->arena, &with_keys), ERR_OK);
    with_keys.jwks = key_set_of(s, &key, 1);
    assert_int_equal(store_client_update(s->st, &with_keys), ERR_OK);
    struct slice assertion = client_assertion(s, key, "a", "1");
    assert_int_equal(call(s, &c, endpoint_token, assertion_form(s, assertion, more)),
                     ERR_CLIENT_AUTH);
    jwk_free(key);
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_OK);
    /* nor a certificate for a client that has a secret */
    site_add_client(s, "b", "system/*.rs");
    (void)client_add_secret(s, "b");
    assert_int_equal(
        call(s, &c, endpoint_token, "client_id=b&grant_type=client_credentials&scope=system/*.rs"),
        ERR_CLIENT_AUTH);
    /* nor where certificates do not count */
    s->conf.endpoint_certificates = false;
    assert_int_equal(call(s, &c, endpoint_token, TOKEN_FORM), ERR_CLIENT_NONE);
}

static void a_client_with_a_secret_may_bind_its_tokens(void **state)
{
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    struct slice own = certificate_new(&s->arena, subject, NULL);
    struct client a = site_client("a", "system/*.rs");
    assert_int_equal(store_client_add(s->st, &a), ERR_OK);
    const char *form = secret_form(s, "a", client_add_secret(s, "a"),
                                   "&grant_type=client_credentials&scope=system/*.rs");
    show(&c, own, "SUCCESS"); /* which a browser may do of itself: it asks for nothing */
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
    assert_null(claims_of(s, &c).cnf_x5t.p);
    a.tls_bound = true;
    assert_int_equal(store_client_update(s->st, &a), ERR_OK);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
    assert_string_equal(c.ep.who.method, "client_secret_post");
    check_slice(__LINE__, claims_of(s, &c).cnf_x5t, digest_of(s, own));
    show(&c, own, "GENEROUS"); /* whose it is does not matter */
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_OK);
    show(&c, SLICE_NONE, NULL);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_TLS_MISSING);
    show(&c, SLICE("(null)"), NULL);
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_TLS_FORM);
    s->conf.endpoint_certificates = false;
    show(&c, own, "SUCCESS");
    assert_int_equal(call(s, &c, endpoint_token, form), ERR_TLS_OFF);
}

static enum err identify(struct endpoint *ep, struct response *out)
{
    struct form form;
    struct caller caller;
    (void)out;
    enum err e = endpoint_form(ep, &form);
    return e == ERR_OK ? caller_identify(ep, &form, &caller) : e;
}

static void introspection_tells_of_it_and_asks_for_it(void **state)
{
    struct site *s = *state;
    CALL(c);
    s->conf.endpoint_certificates = true;
    struct slice own = certificate_new(&s->arena, subject, NULL);
    struct slice other = certificate_new(&s->arena, subject, NULL);
    client_of(s, CLIENT_TLS, CERTIFICATE_SUBJECT, SUBJECT);
    show(&c, own, "SUCCESS");
    assert_int_equal(
        call(s, &c, endpoint_token, "client_id=a&grant_type=client_credentials&scope=introspect"),
        ERR_OK);
    const char *token = answer_text(s, &c, "access_token");
    struct buf form = buf_in(&s->arena, 8192), header = buf_in(&s->arena, 8192);
    buf_printf(&form, "client_id=a&token=%s", token);
    buf_printf(&header, "Bearer %s", token);
    assert_int_equal(call(s, &c, endpoint_introspect, form.p), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_type"), "Bearer");
    struct json *document = answer_json(&c);
    struct slice told;
    assert_true(json_member_string(json_member(document, "cnf"), "x5t#S256", &told));
    check_slice(__LINE__, told, digest_of(s, own));
    assert_null(json_member(json_member(document, "cnf"), "jkt"));
    json_free(document);

    /* whoever uses it there must show the certificate as well */
    c.request.authorization = buf_slice(&header);
    assert_int_equal(call(s, &c, identify, ""), ERR_OK);
    show(&c, other, "SUCCESS");
    assert_int_equal(call(s, &c, identify, ""), ERR_CALLER_TOKEN);
    assert_int_equal(c.ep.who.reason, ERR_TLS_BINDING);
    show(&c, SLICE_NONE, NULL);
    assert_int_equal(call(s, &c, identify, ""), ERR_CALLER_TOKEN);
    assert_int_equal(c.ep.who.reason, ERR_TLS_MISSING);
    show(&c, own, "SUCCESS");
    s->conf.endpoint_certificates = false;
    assert_int_equal(call(s, &c, identify, ""), ERR_CALLER_TOKEN);
    assert_int_equal(c.ep.who.reason, ERR_TLS_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_certificate_of_a_ca_must_be_verified),
        SITE(another_certificate_is_not_enough),
        SITE(other_names_of_a_certificate_serve_too),
        SITE(a_known_certificate_needs_no_ca),
        SITE(no_other_method_serves),
        SITE(a_client_with_a_secret_may_bind_its_tokens),
        SITE(introspection_tells_of_it_and_asks_for_it),
    };
    return cmocka_run_group_tests_name("tls_login", tests, NULL, NULL);
}
