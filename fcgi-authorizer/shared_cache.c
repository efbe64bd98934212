#include "shared_cache.h"

#include "shared_file.h"
#include "token_record.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#define WORDS      (TOKEN_RECORD_BYTES / sizeof(uint64_t))
#define HEAD_BYTES 4096
#define TRIES      3 /* of a reader whom writers disturb */

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share the words");

/*
 * A sequence lock (H. Boehm, "Can seqlocks get along with programming language memory models?",
 * 2012).  sequence: below, a count that is odd while the slot is written to; above, the second in
 * which the last writer began.  Each word is stored after the odd count and before the even one.
 */
struct slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[WORDS]; /* struct token_record */
};

/* The file.  A change of it, or of struct token_record, needs another number in `form`. */
struct area {
    char form[48];
    _Atomic int64_t latest; /* time that was seen */
    _Atomic uint64_t era;
    char unused[HEAD_BYTES - 64];
    struct slot slots[SHARED_CACHE_SETS * SHARED_CACHE_WAYS];
};

static const char form[] = "fhir-auth verified tokens, form 1\n";

_Static_assert(offsetof(struct area, slots) == HEAD_BYTES, "slots begin with a page");
_Static_assert(sizeof form <= sizeof((struct area *)NULL)->form, "the head holds it");

union image {
    struct token_record record;
    uint64_t words[WORDS];
};

struct shared_cache {
    struct area *area; /* owned mapping */
};

struct shared_cache *shared_cache_open(const char *path, const char **why)
{
    struct shared_cache *c = calloc(1, sizeof *c);
    *why = "memory is out";
    if (c == NULL)
        return NULL;
    c->area = shared_file_map(path, (struct slice){form, sizeof form}, sizeof *c->area, why);
    if (c->area != NULL)
        return c;
    free(c);
    return NULL;
}

void shared_cache_close(struct shared_cache *c)
{
    if (c != NULL)
        munmap(c->area, sizeof *c->area);
    free(c);
}

/* ---- one slot ---- */

static uint64_t word(const struct slot *s, size_t byte)
{
    return atomic_load_explicit(&s->words[byte / sizeof(uint64_t)], memory_order_acquire);
}

#define FIELD(slot, name) word((slot), offsetof(struct token_record, name))

static bool is_odd(uint64_t sequence)
{
    return (sequence & 1) != 0;
}

/* Its writer lives, as far as anybody can know. */
static bool is_busy(uint64_t sequence, int64_t now)
{
    uint32_t age = (uint32_t)now - (uint32_t)(sequence >> 32); /* of another's clock: may be -1 */
    return is_odd(sequence) && age + SHARED_CACHE_WRITE_S <= 2 * SHARED_CACHE_WRITE_S;
}

static bool holds(const struct slot *s, const struct secret *digest)
{
    uint64_t wanted[sizeof *digest / sizeof(uint64_t)];
    bool same = true;
    memcpy(wanted, digest, sizeof wanted);
    for (size_t i = 0; same && i < sizeof wanted / sizeof wanted[0]; i++)
        same = word(s, offsetof(struct token_record, digest) + i * sizeof wanted[0]) == wanted[i];
    return same;
}

/* False when it is written to now, again and again. */
static bool copy(const struct slot *s, union image *out)
{
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);
        if (is_odd(before))
            continue;
        for (size_t k = 0; k < WORDS; k++)
            out->words[k] = atomic_load_explicit(&s->words[k], memory_order_acquire);
        if (atomic_load_explicit(&s->sequence, memory_order_relaxed) == before)
            return true;
    }
    return false;
}

static void write_slot(struct slot *s, const union image *image, int64_t now)
{
    uint64_t seen = atomic_load(&s->sequence);
    if (is_busy(seen, now))
        return;
    uint32_t count = (uint32_t)seen + (is_odd(seen) ? 2 : 1);
    uint64_t mine = (uint64_t)(uint32_t)now << 32 | count;
    uint64_t done = (uint64_t)(uint32_t)now << 32 | (uint32_t)(count + 1);
    if (!atomic_compare_exchange_strong(&s->sequence, &seen, mine))
        return;
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&s->words[i], image->words[i], memory_order_release);
    /* Should it have been taken over meanwhile, its end is the other's to tell. */
    atomic_compare_exchange_strong(&s->sequence, &mine, done);
}

/* ---- a set of them ---- */

/* A digest is spread evenly: its bytes serve as the hash. */
static size_t set_of(const struct secret *digest)
{
    uint64_t number;
    memcpy(&number, digest->b, sizeof number);
    return (size_t)(number % SHARED_CACHE_SETS) * SHARED_CACHE_WAYS;
}

bool shared_cache_get(const struct shared_cache *c, const struct secret *digest, uint64_t stamp,
                      int64_t now, struct arena *a, struct token *out)
{
    const struct slot *set = &c->area->slots[set_of(digest)];
    union image image;
    for (size_t i = 0; i < SHARED_CACHE_WAYS; i++)
        if (holds(&set[i], digest) && copy(&set[i], &image) &&
            token_record_read(&image.record, digest, stamp, now, a, out))
            return true;
    return false;
}

/* How much a slot is worth keeping; it may change under our eyes, which costs an entry at worst. */
static int64_t worth(const struct slot *s, const struct secret *digest, uint64_t stamp, int64_t now)
{
    uint64_t sequence = atomic_load(&s->sequence);
    int64_t verified_at = (int64_t)FIELD(s, verified_at);
    if (is_busy(sequence, now))
        return INT64_MAX;
    if (holds(s, digest))
        return INT64_MIN;
    if (sequence == 0 || token_record_is_void(FIELD(s, stamp), verified_at,
                                              (int64_t)FIELD(s, expires_at), stamp, now))
        return INT64_MIN + 1;
    return verified_at;
}

void shared_cache_put(struct shared_cache *c, const struct secret *digest, uint64_t stamp,
                      int64_t now, const struct token *token)
{
    struct slot *set = &c->area->slots[set_of(digest)], *chosen = NULL;
    int64_t least = INT64_MAX;
    union image image;
    if (!token_record_write(token, digest, stamp, now, &image.record))
        return;
    for (size_t i = 0; i < SHARED_CACHE_WAYS; i++) {
        int64_t its = worth(&set[i], digest, stamp, now);
        if (its < least) {
            least = its;
            chosen = &set[i];
        }
    }
    if (chosen != NULL)
        write_slot(chosen, &image, now);
}

/* The era ends before the time is noted: whoever finds the new time finds the new era. */
uint64_t shared_cache_era(struct shared_cache *c, int64_t now)
{
    int64_t latest = atomic_load(&c->area->latest);
    bool set_back = latest > now && latest - now > TOKEN_RECORD_AHEAD_S;
    if (set_back)
        atomic_fetch_add(&c->area->era, 1);
    if (set_back || now > latest)
        atomic_store(&c->area->latest, now);
    return atomic_load(&c->area->era);
}
