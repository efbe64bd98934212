#include "site_fixture.h"

#include "client_auth.h"

#define TYPE     "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define BASIC_AB "Basic YTpi" /* a:b */

static void a_request_uses_one_method(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *authorization, *form;
        enum err why;
        enum client_method method;
        const char *id, *secret, *assertion;
    } rows[] = {
        {__LINE__, BASIC_AB, "", ERR_OK, METHOD_SECRET_BASIC, "a", "b", NULL},
        {__LINE__, "basic YTpi", "", ERR_OK, METHOD_SECRET_BASIC, "a", "b", NULL},
        {__LINE__, BASIC_AB, "client_id=a", ERR_OK, METHOD_SECRET_BASIC, "a", "b", NULL},
        {__LINE__, BASIC_AB, "client_id=c", ERR_CLIENT_MISMATCH, 0, NULL, NULL, NULL},
        {__LINE__, BASIC_AB, "client_id=A", ERR_CLIENT_MISMATCH, 0, NULL, NULL, NULL},
        {__LINE__, BASIC_AB, "client_secret=b", ERR_CLIENT_TWO_METHODS, 0, NULL, NULL, NULL},
        {__LINE__, BASIC_AB, "client_id=a&client_secret=b", ERR_CLIENT_TWO_METHODS, 0, NULL, NULL,
         NULL},
        {__LINE__, BASIC_AB, "client_assertion=x", ERR_CLIENT_TWO_METHODS, 0, NULL, NULL, NULL},
        {__LINE__, BASIC_AB, "client_assertion_type=" TYPE, ERR_CLIENT_TWO_METHODS, 0, NULL, NULL,
         NULL},
        {__LINE__, NULL, "client_id=a&client_secret=b", ERR_OK, METHOD_SECRET_POST, "a", "b", NULL},
        {__LINE__, "", "client_id=a&client_secret=b", ERR_OK, METHOD_SECRET_POST, "a", "b", NULL},
        {__LINE__, " ", "client_id=a&client_secret=b", ERR_OK, METHOD_SECRET_POST, "a", "b", NULL},
        {__LINE__, NULL, "client_secret=b", ERR_FORM_MISSING, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_id=&client_secret=b", ERR_FORM_MISSING, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_id=a&client_secret=", ERR_CLIENT_NONE, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_id=a", ERR_CLIENT_NONE, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "", ERR_CLIENT_NONE, 0, NULL, NULL, NULL},
        {__LINE__, "", "", ERR_CLIENT_NONE, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_secret=b&client_assertion=x&client_assertion_type=" TYPE,
         ERR_CLIENT_TWO_METHODS, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_assertion=x&client_assertion_type=" TYPE, ERR_OK,
         METHOD_PRIVATE_KEY_JWT, NULL, NULL, "x"},
        {__LINE__, "", "client_assertion=x&client_assertion_type=" TYPE, ERR_OK,
         METHOD_PRIVATE_KEY_JWT, NULL, NULL, "x"},
        {__LINE__, NULL, "client_id=a&client_assertion=x&client_assertion_type=" TYPE, ERR_OK,
         METHOD_PRIVATE_KEY_JWT, "a", NULL, "x"},
        {__LINE__, NULL, "client_assertion=x", ERR_FORM_MISSING, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_assertion_type=" TYPE, ERR_FORM_MISSING, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_assertion=x&client_assertion_type=other",
         ERR_CLIENT_ASSERTION_TYPE, 0, NULL, NULL, NULL},
        {__LINE__, NULL, "client_assertion=x&client_assertion_type=" TYPE "x",
         ERR_CLIENT_ASSERTION_TYPE, 0, NULL, NULL, NULL},
        {__LINE__, "Bearer x", "", ERR_AUTH_HEADER, 0, NULL, NULL, NULL},
        {__LINE__, "Basic", "", ERR_AUTH_HEADER, 0, NULL, NULL, NULL},
        {__LINE__, "Basic !", "", ERR_AUTH_HEADER, 0, NULL, NULL, NULL},
        {__LINE__, "Basic YTpi, Basic YTpi", "", ERR_AUTH_HEADER, 0, NULL, NULL, NULL},
    };
    ARENA(a, 65536);
    static const struct config conf = {.endpoint_certificates = true};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct form form;
        struct credentials c = {.client_id = SLICE("untouched")};
        EXACT(header, slice_of(rows[i].authorization));
        struct request rq = {.authorization = header};
        assert_int_equal(form_parse(slice_of(rows[i].form), &a, &form), ERR_OK);
        check_err(rows[i].line, credentials_find(&rq, &form, &conf, &a, &c), rows[i].why);
        if (rows[i].why != ERR_OK) {
            check_slice(rows[i].line, c.client_id, "untouched");
            continue;
        }
        check_true(rows[i].line, c.method == rows[i].method, "method");
        check_slice(rows[i].line, c.client_id, rows[i].id);
        check_slice(rows[i].line, c.secret, rows[i].secret);
        check_slice(rows[i].line, c.assertion, rows[i].assertion);
    }
}

