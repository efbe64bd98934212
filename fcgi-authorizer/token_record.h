/*
 * The facts of a verified token as a record of fixed size, which processes of this program hand to
 * each other.  What is read may be torn, damaged or stale: a checksum speaks for the whole of it,
 * and no length in it is believed.  It holds claims, neither the token's text nor a key.  Pure.
 */
#ifndef FHIR_AUTH_TOKEN_RECORD_H
#define FHIR_AUTH_TOKEN_RECORD_H

#include "arena.h"
#include "secret.h"
#include "token.h"

#define TOKEN_RECORD_BYTES   1016
#define TOKEN_RECORD_TEXT    866
#define TOKEN_RECORD_AHEAD_S 2 /* so much later may another process have looked at the clock */

struct token_record {
    struct secret digest; /* by which it is found */
    uint64_t stamp;       /* of the state of things that it was verified in */
    int64_t verified_at, expires_at, verify_at;
    struct secret sum; /* SHA-256 of all else, up to the end of the text */
    uint16_t text_bytes;
    uint8_t audiences, flags;
    uint16_t lengths[TOKEN_SLICES]; /* in the order of token_slices */
    char text[TOKEN_RECORD_TEXT];   /* of all slices, one after the other */
};

_Static_assert(sizeof(struct token_record) == TOKEN_RECORD_BYTES, "no byte of it is padding");

/* False when its text does not fit.  now: when it was verified. */
MUST_USE bool token_record_write(const struct token *t, const struct secret *digest, uint64_t stamp,
                                 int64_t now, struct token_record *out);

/* Void for everybody with that stamp, as far as its times tell. */
bool token_record_is_void(uint64_t stamp, int64_t verified_at, int64_t expires_at,
                          uint64_t wanted_stamp, int64_t now);

/*
 * False when it is of another token, another stamp, over, verified in the future (the clock was set
 * back), or not whole; or when the arena is full.  Text of *out lies in the arena.
 */
MUST_USE bool token_record_read(const struct token_record *r, const struct secret *digest,
                                uint64_t stamp, int64_t now, struct arena *a, struct token *out);

#endif
