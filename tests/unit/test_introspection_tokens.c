/* Where the endpoint is, and which tokens it is asked about. */
#include "introspection_fixture.h"

static const char *metadata(struct scene *s, const char *endpoint)
{
    struct buf b = buf_in(&s->t->site->arena, 1024);
    buf_printf(
        &b, "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/t\",\"introspection_endpoint\":\"%s%s\"}",
        s->t->url, s->t->url, s->t->url, endpoint);
    return b.p;
}

#define PLACE "/.well-known/oauth-authorization-server"

#define LASTING "{\"active\":true,\"client_id\":\"c\",\"aud\":\"" SITE_FHIR "\"}"

static void its_place_may_be_discovered(void **state)
{
    struct scene s = {.t = *state};
    put_file(s.t, "secret", "p");
    char sections[1024];
    snprintf(sections, sizeof sections,
             "[issuer \"x\"]\nissuer = @\nkeys = introspection\nintrospection = discovery\n"
             "introspection_client_id = me\nintrospection_secret_file = %s/secret\n",
             s.t->site->directory);
    trust_configure(s.t, "", sections);
    restart(&s);
    web_put(s.t->web, "/i", 200, "", LASTING);
    CHECK(&s, "t", NOW, ERR_INTROSPECTION); /* there are no metadata */
    web_put(s.t->web, PLACE, 200, "", metadata(&s, "/i"));
    CHECK(&s, "u", NOW, ERR_OK);
    CHECK(&s, "v", NOW, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 1);
    restart(&s); /* another process finds them in the store */
    CHECK(&s, "w", NOW, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 1);
    /* The place changes; an outage of the metadata does not matter for a while. */
    web_put(s.t->web, "/j", 200, "", LASTING);
    web_put(s.t->web, PLACE, 200, "", metadata(&s, "/j"));
    CHECK(&s, "x", NOW + 300, ERR_OK);
    assert_int_equal(web_asked(s.t->web, "/j"), 1);
    web_put(s.t->web, PLACE, 500, "", "");
    CHECK(&s, "y", NOW + 600, ERR_OK);
    assert_int_equal(web_asked(s.t->web, "/j"), 2);
    end(&s);
}

/* Metadata that hang are no reason not to ask where the endpoint was a moment ago. */
static void silent_metadata_do_not_take_the_time_of_the_question(void **state)
{
    struct scene s = {.t = *state};
    put_file(s.t, "secret", "p");
    char sections[1024];
    snprintf(sections, sizeof sections,
             "[issuer \"x\"]\nissuer = @\nkeys = introspection\nintrospection = discovery\n"
             "introspection_client_id = me\nintrospection_secret_file = %s/secret\n"
             "introspection_timeout = 1s\n",
             s.t->site->directory);
    trust_configure(s.t, "", sections);
    restart(&s);
    web_put(s.t->web, "/i", 200, "", LASTING);
    web_put(s.t->web, PLACE, 200, "", metadata(&s, "/i"));
    CHECK(&s, "a", NOW, ERR_OK);
    web_put(s.t->web, PLACE, 200, "", NULL); /* held */
    web_put(s.t->web, "/.well-known/openid-configuration", 200, "", NULL);
    CHECK(&s, "b", NOW + 300, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 2);
    /* Nor is each question held up by them. */
    CHECK(&s, "c", NOW + 301, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 2);
    CHECK(&s, "d", NOW + 330, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 3);
    end(&s);
}

static enum err check_all(struct site *site, struct slice token)
{
    struct token out;
    struct issuers *all = issuers_new(&site->conf);
    assert_non_null(all);
    EXACT(text, token);
    enum err e = issuers_check(all, NULL, site->st, text, NOW, &site->arena, &out);
    issuers_free(all);
    return e;
}

