/* An issuer with two keys, of which the first is published, and the state of one process. */
#ifndef FHIR_AUTH_ISSUER_SCENE_H
#define FHIR_AUTH_ISSUER_SCENE_H

#include "issuer_fixture.h"

#include "issuer_keys.c" /* for its locks, and what a fetch may take */

#define NOW     1000000
#define BY_URL  "[issuer \"x\"]\nissuer = https://x.example\nkeys = @/jwks\n"
#define MAX_AGE "Cache-Control: max-age=100\r\n"

/* "a" is in the set at first. */
struct scene {
    struct trust *t;
    struct jwk *a, *b;
    struct jws by_a, by_b;
    struct issuer_keys *keys;
};

static inline void publish(struct scene *s, const char *headers, struct jwk *one, struct jwk *two)
{
    struct jwk *keys[] = {one, two};
    web_put(s->t->web, "/jwks", 200, headers, trust_set(s->t, keys, 2));
}

static inline void begin(struct scene *s, void **state, const char *jwks)
{
    *s = (struct scene){.t = *state, .a = trust_key("ES256", "a"), .b = trust_key("ES256", "b")};
    s->by_a = trust_jws(s->t, s->a);
    s->by_b = trust_jws(s->t, s->b);
    trust_configure(s->t, jwks, BY_URL);
    publish(s, MAX_AGE, s->a, NULL);
    s->keys = issuer_keys_new(&s->t->site->conf, &s->t->site->conf.issuers[0]);
    assert_non_null(s->keys);
}

static inline void end(struct scene *s)
{
    issuer_keys_free(s->keys);
    jwk_free(s->a);
    jwk_free(s->b);
}

static inline enum err verify(struct scene *s, const struct jws *jws, int64_t now)
{
    return issuer_keys_verify(s->keys, s->t->site->st, jws, now);
}

static inline unsigned asked(struct scene *s)
{
    return web_asked(s->t->web, "/jwks");
}

/* As another process would begin: it knows nothing but what is in the store. */
static inline void restart(struct scene *s)
{
    issuer_keys_free(s->keys);
    s->keys = issuer_keys_new(&s->t->site->conf, &s->t->site->conf.issuers[0]);
    assert_non_null(s->keys);
}

static inline struct store_fetch row_of(struct scene *s)
{
    struct store_fetch row;
    assert_int_equal(
        store_fetch_get(s->t->site->st, slice_of(s->keys->document), &s->t->site->arena, &row),
        ERR_OK);
    return row;
}

/* Whatever still hangs at the server ends, and what comes now does not hang. */
static inline void let_go(struct scene *s)
{
    web_put(s->t->web, "/jwks", 500, "", "");
    web_release(s->t->web);
}

#endif
