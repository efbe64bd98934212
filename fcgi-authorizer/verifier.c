#include "verifier.h"

#include "jws.h"
#include "log.h"
#include "token_cache.h"

#include <pthread.h>
#include <stdatomic.h>

/* The published signing keys of the store; immutable once made. */
struct key_ring {
    size_t count;
    struct {
        struct jwk *key;
        int64_t expires_at; /* 0: no end */
    } keys[JWK_SET_MAX_KEYS];
};

struct verifier {
    const struct config *conf;
    struct token_cache *cache;
    _Atomic int64_t checked_at;  /* when the store was last looked at */
    _Atomic uint64_t generation; /* grows when the store has changed */
    _Atomic bool closed;         /* the store is out of reach */
    pthread_mutex_t refreshing;  /* held by the thread that looks */
    int64_t epoch;               /* guarded by refreshing; -1: none yet */
    pthread_rwlock_t ring_lock;
    struct key_ring *ring; /* owned */
};

struct verifier *verifier_new(const struct config *conf)
{
    struct verifier *v = calloc(1, sizeof *v);
    if (v == NULL)
        return NULL;
    v->conf = conf;
    v->epoch = -1;
    v->closed = true;
    pthread_mutex_init(&v->refreshing, NULL);
    pthread_rwlock_init(&v->ring_lock, NULL);
    v->cache = token_cache_new(conf->token_cache);
    if (v->cache == NULL) {
        verifier_free(v);
        return NULL;
    }
    return v;
}

static void ring_free(struct key_ring *ring)
{
    for (size_t i = 0; ring != NULL && i < ring->count; i++)
        jwk_free(ring->keys[i].key);
    free(ring);
}

void verifier_free(struct verifier *v)
{
    if (v == NULL)
        return;
    token_cache_free(v->cache);
    ring_free(v->ring);
    pthread_mutex_destroy(&v->refreshing);
    pthread_rwlock_destroy(&v->ring_lock);
    free(v);
}

static bool add_key(const struct store_key *k, void *context)
{
    struct key_ring *ring = context;
    struct jwk *key;
    if (!slice_is(slice_of(k->use), "sig"))
        return true;
    enum err e = jwk_parse(slice_of(k->public_jwk), &key);
    if (e != ERR_OK) {
        LOG(LOG_LEVEL_ERROR, "key-unusable", LOG_TEXT("kid", slice_of(k->kid)),
            LOG_TEXT("reason", slice_of(err_row(e)->name)));
        return true;
    }
    ring->keys[ring->count].key = key;
    ring->keys[ring->count].expires_at = k->expires_at;
    ring->count++;
    return ring->count < JWK_SET_MAX_KEYS;
}

static enum err load_ring(struct verifier *v, struct store *store)
{
    struct key_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return ERR_MEMORY;
    enum err e = store_key_list(store, add_key, ring);
    if (e != ERR_OK) {
        ring_free(ring);
        return e;
    }
    pthread_rwlock_wrlock(&v->ring_lock);
    struct key_ring *old = v->ring;
    v->ring = ring;
    pthread_rwlock_unlock(&v->ring_lock);
    ring_free(old);
    return ERR_OK;
}

static enum err open_or_refresh(struct verifier *v, struct store **store)
{
    if (*store != NULL)
        return store_refresh(*store);
    enum err e = store_open(v->conf->store_path, v->conf->store_busy_timeout_ms, store);
    if (e != ERR_OK) {
        LOG(LOG_LEVEL_ERROR, "store-unreachable",
            LOG_TEXT("reason", slice_of(*store ? store_fault(*store) : "out of memory")));
        store_close(*store);
        *store = NULL;
    }
    return e;
}

/* Look at the store's epoch; on a change load the keys and begin a new generation. */
static enum err look(struct verifier *v, struct store **store)
{
    int64_t epoch;
    enum err e = open_or_refresh(v, store);
    if (e == ERR_OK)
        e = store_epoch(*store, &epoch);
    if (e == ERR_OK && epoch != v->epoch) {
        e = load_ring(v, *store);
        if (e == ERR_OK) {
            v->epoch = epoch;
            atomic_fetch_add(&v->generation, 1);
        }
    }
    return e;
}

/*
 * Once a second.  Threads that come while another looks go on with what was known a moment ago,
 * unless nothing is known yet.
 */
