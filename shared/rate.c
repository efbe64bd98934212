#include "rate.h"

#include <pthread.h>

#define WAYS  8
#define SETS  (RATE_ENTRIES / WAYS)
#define STEPS 16 /* a limit is added to the store in so many parts */

struct entry {
    struct secret digest; /* of kind and name */
    int64_t total;        /* as the store has it, or will in a moment */
    int64_t pending;      /* not added to it yet */
    int64_t ends_at;      /* 0: empty */
};

struct rates {
    pthread_mutex_t lock;
    struct entry sets[SETS][WAYS];
};

struct rates *rates_new(void)
{
    struct rates *r = calloc(1, sizeof *r);
    if (r != NULL)
        pthread_mutex_init(&r->lock, NULL);
    return r;
}

void rates_free(struct rates *r)
{
    if (r != NULL)
        pthread_mutex_destroy(&r->lock);
    free(r);
}

/* A digest is spread evenly: its bytes serve as the hash. */
static struct entry *set_of(struct rates *r, const struct secret *digest)
{
    uint32_t number = 0;
    memcpy(&number, digest->b, sizeof number);
    return r->sets[number % SETS];
}

/* The entry of this name; NULL when there is none of a minute that runs. */
static struct entry *find(struct rates *r, const struct secret *digest, int64_t now)
{
    struct entry *set = set_of(r, digest);
    for (size_t i = 0; i < WAYS; i++)
        if (now < set[i].ends_at && set[i].ends_at <= now + 2 * RATE_WINDOW_S &&
            secret_eq(&set[i].digest, digest))
            return &set[i];
    return NULL;
}

/* Its entry, else the one that ends first: empty ones have ended long ago. */
static struct entry *find_room(struct rates *r, const struct secret *digest)
{
    struct entry *set = set_of(r, digest), *chosen = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (secret_eq(&set[i].digest, digest))
            return &set[i];
        if (set[i].ends_at < chosen->ends_at)
            chosen = &set[i];
    }
    return chosen;
}

static bool is_over(const struct entry *e, const struct rate_limit *l)
{
    return e->total > (int64_t)l->limit;
}

/* Count one here.  How many are to be added to the store now, or 0; -1: beyond the limit. */
static int64_t count_here(struct rates *r, const struct rate_limit *l, const struct secret *digest,
                          int64_t now, int64_t *ends_at)
{
    int64_t step = l->limit >= STEPS ? l->limit / STEPS : 1, due = 0;
    pthread_mutex_lock(&r->lock);
    struct entry *e = find(r, digest, now);
    if (e == NULL) {
        due = 1;
    } else if (is_over(e, l)) {
        *ends_at = e->ends_at;
        due = -1;
    } else if (++e->pending >= step || e->total + e->pending > (int64_t)l->limit) {
        due = e->pending;
        e->total += due;
        e->pending = 0;
    }
    pthread_mutex_unlock(&r->lock);
    return due;
}

static void keep(struct rates *r, const struct secret *digest, const struct store_rate *known)
{
    pthread_mutex_lock(&r->lock);
    struct entry *e = find_room(r, digest);
    if (!secret_eq(&e->digest, digest) || e->ends_at != known->ends_at)
        *e = (struct entry){.digest = *digest, .ends_at = known->ends_at};
    if (known->total > e->total) /* another thread may have added more in the meantime */
        e->total = known->total;
    pthread_mutex_unlock(&r->lock);
}

enum err rate_count(struct rates *r, struct store *st, const struct rate_limit *l,
                    struct slice name, int64_t now, int64_t *retry_after_s)
{
    const struct store_span span = {.kind = l->kind, .window_s = RATE_WINDOW_S};
    struct store_rate known = {0};
    struct secret of_kind, digest = {{0}};
    int64_t due = 1;
    if (l->limit == 0)
        return ERR_OK;
    if (r != NULL) {
        if (!secret_digest(SLICE_NONE, slice_of(l->kind), &of_kind) ||
            !secret_digest((struct slice){(const char *)of_kind.b, sizeof of_kind.b}, name,
                           &digest))
            return ERR_INTERNAL;
        due = count_here(r, l, &digest, now, &known.ends_at);
    }
    if (due == 0)
        return ERR_OK;
    if (due > 0) {
        enum err e = store_rate_add(st, &span, name, due, now, &known);
        if (e != ERR_OK)
            return e;
        if (r != NULL)
            keep(r, &digest, &known);
        if (known.total <= (int64_t)l->limit)
            return ERR_OK;
    }
    *retry_after_s = known.ends_at - now;
    return ERR_THROTTLED;
}

enum err rate_look(struct store *st, const struct rate_limit *l, struct slice name, int64_t now,
                   int64_t *retry_after_s)
{
    const struct store_span span = {.kind = l->kind, .window_s = RATE_WINDOW_S};
    struct store_rate known;
    if (l->limit == 0)
        return ERR_OK;
    enum err e = store_rate_get(st, &span, name, now, &known);
    if (e != ERR_OK || known.total <= (int64_t)l->limit)
        return e;
    *retry_after_s = known.ends_at - now;
    return ERR_THROTTLED;
}
