/*
 * The store's epoch, without asking the store each time: one look a second, and one whenever the
 * signal tells of a change (store_signal.h).  Without a signal each call asks.
 */
#ifndef FHIR_AUTH_STORE_WATCH_H
#define FHIR_AUTH_STORE_WATCH_H

#include "store.h"
#include "store_signal.h"

/* Of one thread and its store; {0}: it has not looked yet. */
struct store_watch {
    struct store_signal signal;
    uint64_t count;    /* of the signal, when it looked */
    uint64_t openings; /* of the store, then */
    int64_t looked_at; /* seconds since 1970; 0: what was seen does not count */
    int64_t epoch;
};

/*
 * As store_epoch.  Whatever is read from the store after that is at least of this epoch, and what
 * was read at this epoch still holds; but when a process died between a change and its signal, as
 * it was up to a second ago.  now: seconds since 1970.
 */
MUST_USE enum err store_watch_epoch(struct store_watch *w, struct store *st, int64_t now,
                                    int64_t *epoch);
void store_watch_close(struct store_watch *w);

#endif
