/*
 * Tokens without servers: whole JWT checks (form, key, signature, claims, time) by algorithm, and
 * hits in the cache of 10,000 verified ones, its digest included.  One line each: name, value,
 * unit.
 */
#include "jws.h"
#include "jwt.h"
#include "token_cache.h"

#include <stdio.h>
#include <time.h>

#define ROUND_S     0.2 /* of one round */
#define ROUNDS      3
#define NOW         1700000000
#define CACHED      10000
#define MAX_COMPACT 2048

static const char claims_text[] =
    "{\"iss\":\"https://h.example/oauth\",\"aud\":\"https://h.example/fhir\",\"sub\":\"a client\","
    "\"client_id\":\"a client\",\"iat\":1700000000,\"exp\":1700000300,"
    "\"jti\":\"b5hVQ5yxRJmnPyVmYAPpKQ\",\"scope\":\"system/*.rs\"}";

/* Of the processor, as openssl speed takes it: what else runs does not count. */
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct scene {
    struct arena a;
    struct jwk_set set; /* one key, owned */
    char compact[MAX_COMPACT];
    struct slice token;
    struct token_cache *cache;
    struct secret digests[CACHED];
    size_t next;
};

static bool check(struct scene *s)
{
    struct jws jws;
    struct jwt_claims c;
    const struct jwk *key;
    enum err e = jws_parse(s->token, &s->a, &jws);
    if (e == ERR_OK)
        e = jws_find_key(&jws, &s->set, &key);
    if (e == ERR_OK)
        e = jws_verify(&jws, key);
    if (e == ERR_OK)
        e = jwt_claims_parse(jws.payload, &s->a, &c);
    if (e == ERR_OK)
        e = jwt_check_time(&c, NOW, 0);
    bool good = e == ERR_OK && jwt_has_audience(&c, SLICE("https://h.example/fhir"));
    arena_reset(&s->a);
    return good;
}

/* The digest is of the same text each time; which entry is looked for goes round. */
static bool hit(struct scene *s)
{
    struct secret digest;
    struct token t;
    bool good = secret_digest(SLICE_NONE, s->token, &digest) &&
                token_cache_get(s->cache, &s->digests[s->next], 1, NOW, &s->a, &t);
    s->next = (s->next + 1) % CACHED;
    arena_reset(&s->a);
    return good;
}

/* False when the work does not succeed: then it is not worth measuring. */
static bool measure(const char *name, const char *of, struct scene *s, bool work(struct scene *))
{
    double rates[ROUNDS];
    bool good = true;
    for (size_t r = 0; r < ROUNDS; r++) {
        double begin = now_s(), took = 0;
        long calls = 0;
        for (; took < ROUND_S; took = now_s() - begin)
            for (int i = 0; i < 50; i++, calls++)
                good = work(s) && good;
        rates[r] = (double)calls / took;
    }
    qsort(rates, ROUNDS, sizeof rates[0], by_value);
    printf("%s%s %.0f /s\n", name, of, rates[ROUNDS / 2]);
    return good;
}

static bool sign(struct scene *s, const char *alg)
{
    struct buf out = BUF(s->compact);
    s->set.count = 1;
    if (jwk_generate(alg, &s->set.keys[0]) != ERR_OK ||
        jws_sign(jws_alg_find(slice_of(alg)), s->set.keys[0], "at+jwt", slice_of(claims_text),
                 &s->a, &out) != ERR_OK)
        return false;
    s->token = buf_slice(&out);
    arena_reset(&s->a);
    return true;
}

static bool fill_cache(struct scene *s)
{
    struct jwt_claims c;
    struct token t;
    /* Roomy: its sets fill unevenly, and none may be dropped here. */
    s->cache = token_cache_new(CACHED * 10);
    if (s->cache == NULL || jwt_claims_parse(slice_of(claims_text), &s->a, &c) != ERR_OK)
        return false;
    token_from_claims(&c, 0, &t);
    for (size_t i = 0; i < CACHED; i++) {
        struct slice number = {(const char *)&i, sizeof i};
        if (!secret_digest(SLICE_NONE, number, &s->digests[i]))
            return false;
        token_cache_put(s->cache, &s->digests[i], 1, &t);
    }
    arena_reset(&s->a);
    return true;
}

int main(void)
{
    static const char *const algs[] = {"ES256", "ES384", "RS256", "RS384",
                                       "PS256", "PS384", "EdDSA"};
    static struct scene s;
    bool good = arena_init(&s.a, 256 * 1024);
    for (size_t i = 0; good && i < sizeof algs / sizeof algs[0]; i++) {
        good = sign(&s, algs[i]) && measure("check-", algs[i], &s, check);
        jwk_free(s.set.keys[0]);
    }
    good = good && fill_cache(&s) && measure("cache-hit", "", &s, hit);
    token_cache_free(s.cache);
    arena_free(&s.a);
    if (!good)
        fputs("bench: a token that must be accepted was refused\n", stderr);
    return good ? 0 : 1;
}