#define PEM "-----BEGIN CERTIFICATE-----QUJD-----END CERTIFICATE-----"

/* A certificate is a method where there is no other, and where it counts at all. */
static void a_certificate_is_the_last_method(void **state)
{
    (void)state;
    static const struct {
        int line;
        bool taken;
        const char *certificate, *authorization, *form;
        enum err why;
        enum client_method method;
    } rows[] = {
        {__LINE__, true, PEM, NULL, "client_id=a", ERR_OK, METHOD_TLS},
        {__LINE__, true, PEM, "", "client_id=a", ERR_OK, METHOD_TLS},
        {__LINE__, true, PEM, NULL, "", ERR_CLIENT_NONE, 0},
        {__LINE__, true, PEM, NULL, "client_id=", ERR_CLIENT_NONE, 0},
        {__LINE__, true, NULL, NULL, "client_id=a", ERR_CLIENT_NONE, 0},
        {__LINE__, true, "", NULL, "client_id=a", ERR_CLIENT_NONE, 0},
        {__LINE__, true, "(null)", NULL, "client_id=a", ERR_TLS_FORM, 0},
        {__LINE__, false, PEM, NULL, "client_id=a", ERR_CLIENT_NONE, 0},
        {__LINE__, false, "(null)", NULL, "client_id=a", ERR_CLIENT_NONE, 0},
        {__LINE__, true, PEM, BASIC_AB, "client_id=a", ERR_OK, METHOD_SECRET_BASIC},
        {__LINE__, true, PEM, NULL, "client_id=a&client_secret=b", ERR_OK, METHOD_SECRET_POST},
        {__LINE__, true, PEM, NULL, "client_id=a&client_assertion=x&client_assertion_type=" TYPE,
         ERR_OK, METHOD_PRIVATE_KEY_JWT},
        {__LINE__, true, PEM, BASIC_AB, "client_secret=b", ERR_CLIENT_TWO_METHODS, 0},
        {__LINE__, true, PEM, "Bearer x", "client_id=a", ERR_AUTH_HEADER, 0},
    };
    ARENA(a, 65536);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct form form;
        struct credentials c = {.client_id = SLICE("untouched")};
        const struct config conf = {.endpoint_certificates = rows[i].taken};
        struct request rq = {.authorization = slice_of(rows[i].authorization),
                             .certificate = slice_of(rows[i].certificate)};
        assert_int_equal(form_parse(slice_of(rows[i].form), &a, &form), ERR_OK);
        check_err(rows[i].line, credentials_find(&rq, &form, &conf, &a, &c), rows[i].why);
        if (rows[i].why != ERR_OK) {
            check_slice(rows[i].line, c.client_id, "untouched");
            continue;
        }
        check_true(rows[i].line, c.method == rows[i].method, "method");
        check_slice(rows[i].line, c.certificate, rows[i].method == METHOD_TLS ? "ABC" : NULL);
    }
}

static void names_are_those_of_rfc_8414(void **state)
{
    (void)state;
    assert_string_equal(client_method_name(METHOD_SECRET_BASIC), "client_secret_basic");
    struct config conf = {.endpoint_certificates = false};
    assert_string_equal(client_method_at(&conf, 1), "client_secret_post");
    assert_string_equal(client_method_at(&conf, 2), "private_key_jwt");
    assert_null(client_method_at(&conf, 3));
    conf.endpoint_certificates = true;
    assert_string_equal(client_method_at(&conf, 3), "tls_client_auth");
    assert_string_equal(client_method_at(&conf, 4), "self_signed_tls_client_auth");
    assert_null(client_method_at(&conf, 5));
    for (size_t i = 0; assertion_alg_at(i) != NULL; i++) {
        const struct jws_alg *alg = jws_alg_find(slice_of(assertion_alg_at(i)));
        assert_non_null(alg);
        assert_false(jws_alg_is_mac(alg));
    }
    assert_string_equal(assertion_alg_at(0), "ES384");
}

