#include "issuer_keys.h"

#include "jwks_fetch.h"
#include "key_set_file.h"
#include "log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define WAIT_STEP_MS 50 /* between two looks whether another process has fetched the set */

struct issuer_keys {
    const struct config *conf;
    const struct config_issuer *issuer;
    char document[CONFIG_MAX_TEXT + 16]; /* its name in the store */
    struct key_set_file *file;           /* owned; NULL when the keys are fetched */
    pthread_rwlock_t lock;               /* of the four below */
    struct jwk_set *set;                 /* owned; NULL: none yet */
    int64_t fetched_at, fresh_until;
    int64_t refresh_at;        /* from then on it is fetched anew in the background */
    pthread_mutex_t updating;  /* held by whoever changes the set; it may read without the lock */
    atomic_bool failing;       /* the last fetch, of any process, failed */
    _Atomic int64_t look_at;   /* in the background: not before */
    atomic_bool in_background; /* from before the thread begins until it has done its work */
    bool has_thread;           /* this and the two below: guarded by updating */
    pthread_t thread;
    int64_t started_at;
};

bool issuer_keys_document(const struct config_issuer *issuer, struct buf *out)
{
    if (slice_is(slice_of(issuer->keys), "discovery"))
        buf_printf(out, "issuer:%s", issuer->issuer);
    else if (slice_starts(slice_of(issuer->keys), "http"))
        buf_printf(out, "jwks:%s", issuer->keys);
    else
        return false;
    return true;
}

struct issuer_keys *issuer_keys_new(const struct config *conf, const struct config_issuer *issuer)
{
    struct issuer_keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->conf = conf;
    k->issuer = issuer;
    pthread_rwlock_init(&k->lock, NULL);
    pthread_mutex_init(&k->updating, NULL);
    struct buf name = BUF(k->document);
    if (issuer_keys_document(issuer, &name))
        return k;
    k->file = key_set_file_new(issuer->keys);
    if (k->file == NULL) {
        issuer_keys_free(k);
        return NULL;
    }
    return k;
}

void issuer_keys_free(struct issuer_keys *k)
{
    if (k == NULL)
        return;
    if (k->has_thread)
        pthread_join(k->thread, NULL);
    key_set_file_free(k->file);
    jwk_set_free(k->set);
    pthread_rwlock_destroy(&k->lock);
    pthread_mutex_destroy(&k->updating);
    free(k);
}

/* Takes the set over.  Holding k->updating. */
static void swap_in(struct issuer_keys *k, struct jwk_set *set, int64_t fetched_at,
                    int64_t fresh_until)
{
    pthread_rwlock_wrlock(&k->lock);
    struct jwk_set *old = k->set;
    k->set = set;
    k->fetched_at = fetched_at;
    k->fresh_until = fresh_until;
    k->refresh_at = fresh_until - (fresh_until - fetched_at) / 5;
    pthread_rwlock_unlock(&k->lock);
    jwk_set_free(old);
}

struct look {
    enum err result; /* of the verification; ERR_KEYS without a usable set, ERR_JWT_KEY */
    bool fresh;
    bool refresh_due;
};

/* With what this process has. */
static struct look verify_known(struct issuer_keys *k, const struct jws *jws, int64_t now)
{
    const struct jwk *key;
    struct look l = {.result = ERR_KEYS};
    pthread_rwlock_rdlock(&k->lock);
    bool usable = k->set != NULL && k->fetched_at <= now + STORE_FETCH_AHEAD_S;
    l.fresh = usable && now < k->fresh_until;
    l.refresh_due = l.fresh && now >= k->refresh_at;
    if (usable && now < k->fresh_until + (int64_t)k->conf->jwks_stale_if_error_s) {
        l.result = jws_find_key(jws, k->set, &key);
        if (l.result == ERR_OK)
            l.result = jws_verify(jws, key);
    }
    pthread_rwlock_unlock(&k->lock);
    return l;
}

/* The set says yes or no to this token: its key is there. */
static bool is_answer(const struct look *l)
{
    return l->result != ERR_JWT_KEY && l->result != ERR_KEYS;
}

