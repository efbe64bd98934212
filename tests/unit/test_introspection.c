/* What is asked, and how long an answer counts. */
#include "introspection_fixture.h"

static void the_endpoint_is_asked_as_it_expects(void **state)
{
    struct scene s;
    struct token out;
    begin(&s, state, SECRET);
    assert_int_equal(check(&s, "a~b/c+d==", NOW, &out), ERR_OK);
    const char *sent = s.t->web->last;
    assert_ptr_equal(strstr(sent, "POST /i HTTP/1.1\r\n"), sent);
    assert_non_null(strstr(sent, "\r\n\r\ntoken=a%7Eb%2Fc%2Bd%3D%3D&token_type_hint=access_token"));
    assert_non_null(strstr(sent, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    /* ga+te%3A1:p+w%2B%25 */
    assert_non_null(strstr(sent, "\r\nAuthorization: Basic Z2ErdGUlM0ExOnArdyUyQiUyNQ==\r\n"));
    check_slice(__LINE__, out.client_id, "c");
    check_slice(__LINE__, out.issuer, "https://x.example");
    assert_true(out.introspected);
    assert_int_equal(out.verify_at, NOW + 60);
    end(&s);
}

static void it_may_be_asked_with_an_assertion(void **state)
{
    static const char *const algs[] = {"ES256", "ES384", "RS256", "EdDSA"};
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct scene s;
        struct jws jws;
        struct jwt_claims c;
        struct form form;
        char text[8192];
        struct buf b = BUF(text);
        begin(&s, state, SECRET);
        struct arena *a = &s.t->site->arena;
        struct jwk *key = trust_key(algs[i], "k");
        if (i % 2 == 0) /* an alg of its own, or none */
            memset(key->alg, 0, sizeof key->alg);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        put_file(s.t, "key", text);
        configure(&s, "introspection_key_file = %/key\n");
        CHECK(&s, algs[i], NOW, ERR_OK);
        const char *body = strstr(s.t->web->last, "\r\n\r\n");
        assert_null(strstr(s.t->web->last, "Authorization"));
        assert_int_equal(form_parse(slice_of(body + 4), a, &form), ERR_OK);
        check_slice(__LINE__, form_get(&form, "client_assertion_type"),
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        check_slice(__LINE__, form_get(&form, "token"), algs[i]);
        assert_int_equal(jws_parse(form_get(&form, "client_assertion"), a, &jws), ERR_OK);
        assert_int_equal(jws_verify(&jws, key), ERR_OK);
        check_slice(__LINE__, jws.kid, "k");
        assert_int_equal(jwt_claims_parse(jws.payload, a, &c), ERR_OK);
        check_slice(__LINE__, c.iss, "ga te:1");
        check_slice(__LINE__, c.sub, "ga te:1");
        check_slice(__LINE__, c.aud[0], "https://x.example");
        assert_false(c.aud_is_array);
        assert_in_range(c.exp - NOW, 1, 60);
        assert_true(c.jti.n >= 22);
        jwk_free(key);
        end(&s);
    }
}

static void an_answer_is_kept_for_all_processes(void **state)
{
    struct scene s;
    struct token out;
    begin(&s, state, SECRET);
    CHECK(&s, "t", NOW, ERR_OK);
    CHECK(&s, "t", NOW + 59, ERR_OK);
    assert_int_equal(asked(&s), 1);
    restart(&s);
    assert_int_equal(check(&s, "t", NOW + 59, &out), ERR_OK);
    assert_int_equal(out.verify_at, NOW + 60); /* and not 60 s from now */
    assert_int_equal(asked(&s), 1);
    CHECK(&s, "u", NOW, ERR_OK); /* another token */
    assert_int_equal(asked(&s), 2);
    CHECK(&s, "t", NOW + 60, ERR_OK);
    assert_int_equal(asked(&s), 3);
    /* Never beyond exp. */
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"sub\":\"s\",\"aud\":\"a\",\"exp\":1800000005}");
    CHECK(&s, "v", NOW, ERR_OK);
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "v", NOW + 4, ERR_OK);
    CHECK(&s, "v", NOW + 5, ERR_TOKEN_INACTIVE);
    end(&s);
}

