/* POST /introspect (RFC 7662) and POST /revoke (RFC 7009). */
#include "endpoint.h"
#include "grant.h"
#include "log.h"
#include "reply.h"

/* May the authenticated client ask about tokens of others? */
static bool may_introspect(const struct client *c)
{
    return scope_list_has(slice_of(c->scope), SLICE(SCOPE_INTROSPECT));
}

/* Out of reach is not the same as inactive: the caller must be able to tell. */
static bool is_outage(enum err e)
{
    return err_row(e)->endpoint_status >= 500;
}

static void put_text(struct buf *body, const char *name, struct slice value)
{
    buf_printf(body, ",\"%s\":", name);
    buf_json(body, value);
}

static struct slice active_answer(struct endpoint *ep, const struct jwt_claims *c)
{
    struct buf body = buf_in(ep->arena, 24 * 1024);
    buf_printf(&body, "{\"active\":true,\"token_type\":\"%s\"",
               c->cnf_jkt.p != NULL ? "DPoP" : "Bearer");
    put_text(&body, "scope", c->scope);
    put_text(&body, "client_id", c->client_id);
    put_text(&body, "sub", c->sub);
    put_text(&body, "iss", c->iss);
    put_text(&body, "jti", c->jti);
    if (c->cnf_jkt.p != NULL) {
        buf_puts(&body, ",\"cnf\":{\"jkt\":");
        buf_json(&body, c->cnf_jkt);
        buf_putc(&body, '}');
    }
    buf_printf(&body, ",\"exp\":%lld,\"iat\":%lld,\"aud\":", (long long)c->exp, (long long)c->iat);
    buf_puts(&body, c->aud_is_array ? "[" : "");
    for (size_t i = 0; i < c->aud_count; i++) {
        buf_puts(&body, i > 0 ? "," : "");
        buf_json(&body, c->aud[i]);
    }
    buf_puts(&body, c->aud_is_array ? "]}\n" : "}\n");
    return body.overflowed ? SLICE_NONE : buf_slice(&body);
}

/* The form, the client and the token parameter of both endpoints. */
static enum err take_token(struct endpoint *ep, struct slice *token)
{
    struct form form;
    enum err e = endpoint_form(ep, &form);
    if (e == ERR_OK)
        e = endpoint_client(ep, &form);
    if (e != ERR_OK)
        return e;
    *token = form_get(&form, "token");
    return token->p == NULL ? ERR_FORM_MISSING : ERR_OK;
}

enum err endpoint_introspect(struct endpoint *ep, struct response *out)
{
    struct slice token, body = SLICE("{\"active\":false}\n");
    struct jwt_claims claims;
    enum err e = take_token(ep, &token);
    if (e != ERR_OK)
        return e;
    if (may_introspect(&ep->who.client)) {
        e = endpoint_check_token(ep, token, &claims);
        if (is_outage(e))
            return e;
        if (e == ERR_OK)
            body = active_answer(ep, &claims);
    }
    if (body.p == NULL)
        return ERR_INTERNAL;
    reply_json(out, 200, body);
    return ERR_OK;
}

enum err endpoint_revoke(struct endpoint *ep, struct response *out)
{
    struct slice token;
    struct jwt_claims claims;
    enum err e = take_token(ep, &token);
    if (e != ERR_OK)
        return e;
    e = endpoint_check_token(ep, token, &claims);
    if (is_outage(e))
        return e;
    /* Only its own client may revoke a token; all else is answered alike (RFC 7009 section 2.2). */
    if (e == ERR_OK && slice_is(claims.client_id, ep->who.client.id)) {
        e = store_revoke(ep->store, claims.jti, claims.exp + (int64_t)ep->conf->token_clock_skew_s);
        if (e != ERR_OK)
            return e;
        LOG(LOG_LEVEL_INFO, "token-revoked", LOG_TEXT("request_id", ep->request_id),
            LOG_TEXT("client_id", claims.client_id), LOG_TEXT("jti", claims.jti));
    }
    reply_json(out, 200, SLICE("{}\n"));
    return ERR_OK;
}
