/* The way of a request through the authorizer, but for the signature of its token. */
#ifndef FHIR_AUTH_AUTHORIZE_FIXTURE_H
#define FHIR_AUTH_AUTHORIZE_FIXTURE_H

#include "fixture.h"

#include "authorize.h"

#define NOW      1000000
#define AUDIENCE "https://hospital.example/fhir"

static const struct possession as_bearer = {.scheme = AUTH_BEARER};

static inline struct token token_of(const char *scope)
{
    struct token t = {
        .client_id = SLICE("client"),
        .scope = slice_of(scope),
        .audience = {SLICE(AUDIENCE)},
        .audience_count = 1,
        .expires_at = NOW + 60,
    };
    token_set_scope(&t, t.scope);
    return t;
}

static inline struct decision decide(const struct request *rq, const char *scope)
{
    static struct config conf;
    struct fhir_request asked;
    config_of(CONFIG_ONE_BASE, &conf);
    enum err e = fhir_request_parse(rq, &conf, &asked);
    struct token t = token_of(scope);
    return authorize(&asked, e, ERR_OK, &t, ERR_OK, &as_bearer, NOW);
}

static inline void check_decision(int line, const struct decision *d, enum err why,
                                  const char *needed)
{
    check_err(line, d->why, why);
    check_true(line, d->allow == (why == ERR_OK), "allow");
    check_slice(line, slice_of(d->scope), needed != NULL ? needed : "");
}

#endif
