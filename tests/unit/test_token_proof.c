/* DPoP at the token endpoint (RFC 9449 sections 5 and 8). */
#include "endpoint_fixture.h"

#include "dpop_fixture.h"

#include "dpop_site.h"

_Static_assert(PROOF_NOW == SITE_NOW, "proofs are made for the site's time");

#define HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K}"

static struct slice proof(struct site *s, const struct jwk *key, const char *jti, const char *htu,
                          const char *nonce)
{
    char claims[512];
    struct buf text = BUF(claims);
    buf_printf(&text, "{\"jti\":\"%s\",\"htm\":\"POST\",\"htu\":\"%s\",\"iat\":%d", jti, htu,
               PROOF_NOW);
    if (nonce != NULL)
        buf_printf(&text, ",\"nonce\":\"%s\"", nonce);
    buf_puts(&text, "}");
    return proof_make("ES256", key, HEADER, claims, &s->arena);
}

static enum err ask(struct site *s, struct call *c, const char *secret, struct slice dpop)
{
    c->request.dpop = dpop;
    return call(s, c, endpoint_token,
                secret_form(s, "a", secret, "&grant_type=client_credentials&scope=system/*.rs"));
}

static const char *client_of(struct site *s, bool required)
{
    struct client c = site_client("a", "system/*.rs");
    c.dpop_required = required;
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
    return client_add_secret(s, "a");
}

static void a_proof_binds_the_token(void **state)
{
    struct site *s = *state;
    CALL(c);
    const char *secret = client_of(s, false);
    struct jwk *key = proof_key("ES256");
    char jkt[JWK_THUMBPRINT + 1];
    struct jws jws;
    struct jwt_claims claims;
    struct slice good = proof(s, key, "1", SITE_ISSUER "/token", NULL);
    assert_int_equal(jwk_thumbprint(key, jkt), ERR_OK);
    assert_int_equal(ask(s, &c, secret, good), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_type"), "DPoP");
    const char *token = answer_text(s, &c, "access_token");
    assert_int_equal(jws_parse(slice_of(token), &s->arena, &jws), ERR_OK);
    assert_int_equal(jwt_claims_parse(jws.payload, &s->arena, &claims), ERR_OK);
    check_slice(__LINE__, claims.cnf_jkt, jkt);
    assert_null(c.ep.dpop_nonce.p);
    assert_int_equal(ask(s, &c, secret, good), ERR_DPOP_REPLAY);
    assert_int_equal(ask(s, &c, secret, SLICE_NONE), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_type"), "Bearer");

    /* and introspection says so */
    site_add_client(s, "reader", "introspect");
    const char *reader = client_add_secret(s, "reader");
    struct buf form = buf_in(&s->arena, 8192);
    buf_printf(&form, "client_id=reader&client_secret=%s&token=%s", reader, token);
    assert_int_equal(call(s, &c, endpoint_introspect, form.p), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_type"), "DPoP");
    struct json *document = answer_json(&c);
    struct slice told;
    assert_true(json_member_string(json_member(document, "cnf"), "jkt", &told));
    check_slice(__LINE__, told, jkt);
    json_free(document);
    jwk_free(key);
}

static void a_bad_proof_buys_nothing(void **state)
{
    struct site *s = *state;
    CALL(c);
    const char *secret = client_of(s, false);
    struct jwk *key = proof_key("ES256");
    static const char *const others[] = {SITE_ISSUER, SITE_ISSUER "/revoke", SITE_ISSUER "/token/",
                                         SITE_FHIR "/token", "https://other.example/auth/token"};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(ask(s, &c, secret, proof(s, key, "1", others[i], NULL)), ERR_DPOP_URL);
    assert_int_equal(ask(s, &c, secret, SLICE("")), ERR_DPOP_FORM);
    assert_int_equal(ask(s, &c, secret, SLICE("a.b.c, a.b.c")), ERR_DPOP_TWO);
    /* of a stranger it is not even looked at */
    struct slice good = proof(s, key, "1", SITE_ISSUER "/token", NULL);
    assert_int_equal(ask(s, &c, "wrong", SLICE("")), ERR_CLIENT_AUTH);
    assert_int_equal(ask(s, &c, "wrong", good), ERR_CLIENT_AUTH);
    assert_int_equal(ask(s, &c, secret, good), ERR_OK); /* and is not used up */
    jwk_free(key);
}

static void a_client_may_have_to_send_one(void **state)
{
    struct site *s = *state;
    CALL(c);
    const char *secret = client_of(s, true);
    struct jwk *key = proof_key("ES256");
    assert_int_equal(ask(s, &c, secret, SLICE_NONE), ERR_DPOP_MISSING);
    assert_int_equal(ask(s, &c, secret, proof(s, key, "1", SITE_ISSUER "/token", NULL)), ERR_OK);
    assert_string_equal(answer_text(s, &c, "token_type"), "DPoP");
    jwk_free(key);
}

static void a_nonce_is_told_and_then_taken(void **state)
{
    struct site *s = *state;
    CALL(c);
    const char *secret = client_of(s, false);
    struct jwk *key = proof_key("ES256");
    s->conf.dpop_nonces = true;
    assert_int_equal(ask(s, &c, secret, proof(s, key, "1", SITE_ISSUER "/token", NULL)),
                     ERR_DPOP_NONCE);
    assert_int_equal(c.ep.dpop_nonce.n, TIME_NONCE);
    const char *nonce = arena_dup(&s->arena, c.ep.dpop_nonce);
    assert_int_equal(ask(s, &c, secret, proof(s, key, "1", SITE_ISSUER "/token", "x")),
                     ERR_DPOP_NONCE);
    assert_int_equal(ask(s, &c, secret, proof(s, key, "1", SITE_ISSUER "/token", nonce)), ERR_OK);
    assert_int_equal(ask(s, &c, secret, proof(s, key, "2", SITE_ISSUER "/token", nonce)), ERR_OK);
    assert_int_equal(ask(s, &c, secret, proof(s, key, "2", SITE_ISSUER "/token", nonce)),
                     ERR_DPOP_REPLAY);
    assert_int_equal(ask(s, &c, secret, SLICE_NONE), ERR_OK); /* a bearer token needs none */
    jwk_free(key);
}

/* Of a request that began in time and was held up, say by an introspection. */
static void a_proof_is_remembered_for_who_comes_late(void **state)
{
    struct site *s = *state;
    struct dpop_proof p = {.jkt = "0123456789abcdef0123456789abcdef0123456789a",
                           .jti = SLICE("1"),
                           .good_until = PROOF_NOW};
    assert_int_equal(dpop_site_spend(s->st, &p, PROOF_NOW - 30), ERR_OK);
    assert_int_equal(store_purge(s->st, PROOF_NOW + 30, 1000, NULL), ERR_OK);
    assert_int_equal(dpop_site_spend(s->st, &p, PROOF_NOW - 1), ERR_DPOP_REPLAY);
    assert_int_equal(dpop_site_spent(s->st, &p, PROOF_NOW - 1), ERR_DPOP_REPLAY);
    assert_int_equal(store_purge(s->st, PROOF_NOW + 60, 1000, NULL), ERR_OK);
    assert_int_equal(dpop_site_spent(s->st, &p, PROOF_NOW - 1), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(a_proof_binds_the_token),
        SITE(a_bad_proof_buys_nothing),
        SITE(a_client_may_have_to_send_one),
        SITE(a_nonce_is_told_and_then_taken),
        SITE(a_proof_is_remembered_for_who_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
