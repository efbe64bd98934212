#include "client_fixture.h"

#include "client_keys.h"

#define URL "https://client.example/jwks.json"

static struct jws parse(struct site *s, struct slice assertion)
{
    struct jws jws;
    assert_int_equal(jws_parse(assertion, &s->arena, &jws), ERR_OK);
    return jws;
}

static enum err verify(struct site *s, const struct client *c, const struct jws *jws, int64_t now)
{
    struct jwk *used = NULL;
    enum err e = client_keys_verify(s->st, &s->conf, c, jws, now, &s->arena, &used);
    assert_int_equal(used != NULL, e == ERR_OK);
    if (e == ERR_OK)
        check_slice(__LINE__, jws->kid, used->kid);
    jwk_free(used);
    return e;
}

static struct jwk *new_key(const char *alg)
{
    struct jwk *key;
    assert_int_equal(jwk_generate(alg, &key), ERR_OK);
    return key;
}

static void an_inline_set_must_hold_the_key(void **state)
{
    struct site *s = *state;
    struct jwk *keys[] = {new_key("ES384"), new_key("ES256"), new_key("ES384")};
    struct client c = site_client("a", "");
    c.auth = CLIENT_JWKS;
    c.jwks = key_set_of(s, keys, 2);
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct jws jws = parse(s, client_assertion(s, keys[i], "a", "j"));
        assert_int_equal(verify(s, &c, &jws, SITE_NOW), i < 2 ? ERR_OK : ERR_JWT_KEY);
    }
    /* Another key under the name of a registered one. */
    memcpy(keys[2]->kid, keys[0]->kid, sizeof keys[2]->kid);
    struct jws forged = parse(s, client_assertion(s, keys[2], "a", "j"));
    assert_int_equal(verify(s, &c, &forged, SITE_NOW), ERR_JWT_SIGNATURE);
    /* A registered key of another algorithm. */
    memcpy(keys[2]->kid, keys[1]->kid, sizeof keys[2]->kid);
    forged = parse(s, client_assertion(s, keys[2], "a", "j"));
    assert_int_equal(verify(s, &c, &forged, SITE_NOW), ERR_JWT_ALG);
    for (size_t i = 0; i < COUNT(keys); i++)
        jwk_free(keys[i]);
}

static void a_set_that_is_not_sound_verifies_nothing(void **state)
{
    struct site *s = *state;
    struct jwk *keys[] = {new_key("ES256"), new_key("ES256")};
    struct client c = site_client("a", "");
    c.auth = CLIENT_JWKS;
    struct jws jws = parse(s, client_assertion(s, keys[0], "a", "j"));
    static const char *const sets[] = {"", "{}", "[]", "{\"keys\":[]}", "{\"keys\":{}}", "x"};
    for (size_t i = 0; i < COUNT(sets); i++) {
        c.jwks = sets[i];
        assert_int_not_equal(verify(s, &c, &jws, SITE_NOW), ERR_OK);
    }
    memcpy(keys[1]->kid, keys[0]->kid, sizeof keys[1]->kid);
    c.jwks = key_set_of(s, keys, 2);
    assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_JWK_DUPLICATE);
    jwk_free(keys[0]);
    jwk_free(keys[1]);
}

static void a_jku_never_leads_to_a_key(void **state)
{
    struct site *s = *state;
    struct jwk *key = new_key("ES256");
    struct client c = site_client("a", "");
    struct jws jws = parse(s, client_assertion(s, key, "a", "j"));
    c.auth = CLIENT_JWKS;
    c.jwks = key_set_of(s, &key, 1);
    jws.jku = SLICE("https://evil.example/jwks.json");
    assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_JWT_KEY);
    jws.jku = SLICE_NONE;
    assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_OK);

    c.auth = CLIENT_JWKS_URI;
    c.jwks = "";
    c.jwks_uri = URL;
    assert_int_equal(store_document_put(s->st, SLICE(URL), slice_of(key_set_of(s, &key, 1)),
                                        SITE_NOW, SITE_NOW + 100),
                     ERR_OK);
    static const char *const others[] = {"https://client.example/jwks.json/", "",
                                         "https://client.example/JWKS.json",
                                         "http://client.example/jwks.json"};
    for (size_t i = 0; i < COUNT(others); i++) {
        jws.jku = slice_of(others[i]);
        assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_JWT_KEY);
    }
    jws.jku = SLICE(URL);
    assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_OK);
    jwk_free(key);
}

