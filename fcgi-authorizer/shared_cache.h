/*
 * Tokens that have been verified, in a file that all processes of one user map: what one of them
 * has verified is known to all, and to those that start later.
 *
 * Bounded: a full set drops what is void, then what was verified longest ago.  Nobody waits for
 * anybody: a reader that meets a writer misses, a writer that meets another gives up, and what a
 * process that died has left half written is taken over after SHARED_CACHE_WRITE_S.  Each entry
 * has its own checksum: one that two writers made together after all is none.
 *
 * An entry counts only under the stamp that it was put under (sharing.h).  Whoever can write to the
 * file could grant himself anything, but he can write to the store beside it too, which has the
 * same owner and lies in the same directory.
 */
#ifndef FHIR_AUTH_SHARED_CACHE_H
#define FHIR_AUTH_SHARED_CACHE_H

#include "arena.h"
#include "secret.h"
#include "token.h"

#define SHARED_CACHE_SETS    2048
#define SHARED_CACHE_WAYS    8
#define SHARED_CACHE_WRITE_S 2

struct shared_cache;

/* NULL when there can be none; *why tells the administrator. */
struct shared_cache *shared_cache_open(const char *path, const char **why);
void shared_cache_close(struct shared_cache *c);

/* On a hit *out is filled, its text copied into the arena. */
MUST_USE bool shared_cache_get(const struct shared_cache *c, const struct secret *digest,
                               uint64_t stamp, int64_t now, struct arena *a, struct token *out);

/* Failing to keep a token is no error; one with more than TOKEN_RECORD_TEXT bytes is not kept. */
void shared_cache_put(struct shared_cache *c, const struct secret *digest, uint64_t stamp,
                      int64_t now, const struct token *token);

/*
 * A number that changes when the clock was set back, as any process has seen it, also one that has
 * ended: what was verified before was judged by times that were not true.
 */
uint64_t shared_cache_era(struct shared_cache *c, int64_t now);

#endif
