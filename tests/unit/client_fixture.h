/* Clients with keys and secrets, and requests of theirs. */
#ifndef FHIR_AUTH_CLIENT_FIXTURE_H
#define FHIR_AUTH_CLIENT_FIXTURE_H

#include "site_fixture.h"

#include "client_secret.h"
#include "form.h"
#include "httpmsg.h"

#define ASSERTION_TYPE_ESCAPED                                                                     \
    "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

/* A JWK Set of public keys, in the arena. */
static inline const char *key_set_of(struct site *s, struct jwk *const keys[], size_t count)
{
    struct buf text = buf_in(&s->arena, 16384);
    buf_puts(&text, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(&text, i > 0 ? "," : "");
        assert_int_equal(jwk_write_public(keys[i], &text), ERR_OK);
    }
    buf_puts(&text, "]}");
    assert_false(text.overflowed);
    return text.p;
}

static inline void client_add_jwks(struct site *s, const char *id, const char *scope,
                                   const char *jwks)
{
    struct client c = site_client(id, scope);
    c.auth = CLIENT_JWKS;
    c.jwks = jwks;
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
}

/* The text of a new secret of the client. */
static inline const char *client_add_secret(struct site *s, const char *id)
{
    struct client_secret secret;
    char *text = arena_alloc(&s->arena, CLIENT_SECRET_TEXT + 1);
    assert_non_null(text);
    assert_int_equal(client_secret_generate(SITE_NOW - 500, text, &secret), ERR_OK);
    assert_int_equal(store_secret_add(s->st, slice_of(id), &secret, 0), ERR_OK);
    return text;
}

/* A good assertion; its parts can be changed by the caller's format instead. */
static inline struct slice client_assertion(struct site *s, const struct jwk *key, const char *id,
                                            const char *jti)
{
    char claims[512];
    snprintf(claims, sizeof claims,
             "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"" SITE_ISSUER
             "/token\",\"exp\":%d,\"jti\":\"%s\"}",
             id, id, SITE_NOW + 60, jti);
    return site_sign(s, key, "JWT", claims);
}

/* The form that sends it, and more fields. */
static inline const char *assertion_form(struct site *s, struct slice assertion, const char *more)
{
    struct buf text = buf_in(&s->arena, assertion.n + strlen(more) + 256);
    buf_puts(&text, ASSERTION_TYPE_ESCAPED "&client_assertion=");
    buf_put(&text, assertion);
    buf_puts(&text, more);
    assert_false(text.overflowed);
    return text.p;
}

static inline const char *secret_form(struct site *s, const char *id, const char *secret,
                                      const char *more)
{
    struct buf text = buf_in(&s->arena, 1024);
    buf_printf(&text, "client_id=%s&client_secret=%s%s", id, secret, more);
    assert_false(text.overflowed);
    return text.p;
}

#endif
