/*
 * Memory of one request: one block, allocation by moving a mark, wiped and emptied at once.
 * The capacity is the request's memory limit.  A failed allocation sets `overflowed`, which stays
 * set until arena_reset, so a caller may check once at the end.
 */
#ifndef FHIR_AUTH_ARENA_H
#define FHIR_AUTH_ARENA_H

#include "slice.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct arena {
    char *base; /* owned; NULL before arena_init and after arena_free */
    size_t cap; /* bytes */
    size_t used;
    bool overflowed;
};

/* False when memory is out.  Pages are touched only as they are used. */
MUST_USE static inline bool arena_init(struct arena *a, size_t cap_bytes)
{
    *a = (struct arena){.base = malloc(cap_bytes), .cap = cap_bytes};
    return a->base != NULL;
}

/* 16-byte aligned, not zeroed; NULL when the block is full.  Valid until arena_reset. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX - 15 || ((n + 15) & ~(size_t)15) > a->cap - a->used) {
        a->overflowed = true;
        return NULL;
    }
    void *p = a->base + a->used;
    a->used += (n + 15) & ~(size_t)15;
    return p;
}

/* What lies behind `end` is free again; `end` is in the last piece, and nothing was written there.
 */
static inline void arena_give_back(struct arena *a, const char *end)
{
    a->used = ((size_t)(end - a->base) + 15) & ~(size_t)15;
}

/* A NUL-terminated copy; NULL when the block is full. */
static inline char *arena_dup(struct arena *a, struct slice s)
{
    char *z = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
    if (z == NULL)
        return NULL;
    if (s.n > 0)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}

/* Wipe what was used and start anew. */
static inline void arena_reset(struct arena *a)
{
    if (a->base != NULL)
        OPENSSL_cleanse(a->base, a->used);
    a->used = 0;
    a->overflowed = false;
}

static inline void arena_free(struct arena *a)
{
    arena_reset(a);
    free(a->base);
    *a = (struct arena){0};
}

#endif