#define NOW SITE_NOW
#define ID  "\"iss\":\"c\",\"sub\":\"c\""
#define AUD ",\"aud\":\"" SITE_ISSUER "/token\""
#define EXP ",\"exp\":1800000060"
#define JTI ",\"jti\":\"j\""
#define ALL ID AUD EXP JTI

/* The configuration's clock_skew is 30 s. */
static const struct {
    int line;
    const char *typ, *client_id, *claims;
    enum err why;
} rows[] = {
    {__LINE__, "JWT", NULL, "{" ALL "}", ERR_OK},
    {__LINE__, "jwt", NULL, "{" ALL "}", ERR_OK},
    {__LINE__, NULL, NULL, "{" ALL "}", ERR_OK},
    {__LINE__, "client-authentication+jwt", NULL, "{" ALL "}", ERR_OK},
    {__LINE__, "application/client-authentication+jwt", NULL, "{" ALL "}", ERR_OK},
    {__LINE__, "at+jwt", NULL, "{" ALL "}", ERR_JWT_TYP},
    {__LINE__, "dpop+jwt", NULL, "{" ALL "}", ERR_JWT_TYP},
    {__LINE__, "", NULL, "{" ALL "}", ERR_JWT_TYP},
    {__LINE__, "JWT", "c", "{" ALL "}", ERR_OK},
    {__LINE__, "JWT", "d", "{" ALL "}", ERR_CLIENT_MISMATCH},
    {__LINE__, "JWT", "C", "{" ALL "}", ERR_CLIENT_MISMATCH},
    {__LINE__, "JWT", NULL, "{\"iss\":\"c\"" AUD EXP JTI "}", ERR_JWT_SUBJECT},
    {__LINE__, "JWT", NULL, "{\"sub\":\"c\"" AUD EXP JTI "}", ERR_JWT_SUBJECT},
    {__LINE__, "JWT", NULL, "{\"iss\":\"c\",\"sub\":\"d\"" AUD EXP JTI "}", ERR_JWT_SUBJECT},
    {__LINE__, "JWT", NULL, "{\"iss\":\"\",\"sub\":\"\"" AUD EXP JTI "}", ERR_JWT_SUBJECT},
    {__LINE__, "JWT", NULL, "{\"iss\":\"c\",\"sub\":[\"c\"]" AUD EXP JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI "}", ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":\"" SITE_ISSUER "\"}", ERR_OK},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":[\"" SITE_ISSUER "/token\"]}",
     ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":\"" SITE_ISSUER "/\"}", ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":\"" SITE_ISSUER "/token/\"}",
     ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":\"https://other.example/token\"}",
     ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID EXP JTI ",\"aud\":\"\"}", ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL,
     "{" ID EXP JTI ",\"aud\":[\"" SITE_ISSUER "/token\",\"https://other.example\"]}",
     ERR_JWT_AUDIENCE},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI "}", ERR_JWT_CLAIM},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":1799999970}", ERR_JWT_EXPIRED},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":1799999971}", ERR_OK},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":1800000330}", ERR_OK},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":1800000331}", ERR_JWT_LIFETIME},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":9007199254740992}", ERR_JWT_LIFETIME},
    {__LINE__, "JWT", NULL, "{" ID AUD JTI ",\"exp\":1e400}", ERR_JSON},
    {__LINE__, "JWT", NULL, "{" ALL ",\"nbf\":1800000031}", ERR_JWT_NOT_YET},
    {__LINE__, "JWT", NULL, "{" ALL ",\"iat\":1800000031}", ERR_JWT_NOT_YET},
    {__LINE__, "JWT", NULL, "{" ALL ",\"iat\":1799990000,\"nbf\":1}", ERR_OK},
    {__LINE__, "JWT", NULL, "{" ID AUD EXP "}", ERR_JWT_CLAIM},
    {__LINE__, "JWT", NULL, "{" ID AUD EXP ",\"jti\":\"\"}", ERR_JWT_CLAIM},
    {__LINE__, "JWT", NULL, "{" ID AUD EXP ",\"jti\":7}", ERR_JWT_CLAIM},
    {__LINE__, "JWT", NULL, "{" ALL ",\"jti\":\"k\"}", ERR_JSON},
};