/* Of tokens of any form: who is asked about them, if anybody. */
static void only_what_may_be_a_token_of_the_issuer_is_asked_about(void **state)
{
#define CLAIMS(iss, more) "{\"iss\":\"https://" iss ".example\"" more "}"
    static const struct {
        int line;
        const char *opaque, *claims; /* one of them */
        const char *settings;
        enum err want;
        bool asked, must_be_encrypted;
    } rows[] = {
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1800000300"), "", ERR_OK, true, false},
        {__LINE__, NULL, CLAIMS("x", ""), "", ERR_OK, true, false},
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1799999900"), "", ERR_JWT_EXPIRED, false, false},
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1800000300,\"nbf\":1800000100"), "", ERR_JWT_NOT_YET,
         false, false},
        {__LINE__, NULL, CLAIMS("x", ",\"aud\":7"), "", ERR_JWT_CLAIM, false, false},
        {__LINE__, NULL, CLAIMS("y", ""), "", ERR_JWT_ISSUER, false, false},
        {__LINE__, NULL, "{}", "", ERR_JWT_ISSUER, false, false},
        {__LINE__, NULL, CLAIMS("x", ""), "", ERR_NOT_ENCRYPTED, false, true},
        {__LINE__, NULL, CLAIMS("x", ""), "introspection_opaque = no\n", ERR_OK, true, false},
        {__LINE__, "opaque", NULL, "", ERR_OK, true, false},
        {__LINE__, "one.dot", NULL, "", ERR_OK, true, false},
        {__LINE__, "opaque2", NULL, "", ERR_OK, true, true},
        {__LINE__, "opaque3", NULL, "introspection_opaque = no\n", ERR_TOKEN_INACTIVE, false,
         false},
        {__LINE__, "a.b.c", NULL, "", ERR_BASE64, false, false},
        {__LINE__, "a.b.c.d.e", NULL, "", ERR_BASE64, false, false},
    };
    struct scene s;
    begin(&s, state, SECRET);
    struct jwk *key = trust_key("ES256", "k");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char settings[256];
        snprintf(settings, sizeof settings, "%s%s", SECRET, rows[i].settings);
        configure(&s, settings);
        s.t->site->conf.require_encryption = rows[i].must_be_encrypted;
        unsigned before = asked(&s);
        struct slice token = rows[i].opaque != NULL
                                 ? slice_of(rows[i].opaque)
                                 : site_sign(s.t->site, key, "anything", rows[i].claims);
        check_err(rows[i].line, check_all(s.t->site, token), rows[i].want);
        check_true(rows[i].line, (asked(&s) > before) == rows[i].asked, "asked");
    }
    jwk_free(key);
    end(&s);
}

#define JKT_A    "0123456789abcdef0123456789abcdef0123456789a"
#define JKT_B    "0123456789abcdef0123456789abcdef0123456789b"
#define CNF(jkt) ",\"cnf\":{\"jkt\":\"" jkt "\"}"
#define CNF_X5T  ",\"cnf\":{\"x5t#S256\":\"" JKT_A "\"}"

/* A binding in the token counts, whatever its issuer says of it. */
static void a_bound_token_stays_bound(void **state)
{
    static const struct {
        int line;
        const char *claims, *answer;
        enum err want;
        const char *jkt, *x5t;
    } rows[] = {
        {__LINE__, CLAIMS("x", CNF(JKT_A)), "", ERR_OK, JKT_A, NULL},
        {__LINE__, CLAIMS("x", CNF(JKT_A)), CNF(JKT_A), ERR_OK, JKT_A, NULL},
        {__LINE__, CLAIMS("x", CNF(JKT_A)), CNF(JKT_B), ERR_JWT_CLAIM, NULL, NULL},
        {__LINE__, CLAIMS("x", ""), CNF(JKT_B), ERR_OK, JKT_B, NULL},
        {__LINE__, CLAIMS("x", ""), "", ERR_OK, NULL, NULL},
        {__LINE__, CLAIMS("x", CNF_X5T), "", ERR_OK, NULL, JKT_A},
        {__LINE__, CLAIMS("x", CNF_X5T), CNF(JKT_B), ERR_OK, JKT_B, JKT_A},
        {__LINE__, CLAIMS("x", ""), CNF_X5T, ERR_OK, NULL, JKT_A},
    };
    struct scene s;
    begin(&s, state, SECRET "introspection_cache = 0\n");
    struct jwk *key = trust_key("ES256", "k");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct token out;
        char answer[512];
        struct issuers *all = issuers_new(&s.t->site->conf);
        struct slice token = site_sign(s.t->site, key, "at+jwt", rows[i].claims);
        snprintf(answer, sizeof answer,
                 "{\"active\":true,\"client_id\":\"c\",\"aud\":\"" SITE_FHIR "\"%s}",
                 rows[i].answer);
        web_put(s.t->web, "/i", 200, "", answer);
        check_err(rows[i].line,
                  issuers_check(all, NULL, s.t->site->st, token, NOW, &s.t->site->arena, &out),
                  rows[i].want);
        if (rows[i].want == ERR_OK) {
            check_slice(rows[i].line, out.dpop_jkt, rows[i].jkt);
            check_slice(rows[i].line, out.tls_x5t, rows[i].x5t);
        }
        web_put(s.t->web, "/i", 200, "", ACTIVE);
        issuers_free(all);
    }
    jwk_free(key);
    end(&s);
}

