#include "authorize_fixture.h"

#include "token_cache.h"

#include <pthread.h>

#define WAYS 8 /* of a set, as in token_cache.c */

/* Digests of the same set unless `set` differs; `n` tells them apart. */
static struct secret digest_of(unsigned set, unsigned n)
{
    struct secret d = {{0}};
    d.b[1] = (unsigned char)set;
    memcpy(d.b + 16, &n, sizeof n);
    return d;
}

static struct token token_named(const char *client_id)
{
    struct token t = token_of("system/Patient.r");
    t.client_id = slice_of(client_id);
    return t;
}

static bool get(struct token_cache *c, struct secret digest, uint64_t generation, int64_t now,
                struct token *out)
{
    ARENA(a, 4096);
    return token_cache_get(c, &digest, generation, now, &a, out);
}

static void a_token_comes_back_as_it_was_put(void **state)
{
    (void)state;
    ARENA(a, 4096);
    struct secret digest = digest_of(0, 1);
    struct token_cache *c = token_cache_new(1);
    struct token t = token_named("client"), out;
    EXACT(scope, SLICE("system/*.rs system/Patient.d"));
    t.scope = scope;
    t.subject = SLICE("");
    t.jti = SLICE_NONE;
    t.dpop_jkt = SLICE("thumbprint");
    t.tls_x5t = SLICE("digest");
    t.issuer = SLICE("https://a");
    t.audience[1] = SLICE("b");
    t.audience_count = 2;
    token_set_scope(&t, t.scope);
    assert_false(token_cache_get(c, &digest, 1, NOW, &a, &out));
    token_cache_put(c, &digest, 1, &t);
    assert_true(token_cache_get(c, &digest, 1, NOW, &a, &out));
    token_cache_free(c); /* what was handed out is a copy */
    check_slice(__LINE__, out.client_id, "client");
    check_slice(__LINE__, out.scope, "system/*.rs system/Patient.d");
    check_slice(__LINE__, out.subject, "");
    check_slice(__LINE__, out.jti, NULL);
    check_slice(__LINE__, out.issuer, "https://a");
    check_slice(__LINE__, out.dpop_jkt, "thumbprint");
    assert_ptr_not_equal(out.dpop_jkt.p, t.dpop_jkt.p);
    check_slice(__LINE__, out.tls_x5t, "digest");
    assert_int_equal(out.audience_count, 2);
    check_slice(__LINE__, out.audience[0], AUDIENCE);
    check_slice(__LINE__, out.audience[1], "b");
    assert_int_equal(out.expires_at, t.expires_at);
    assert_true(scope_set_allows(&out.granted[SCOPE_SYSTEM], FHIR_TYPE_ANY, SCOPE_R | SCOPE_S));
    assert_false(scope_set_allows(&out.granted[SCOPE_SYSTEM], FHIR_TYPE_ANY, SCOPE_D));
}

static void what_is_to_be_verified_anew_is_no_hit(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(1);
    struct token t = token_named("client"), out;
    struct secret digest = digest_of(0, 1);
    t.verify_at = NOW + 60;
    t.expires_at = NOW + 90;
    token_cache_put(c, &digest, 1, &t);
    assert_true(get(c, digest, 1, NOW + 59, &out));
    assert_false(get(c, digest, 1, NOW + 60, &out));
    t.verify_at = NOW + 120;
    token_cache_put(c, &digest, 1, &t);
    assert_true(get(c, digest, 1, NOW + 89, &out));
    assert_false(get(c, digest, 1, NOW + 90, &out));
    token_cache_free(c);
}

static void only_the_whole_digest_is_a_hit(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(1);
    struct token t = token_named("client"), out;
    struct secret digest = digest_of(0, 1);
    token_cache_put(c, &digest, 1, &t);
    for (size_t i = 0; i < sizeof digest.b; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct secret other = digest;
            other.b[i] = (unsigned char)(other.b[i] ^ 1U << bit);
            assert_false(get(c, other, 1, NOW, &out));
        }
    assert_true(get(c, digest, 1, NOW, &out));
    token_cache_free(c);
}

static void a_token_counts_until_it_expires(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(100);
    struct token t = token_named("client"), out;
    struct secret digest = digest_of(0, 1);
    t.expires_at = NOW;
    token_cache_put(c, &digest, 1, &t);
    assert_true(get(c, digest, 1, NOW - 1, &out));
    assert_false(get(c, digest, 1, NOW, &out));
    assert_false(get(c, digest, 1, NOW - 1, &out)); /* it is gone */
    token_cache_free(c);
}