static struct config *config(void)
{
    static struct config conf;
    config_of(CONFIG_ONE_BASE, &conf);
    return &conf;
}

static struct slice sign(const struct jwk *key, const char *alg, const char *typ,
                         const char *claims, struct arena *a)
{
    struct buf text = buf_in(a, JWS_MAX_BYTES + 1);
    assert_int_equal(jws_sign(jws_alg_find(slice_of(alg)), key, typ, slice_of(claims), a, &text),
                     ERR_OK);
    return buf_slice(&text);
}

static void an_assertion_keeps_the_rules_of_smart(void **state)
{
    (void)state;
    struct jwk *key;
    assert_int_equal(jwk_generate("ES384", &key), ERR_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 65536);
        struct assertion out;
        EXACT(text, sign(key, "ES384", rows[i].typ, rows[i].claims, &a));
        struct credentials c = {.method = METHOD_PRIVATE_KEY_JWT,
                                .client_id = slice_of(rows[i].client_id),
                                .assertion = text};
        check_err(rows[i].line, assertion_check(&c, config(), NOW, &a, &out), rows[i].why);
    }
    jwk_free(key);
}

static void algorithm_and_kid_are_looked_at(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *alg;
        enum err why;
    } algs[] = {
        {__LINE__, "ES256", ERR_OK},
        {__LINE__, "ES384", ERR_OK},
        {__LINE__, "EdDSA", ERR_OK},
        {__LINE__, "ES512", ERR_JWT_ALG},
    };
    for (size_t i = 0; i < COUNT(algs); i++) {
        ARENA(a, 65536);
        struct jwk *key;
        struct assertion out;
        assert_int_equal(jwk_generate(algs[i].alg, &key), ERR_OK);
        struct credentials c = {.assertion = sign(key, algs[i].alg, "JWT", "{" ALL "}", &a)};
        check_err(algs[i].line, assertion_check(&c, config(), NOW, &a, &out), algs[i].why);
        key->kid[0] = '\0';
        c.assertion = sign(key, algs[i].alg, "JWT", "{" ALL "}", &a);
        check_err(algs[i].line, assertion_check(&c, config(), NOW, &a, &out),
                  algs[i].why == ERR_OK ? ERR_JWT_KEY : algs[i].why);
        jwk_free(key);
    }
    static const char *const unsigned_ones[] = {"eyJhbGciOiJub25lIn0.e30.", "", "a.b", "a.b.c.d.e",
                                                "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"};
    for (size_t i = 0; i < COUNT(unsigned_ones); i++) {
        ARENA(a, 65536);
        struct assertion out;
        EXACT(text, slice_of(unsigned_ones[i]));
        struct credentials c = {.assertion = text};
        assert_int_not_equal(assertion_check(&c, config(), NOW, &a, &out), ERR_OK);
    }
}

static void a_jti_has_a_bounded_length(void **state)
{
    (void)state;
    struct jwk *key;
    assert_int_equal(jwk_generate("ES256", &key), ERR_OK);
    for (int n = 255; n <= 257; n++) {
        ARENA(a, 65536);
        char claims[1024];
        struct assertion out;
        snprintf(claims, sizeof claims, "{" ID AUD EXP ",\"jti\":\"%0*d\"}", n, 0);
        struct credentials c = {.assertion = sign(key, "ES256", "JWT", claims, &a)};
        assert_int_equal(assertion_check(&c, config(), NOW, &a, &out),
                         n <= 256 ? ERR_OK : ERR_JWT_CLAIM);
    }
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_uses_one_method),
        cmocka_unit_test(a_certificate_is_the_last_method),
        cmocka_unit_test(names_are_those_of_rfc_8414),
        cmocka_unit_test(an_assertion_keeps_the_rules_of_smart),
        cmocka_unit_test(algorithm_and_kid_are_looked_at),
        cmocka_unit_test(a_jti_has_a_bounded_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
