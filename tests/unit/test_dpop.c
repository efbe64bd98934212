#include "dpop_fixture.h"
#include "vectors.h"

#define URL    "https://gateway.example/fhir/Patient"
#define HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K}"
#define CLAIMS                                                                                     \
    "{\"jti\":\"j\",\"htm\":\"GET\",\"htu\":\"" URL "\",\"iat\":1800000000,\"ath\":\""             \
    "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"}" /* of "abc" */

static const struct dpop_rules rules = {.method = {"GET", 3},
                                        .url = {URL, sizeof URL - 1},
                                        .now = PROOF_NOW,
                                        .window_s = 60,
                                        .token = {"abc", 3}};

static enum err check(struct slice proof, const struct dpop_rules *r, struct arena *a)
{
    struct dpop_proof out;
    EXACT(exact, proof);
    return dpop_check(exact, r, a, &out);
}

static void the_examples_of_the_rfc_are_good(void **state)
{
    static const char *const files[] = {"rfc9449-4.1.json", "rfc9449-7.1.json"};
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        ARENA(a, 65536);
        struct json *v = vector_load(files[i]);
        struct dpop_proof out;
        int64_t iat;
        struct slice token = SLICE_NONE;
        bool bound = json_member_string(v, "token", &token);
        assert_int_equal(bound, i == 1);
        assert_true(json_integer(json_member(v, "iat"), &iat));
        struct dpop_rules r = {.method = vector_text(v, "method"),
                               .url = vector_text(v, "url"),
                               .now = iat + 60,
                               .window_s = 60,
                               .token = token};
        assert_int_equal(dpop_check(vector_text(v, "proof"), &r, &a, &out), ERR_OK);
        assert_true(slice_is(vector_text(v, "jkt"), out.jkt));
        assert_true(slice_eq(vector_text(v, "jti"), out.jti));
        assert_int_equal(out.iat, iat);
        assert_int_equal(out.good_until, iat + 61);
        r.now = iat + 61;
        assert_int_equal(check(vector_text(v, "proof"), &r, &a), ERR_DPOP_TIME);
        r.now = iat - 60;
        assert_int_equal(check(vector_text(v, "proof"), &r, &a), ERR_OK);
        r.now = iat - 61;
        assert_int_equal(check(vector_text(v, "proof"), &r, &a), ERR_DPOP_TIME);
        r.now = iat;
        r.token = SLICE("another");
        assert_int_equal(check(vector_text(v, "proof"), &r, &a), ERR_DPOP_TOKEN);
        json_free(v);
    }
}

static void every_signature_algorithm_is_taken(void **state)
{
    (void)state;
    size_t count = 0;
    for (; dpop_alg_at(count) != NULL; count++) {
        ARENA(a, 131072);
        char header[128];
        struct jwk *key = proof_key(dpop_alg_at(count));
        snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":$K}",
                 dpop_alg_at(count));
        check_err(__LINE__,
                  check(proof_make(dpop_alg_at(count), key, header, CLAIMS, &a), &rules, &a),
                  ERR_OK);
        jwk_free(key);
    }
    assert_int_equal(count, 10); /* RS, PS and ES in three lengths, EdDSA */
}

static const struct {
    int line;
    const char *header, *claims;
    enum err want;
} hostile[] = {
    {__LINE__, HEADER, CLAIMS, ERR_OK},
    /* header */
    {__LINE__, "{\"typ\":\"DPoP+JWT\",\"alg\":\"ES256\",\"jwk\":$K}", CLAIMS, ERR_OK},
    {__LINE__, "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":$K}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jwk\":$K}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"alg\":\"ES256\",\"jwk\":$K}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":1,\"alg\":\"ES256\",\"jwk\":$K}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":$K}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":$K}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":$K}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"jwk\":$K}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"kid\":\"k\"}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":null}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":\"$K\"}", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":[$K]}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"keys\":[$K]}}", CLAIMS,
     ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$P}", CLAIMS, ERR_DPOP_KEY},
    {__LINE__,
     "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\","
     "\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
     CLAIMS, ERR_DPOP_KEY},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K,\"jwk\":$K}", CLAIMS,
     ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K,\"crit\":[\"x\"]}", CLAIMS,
     ERR_DPOP_FORM},
    {__LINE__, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K,\"b64\":false}", CLAIMS,
     ERR_DPOP_FORM},
    {__LINE__,
     "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$K,\"kid\":\"k\",\"x5u\":\"https://e\","
     "\"jku\":\"https://e\"}",
     CLAIMS, ERR_OK},
    {__LINE__, "[]", CLAIMS, ERR_DPOP_FORM},
    {__LINE__, "{", CLAIMS, ERR_DPOP_FORM},
    /* claims */
    {__LINE__, HEADER, "", ERR_DPOP_FORM},
    {__LINE__, HEADER, "[]", ERR_DPOP_FORM},
    {__LINE__, HEADER, CLAIMS "x", ERR_DPOP_FORM},
