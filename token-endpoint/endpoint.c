#include "endpoint.h"

#include "clock.h"
#include "envelope.h"
#include "log.h"
#include "throttle.h"

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

/* Without memory for what is known all is looked up. */
enum err endpoint_registry(struct endpoint *ep, struct registry *out)
{
    struct endpoint_cache *c = ep->cache;
    int64_t epoch;
    enum err e = store_watch_epoch(&c->watch, ep->store, ep->now, &epoch);
    if (e != ERR_OK)
        return e;
    if (c->known == NULL)
        c->known = known_clients_new();
    if (c->known != NULL)
        known_clients_at(c->known, epoch);
    *out = (struct registry){
        .store = ep->store, .group = ep->group, .known = c->known, .later = ep->later};
    return ERR_OK;
}

enum err endpoint_client(struct endpoint *ep, const struct form *form)
{
    if (ep->request->duplicate)
        return ERR_AUTH_HEADER;
    struct registry r;
    enum err e = endpoint_registry(ep, &r);
    if (e == ERR_OK)
        e = authenticate(&r, ep->conf, ep->request, form, ep->now, ep->arena, &ep->who);
    if (e == ERR_LOCKED)
        ep->retry_after_s = ep->who.retry_after_s;
    return e;
}

enum err endpoint_count_token(struct endpoint *ep)
{
    const struct rate_limit limit = {.kind = "token", .limit = ep->conf->token_requests};
    if (throttle_exempts(ep->conf, ep->request->remote_addr))
        return ERR_OK;
    return rate_count(ep->rates, ep->store, &limit, slice_of(ep->who.client.id), ep->now,
                      &ep->retry_after_s);
}

/* Whatever the FHIR side answers with 401 is the token's fault, and nothing else is. */
bool endpoint_blames_token(enum err e)
{
    return err_row(e)->bearer_status == 401;
}

int64_t endpoint_took_us(const struct endpoint *ep)
{
    return clock_us() - ep->start_us;
}

static void clear_keys(struct endpoint_cache *cache)
{
    jws_prepared_free(&cache->signing);
    jwk_free(cache->signing_key);
    jwk_free(cache->encryption_key);
    local_keys_free(cache->published);
    cache->signing_key = NULL;
    cache->encryption_key = NULL;
    cache->published = NULL;
    cache->filled = false;
}

void endpoint_cache_clear(struct endpoint_cache *cache)
{
    clear_keys(cache);
    known_clients_free(cache->known);
    store_watch_close(&cache->watch);
    *cache = (struct endpoint_cache){0};
}

/* No key is no fault here: the endpoints that need one say so.  Opaque tokens need none. */
static enum err load_signing_key(struct endpoint *ep, struct jwk **out)
{
    char reason[256];
    struct buf fault = BUF(reason);
    struct keyring ring = keyring_of(ep->conf, ep->store, "sig", ep->now);
    enum err e = keyring_signing_key(&ring, out, &fault);
    if (e == ERR_OK || e == ERR_STORE)
        return e;
    LOG(ep->conf->token_format == TOKEN_OPAQUE ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "no-signing-key",
        LOG_TEXT("reason", buf_slice(&fault)));
    *out = NULL;
    return ERR_OK;
}

static enum err load_encryption_key(struct endpoint *ep, struct jwk **out)
{
    char reason[256];
    struct buf fault = BUF(reason);
    struct keyring ring = keyring_of(ep->conf, ep->store, "enc", ep->now);
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
    enum token_format format = ep->conf->token_format;
    return (ep->cache->signing_key != NULL || format == TOKEN_OPAQUE) &&
           (ep->cache->encryption_key != NULL || format != TOKEN_ENCRYPTED_JWT);
}

static enum err fill_cache(struct endpoint *ep)
{
    struct endpoint_cache *c = ep->cache;
    int64_t epoch;
    enum err e = store_watch_epoch(&c->watch, ep->store, ep->now, &epoch);
    if (e != ERR_OK || (c->filled && c->epoch == epoch && ep->now < c->valid_until))
        return e;
    clear_keys(c);
    e = store_key_next(ep->store, ep->now, &c->valid_until);
    if (e == ERR_OK)
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
    if (local_opaque_is(token))
        return local_opaque_check(ep->store, &rules, token, ep->arena, out);
    enum err e = fill_cache(ep);
    if (e == ERR_OK && envelope_is(token))
        e = envelope_open(ep->conf, ep->store, token, ep->now, ep->arena, &token);
    return e == ERR_OK
               ? local_token_check(ep->cache->published, ep->store, &rules, token, ep->arena, out)
               : e;
}
