/*
 * What the processes of one web server know together of verified tokens: the file STORE-verified.
 *
 * What another process has verified counts only where verifying it here would end the same way:
 *  - by the same program, with the same text of its configuration, since this host was started
 *    (after a crash the store may lack its last changes): these go into the digest that a token is
 *    found by;
 *  - in the same state of the same store: its file, its epoch, and the count of its signal, which
 *    does not go back when the store is restored from a backup; and since the clock was set back
 *    last.  These go into the stamp.  Without a signal nothing is shared.
 * Everything else that may end a token's validity is in its own times (token.h).
 *
 * One struct serves all threads of a process.
 */
#ifndef FHIR_AUTH_SHARING_H
#define FHIR_AUTH_SHARING_H

#include "arena.h"
#include "config.h"
#include "secret.h"
#include "store_signal.h"
#include "token.h"

struct sharing;

/* conf must outlive it.  With token_cache = 0 nothing is shared.  NULL when memory is out. */
struct sharing *sharing_new(const struct config *conf);
void sharing_free(struct sharing *s);

/*
 * The SHA-256 that stands for a token's text in this process and others; not before the first
 * sharing_begin.  False: OpenSSL failed.
 */
MUST_USE bool sharing_digest(const struct sharing *s, struct slice token, struct secret *out);

/* Which file the store is. */
struct sharing_store {
    uint64_t device, inode, born_s, born_ns;
};

/* The file of that path now, to be asked before the store is; all zero when there is none. */
struct sharing_store sharing_store_now(const struct config *conf);

/*
 * The state of things changes to this one.  count: of the signal, read before the epoch was.  One
 * thread at a time.  The first call maps the file, or logs why it cannot.
 */
void sharing_begin(struct sharing *s, const struct sharing_store *store,
                   const struct store_signal *signal, uint64_t count, int64_t epoch, int64_t now);
/* There is no such state for now. */
void sharing_pause(struct sharing *s);

/*
 * Of the state of things; 0: nothing is shared.  Read before a token is looked up or verified, and
 * after whatever tells the caller that his own knowledge is of that state.
 */
uint64_t sharing_stamp(const struct sharing *s);

MUST_USE bool sharing_get(const struct sharing *s, const struct secret *digest, uint64_t stamp,
                          int64_t now, struct arena *a, struct token *out);
void sharing_put(struct sharing *s, const struct secret *digest, uint64_t stamp, int64_t now,
                 const struct token *token);

#endif
