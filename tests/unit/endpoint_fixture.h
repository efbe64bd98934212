/* Calling an endpoint as the program's main.c does. */
#ifndef FHIR_AUTH_ENDPOINT_FIXTURE_H
#define FHIR_AUTH_ENDPOINT_FIXTURE_H

#include "client_fixture.h"

#include "endpoint.h"
#include "json.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

struct call {
    struct request request;
    struct endpoint_cache cache;
    struct response answer;
    struct endpoint ep;
};

static inline void call_end(struct call *c)
{
    endpoint_cache_clear(&c->cache);
}

/* One call keeps its cache, as a thread does. */
#define CALL(name) __attribute__((cleanup(call_end))) struct call name = {.answer = {0}}

static inline enum err call_at(struct site *s, struct call *c, endpoint_function *f,
                               const char *body, int64_t now)
{
    c->request.method = SLICE("POST");
    if (c->request.uri.p == NULL)
        c->request.uri = SLICE("/auth/x");
    if (c->request.content_type.p == NULL)
        c->request.content_type = SLICE(FORM_TYPE);
    c->request.body = slice_of(body);
    c->request.remote_addr = SLICE("192.0.2.1");
    c->answer = (struct response){0};
    c->ep = (struct endpoint){.conf = &s->conf,
                              .request = &c->request,
                              .store = s->st,
                              .cache = &c->cache,
                              .arena = &s->arena,
                              .now = now,
                              .request_id = SLICE("id-1")};
    return f(&c->ep, &c->answer);
}

static inline enum err call(struct site *s, struct call *c, endpoint_function *f, const char *body)
{
    return call_at(s, c, f, body, SITE_NOW);
}

/* The answer's document, owned. */
static inline struct json *answer_json(const struct call *c)
{
    struct json *document;
    assert_int_equal(c->answer.status, 200);
    assert_string_equal(c->answer.content_type, "application/json");
    assert_int_equal(json_parse(c->answer.body, &document), ERR_OK);
    return document;
}

/* Text of a member, in the arena. */
static inline const char *answer_text(struct site *s, const struct call *c, const char *name)
{
    struct json *document = answer_json(c);
    struct slice text = SLICE_NONE;
    char *copy = NULL;
    if (json_member_string(document, name, &text)) {
        copy = arena_dup(&s->arena, text);
        assert_non_null(copy);
    }
    json_free(document);
    return copy;
}

static inline const char *answer_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->answer.header_count; i++)
        if (strcmp(c->answer.headers[i].name, name) == 0)
            return c->answer.headers[i].value.p;
    return NULL;
}

/* A client with a secret and its token; more: further fields of the form. */
static inline const char *obtain(struct site *s, const char *id, const char *secret,
                                 const char *scope)
{
    CALL(c);
    char more[256];
    snprintf(more, sizeof more, "&grant_type=client_credentials&scope=%s", scope);
    assert_int_equal(call(s, &c, endpoint_token, secret_form(s, id, secret, more)), ERR_OK);
    return answer_text(s, &c, "access_token");
}

#endif
