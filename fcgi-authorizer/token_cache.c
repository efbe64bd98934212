#include "token_cache.h"

#include <pthread.h>

#define SHARDS 16 /* threads that hit different tokens seldom meet at one lock */
#define WAYS   8

/* A token with the text that its slices point to behind it. */
struct entry {
    struct token token;
    size_t text_bytes;
    char text[];
};

struct slot {
    struct secret digest;
    struct entry *entry; /* owned; NULL: empty */
    uint64_t generation;
    uint64_t used_at; /* tick of the shard */
};

struct shard {
    pthread_mutex_t lock;
    uint64_t tick;
    struct slot *slots; /* sets * WAYS; zero pages until they are used */
};

struct token_cache {
    size_t sets; /* of each shard; 0: holds nothing */
    struct shard shards[SHARDS];
};

struct token_cache *token_cache_new(size_t entries)
{
    struct token_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->sets = (entries + SHARDS * WAYS - 1) / (SHARDS * WAYS);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_init(&s->lock, NULL);
        s->slots = c->sets > 0 ? calloc(c->sets * WAYS, sizeof *s->slots) : NULL;
        if (s->slots == NULL && c->sets > 0) {
            token_cache_free(c);
            return NULL;
        }
    }
    return c;
}

static void slot_clear(struct slot *slot)
{
    free(slot->entry);
    slot->entry = NULL;
}

void token_cache_free(struct token_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t k = 0; c->shards[i].slots != NULL && k < c->sets * WAYS; k++)
            slot_clear(&c->shards[i].slots[k]);
        free(c->shards[i].slots);
        pthread_mutex_destroy(&c->shards[i].lock);
    }
    free(c);
}

/* A digest is spread evenly: its bytes serve as the hash. */
static struct slot *set_of(struct token_cache *c, const struct secret *digest, struct shard **shard)
{
    uint64_t number = 0;
    memcpy(&number, digest->b + 1, sizeof number);
    *shard = &c->shards[digest->b[0] % SHARDS];
    return (*shard)->slots + (size_t)(number % c->sets) * WAYS;
}

static bool copy_out(const struct entry *e, struct arena *a, struct token *out)
{
    char *text = arena_alloc(a, e->text_bytes);
    struct slice *fields[TOKEN_SLICES];
    if (text == NULL)
        return false;
    memcpy(text, e->text, e->text_bytes);
    *out = e->token;
    size_t n = token_slices(out, fields);
    for (size_t i = 0; i < n; i++)
        if (fields[i]->p != NULL)
            fields[i]->p = text + (fields[i]->p - e->text);
    return true;
}

static struct entry *entry_new(const struct token *token)
{
    struct token copy = *token;
    struct slice *fields[TOKEN_SLICES];
    size_t n = token_slices(&copy, fields), bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += fields[i]->n;
    struct entry *e = malloc(sizeof *e + bytes);
    if (e == NULL)
        return NULL;
    e->text_bytes = bytes;
    for (size_t i = 0, at = 0; i < n; at += fields[i]->n, i++) {
        if (fields[i]->n > 0)
            memcpy(e->text + at, fields[i]->p, fields[i]->n);
        if (fields[i]->p != NULL)
            fields[i]->p = e->text + at;
    }
    e->token = copy;
    return e;
}

bool token_cache_get(struct token_cache *c, const struct secret *digest, uint64_t generation,
                     int64_t now, struct arena *a, struct token *out)
{
    struct shard *shard;
    bool hit = false;
    if (c->sets == 0)
        return false;
    struct slot *set = set_of(c, digest, &shard);
    pthread_mutex_lock(&shard->lock);
    for (size_t i = 0; i < WAYS; i++) {
        struct slot *slot = &set[i];
        if (slot->entry == NULL || !secret_eq(&slot->digest, digest))
            continue;
        if (slot->generation != generation || token_is_over(&slot->entry->token, now)) {
            slot_clear(slot);
        } else {
            slot->used_at = ++shard->tick;
            hit = copy_out(slot->entry, a, out);
        }
        break;
    }
    pthread_mutex_unlock(&shard->lock);
    return hit;
}

/* The slot of this token, else an empty one, else the one used longest ago. */
static struct slot *choose(struct slot *set, const struct secret *digest)
{
    struct slot *chosen = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].entry != NULL && secret_eq(&set[i].digest, digest))
            return &set[i];
        if (chosen->entry != NULL && (set[i].entry == NULL || set[i].used_at < chosen->used_at))
            chosen = &set[i];
    }
    return chosen;
}

void token_cache_put(struct token_cache *c, const struct secret *digest, uint64_t generation,
                     const struct token *token)
{
    struct shard *shard;
    struct entry *e = c->sets > 0 ? entry_new(token) : NULL;
    if (e == NULL)
        return;
    struct slot *set = set_of(c, digest, &shard);
    pthread_mutex_lock(&shard->lock);
    struct slot *slot = choose(set, digest);
    slot_clear(slot);
    slot->digest = *digest;
    slot->entry = e;
    slot->generation = generation;
    slot->used_at = ++shard->tick;
    pthread_mutex_unlock(&shard->lock);
}
