#include "verifier.h"

#include "issuers.h"
#include "jwe.h"
#include "log.h"
#include "sharing.h"
#include "store_signal.h"
#include "token_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#define SET_BACK_S 2
#define KEEP_ONE   8  /* of so many tokens that another process has verified */
#define SIGNALS    32 /* files that may take each other's place in the life of a process */

struct verifier {
    const struct config *conf;
    struct token_cache *cache;
    struct sharing *sharing; /* with other processes */
    struct issuers *issuers;
    _Atomic int64_t checked_at;  /* when the store was last looked at */
    _Atomic uint64_t generation; /* grows when the store has changed */
    _Atomic bool closed;         /* the store is out of reach */
    pthread_mutex_t refreshing;  /* held by the thread that looks */
    int64_t epoch;               /* guarded by refreshing; -1: none yet */
    /* Mapped until the end, since a thread may be reading an old one; guarded by refreshing. */
    struct store_signal signals[SIGNALS];
    size_t signal_count;
    const struct store_signal *_Atomic signal; /* that counts now; NULL: none does */
    bool signal_lost;                          /* guarded by refreshing: and that was logged */
    _Atomic uint64_t seen;                     /* its count before the last look */
    pthread_rwlock_t keys_lock;
    struct local_keys *keys;   /* owned */
    _Atomic unsigned recalled; /* from other processes */
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
    pthread_rwlock_init(&v->keys_lock, NULL);
    v->cache = token_cache_new(conf->token_cache);
    v->sharing = sharing_new(conf);
    v->issuers = issuers_new(conf);
    if (v->cache == NULL || v->sharing == NULL || v->issuers == NULL) {
        verifier_free(v);
        return NULL;
    }
    return v;
}

void verifier_free(struct verifier *v)
{
    if (v == NULL)
        return;
    issuers_free(v->issuers);
    token_cache_free(v->cache);
    sharing_free(v->sharing);
    local_keys_free(v->keys);
    for (size_t i = 0; i < v->signal_count; i++)
        store_signal_close(&v->signals[i]);
    pthread_mutex_destroy(&v->refreshing);
    pthread_rwlock_destroy(&v->keys_lock);
    free(v);
}

static enum err load_keys(struct verifier *v, struct store *store)
{
    struct local_keys *fresh;
    enum err e = local_keys_load(store, &fresh);
    if (e != ERR_OK)
        return e;
    pthread_rwlock_wrlock(&v->keys_lock);
    struct local_keys *old = v->keys;
    v->keys = fresh;
    pthread_rwlock_unlock(&v->keys_lock);
    local_keys_free(old);
    return ERR_OK;
}

enum err verifier_store(struct verifier *v, struct store **store)
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

/* On a change of the store's epoch load the keys; *changed: a new generation is to begin. */
static enum err follow_epoch(struct verifier *v, struct store *store, bool *changed)
{
    int64_t epoch;
    enum err e = store_epoch(store, &epoch);
    if (e == ERR_OK && epoch != v->epoch) {
        e = load_keys(v, store);
        if (e == ERR_OK) {
            v->epoch = epoch;
            *changed = true;
        }
    }
    return e;
}

static void follow_signal(struct verifier *v)
{
    const struct store_signal *mapped = atomic_load(&v->signal);
    if (mapped != NULL && store_signal_holds(mapped, v->conf->store_path))
        return;
    struct store_signal *next = &v->signals[v->signal_count];
    bool have = v->signal_count < SIGNALS && store_signal_follow(next, v->conf->store_path);
    v->signal_count += have;
    atomic_store(&v->signal, have ? next : NULL);
    if (!have && !v->signal_lost)
        LOG(LOG_LEVEL_WARNING, "store-signal-lost",
            LOG_TEXT("reason", SLICE("its file is gone or of no use: changes of the store count "
                                     "within a second, not at once")));
    v->signal_lost = !have;
}

/* One load from memory that all processes share; no system call. */
static uint64_t signal_count(struct verifier *v)
{
    const struct store_signal *signal = atomic_load(&v->signal);
    return signal != NULL ? store_signal_count(signal) : 0;
}

static bool has_news(struct verifier *v)
{
    return signal_count(v) != atomic_load(&v->seen);
}

/*
 * What is cached counts by times that were true then: not for as long as the clock was ahead.  A
 * thread that comes a moment late is no such case.
 */
static bool clock_was_set_back(const struct verifier *v, int64_t now)
{
    return now < atomic_load(&v->checked_at) - SET_BACK_S;
}

/* Before the new generation: who has seen that one must not take what others knew before. */
static void follow_state(struct verifier *v, const struct sharing_store *file, uint64_t count,
                         int64_t now, bool known)
{
    if (known)
        sharing_begin(v->sharing, file, atomic_load(&v->signal), count, v->epoch, now);
    else
        sharing_pause(v->sharing);
}