static enum err refresh(struct verifier *v, struct store **store, int64_t now)
{
    if (atomic_load(&v->checked_at) == now)
        return atomic_load(&v->closed) ? ERR_STORE : ERR_OK;
    if (atomic_load(&v->closed))
        pthread_mutex_lock(&v->refreshing);
    else if (pthread_mutex_trylock(&v->refreshing) != 0)
        return ERR_OK;
    if (atomic_load(&v->checked_at) != now) {
        enum err e = look(v, store);
        if (e != ERR_OK && !atomic_load(&v->closed))
            LOG(LOG_LEVEL_ERROR, "store-unreachable",
                LOG_TEXT("reason", slice_of(*store ? store_fault(*store) : err_row(e)->name)));
        if (e != ERR_OK)
            v->epoch = -1; /* what comes back may be another store */
        atomic_store(&v->closed, e != ERR_OK);
        atomic_store(&v->checked_at, now);
    }
    pthread_mutex_unlock(&v->refreshing);
    return atomic_load(&v->closed) ? ERR_STORE : ERR_OK;
}

static enum err verify_signature(struct verifier *v, const struct jws *jws, int64_t now)
{
    enum err e = ERR_JWT_KEY;
    pthread_rwlock_rdlock(&v->ring_lock);
    if (v->ring->count == 0)
        e = ERR_KEYS;
    for (size_t i = 0; i < v->ring->count && jws->kid.p != NULL; i++) {
        bool expired = v->ring->keys[i].expires_at != 0 && now >= v->ring->keys[i].expires_at;
        if (!expired && slice_is(jws->kid, v->ring->keys[i].key->kid)) {
            e = jws_verify(jws, v->ring->keys[i].key);
            break;
        }
    }
    pthread_rwlock_unlock(&v->ring_lock);
    return e;
}

/* RFC 9068 section 2.2: all of these are required. */
static enum err take_facts(const struct jwt_claims *c, struct token *out)
{
    if (c->sub.n == 0 || c->client_id.n == 0 || c->jti.n == 0 || !c->has_iat || c->aud_count == 0)
        return ERR_JWT_CLAIM;
    *out = (struct token){.client_id = c->client_id,
                          .subject = c->sub,
                          .scope = c->scope,
                          .jti = c->jti,
                          .issuer = c->iss,
                          .audience_count = c->aud_count,
                          .expires_at = c->exp};
    for (size_t i = 0; i < c->aud_count; i++)
        out->audience[i] = c->aud[i];
    scope_set_compile(c->scope, &out->granted);
    return ERR_OK;
}

/* The whole check of a token that is not cached; the issuer comes before any cryptography. */
static enum err verify(struct verifier *v, struct store *store, struct slice token, int64_t now,
                       struct arena *a, struct token *out)
{
    struct jws jws;
    struct jwt_claims claims;
    struct token facts;
    enum err e = jws_parse(token, a, &jws);
    if (e == ERR_OK && !jwt_typ_is(jws.typ, "at+jwt"))
        e = ERR_JWT_TYP;
    if (e == ERR_OK)
        e = jwt_claims_parse(jws.payload, a, &claims);
    if (e == ERR_OK && !slice_is(claims.iss, v->conf->issuer))
        e = ERR_JWT_ISSUER;
    if (e == ERR_OK)
        e = verify_signature(v, &jws, now);
    if (e == ERR_OK)
        e = jwt_check_time(&claims, now, v->conf->token_clock_skew_s);
    if (e == ERR_OK)
        e = take_facts(&claims, &facts);
    if (e == ERR_OK)
        e = store_token_check(store, facts.client_id, facts.jti, claims.iat);
    if (e == ERR_OK)
        *out = facts;
    return e;
}

enum err verifier_check(struct verifier *v, struct store **store, struct slice token, int64_t now,
                        struct arena *a, struct token *out)
{
    struct secret digest;
    if (token.n > JWS_MAX_BYTES)
        return ERR_TOO_LARGE;
    enum err e = refresh(v, store, now);
    if (e != ERR_OK)
        return e;
    if (!secret_digest(SLICE(""), token, &digest))
        return ERR_INTERNAL;
    uint64_t generation = atomic_load(&v->generation);
    if (token_cache_get(v->cache, &digest, generation, now, a, out))
        return ERR_OK;
    e = open_or_refresh(v, store); /* this thread's own connection, which may be an older one */
    if (e == ERR_OK)
        e = verify(v, *store, token, now, a, out);
    if (e == ERR_OK)
        token_cache_put(v->cache, &digest, generation, out);
    return e;
}