static void a_token_counts_within_its_generation(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(100);
    struct token t = token_named("client"), out;
    struct secret digest = digest_of(0, 1);
    token_cache_put(c, &digest, 7, &t);
    assert_true(get(c, digest, 7, NOW, &out));
    assert_false(get(c, digest, 8, NOW, &out));
    assert_false(get(c, digest, 7, NOW, &out)); /* it is gone */
    /* A slow thread that verified before the change puts its token after it. */
    token_cache_put(c, &digest, 7, &t);
    assert_false(get(c, digest, 8, NOW, &out));
    token_cache_free(c);
}

static void a_second_put_replaces_the_first(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(100);
    struct token one = token_named("one"), two = token_named("two"), out;
    struct secret digest = digest_of(0, 1);
    ARENA(a, 4096);
    token_cache_put(c, &digest, 1, &one);
    token_cache_put(c, &digest, 1, &two);
    assert_true(token_cache_get(c, &digest, 1, NOW, &a, &out));
    check_slice(__LINE__, out.client_id, "two");
    token_cache_free(c);
}

static void a_full_set_drops_what_was_used_longest_ago(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(1);
    struct token t = token_named("client"), out;
    for (unsigned n = 0; n < WAYS; n++) {
        struct secret digest = digest_of(0, n);
        token_cache_put(c, &digest, 1, &t);
    }
    assert_true(get(c, digest_of(0, 0), 1, NOW, &out)); /* used again */
    struct secret more = digest_of(0, WAYS);
    token_cache_put(c, &more, 1, &t);
    assert_true(get(c, digest_of(0, 0), 1, NOW, &out));
    assert_false(get(c, digest_of(0, 1), 1, NOW, &out));
    for (unsigned n = 2; n <= WAYS; n++)
        assert_true(get(c, digest_of(0, n), 1, NOW, &out));
    token_cache_free(c);
}

static void none_holds_nothing(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(0);
    struct token t = token_named("client"), out;
    struct secret digest = digest_of(0, 1);
    token_cache_put(c, &digest, 1, &t);
    assert_false(get(c, digest, 1, NOW, &out));
    token_cache_free(c);
    token_cache_free(NULL);
}

static void a_full_arena_is_a_miss(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(1);
    struct token t = token_named("client"), out = {.client_id = SLICE("untouched")};
    struct secret digest = digest_of(0, 1);
    ARENA(small, 16);
    token_cache_put(c, &digest, 1, &t);
    assert_false(token_cache_get(c, &digest, 1, NOW, &small, &out));
    check_slice(__LINE__, out.client_id, "untouched");
    assert_true(get(c, digest, 1, NOW, &out));
    token_cache_free(c);
}

/* ---- many threads ---- */

#define THREADS 4
#define ROUNDS  20000
#define TOKENS  40 /* more than a set holds */

struct crowd {
    struct token_cache *cache;
    unsigned seed;
    unsigned hits;
    bool wrong;
};

static void *use_cache(void *argument)
{
    struct crowd *me = argument;
    unsigned random = me->seed;
    struct arena a;
    if (!arena_init(&a, 4096)) {
        me->wrong = true;
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245U + 12345U;
        unsigned n = random >> 16 & 0xff;
        struct secret digest = digest_of(0, n % TOKENS);
        uint64_t generation = 1 + (n & 1);
        char name[16];
        snprintf(name, sizeof name, "%u-%llu", n % TOKENS, (unsigned long long)generation);
        struct token t = token_named(name), out;
        if (token_cache_get(me->cache, &digest, generation, NOW, &a, &out)) {
            me->hits++;
            me->wrong |= !slice_is(out.client_id, name);
        } else {
            token_cache_put(me->cache, &digest, generation, &t);
        }
        arena_reset(&a);
    }
    arena_free(&a);
    return NULL;
}

static void threads_get_their_own_tokens_only(void **state)
{
    (void)state;
    struct token_cache *c = token_cache_new(1);
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    unsigned hits = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.cache = c, .seed = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(crowd[i].wrong);
        hits += crowd[i].hits;
    }
    assert_true(hits > 0);
    token_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_back_as_it_was_put),
        cmocka_unit_test(what_is_to_be_verified_anew_is_no_hit),
        cmocka_unit_test(only_the_whole_digest_is_a_hit),
        cmocka_unit_test(a_token_counts_until_it_expires),
        cmocka_unit_test(a_token_counts_within_its_generation),
        cmocka_unit_test(a_second_put_replaces_the_first),
        cmocka_unit_test(a_full_set_drops_what_was_used_longest_ago),
        cmocka_unit_test(none_holds_nothing),
        cmocka_unit_test(a_full_arena_is_a_miss),
        cmocka_unit_test(threads_get_their_own_tokens_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