#define WITH(members) "{" members "\"ath\":\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"}"
#define JTI           "\"jti\":\"j\","
#define HTM           "\"htm\":\"GET\","
#define HTU           "\"htu\":\"" URL "\","
#define IAT           "\"iat\":1800000000,"
    {__LINE__, HEADER, WITH(JTI HTM HTU IAT), ERR_OK},
    {__LINE__, HEADER, WITH(HTM HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH("\"jti\":\"\"," HTM HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH("\"jti\":1," HTM HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI "\"jti\":\"k\"," HTM HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI "\"htm\":\"POST\"," HTU IAT), ERR_DPOP_METHOD},
    {__LINE__, HEADER, WITH(JTI "\"htm\":\"get\"," HTU IAT), ERR_DPOP_METHOD},
    {__LINE__, HEADER, WITH(JTI "\"htm\":[\"GET\"]," HTU IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI HTM IAT), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI HTM "\"htu\":\"" URL "/1\"," IAT), ERR_DPOP_URL},
    {__LINE__, HEADER, WITH(JTI HTM "\"htu\":\"" URL "?a=b#c\"," IAT), ERR_OK},
    {__LINE__, HEADER, WITH(JTI HTM "\"htu\":\"https://GATEWAY.example:443/fhir/%50atient\"," IAT),
     ERR_OK},
    {__LINE__, HEADER, WITH(JTI HTM "\"htu\":\"http://gateway.example/fhir/Patient\"," IAT),
     ERR_DPOP_URL},
    {__LINE__, HEADER, WITH(JTI HTM "\"htu\":\"/fhir/Patient\"," IAT), ERR_DPOP_URL},
    {__LINE__, HEADER, WITH(JTI HTM HTU), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":\"1800000000\","), ERR_DPOP_FORM},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":1799999940,"), ERR_OK},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":1799999939.9,"), ERR_DPOP_TIME},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":1800000060,"), ERR_OK},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":1800000060.1,"), ERR_DPOP_TIME},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":-1e300,"), ERR_DPOP_TIME},
    {__LINE__, HEADER, WITH(JTI HTM HTU "\"iat\":1e300,"), ERR_DPOP_TIME},
    {__LINE__, HEADER, "{" JTI HTM HTU "\"iat\":1800000000}", ERR_DPOP_TOKEN},
    {__LINE__, HEADER, "{" JTI HTM HTU IAT "\"ath\":\"\"}", ERR_DPOP_TOKEN},
    {__LINE__, HEADER, "{" JTI HTM HTU IAT "\"ath\":null}", ERR_DPOP_TOKEN},
    {__LINE__, HEADER,
     "{" JTI HTM HTU IAT "\"ath\":\"UNGWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"}",
     ERR_DPOP_TOKEN},
};

static void hostile_proofs_are_refused(void **state)
{
    (void)state;
    struct jwk *key = proof_key("ES256");
    for (size_t i = 0; i < COUNT(hostile); i++) {
        ARENA(a, 131072);
        struct slice proof = proof_make("ES256", key, hostile[i].header, hostile[i].claims, &a);
        check_err(hostile[i].line, check(proof, &rules, &a), hostile[i].want);
    }
    jwk_free(key);
}

