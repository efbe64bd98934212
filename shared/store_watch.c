#include "store_watch.h"

#include "store_internal.h"

static bool still_holds(const struct store_watch *w, const struct store *st, int64_t now)
{
    return w->looked_at == now && w->openings == st->openings && w->signal.counter != NULL &&
           w->count == store_signal_count(&w->signal);
}

enum err store_watch_epoch(struct store_watch *w, struct store *st, int64_t now, int64_t *epoch)
{
    if (!still_holds(w, st, now)) {
        w->looked_at = 0;
        (void)store_signal_follow(&w->signal, st->path); /* without one the next call asks again */
        w->count = store_signal_count(&w->signal); /* before the epoch, so that no change is lost */
        enum err e = store_epoch(st, &w->epoch);
        if (e != ERR_OK)
            return e;
        w->openings = st->openings;
        w->looked_at = now;
    }
    *epoch = w->epoch;
    return ERR_OK;
}

void store_watch_close(struct store_watch *w)
{
    store_signal_close(&w->signal);
    *w = (struct store_watch){0};
}