/* Holding v->refreshing. */
static void look(struct verifier *v, struct store **store, int64_t now)
{
    struct sharing_store file = sharing_store_now(v->conf);
    bool changed = clock_was_set_back(v, now);
    enum err e = verifier_store(v, store);
    if (e == ERR_OK)
        follow_signal(v);
    uint64_t count = signal_count(v); /* before the epoch is read, so that no change is lost */
    if (e == ERR_OK)
        e = follow_epoch(v, *store, &changed);
    if (e != ERR_OK && !atomic_load(&v->closed))
        LOG(LOG_LEVEL_ERROR, "store-unreachable",
            LOG_TEXT("reason", slice_of(*store ? store_fault(*store) : err_row(e)->name)));
    if (e != ERR_OK)
        v->epoch = -1; /* what comes back may be another store */
    follow_state(v, &file, count, now, e == ERR_OK);
    if (changed)
        atomic_fetch_add(&v->generation, 1);
    atomic_store(&v->closed, e != ERR_OK);
    atomic_store(&v->seen, count);
    atomic_store(&v->checked_at, now);
}

/*
 * Look when the signal tells of a change, and once a second, for what the signal may have missed.
 * Threads that come while another takes its look of the second go on with what was known a moment
 * ago, but not when that is more than a second old: the other may hang, and a revocation must not
 * wait for it.  Then, or on a signal, or when nothing is known yet, they wait themselves.
 */
static enum err refresh(struct verifier *v, struct store **store, int64_t now)
{
    int64_t checked_at = atomic_load(&v->checked_at);
    bool news = has_news(v);
    if (checked_at == now && !news)
        return atomic_load(&v->closed) ? ERR_STORE : ERR_OK;
    if (news || atomic_load(&v->closed) || now - checked_at != 1)
        pthread_mutex_lock(&v->refreshing);
    else if (pthread_mutex_trylock(&v->refreshing) != 0)
        return ERR_OK;
    if (atomic_load(&v->checked_at) != now || has_news(v))
        look(v, store, now);
    pthread_mutex_unlock(&v->refreshing);
    return atomic_load(&v->closed) ? ERR_STORE : ERR_OK;
}

/* A key that became known within this very second: has the store changed since `generation`? */
static bool store_has_changed(struct verifier *v, struct store **store, uint64_t generation,
                              int64_t now)
{
    pthread_mutex_lock(&v->refreshing);
    look(v, store, now);
    pthread_mutex_unlock(&v->refreshing);
    return atomic_load(&v->generation) != generation && !atomic_load(&v->closed);
}

/* The whole check of a token that is not cached.  No lock is held: it may fetch keys. */
static enum err verify(struct verifier *v, struct store *store, struct slice token, int64_t now,
                       struct arena *a, struct token *out)
{
    pthread_rwlock_rdlock(&v->keys_lock);
    struct local_keys *keys = local_keys_share(v->keys);
    pthread_rwlock_unlock(&v->keys_lock);
    enum err e = issuers_check(v->issuers, keys, store, token, now, a, out);
    local_keys_free(keys);
    return e;
}

/*
 * What another process has verified is as good as if this one had.  To keep all of that would fill
 * each process with copies; a token that comes often is kept soon.
 */
static bool recall(struct verifier *v, const struct secret *digest, uint64_t generation,
                   uint64_t stamp, int64_t now, struct arena *a, struct token *out)
{
    if (token_cache_get(v->cache, digest, generation, now, a, out))
        return true;
    if (!sharing_get(v->sharing, digest, stamp, now, a, out))
        return false;
    if (atomic_fetch_add(&v->recalled, 1) % KEEP_ONE == 0)
        token_cache_put(v->cache, digest, generation, out);
    return true;
}

enum err verifier_check(struct verifier *v, struct store **store, struct slice token, int64_t now,
                        struct arena *a, struct token *out)
{
    struct secret digest;
    out->retry_after_s = 0;
    if (token.n > JWE_MAX_BYTES)
        return ERR_TOO_LARGE;
    enum err e = refresh(v, store, now);
    if (e != ERR_OK)
        return e;
    if (!sharing_digest(v->sharing, token, &digest))
        return ERR_INTERNAL;
    uint64_t generation = atomic_load(&v->generation);
    uint64_t stamp = sharing_stamp(v->sharing); /* of that generation, or a later one */
    if (recall(v, &digest, generation, stamp, now, a, out))
        return ERR_OK;
    e = verifier_store(v, store); /* this thread's own connection, which may be an older one */
    if (e == ERR_OK)
        e = verify(v, *store, token, now, a, out);
    if ((e == ERR_JWT_KEY || e == ERR_KEYS) && store_has_changed(v, store, generation, now)) {
        generation = atomic_load(&v->generation);
        stamp = sharing_stamp(v->sharing);
        e = verify(v, *store, token, now, a, out);
    }
    bool lasts = e == ERR_OK && (out->verify_at == 0 || now < out->verify_at);
    if (lasts) {
        token_cache_put(v->cache, &digest, generation, out);
        sharing_put(v->sharing, &digest, stamp, now, out);
    }
    return e;
}