static void what_is_no_proof_is_refused(void **state)
{
    (void)state;
    ARENA(a, 131072);
    struct jwk *key = proof_key("ES256"), *other = proof_key("ES256");
    struct slice good = proof_make("ES256", key, HEADER, CLAIMS, &a);
    struct buf text = buf_in(&a, 16384);
    assert_int_equal(check(SLICE_NONE, &rules, &a), ERR_DPOP_MISSING);
    assert_int_equal(check(SLICE(""), &rules, &a), ERR_DPOP_FORM);
    assert_int_equal(check(SLICE(","), &rules, &a), ERR_DPOP_TWO);
    assert_int_equal(check(SLICE("a.b.c"), &rules, &a), ERR_DPOP_FORM);
    buf_printf(&text, "%.*s, %.*s", SLICE_FMT(good), SLICE_FMT(good));
    assert_int_equal(check(buf_slice(&text), &rules, &a), ERR_DPOP_TWO);
    for (size_t n = 0; n < good.n; n += 7)
        assert_int_not_equal(check((struct slice){good.p, n}, &rules, &a), ERR_OK);
    /* another key signs than the one it shows */
    struct buf shown = buf_in(&a, 4096);
    buf_puts(&shown, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":");
    assert_int_equal(jwk_write_public(other, &shown), ERR_OK);
    buf_puts(&shown, "}");
    assert_int_equal(check(proof_make("ES256", key, shown.p, CLAIMS, &a), &rules, &a),
                     ERR_DPOP_SIGNATURE);
    ARENA(small, 32);
    struct dpop_proof out;
    assert_int_not_equal(dpop_check(good, &rules, &small, &out), ERR_OK);
    jwk_free(key);
    jwk_free(other);
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    struct jwk *key = proof_key("ES256");
    for (int i = 0; i < 3; i++) {
        ARENA(a, 131072);
        struct buf claims = buf_in(&a, 16384);
        int jti = (const int[]){DPOP_MAX_JTI, DPOP_MAX_JTI + 1, DPOP_MAX_BYTES}[i];
        buf_printf(&claims, "{\"jti\":\"%0*d\"," HTM HTU "\"iat\":1800000000,", jti, 0);
        buf_puts(&claims, "\"ath\":\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"}");
        check_err(__LINE__, check(proof_make("ES256", key, HEADER, claims.p, &a), &rules, &a),
                  i == 0 ? ERR_OK : ERR_DPOP_FORM);
    }
    jwk_free(key);
}

static void a_nonce_is_demanded_when_there_is_a_key_for_it(void **state)
{
    (void)state;
    struct jwk *key = proof_key("ES256");
    struct secret secret = {{1, 2, 3}}, others = {{3, 2, 1}};
    struct dpop_rules r = rules;
    r.nonce_key = &secret;
    static const struct {
        int line;
        int64_t made;
        bool by_other;
        enum err want;
    } rows[] = {
        {__LINE__, PROOF_NOW, false, ERR_OK},
        {__LINE__, PROOF_NOW - TIME_NONCE_SLOT_S, false, ERR_OK},
        {__LINE__, PROOF_NOW - 2 * TIME_NONCE_SLOT_S, false, ERR_DPOP_NONCE},
        {__LINE__, PROOF_NOW + TIME_NONCE_SLOT_S, false, ERR_DPOP_NONCE},
        {__LINE__, PROOF_NOW, true, ERR_DPOP_NONCE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ARENA(a, 131072);
        char nonce[TIME_NONCE + 1], claims[512];
        assert_true(time_nonce_make(rows[i].by_other ? &others : &secret, rows[i].made, nonce));
        assert_int_equal(strlen(nonce), TIME_NONCE);
        snprintf(claims, sizeof claims, WITH(JTI HTM HTU IAT "\"nonce\":\"%s\","), nonce);
        check_err(rows[i].line, check(proof_make("ES256", key, HEADER, claims, &a), &r, &a),
                  rows[i].want);
    }
    ARENA(a, 262144);
    static const char *const bad[] = {WITH(JTI HTM HTU IAT),
                                      WITH(JTI HTM HTU IAT "\"nonce\":\"\","),
                                      WITH(JTI HTM HTU IAT "\"nonce\":1,"),
                                      /* the nonce is told before the time */
                                      WITH(JTI HTM HTU "\"iat\":1,")};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(check(proof_make("ES256", key, HEADER, bad[i], &a), &r, &a),
                         ERR_DPOP_NONCE);
    jwk_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_good),
        cmocka_unit_test(every_signature_algorithm_is_taken),
        cmocka_unit_test(hostile_proofs_are_refused),
        cmocka_unit_test(what_is_no_proof_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(a_nonce_is_demanded_when_there_is_a_key_for_it),
    };
    return cmocka_run_group_tests_name("dpop", tests, NULL, NULL);
}
