/*
 * Has the store changed?  Answered without asking it: a counter in a file beside it, STORE-signal,
 * that every reader maps and that grows right after each commit that changed the epoch.
 *
 * It is a hint that makes a change count at once, and no more: a writer may die between its commit
 * and the count, and the file may be replaced or be of no use, so whoever follows it also looks at
 * the store itself now and then.  No function here fails for the caller.
 */
#ifndef FHIR_AUTH_STORE_SIGNAL_H
#define FHIR_AUTH_STORE_SIGNAL_H

#include "slice.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share the counter");

/* A reader's mapping; {0} is none.  store_signal_count is for any thread, the rest for one. */
struct store_signal {
    const _Atomic uint64_t *counter; /* owned mapping; NULL: there is no signal */
    dev_t device;                    /* of the file that is mapped */
    ino_t inode;
};

/*
 * Map the file that belongs to the store of this path now; a mapping of one that was removed or
 * replaced is given up.  Costs one stat(2) when nothing has changed.  A file that is a symlink,
 * shorter than it has to be, or open to others is of no use.  False: there is no signal.
 */
bool store_signal_follow(struct store_signal *s, const char *store_path);
/* Is the file that is mapped still the one of that store?  One stat(2). */
bool store_signal_holds(const struct store_signal *s, const char *store_path);
void store_signal_close(struct store_signal *s);

/* What is written to the store before the count is seen by whoever reads the store after it. */
static inline uint64_t store_signal_count(const struct store_signal *s)
{
    return s->counter != NULL ? atomic_load_explicit(s->counter, memory_order_acquire) : 0;
}

/*
 * Make the file unless there is one; store: of the store's file, whose owner and mode it gets.
 * False: this call made none, which is as good when another process was faster.
 */
bool store_signal_make(const char *store_path, const struct stat *store);

/* Count a change that has been committed. */
void store_signal_raise(const char *store_path);

#endif
