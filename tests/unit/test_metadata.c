#include "fixture.h"

#include "json.h"
#include "metadata.h"

#define CONFIG                                                                                     \
    "[token-endpoint]\nissuer = https://a.example/tenant\nurl = https://b.example/oauth\n"         \
    "signing_alg = ES384\n"                                                                        \
    "[fhir \"one\"]\nbase = https://a.example/fhir\n"

static bool certificates; /* as configured */

static struct json *write_with(void (*write)(const struct config *, struct buf *))
{
    static struct config conf;
    static char text[8192];
    struct buf out = BUF(text);
    struct json *document;
    config_of(CONFIG, &conf);
    conf.endpoint_certificates = certificates;
    write(&conf, &out);
    assert_false(out.overflowed);
    assert_int_equal(json_parse(buf_slice(&out), &document), ERR_OK);
    return document;
}

static void check_text(const struct json *document, const char *name, const char *want)
{
    struct slice text;
    assert_true(json_member_string(document, name, &text));
    check_slice(__LINE__, text, want);
}

static bool list_has(const struct json *document, const char *name, const char *want)
{
    const struct json *list = json_member(document, name);
    assert_int_equal(json_kind(list), JSON_ARRAY);
    for (const struct json *each = json_first(list); each != NULL; each = json_next(each)) {
        struct slice text;
        assert_true(json_string(each, &text));
        if (slice_is(text, want))
            return true;
    }
    return false;
}

/* The same endpoints, whatever document a client finds first. */
static void check_common(const struct json *d)
{
    check_text(d, "token_endpoint", "https://b.example/oauth/token");
    check_text(d, "jwks_uri", "https://b.example/oauth/jwks");
    check_text(d, "introspection_endpoint", "https://b.example/oauth/introspect");
    check_text(d, "revocation_endpoint", "https://b.example/oauth/revoke");
    assert_true(list_has(d, "grant_types_supported", "client_credentials"));
    assert_true(json_count(json_member(d, "response_types_supported")) > 0);
    static const char *const methods[] = {"client_secret_basic", "client_secret_post",
                                          "private_key_jwt"};
    for (size_t i = 0; i < COUNT(methods); i++)
        assert_true(list_has(d, "token_endpoint_auth_methods_supported", methods[i]));
    assert_true(list_has(d, "token_endpoint_auth_signing_alg_values_supported", "RS384"));
    assert_true(list_has(d, "token_endpoint_auth_signing_alg_values_supported", "ES384"));
    assert_false(list_has(d, "token_endpoint_auth_signing_alg_values_supported", "none"));
    assert_false(list_has(d, "token_endpoint_auth_signing_alg_values_supported", "HS256"));
    assert_true(list_has(d, "dpop_signing_alg_values_supported", "ES256"));
    assert_true(list_has(d, "dpop_signing_alg_values_supported", "EdDSA"));
    assert_false(list_has(d, "dpop_signing_alg_values_supported", "HS256"));
    assert_true(list_has(d, "scopes_supported", "system/*.rs"));
    assert_true(list_has(d, "code_challenge_methods_supported", "S256"));
    assert_false(list_has(d, "code_challenge_methods_supported", "plain"));
    assert_null(json_member(d, "authorization_endpoint"));
}

static void the_oauth_document_is_that_of_rfc_8414(void **state)
{
    (void)state;
    struct json *d = write_with(metadata_oauth);
    check_text(d, "issuer", "https://a.example/tenant");
    check_common(d);
    size_t methods = json_count(json_member(d, "token_endpoint_auth_methods_supported"));
    assert_true(list_has(d, "introspection_endpoint_auth_methods_supported", "private_key_jwt"));
    assert_true(list_has(d, "introspection_endpoint_auth_methods_supported", "Bearer"));
    assert_int_equal(json_count(json_member(d, "introspection_endpoint_auth_methods_supported")),
                     methods + 1);
    assert_int_equal(json_count(json_member(d, "revocation_endpoint_auth_methods_supported")),
                     methods);
    assert_false(list_has(d, "revocation_endpoint_auth_methods_supported", "Bearer"));
    assert_int_equal(json_count(json_member(d, "introspection_signing_alg_values_supported")), 1);
    assert_true(list_has(d, "introspection_signing_alg_values_supported", "ES384"));
    json_free(d);
}

static void the_smart_document_has_what_smart_demands(void **state)
{
    (void)state;
    struct json *d = write_with(metadata_smart);
    check_common(d);
    assert_null(json_member(d, "issuer")); /* only with sso-openid-connect */
    assert_true(list_has(d, "capabilities", "client-confidential-asymmetric"));
    assert_true(list_has(d, "capabilities", "permission-v1"));
    assert_true(list_has(d, "capabilities", "permission-v2"));
    json_free(d);
}

/* RFC 8705 section 3.3 */
static void client_certificates_are_offered_when_they_are_taken(void **state)
{
    static const char *const lists[] = {"token_endpoint_auth_methods_supported",
                                        "introspection_endpoint_auth_methods_supported",
                                        "revocation_endpoint_auth_methods_supported"};
    static const char *const methods[] = {"tls_client_auth", "self_signed_tls_client_auth"};
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        bool bound = false;
        certificates = taken == 1;
        struct json *d = write_with(metadata_oauth);
        for (size_t i = 0; i < COUNT(lists) * COUNT(methods); i++)
            assert_int_equal(list_has(d, lists[i / 2], methods[i % 2]), certificates);
        assert_true(list_has(d, lists[1], "Bearer"));
        const char *member = "tls_client_certificate_bound_access_tokens";
        assert_int_equal(json_bool(json_member(d, member), &bound) && bound, certificates);
        json_free(d);
    }
    certificates = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oauth_document_is_that_of_rfc_8414),
        cmocka_unit_test(the_smart_document_has_what_smart_demands),
        cmocka_unit_test(client_certificates_are_offered_when_they_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
