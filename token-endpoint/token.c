/* POST /token: the client credentials grant (RFC 6749 section 4.4; SMART Backend Services). */
#include "access_token.h"
#include "endpoint.h"
#include "envelope.h"
#include "grant.h"
#include "log.h"
#include "reply.h"
#include "token_proof.h"

/* format = encrypted-jwt: only the gateway can read what is in the token. */
static enum err encrypt(struct endpoint *ep, struct access_token *token)
{
    const struct jwk *key;
    enum err e = endpoint_encryption_key(ep, &key);
    if (e != ERR_OK || key == NULL)
        return e;
    struct buf text = buf_in(ep->arena, 2 * token->text.n + 4096);
    e = envelope_seal(ep->conf, key, token->text, ep->arena, &text);
    if (e == ERR_OK)
        token->text = buf_slice(&text);
    return e;
}

/* For what is written after the client is known. */
static struct registry writes_of(const struct endpoint *ep)
{
    return (struct registry){.store = ep->store, .group = ep->group, .later = ep->later};
}

/* format = opaque: the token is only a name for its claims, and the store knows it by digest. */
static enum err keep(struct endpoint *ep, const struct access_token *token)
{
    struct secret digest;
    if (!secret_digest(SLICE(""), token->text, &digest))
        return ERR_INTERNAL;
    struct registry r = writes_of(ep);
    return registry_opaque_add(&r, &digest, token->claims,
                               token->expires_at + (int64_t)ep->conf->token_clock_skew_s);
}

/* In the configured format, ready to be handed out. */
static enum err issue(struct endpoint *ep, struct slice scope, struct slice audience,
                      struct slice cnf, struct access_token *out)
{
    bool opaque = ep->conf->token_format == TOKEN_OPAQUE;
    const struct jwk *key = NULL;
    enum err e = opaque ? ERR_OK : endpoint_signing_key(ep, &key);
    if (e == ERR_OK)
        e = access_token_make(ep->conf, key, &ep->cache->signing, &ep->who.client, scope, audience,
                              cnf, ep->now, ep->arena, out);
    if (e == ERR_OK)
        e = opaque ? keep(ep, out) : encrypt(ep, out);
    return e;
}

static void reply_token(struct endpoint *ep, const struct access_token *token, struct slice scope,
                        bool dpop, struct response *out)
{
    struct buf body = buf_in(ep->arena, token->text.n + 2 * scope.n + 256);
    buf_puts(&body, "{\"access_token\":");
    buf_json(&body, token->text);
    buf_printf(&body,
               ",\"token_type\":\"%s\",\"expires_in\":%lld,\"scope\":", dpop ? "DPoP" : "Bearer",
               (long long)token->expires_in);
    buf_json(&body, scope);
    buf_puts(&body, "}\n");
    if (body.overflowed)
        return; /* no status: answered with 500 */
    reply_json(out, 200, buf_slice(&body));
}

/* What is asked, before anybody is asked who asks: it costs nothing. */
static enum err check_grant_type(const struct form *form)
{
    struct slice grant_type = form_get(form, "grant_type");
    if (grant_type.p == NULL)
        return ERR_FORM_MISSING;
    return slice_is(grant_type, "client_credentials") ? ERR_OK : ERR_GRANT_TYPE;
}

/* Bytes of all audiences as JSON, in which each byte may take six. */
static size_t most_audience(const struct config *conf)
{
    size_t most = 4;
    for (size_t i = 0; i < conf->fhir_count; i++)
        most += 6 * strlen(conf->fhir[i].audience) + 4;
    return most;
}

struct granted {
    struct slice scope;
    struct access_token token;
    bool dpop;
};

static enum err grant(struct endpoint *ep, struct granted *out)
{
    struct form form;
    struct token_proof proof = {.dpop = false};
    struct buf audience = buf_in(ep->arena, most_audience(ep->conf));
    enum err e = endpoint_form(ep, &form);
    if (e == ERR_OK)
        e = check_grant_type(&form);
    if (e == ERR_OK)
        e = endpoint_client(ep, &form);
    if (e == ERR_OK)
        e = grant_scope(form_get(&form, "scope"), slice_of(ep->who.client.scope), ep->arena,
                        &out->scope);
    if (e == ERR_OK)
        e = grant_audience(&form, ep->conf, &audience);
    if (e == ERR_OK)
        e = endpoint_count_token(ep);
    if (e == ERR_OK) /* last, since a proof serves once */
        e = token_proof_take(ep, &proof);
    if (e == ERR_OK)
        e = issue(ep, out->scope, buf_slice(&audience), proof.cnf, &out->token);
    out->dpop = e == ERR_OK && proof.dpop;
    return e;
}

/* An assertion that bought nothing is used up all the same. */
static enum err use_up(struct endpoint *ep, enum err why)
{
    struct registry r = writes_of(ep);
    enum err e = registry_jti_note(&r);
    return e == ERR_OK ? why : e;
}

enum err endpoint_token(struct endpoint *ep, struct response *out)
{
    struct jti_use later = {.issuer = SLICE_NONE};
    struct granted granted;
    /* Into the one transaction that an opaque token needs anyway. */
    ep->later = ep->conf->token_format == TOKEN_OPAQUE ? &later : NULL;
    enum err e = grant(ep, &granted);
    if (e != ERR_OK)
        e = use_up(ep, e);
    ep->later = NULL;
    if (e != ERR_OK)
        return e;
    reply_token(ep, &granted.token, granted.scope, granted.dpop, out);
    LOG(LOG_LEVEL_INFO, "token-issued", LOG_TEXT("request_id", ep->request_id),
        LOG_TEXT("client_id", slice_of(ep->who.client.id)),
        LOG_TEXT("subject", slice_of(ep->who.client.id)),
        LOG_TEXT("method", slice_of(ep->who.method)), LOG_TEXT("jti", slice_of(granted.token.jti)),
        LOG_TEXT("scope", granted.scope), LOG_NUMBER("expires_in", granted.token.expires_in),
        LOG_TEXT("remote_addr", ep->request->remote_addr),
        LOG_NUMBER("duration_us", endpoint_took_us(ep)));
    return ERR_OK;
}