static void a_token_that_was_revoked_here_is_refused_whatever_is_answered(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    struct jwk *key = trust_key("ES256", "k");
    struct slice revoked = site_sign(s.t->site, key, "at+jwt", CLAIMS("x", ",\"jti\":\"j\""));
    struct slice other = site_sign(s.t->site, key, "at+jwt", CLAIMS("x", ",\"jti\":\"k\""));
    assert_int_equal(store_revoke(s.t->site->st, SLICE("j"), NOW + 300), ERR_OK);
    assert_int_equal(check_all(s.t->site, revoked), ERR_TOKEN_REVOKED);
    assert_int_equal(check_all(s.t->site, other), ERR_OK);
    jwk_free(key);
    end(&s);
}

/* What is encrypted: by the issuer that is in it, if it opens here; else as what it came. */
static void encrypted_tokens_are_asked_about_as_they_came(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    struct site *site = s.t->site;
    struct jwk *signs = trust_key("ES256", "k"), *foreign, *own = NULL;
    struct keyring ring = site_keyring(site);
    char kid[JWK_THUMBPRINT + 1], reason[256];
    struct buf fault = BUF(reason);
    ring.use = "enc";
    ring.alg = "ECDH-ES+A256KW";
    assert_int_equal(keyring_generate(&ring, kid, &fault), ERR_OK);
    assert_int_equal(keyring_encryption_key(&ring, &own, &fault), ERR_OK);
    assert_int_equal(jwk_generate("ECDH-ES+A256KW", &foreign), ERR_OK);
    struct slice inner = site_sign(site, signs, "at+jwt", CLAIMS("x", ""));
    struct slice of_y = site_sign(site, signs, "at+jwt", CLAIMS("y", ""));
    const struct {
        int line;
        const struct jwk *to;
        struct slice inner;
        const char *settings;
        enum err want;
        bool asked, must_be_encrypted;
    } rows[] = {
        {__LINE__, own, inner, "", ERR_OK, true, false},
        {__LINE__, own, inner, "", ERR_OK, true, true},
        {__LINE__, own, of_y, "", ERR_JWT_ISSUER, false, false},
        {__LINE__, foreign, of_y, "", ERR_OK, true,
         false}, /* the endpoint knows it, so it is its own */
        {__LINE__, foreign, inner, "introspection_opaque = no\n", ERR_JWE_KEY, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char settings[256];
        snprintf(settings, sizeof settings, "%s%s", SECRET, rows[i].settings);
        configure(&s, settings);
        s.t->site->conf.require_encryption = rows[i].must_be_encrypted;
        unsigned before = asked(&s);
        struct buf text = buf_in(&site->arena, JWE_MAX_BYTES);
        assert_int_equal(envelope_seal(&site->conf, rows[i].to, rows[i].inner, &site->arena, &text),
                         ERR_OK);
        check_err(rows[i].line, check_all(site, buf_slice(&text)), rows[i].want);
        check_true(rows[i].line, (asked(&s) > before) == rows[i].asked, "asked");
        if (rows[i].asked)
            assert_non_null(strstr(s.t->web->last, text.p));
    }
    /* Not by an issuer whose JWTs are checked here: its own would not come like this. */
    struct buf text = buf_in(&site->arena, JWE_MAX_BYTES);
    unsigned before = asked(&s);
    configure(&s, SECRET);
    memcpy(site->conf.issuers[0].keys, "store", sizeof "store");
    assert_int_equal(envelope_seal(&site->conf, foreign, inner, &site->arena, &text), ERR_OK);
    assert_int_equal(check_all(site, buf_slice(&text)), ERR_JWE_KEY);
    assert_int_equal(asked(&s), before);
    jwk_free(signs);
    jwk_free(own);
    jwk_free(foreign);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(its_place_may_be_discovered),
        TRUST(silent_metadata_do_not_take_the_time_of_the_question),
        TRUST(only_what_may_be_a_token_of_the_issuer_is_asked_about),
        TRUST(a_bound_token_stays_bound),
        TRUST(a_token_that_was_revoked_here_is_refused_whatever_is_answered),
        TRUST(encrypted_tokens_are_asked_about_as_they_came),
    };
    return cmocka_run_group_tests_name("introspection_tokens", tests, NULL, NULL);
}
