/*
 * One piece of work, N times, for callgrind: cost cached|fresh N.  The key and the token are those
 * of RFC 7515, appendix A.3, so that each run does the very same.
 */
#include "answer.h"
#include "jws.h"
#include "server_env.h"
#include "token_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1300819000 /* before the token of A.3 expires */

static const char key_text[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                               "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                               "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
#define TOKEN                                                                                      \
    "eyJhbGciOiJFUzI1NiJ9."                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"                             \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."                                                              \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"                             \
    "pmWQxfKTUJqPP3-Kg6NU1Q"
static const char conf_text[] = "[token-endpoint]\nissuer = https://h.example/oauth\n"
                                "[fhir \"m\"]\nbase = https://h.example/fhir\n";

struct scene {
    struct arena a;
    struct config conf;
    struct jwk *key;
    struct token_cache *cache;
};

/* Form, signature and claims of a token that nobody has seen before. */
static bool fresh(struct scene *s)
{
    struct jws jws;
    struct jwt_claims c;
    bool good =
        jws_parse(SLICE(TOKEN), &s->a, &jws) == ERR_OK && jws_verify(&jws, s->key) == ERR_OK &&
        jwt_claims_parse(jws.payload, &s->a, &c) == ERR_OK && jwt_check_time(&c, NOW, 0) == ERR_OK;
    arena_reset(&s->a);
    return good;
}

/* From the variables of the web server to the text of the answer; all but the log. */
static bool cached(struct scene *s)
{
    static char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/fhir/Patient/123",
                authorization[] = "HTTP_AUTHORIZATION=Bearer " TOKEN;
    char *envp[] = {method, uri, authorization, NULL};
    const struct possession bearer = {.scheme = AUTH_BEARER};
    struct response r = {0};
    struct request rq;
    struct fhir_request asked;
    struct slice text;
    struct secret digest;
    struct token t;
    enum auth_scheme scheme;
    size_t length;
    request_from_env(envp, ROLE_AUTHORIZER, &rq, &length);
    enum err e = fhir_request_parse(&rq, &s->conf, &asked);
    if (http_token(rq.authorization, &scheme, &text) != ERR_OK ||
        !secret_digest(SLICE_NONE, text, &digest) ||
        !token_cache_get(s->cache, &digest, 1, NOW, &s->a, &t))
        return false;
    struct decision d = authorize(&asked, e, ERR_OK, &t, ERR_OK, &bearer, NOW);
    answer_grant(&t, &d, &s->a, &r);
    struct buf out = buf_in(&s->a, 16384);
    bool good = d.allow && response_text(&r, &out) && buf_finish(&out, &s->a).n > 0;
    arena_reset(&s->a);
    return good;
}

static bool prepare(struct scene *s)
{
    char faults[1024];
    struct buf b = BUF(faults);
    struct secret digest;
    struct token t = {.client_id = SLICE("a client"),
                      .subject = SLICE("a client"),
                      .scope = SLICE("system/*.rs"),
                      .jti = SLICE("b5hVQ5yxRJmnPyVmYAPpKQ"),
                      .issuer = SLICE("https://h.example/oauth"),
                      .audience = {SLICE("https://h.example/fhir")},
                      .audience_count = 1,
                      .expires_at = INT64_MAX};
    token_set_scope(&t, SLICE("system/*.rs"));
    s->cache = token_cache_new(1000);
    if (!arena_init(&s->a, 256 * 1024) || s->cache == NULL ||
        config_parse(slice_of(conf_text), "bench", &s->conf, &b) != ERR_OK ||
        jwk_parse(slice_of(key_text), &s->key) != ERR_OK ||
        !secret_digest(SLICE_NONE, SLICE(TOKEN), &digest))
        return false;
    token_cache_put(s->cache, &digest, 1, &t);
    return true;
}

int main(int argc, char **argv)
{
    static struct scene s;
    if (argc != 3)
        return 2;
    bool good = prepare(&s);
    bool (*work)(struct scene *) = strcmp(argv[1], "fresh") == 0 ? fresh : cached;
    for (long n = strtol(argv[2], NULL, 10); good && n > 0; n--)
        good = work(&s);
    if (!good)
        fputs("bench: what must be granted was refused\n", stderr);
    jwk_free(s.key);
    token_cache_free(s.cache);
    arena_free(&s.a);
    return good ? 0 : 1;
}
