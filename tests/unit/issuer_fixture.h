/* A site that trusts a second issuer, whose key set lies on a server of the test's. */
#ifndef FHIR_AUTH_ISSUER_FIXTURE_H
#define FHIR_AUTH_ISSUER_FIXTURE_H

#include "site_fixture.h"
#include "web_fixture.h"

#include "jws_alg.h"

struct trust {
    struct site *site;
    struct web *web;
    char url[64]; /* http://127.0.0.1:port */
};

static inline int trust_up(void **state)
{
    struct trust *t = calloc(1, sizeof *t);
    void *site = NULL;
    if (t == NULL || site_up(&site) != 0)
        return -1;
    t->site = site;
    t->web = web_new();
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%u", t->web->port);
    *state = t;
    return 0;
}

static inline int trust_down(void **state)
{
    struct trust *t = *state;
    void *site = t->site;
    web_free(t->web);
    free(t);
    return site_down(&site);
}

#define TRUST(test) cmocka_unit_test_setup_teardown(test, trust_up, trust_down)

/* The site's configuration with more sections; "@" stands for the server's URL. */
static inline void trust_configure(struct trust *t, const char *jwks, const char *sections)
{
    char text[8192];
    struct buf b = BUF(text);
    struct slice rest = slice_of(sections), part;
    buf_printf(&b,
               "[store]\npath = %s/store.db\nbusy_timeout = 10s\n"
               "[token-endpoint]\nissuer = " SITE_ISSUER "\nkeys = %s/keys\n"
               "[authorizer]\ntoken_cache = 100\n"
               "[fhir \"main\"]\nbase = " SITE_FHIR "\n"
               "[jwks]\nhttp_loopback = yes\n%s",
               t->site->directory, t->site->directory, jwks);
    for (size_t i = 0; slice_cut(&rest, '@', &part); i++) {
        buf_puts(&b, i > 0 ? t->url : "");
        buf_put(&b, part);
    }
    assert_false(b.overflowed);
    config_of(text, &t->site->conf);
}

static inline struct jwk *trust_key(const char *alg, const char *kid)
{
    struct jwk *key;
    assert_int_equal(jwk_generate(alg, &key), ERR_OK);
    memset(key->kid, 0, sizeof key->kid);
    memcpy(key->kid, kid, strlen(kid));
    return key;
}

/* {"keys":[…]} in the arena; NULL keys are left out. */
static inline const char *trust_set(struct trust *t, struct jwk *const *keys, size_t count)
{
    struct buf b = buf_in(&t->site->arena, 8192);
    size_t written = 0;
    buf_puts(&b, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == NULL)
            continue;
        buf_puts(&b, written++ > 0 ? "," : "");
        assert_int_equal(jwk_write_public(keys[i], &b), ERR_OK);
    }
    buf_puts(&b, "]}");
    assert_false(b.overflowed);
    return b.p;
}

/* A signed token that has been taken apart; its claims do not matter. */
static inline struct jws trust_jws(struct trust *t, const struct jwk *key)
{
    struct jws jws;
    struct slice text = site_sign(t->site, key, "at+jwt", "{}");
    assert_int_equal(jws_parse(text, &t->site->arena, &jws), ERR_OK);
    return jws;
}

#endif