static void a_refusal_is_kept_shortly(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "t", NOW, ERR_TOKEN_INACTIVE);
    CHECK(&s, "t", NOW + 9, ERR_TOKEN_INACTIVE);
    assert_int_equal(asked(&s), 1);
    CHECK(&s, "t", NOW + 10, ERR_TOKEN_INACTIVE);
    assert_int_equal(asked(&s), 2);
    /* Also for what the rules here refuse. */
    web_put(s.t->web, "/i", 200, "", "{\"active\":true,\"client_id\":\"c\"}");
    CHECK(&s, "u", NOW, ERR_JWT_CLAIM);
    CHECK(&s, "u", NOW + 9, ERR_JWT_CLAIM);
    assert_int_equal(asked(&s), 3);
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "u", NOW + 10, ERR_OK);
    /* Not longer than what counts for answers at all. */
    configure(&s, SECRET "introspection_cache = 3s\n");
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "w", NOW, ERR_TOKEN_INACTIVE);
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "w", NOW + 2, ERR_TOKEN_INACTIVE);
    CHECK(&s, "w", NOW + 3, ERR_OK);
    end(&s);
}

static void without_a_cache_each_request_asks(void **state)
{
    struct scene s;
    struct store *mine = NULL;
    struct token out;
    begin(&s, state, SECRET "introspection_cache = 0\n");
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(&s, "t", NOW, ERR_OK);
        assert_int_equal(asked(&s), i);
    }
    /* What is in the store from before the configuration changed does not count. */
    configure(&s, SECRET);
    CHECK(&s, "t", NOW, ERR_OK);
    configure(&s, SECRET "introspection_cache = 0\n");
    CHECK(&s, "t", NOW, ERR_OK);
    assert_int_equal(asked(&s), 5);
    /* Through the cache of verified tokens, too. */
    struct verifier *v = verifier_new(&s.t->site->conf);
    for (unsigned i = 6; i <= 8; i++) {
        assert_int_equal(verifier_check(v, &mine, SLICE("t"), NOW, &s.t->site->arena, &out),
                         ERR_OK);
        assert_int_equal(asked(&s), i);
    }
    store_close(mine);
    verifier_free(v);
    end(&s);
}

static void a_revocation_here_counts_at_once(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"client_id\":\"c\",\"aud\":\"a\",\"jti\":\"j\"}");
    CHECK(&s, "t", NOW, ERR_OK);
    assert_int_equal(store_revoke(s.t->site->st, SLICE("j"), NOW + 300), ERR_OK);
    CHECK(&s, "t", NOW, ERR_TOKEN_REVOKED);
    CHECK(&s, "u", NOW, ERR_TOKEN_REVOKED);
    end(&s);
}

/* The store here knows of a client that was disabled, whatever an answer said a moment ago. */
static void own_tokens_are_looked_up_too(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    struct site *site = s.t->site;
    memcpy(site->conf.issuers[0].issuer, SITE_ISSUER, sizeof SITE_ISSUER);
    restart(&s);
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"client_id\":\"c\",\"aud\":\"a\",\"jti\":\"j\",\"iat\":1799999990}");
    CHECK(&s, "s", NOW, ERR_OK); /* of a token endpoint with another store */
    site_add_client(site, "c", "system/*.rs");
    CHECK(&s, "t", NOW, ERR_OK);
    struct client c = site_client("c", "system/*.rs");
    c.enabled = false;
    assert_int_equal(store_client_update(site->st, &c), ERR_OK);
    CHECK(&s, "t", NOW, ERR_TOKEN_REVOKED);
    assert_int_equal(store_client_remove(site->st, SLICE("c")), ERR_OK);
    CHECK(&s, "t", NOW, ERR_TOKEN_REVOKED);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(the_endpoint_is_asked_as_it_expects), TRUST(it_may_be_asked_with_an_assertion),
        TRUST(an_answer_is_kept_for_all_processes), TRUST(a_refusal_is_kept_shortly),
        TRUST(without_a_cache_each_request_asks),   TRUST(a_revocation_here_counts_at_once),
        TRUST(own_tokens_are_looked_up_too),
    };
    return cmocka_run_group_tests_name("introspection", tests, NULL, NULL);
}