/* Another process may have fetched a newer set: take it from the store. */
static enum err load_stored(struct issuer_keys *k, struct store *st, int64_t now, struct arena *a,
                            struct store_fetch *state)
{
    struct slice body;
    struct jwk_set *set;
    int64_t fetched_at, keep_until;
    enum err e = store_fetch_get(st, slice_of(k->document), a, state);
    if (e != ERR_OK)
        return e;
    atomic_store(&k->failing, state->failed_since != 0);
    atomic_store(&k->look_at, state->next_at);
    bool newer = state->fetched_at > k->fetched_at || k->fetched_at > now + STORE_FETCH_AHEAD_S;
    if (!newer || state->fetched_at > now + STORE_FETCH_AHEAD_S)
        return ERR_OK;
    e = store_document_get(st, slice_of(k->document), a, &body, &fetched_at, &keep_until);
    if (e == ERR_OK && jwk_set_parse(body, &set) == ERR_OK)
        swap_in(k, set, state->fetched_at, state->fresh_until);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int64_t lifetime(const struct issuer_keys *k, int64_t max_age_s)
{
    int64_t most =
        k->conf->jwks_cache_s > ISSUER_KEYS_MIN_S ? k->conf->jwks_cache_s : ISSUER_KEYS_MIN_S;
    if (max_age_s < 0 || max_age_s > most)
        return most;
    return max_age_s < ISSUER_KEYS_MIN_S ? ISSUER_KEYS_MIN_S : max_age_s;
}

static void log_failure(const struct issuer_keys *k, const char *fault, bool stale)
{
    LOG(LOG_LEVEL_ERROR, "issuer-keys-failed", LOG_TEXT("issuer", slice_of(k->issuer->issuer)),
        LOG_TEXT("reason", slice_of(fault)),
        LOG_TEXT("effect", stale ? SLICE("the last good key set serves on")
                                 : SLICE("tokens of this issuer are refused")));
}

/* This process's turn: fetch, and tell the others through the store. */
static enum err fetch(struct issuer_keys *k, struct store *st, int64_t now, struct arena *a)
{
    char text[1024];
    struct buf fault = BUF(text);
    struct jwks_fetched got;
    int64_t stale_s = k->conf->jwks_stale_if_error_s;
    if (jwks_fetch(k->conf, k->issuer, a, &got, &fault) != ERR_OK) {
        log_failure(k, text, k->set != NULL && now < k->fresh_until + stale_s);
        atomic_store(&k->failing, true);
        atomic_store(&k->look_at, now + ISSUER_KEYS_RETRY_S);
        return store_fetch_failed(st, slice_of(k->document), now, now + ISSUER_KEYS_RETRY_S, text);
    }
    int64_t fresh_until = now + lifetime(k, got.max_age_s);
    struct store_fetch state = {.url = k->document,
                                .next_at = now + ISSUER_KEYS_REFETCH_S,
                                .fetched_at = now,
                                .fresh_until = fresh_until};
    swap_in(k, got.set, now, fresh_until);
    atomic_store(&k->failing, false);
    atomic_store(&k->look_at, state.next_at);
    return store_fetch_done(st, got.body, &state, fresh_until + stale_s);
}

/* How long a fetch may take at most: metadata in two places, and the set. */
static int64_t turn_s(const struct config *conf)
{
    return 3 * (int64_t)conf->jwks_timeout_ms / 1000 + 2;
}

static bool nap(void)
{
    return nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_MS * 1000L * 1000L}, NULL) == 0;
}

/* Another process fetches: wait for it, no longer than a fetch may take. */
static enum err wait_for_other(struct issuer_keys *k, struct store *st, int64_t now,
                               struct arena *a, struct store_fetch *state)
{
    enum err e = ERR_OK;
    int64_t before = state->busy_until;
    for (int64_t left_ms = 1000 * turn_s(k->conf);
         e == ERR_OK && state->busy_until == before && before != 0 && left_ms > 0 && nap();
         left_ms -= WAIT_STEP_MS) {
        arena_reset(a); /* of the text of the look before */
        e = load_stored(k, st, now, a, state);
    }
    return e;
}

static bool is_ahead(int64_t at, int64_t now)
{
    return at > now && at <= now + STORE_FETCH_AHEAD_S;
}

/* ERR_OK: it is this process's turn to fetch.  Nothing is written when that is known beforehand. */
static enum err take_turn(const struct issuer_keys *k, struct store *st,
                          const struct store_fetch *state, int64_t now)
{
    if (is_ahead(state->busy_until, now) || is_ahead(state->next_at, now))
        return ERR_EXISTS;
    return store_fetch_begin(st, slice_of(k->document), now, now + turn_s(k->conf));
}

/* What was in the store will do: nothing need be fetched for this token, or in the background. */
static bool is_enough(struct issuer_keys *k, const struct jws *jws, int64_t now)
{
    bool failing = atomic_load(&k->failing);
    if (jws == NULL)
        return !failing && k->set != NULL && now < k->refresh_at;
    struct look l = verify_known(k, jws, now);
    return is_answer(&l) && (l.fresh || failing);
}

