#include "endpoint.h"

#include "clock.h"
#include "envelope.h"
#include "log.h"

enum err endpoint_form(struct endpoint *ep, struct form *out)
{
    const struct request *rq = ep->request;
    struct slice query = rq->uri, path;
    slice_cut(&query, '?', &path);
    if (query.n > 0)
        return ERR_QUERY_PARAMETER;
    if (rq->body_error != ERR_OK)
        return rq->body_error;
    if (!media_type_is(rq->content_type, "application/x-www-form-urlencoded"))
        return ERR_FORM_TYPE;
    return form_parse(rq->body, ep->arena, out);
}

enum err endpoint_client(struct endpoint *ep, const struct form *form)
{
    if (ep->request->duplicate)
        return ERR_AUTH_HEADER;
    return authenticate(ep->store, ep->conf, ep->request, form, ep->now, ep->arena, &ep->who);
}

int64_t endpoint_took_us(const struct endpoint *ep)
{
    return clock_us() - ep->start_us;
}

void endpoint_cache_clear(struct endpoint_cache *cache)
{
    jwk_free(cache->signing_key);
    jwk_free(cache->encryption_key);
    local_keys_free(cache->published);
    *cache = (struct endpoint_cache){0};
}

/* No key is no fault here: the endpoints that need one say so. */
static enum err load_signing_key(struct endpoint *ep, struct jwk **out)
{
    char reason[256];
    struct buf fault = BUF(reason);
    struct keyring ring = {.directory = ep->conf->key_dir,
                           .store = ep->store,
                           .use = "sig",
                           .alg = ep->conf->signing_alg,
                           .now = ep->now};
    enum err e = keyring_signing_key(&ring, out, &fault);
    if (e == ERR_OK || e == ERR_STORE)
        return e;
    LOG(LOG_LEVEL_ERROR, "no-signing-key", LOG_TEXT("reason", buf_slice(&fault)));
    *out = NULL;
    return ERR_OK;
}

static enum err load_encryption_key(struct endpoint *ep, struct jwk **out)
{
    char reason[256];
    struct buf fault = BUF(reason);
    struct keyring ring = {.store = ep->store, .use = "enc", .now = ep->now};
    *out = NULL;
    if (ep->conf->token_format != TOKEN_ENCRYPTED_JWT)
        return ERR_OK;
    enum err e = keyring_encryption_key(&ring, out, &fault);
    if (e == ERR_OK || e == ERR_STORE)
        return e;
    LOG(LOG_LEVEL_ERROR, "no-encryption-key", LOG_TEXT("reason", buf_slice(&fault)));
    return ERR_OK;
}

static bool cache_is_whole(const struct endpoint *ep)
{
    return ep->cache->signing_key != NULL &&
           (ep->cache->encryption_key != NULL || ep->conf->token_format != TOKEN_ENCRYPTED_JWT);
}

static enum err fill_cache(struct endpoint *ep)
{
    struct endpoint_cache *c = ep->cache;
    int64_t epoch;
    enum err e = store_epoch(ep->store, &epoch);
    if (e != ERR_OK || (c->filled && c->epoch == epoch))
        return e;
    endpoint_cache_clear(c);
    e = load_signing_key(ep, &c->signing_key);
    if (e == ERR_OK)
        e = load_encryption_key(ep, &c->encryption_key);
    if (e == ERR_OK)
        e = local_keys_load(ep->store, &c->published);
    /* Without a key the next request looks again: the administrator may be about to make one. */
    c->filled = e == ERR_OK && cache_is_whole(ep);
    c->epoch = epoch;
    return e;
}

enum err endpoint_signing_key(struct endpoint *ep, const struct jwk **out)
{
    enum err e = fill_cache(ep);
    if (e != ERR_OK)
        return e;
    if (ep->cache->signing_key == NULL)
        return ERR_KEYS;
    *out = ep->cache->signing_key;
    return ERR_OK;
}

enum err endpoint_encryption_key(struct endpoint *ep, const struct jwk **out)
{
    enum err e = fill_cache(ep);
    if (e != ERR_OK)
        return e;
    if (ep->conf->token_format == TOKEN_ENCRYPTED_JWT && ep->cache->encryption_key == NULL)
        return ERR_KEYS;
    *out = ep->cache->encryption_key;
    return ERR_OK;
}

enum err endpoint_check_token(struct endpoint *ep, struct slice token, struct jwt_claims *out)
{
    struct local_token_rules rules = {
        .issuer = ep->conf->issuer, .now = ep->now, .clock_skew = ep->conf->token_clock_skew_s};
    enum err e = fill_cache(ep);
    if (e == ERR_OK && envelope_is(token))
        e = envelope_open(ep->conf, ep->store, token, ep->now, ep->arena, &token);
    return e == ERR_OK
               ? local_token_check(ep->cache->published, ep->store, &rules, token, ep->arena, out)
               : e;
}
