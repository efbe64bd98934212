#include "hold.h"

#include "clock.h"
#include "time_nonce.h"

#include <time.h>

#define PREFIX HOLD_SCHEME " "

enum err hold_make(const char *whose, struct store *st, int64_t now, char out[HOLD_MAX_VALUE])
{
    struct secret key;
    char nonce[TIME_NONCE + 1];
    struct buf text = buf_over(out, HOLD_MAX_VALUE);
    enum err e = store_shared_secret(st, whose, &key);
    if (e == ERR_OK && !time_nonce_make(&key, now, nonce))
        e = ERR_INTERNAL;
    secret_wipe(&key);
    if (e == ERR_OK)
        buf_printf(&text, PREFIX "%s", nonce);
    return e;
}

bool hold_is_asked(const struct request *rq)
{
    return slice_starts(rq->authorization, PREFIX);
}

static bool is_good(const char *whose, const struct request *rq, struct store *st, int64_t now)
{
    struct secret key;
    if (store_shared_secret(st, whose, &key) != ERR_OK)
        return false;
    bool good = time_nonce_is_good(&key, now, slice_skip(rq->authorization, sizeof PREFIX - 1));
    secret_wipe(&key);
    return good;
}

void hold_request(struct hold *h, const struct request *rq, struct store *st, int64_t now)
{
    static const struct timespec pause = {HOLD_MS / 1000, HOLD_MS % 1000 * 1000000L};
    int64_t due = atomic_load(&h->next_ms), at = clock_ms();
    if (at >= due && is_good(h->whose, rq, st, now) &&
        atomic_compare_exchange_strong(&h->next_ms, &due, at + HOLD_AGAIN_MS))
        nanosleep(&pause, NULL);
}
