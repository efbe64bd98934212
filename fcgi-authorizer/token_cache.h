/*
 * Tokens that have been verified, by the SHA-256 of their text; shared by all threads of a process.
 * Bounded: a full set drops the entry that was used longest ago.  An entry counts only within the
 * generation in which it was verified and until the token expires.
 */
#ifndef FHIR_AUTH_TOKEN_CACHE_H
#define FHIR_AUTH_TOKEN_CACHE_H

#include "arena.h"
#include "secret.h"
#include "token.h"

struct token_cache;

/* At most about `entries`; 0 gives a cache that never holds anything.  NULL when memory is out. */
struct token_cache *token_cache_new(size_t entries);
void token_cache_free(struct token_cache *c);

/* On a hit *out is filled, its text copied into the arena. */
MUST_USE bool token_cache_get(struct token_cache *c, const struct secret *digest,
                              uint64_t generation, int64_t now, struct arena *a, struct token *out);

/* Failing to keep a token is no error: it will be verified again. */
void token_cache_put(struct token_cache *c, const struct secret *digest, uint64_t generation,
                     const struct token *token);

#endif