static void a_client_with_a_secret_has_no_keys(void **state)
{
    struct site *s = *state;
    struct jwk *key = new_key("ES256");
    struct client c = site_client("a", "");
    c.jwks = key_set_of(s, &key, 1);
    struct jws jws = parse(s, client_assertion(s, key, "a", "j"));
    assert_int_equal(verify(s, &c, &jws, SITE_NOW), ERR_JWT_KEY);
    jwk_free(key);
}

/* As long as the set is fresh nothing is fetched; the URL of these tests cannot be. */
static void a_fetched_set_is_used_while_it_is_fresh(void **state)
{
    struct site *s = *state;
    struct jwk *keys[] = {new_key("ES256"), new_key("ES256")};
    struct client c = site_client("a", "");
    c.auth = CLIENT_JWKS_URI;
    c.jwks_uri = "https://127.0.0.1:1/jwks.json"; /* nobody listens */
    assert_int_equal(store_document_put(s->st, slice_of(c.jwks_uri),
                                        slice_of(key_set_of(s, keys, 1)), SITE_NOW, SITE_NOW + 100),
                     ERR_OK);
    struct jws good = parse(s, client_assertion(s, keys[0], "a", "j"));
    struct jws unknown = parse(s, client_assertion(s, keys[1], "a", "j"));
    memcpy(keys[1]->kid, keys[0]->kid, sizeof keys[1]->kid);
    struct jws forged = parse(s, client_assertion(s, keys[1], "a", "j"));
    assert_int_equal(verify(s, &c, &good, SITE_NOW + 99), ERR_OK);
    assert_int_equal(verify(s, &c, &forged, SITE_NOW + 99), ERR_JWT_SIGNATURE);
    /* An unknown kid asks again, but not at once. */
    assert_int_equal(verify(s, &c, &unknown, SITE_NOW + CLIENT_KEYS_REFETCH - 1), ERR_JWT_KEY);
    assert_int_equal(verify(s, &c, &unknown, SITE_NOW + CLIENT_KEYS_REFETCH), ERR_HTTP);
    /* That this fails takes nothing away, and is not tried with every request. */
    assert_int_equal(verify(s, &c, &good, SITE_NOW + CLIENT_KEYS_REFETCH), ERR_OK);
    assert_int_equal(verify(s, &c, &unknown, SITE_NOW + CLIENT_KEYS_REFETCH + 1), ERR_JWT_KEY);
    assert_int_equal(verify(s, &c, &good, SITE_NOW + 100), ERR_HTTP);
    jwk_free(keys[0]);
    jwk_free(keys[1]);
}

/* Of a failed fetch an empty document is left for a while: nothing is fetched while it is there. */
static void a_failed_fetch_is_not_repeated_at_once(void **state)
{
    struct site *s = *state;
    struct jwk *key = new_key("ES256");
    struct client c = site_client("a", "");
    c.auth = CLIENT_JWKS_URI;
    c.jwks_uri = "https://127.0.0.1:1/jwks.json";
    struct jws jws = parse(s, client_assertion(s, key, "a", "j"));
    struct slice body;
    int64_t fetched_at, expires_at;
    for (int64_t now = SITE_NOW; now <= SITE_NOW + CLIENT_KEYS_RETRY; now++) {
        assert_int_equal(verify(s, &c, &jws, now), ERR_HTTP);
        assert_int_equal(store_document_get(s->st, slice_of(c.jwks_uri), &s->arena, &body,
                                            &fetched_at, &expires_at),
                         ERR_OK);
        assert_int_equal(body.n, 0);
        assert_int_equal(fetched_at, now < SITE_NOW + CLIENT_KEYS_RETRY ? SITE_NOW : now);
        assert_int_equal(expires_at, fetched_at + CLIENT_KEYS_RETRY);
    }
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(an_inline_set_must_hold_the_key),
        SITE(a_set_that_is_not_sound_verifies_nothing),
        SITE(a_jku_never_leads_to_a_key),
        SITE(a_client_with_a_secret_has_no_keys),
        SITE(a_fetched_set_is_used_while_it_is_fresh),
        SITE(a_failed_fetch_is_not_repeated_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
