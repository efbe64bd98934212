#include "client_keys.h"

#include "http_client.h"
#include "log.h"

/* The key leaves the set. */
static struct jwk *take(struct jwk_set *set, const struct jwk *key)
{
    struct jwk *taken = NULL;
    for (size_t i = 0; i < set->count && taken == NULL; i++) {
        if (set->keys[i] != key)
            continue;
        taken = set->keys[i];
        set->keys[i] = set->keys[--set->count];
    }
    return taken;
}

static enum err verify_with(struct slice set_text, const struct jws *jws, struct jwk **used)
{
    struct jwk_set *set;
    const struct jwk *key;
    enum err e = jwk_set_parse(set_text, &set);
    if (e != ERR_OK)
        return e;
    e = jws_find_key(jws, set, &key);
    if (e == ERR_OK)
        e = jws_verify(jws, key);
    if (e == ERR_OK)
        *used = take(set, key);
    jwk_set_free(set);
    return e;
}

/* How long a fetched set may be kept: what its server says, but no longer than the configuration.
 */
static int64_t lifetime(int64_t max_age_s, const struct config *conf)
{
    int64_t cap = conf->jwks_cache_s;
    return max_age_s < 0 || max_age_s > cap ? cap : max_age_s;
}

static enum err fetch(struct store *st, const struct config *conf, const struct client *client,
                      int64_t now, struct arena *a, struct slice *body)
{
    struct http_get get = {.url = client->jwks_uri,
                           .accept = "application/json",
                           .ca_file = conf->ca_file,
                           .timeout_ms = conf->jwks_timeout_ms,
                           .max_bytes = conf->jwks_max_bytes};
    struct http_answer answer;
    struct jwk_set *set;
    enum err e = http_get(&get, a, &answer);
    if (e != ERR_OK) {
        LOG(LOG_LEVEL_WARNING, "jwks-fetch-failed", LOG_TEXT("client_id", slice_of(client->id)),
            LOG_TEXT("url", slice_of(client->jwks_uri)),
            LOG_TEXT("reason", slice_of(answer.fault)));
        return e;
    }
    /* Only a usable set is kept: an error page must not lock the client out for the cache time. */
    e = jwk_set_parse(answer.body, &set);
    if (e != ERR_OK) {
        LOG(LOG_LEVEL_WARNING, "jwks-unusable", LOG_TEXT("client_id", slice_of(client->id)),
            LOG_TEXT("url", slice_of(client->jwks_uri)),
            LOG_TEXT("reason", slice_of(err_row(e)->text)));
        return e;
    }
    jwk_set_free(set);
    *body = answer.body;
    return store_document_put(st, slice_of(client->jwks_uri), answer.body, now,
                              now + lifetime(answer.max_age_s, conf));
}

/* The failure is kept as an empty document, but not in the place of one that is still good. */
static enum err keep_failure(struct store *st, struct slice url, struct slice good_body,
                             int64_t good_until, int64_t now)
{
    return good_body.n > 0 ? store_document_put(st, url, good_body, now, good_until)
                           : store_document_put(st, url, SLICE(""), now, now + CLIENT_KEYS_RETRY);
}

static enum err verify_by_url(struct store *st, const struct config *conf,
                              const struct client *client, const struct jws *jws, int64_t now,
                              struct arena *a, struct jwk **used)
{
    struct slice url = slice_of(client->jwks_uri), known = SLICE_NONE, body;
    int64_t fetched_at = 0, expires_at = 0;
    enum err e = store_document_get(st, url, a, &known, &fetched_at, &expires_at);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (e == ERR_OK && now < expires_at) {
        e = known.n > 0 ? verify_with(known, jws, used) : ERR_HTTP;
        if (e != ERR_JWT_KEY || now - fetched_at < CLIENT_KEYS_REFETCH)
            return e;
    } else {
        known = SLICE_NONE;
    }
    e = fetch(st, conf, client, now, a, &body);
    if (e == ERR_OK)
        return verify_with(body, jws, used);
    enum err kept = keep_failure(st, url, known, expires_at, now);
    return kept == ERR_OK ? e : kept;
}

enum err client_keys_verify(struct store *st, const struct config *conf,
                            const struct client *client, const struct jws *jws, int64_t now,
                            struct arena *a, struct jwk **used)
{
    /* A jku is never followed; it may at most repeat the URL that was registered. */
    if (jws->jku.p != NULL && !slice_is(jws->jku, client->jwks_uri))
        return ERR_JWT_KEY;
    if (client->auth == CLIENT_JWKS)
        return verify_with(slice_of(client->jwks), jws, used);
    if (client->auth == CLIENT_JWKS_URI)
        return verify_by_url(st, conf, client, jws, now, a, used);
    return ERR_JWT_KEY;
}
