/* POST /introspect (RFC 7662) and POST /revoke (RFC 7009). */
#include "access_token.h"
#include "caller.h"
#include "endpoint_log.h"
#include "introspection_jwt.h"
#include "reply.h"

#define MAX_ANSWER (24 * 1024) /* no token has as many claims */

static void put_audience(struct buf *out, const struct jwt_claims *c)
{
    buf_puts(out, c->aud_is_array ? ",\"aud\":[" : ",\"aud\":");
    for (size_t i = 0; i < c->aud_count; i++) {
        buf_puts(out, i > 0 ? "," : "");
        buf_json(out, c->aud[i]);
    }
    buf_puts(out, c->aud_is_array ? "]" : "");
}

/* RFC 7662 section 2.2, and the launch context of the token as SMART asks. */
static void put_active(struct buf *out, const struct jwt_claims *c)
{
    const struct {
        const char *name;
        struct slice value;
    } texts[] = {
        {"scope", c->scope},
        {"client_id", c->client_id},
        {"sub", c->sub},
        {"iss", c->iss},
        {"jti", c->jti},
        {"patient", c->patient},
        {"fhirUser", c->fhir_user},
    };
    const struct {
        const char *name;
        bool has;
        int64_t seconds;
    } times[] = {
        {"exp", c->has_exp, c->exp}, {"iat", c->has_iat, c->iat}, {"nbf", c->has_nbf, c->nbf}};
    buf_printf(out, "{\"active\":true,\"token_type\":\"%s\"",
               c->cnf_jkt.p != NULL ? "DPoP" : "Bearer");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].value.p != NULL) {
            buf_printf(out, ",\"%s\":", texts[i].name);
            buf_json(out, texts[i].value);
        }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i].has)
            buf_printf(out, ",\"%s\":%lld", times[i].name, (long long)times[i].seconds);
    if (c->cnf_jkt.n > 0 || c->cnf_x5t.n > 0) { /* RFC 9449 section 6.2, RFC 8705 section 3.2 */
        buf_puts(out, ",\"cnf\":");
        confirmation_write(c->cnf_jkt, c->cnf_x5t, out);
    }
    put_audience(out, c);
    buf_putc(out, '}');
}

static enum err reply_answer(struct endpoint *ep, const struct caller *caller, struct buf *answer,
                             struct response *out)
{
    const struct jwk *key;
    struct slice text;
    bool sign = introspection_jwt_wanted(ep->request->accept);
    buf_puts(answer, sign ? "" : "\n");
    if (answer->overflowed)
        return ERR_INTERNAL;
    if (!sign) {
        reply_json(out, 200, buf_slice(answer));
        return ERR_OK;
    }
    enum err e = endpoint_signing_key(ep, &key);
    if (e == ERR_OK)
        e = introspection_jwt_make(key, ep->conf->issuer, caller->client_id, buf_slice(answer),
                                   ep->now, ep->arena, &text);
    if (e == ERR_OK)
        reply_private(out, 200, INTROSPECTION_JWT_TYPE, text);
    return e;
}

enum err endpoint_introspect(struct endpoint *ep, struct response *out)
{
    struct form form;
    struct caller caller;
    struct slice token;
    struct jwt_claims claims;
    struct buf answer = buf_in(ep->arena, MAX_ANSWER);
    enum err e = endpoint_form(ep, &form);
    if (e == ERR_OK)
        e = caller_identify(ep, &form, &caller);
    if (e != ERR_OK)
        return e;
    token = form_get(&form, "token");
    if (token.p == NULL)
        return ERR_FORM_MISSING;
    enum err why =
        caller.may_introspect ? endpoint_check_token(ep, token, &claims) : ERR_CALLER_SCOPE;
    if (why == ERR_OK)
        put_active(&answer, &claims);
    else if (!caller.may_introspect || endpoint_blames_token(why)) /* and not a word on why */
        buf_puts(&answer, "{\"active\":false}");
    else
        return why;
    e = reply_answer(ep, &caller, &answer, out);
    if (e == ERR_OK)
        endpoint_log_introspected(ep, caller.client_id, why, &claims);
    return e;
}

/* The form, the client and the token parameter. */
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

enum err endpoint_revoke(struct endpoint *ep, struct response *out)
{
    struct slice token;
    struct jwt_claims claims;
    enum err e = take_token(ep, &token);
    if (e != ERR_OK)
        return e;
    e = endpoint_check_token(ep, token, &claims);
    if (e != ERR_OK && !endpoint_blames_token(e))
        return e;
    /* Only its own client may revoke a token; all else is answered alike (RFC 7009 section 2.2). */
    if (e == ERR_OK && !slice_is(claims.client_id, ep->who.client.id))
        e = ERR_CLIENT_MISMATCH;
    if (e == ERR_OK) {
        e = store_revoke(ep->store, claims.jti, claims.exp + (int64_t)ep->conf->token_clock_skew_s);
        if (e != ERR_OK)
            return e;
    }
    endpoint_log_revoked(ep, e, &claims);
    reply_json(out, 200, SLICE("{}\n"));
    return ERR_OK;
}
