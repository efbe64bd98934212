/*
 * 32 bytes that must not leak: random values and digests.  A type of its own, so that no log or
 * print function takes it by mistake.  Compared in constant time, wiped after use.
 */
#ifndef FHIR_AUTH_SECRET_H
#define FHIR_AUTH_SECRET_H

#include "slice.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#define SECRET_BYTES 32

struct secret {
    unsigned char b[SECRET_BYTES];
};

/* From the system's generator; false when that fails, and then nothing must be issued. */
MUST_USE static inline bool secret_random(struct secret *s)
{
    return RAND_bytes(s->b, sizeof s->b) == 1;
}

static inline bool secret_eq(const struct secret *a, const struct secret *b)
{
    return CRYPTO_memcmp(a->b, b->b, sizeof a->b) == 0;
}

static inline void secret_wipe(struct secret *s)
{
    OPENSSL_cleanse(s->b, sizeof s->b);
}

/* SHA-256 of a salt followed by data; an empty salt gives the plain digest. */
MUST_USE bool secret_digest(struct slice salt, struct slice data, struct secret *out);

#endif