/* Holding k->updating.  jws: NULL in the background. */
static enum err update(struct issuer_keys *k, struct store *st, const struct jws *jws, int64_t now,
                       struct arena *a)
{
    struct store_fetch state;
    enum err e = load_stored(k, st, now, a, &state);
    if (e != ERR_OK)
        return e;
    if (is_enough(k, jws, now))
        return ERR_OK;
    e = take_turn(k, st, &state, now);
    if (e == ERR_OK)
        return fetch(k, st, now, a);
    if (e != ERR_EXISTS)
        return e;
    if (!is_ahead(atomic_load(&k->look_at), now))
        atomic_store(&k->look_at, now + 1);
    /* No request waits for a server that is known to be out of reach. */
    if (jws == NULL || atomic_load(&k->failing))
        return ERR_OK;
    e = load_stored(k, st, now, a, &state); /* it may have begun just now */
    return e == ERR_OK ? wait_for_other(k, st, now, a, &state) : e;
}

static enum err update_with_arena(struct issuer_keys *k, struct store *st, const struct jws *jws,
                                  int64_t now)
{
    struct arena a;
    /* Metadata twice, the set, what the store has of it, and some for texts. */
    if (!arena_init(&a, 5 * (size_t)k->conf->jwks_max_bytes + 65536))
        return ERR_MEMORY;
    enum err e = update(k, st, jws, now, &a);
    arena_free(&a);
    return e;
}

/* The request waits.  Others may have fetched meanwhile, and time has passed. */
static enum err update_in_foreground(struct issuer_keys *k, struct store *st, const struct jws *jws,
                                     int64_t now)
{
    time_t came_at = time(NULL);
    pthread_mutex_lock(&k->updating);
    enum err e = update_with_arena(k, st, jws, now + (time(NULL) - came_at));
    pthread_mutex_unlock(&k->updating);
    return e;
}

static void *background_main(void *argument)
{
    struct issuer_keys *k = argument;
    struct store *st = NULL;
    pthread_mutex_lock(&k->updating);
    enum err e = store_open(k->conf->store_path, k->conf->store_busy_timeout_ms, &st);
    if (e == ERR_OK)
        e = update_with_arena(k, st, NULL, k->started_at);
    if (e == ERR_STORE)
        LOG(LOG_LEVEL_ERROR, "store-unreachable", LOG_TEXT("reason", slice_of(store_fault(st))));
    store_close(st);
    pthread_mutex_unlock(&k->updating);
    atomic_store(&k->in_background, false);
    return NULL;
}

/* The request that comes here goes on with the set that is still good, and waits for nothing. */
static void refresh_in_background(struct issuer_keys *k, int64_t now)
{
    if (is_ahead(atomic_load(&k->look_at), now) || atomic_exchange(&k->in_background, true))
        return;
    bool begun = false;
    if (pthread_mutex_trylock(&k->updating) == 0) {
        if (k->has_thread)
            pthread_join(k->thread, NULL); /* it has done its work, and is about to return */
        k->started_at = now;
        k->has_thread = begun = pthread_create(&k->thread, NULL, background_main, k) == 0;
        pthread_mutex_unlock(&k->updating);
    }
    if (!begun) /* another request fetches, or there is no memory for a thread */
        atomic_store(&k->in_background, false);
}

bool issuer_keys_accept_alg(const struct config_issuer *issuer, const struct jws_alg *alg)
{
    /* A shared secret is taken from a file that the administrator put there, never from a network.
     */
    if (jws_alg_is_mac(alg) && issuer->keys[0] != '/')
        return false;
    return slice_list_has(slice_of(issuer->algorithms), slice_of(jws_alg_name(alg)));
}

enum err issuer_keys_verify(struct issuer_keys *k, struct store *st, const struct jws *jws,
                            int64_t now)
{
    if (!issuer_keys_accept_alg(k->issuer, jws->alg))
        return ERR_JWT_ALG;
    if (k->file != NULL)
        return key_set_file_verify(k->file, jws, now);
    struct look l = verify_known(k, jws, now);
    bool waits_for_none = l.fresh || atomic_load(&k->in_background);
    if (!atomic_load(&k->failing) && !(is_answer(&l) && waits_for_none)) {
        enum err e = update_in_foreground(k, st, jws, now);
        if (e != ERR_OK)
            return e;
        l = verify_known(k, jws, now);
    }
    if (l.refresh_due || atomic_load(&k->failing))
        refresh_in_background(k, now);
    /* A new key cannot be told from an invented one then. */
    return l.result == ERR_JWT_KEY && atomic_load(&k->failing) ? ERR_KEYS : l.result;
}
