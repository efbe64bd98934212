#include "introspection_jwt.h"

#include "accept.h"

static bool is_jwt(struct slice type)
{
    return slice_is_nocase(type, INTROSPECTION_JWT_TYPE);
}

static bool is_json(struct slice type)
{
    return slice_is_nocase(type, "application/json");
}

static bool is_any_application(struct slice type)
{
    return slice_is_nocase(type, "application/*");
}

static bool is_any(struct slice type)
{
    return slice_is(type, "*/*");
}

/* The most specific range counts (RFC 9110 section 12.5.1). */
static int weight_of_json(struct slice accept)
{
    static bool (*const ranges[])(struct slice) = {is_json, is_any_application, is_any};
    int weight = -1;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && weight < 0; i++)
        weight = accept_best(accept, ranges[i]);
    return weight;
}

bool introspection_jwt_wanted(struct slice accept)
{
    int weight = accept_best(accept, is_jwt);
    return weight > 0 && weight >= weight_of_json(accept);
}

enum err introspection_jwt_make(const struct jwk *key, const char *issuer, struct slice client_id,
                                struct slice answer, int64_t now, struct arena *a,
                                struct slice *out)
{
    const struct jws_alg *alg = jws_alg_find(slice_of(key->alg));
    struct buf claims = buf_in(a, answer.n + 6 * (slice_of(issuer).n + client_id.n) + 128);
    struct buf text = buf_in(a, JWS_MAX_BYTES + 1);
    buf_puts(&claims, "{\"iss\":");
    buf_json(&claims, slice_of(issuer));
    buf_puts(&claims, ",\"aud\":");
    buf_json(&claims, client_id);
    buf_printf(&claims, ",\"iat\":%lld,\"token_introspection\":", (long long)now);
    buf_put(&claims, answer);
    buf_putc(&claims, '}');
    /* Whatever goes wrong here is no fault of the caller. */
    if (claims.overflowed || alg == NULL ||
        jws_sign(alg, key, "token-introspection+jwt", buf_slice(&claims), a, &text) != ERR_OK)
        return ERR_INTERNAL;
    *out = buf_slice(&text);
    return ERR_OK;
}
