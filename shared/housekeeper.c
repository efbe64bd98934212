#include "housekeeper.h"

#include "clock.h"
#include "log.h"
#include "upkeep.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FIRST_S        2
#define EVERY_S        20 /* and up to as long again: processes are not to wake together */
#define PAUSE_MS       20 /* between steps: requests want to write to the store, too */
#define PURGE_MS       10000
#define BUSY_MS        500 /* that a step waits for the store; the work is not urgent */
#define STACK_BYTES    (256 * 1024)
#define MILLISECONDS_S 1000

struct housekeeper {
    const struct config *conf;
    bool tends_keys;
    bool failing; /* the last time did; of the thread alone */
    atomic_bool awake;
    pthread_t thread;
    bool running; /* the thread exists; guarded by lock, as is stop */
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
};

/* False when it is time to end. */
static bool rest(struct housekeeper *h, int64_t ms)
{
    int64_t until = clock_ms() + ms;
    pthread_mutex_lock(&h->lock);
    while (!h->stop && clock_ms() < until)
        clock_wait(&h->stopped, &h->lock, until);
    bool go_on = !h->stop;
    pthread_mutex_unlock(&h->lock);
    return go_on;
}

/* Until nothing is left or the time is over; then another minute, or another process, goes on. */
static enum err purge(struct housekeeper *h, struct store *st)
{
    int64_t end = clock_ms() + PURGE_MS, now = (int64_t)time(NULL);
    bool more = true;
    enum err e = upkeep_begin_purge(st, now);
    if (e == ERR_EXISTS)
        return ERR_OK;
    while (e == ERR_OK && more) {
        e = upkeep_purge(st, now, &more);
        if (e == ERR_OK && more)
            more = rest(h, PAUSE_MS) && clock_ms() < end;
    }
    return e;
}

/* When to come again.  A process that sleeps should hold no memory for the store. */
static int64_t work(struct housekeeper *h)
{
    struct store *st = NULL;
    int64_t now = (int64_t)time(NULL), next_at = INT64_MAX;
    unsigned busy_ms = h->conf->store_busy_timeout_ms;
    enum err e = store_open(h->conf->store_path, busy_ms < BUSY_MS ? busy_ms : BUSY_MS, &st);
    if (e == ERR_OK && h->tends_keys)
        e = upkeep_keys(h->conf, st, now, &next_at);
    if (e == ERR_OK)
        e = purge(h, st);
    /* The next time may be better; one line tells of all that are not. */
    if (e != ERR_OK && !h->failing)
        LOG(LOG_LEVEL_WARNING, "housekeeping-failed",
            LOG_TEXT("reason", slice_of(store_fault(st))));
    h->failing = e != ERR_OK;
    store_close(st);
    malloc_trim(0);
    return next_at;
}

static void *thread_main(void *argument)
{
    struct housekeeper *h = argument;
    int64_t every_s = EVERY_S + getpid() % EVERY_S, wait_s = FIRST_S;
    while (rest(h, wait_s * MILLISECONDS_S)) {
        int64_t left_s = work(h) - (int64_t)time(NULL);
        wait_s = left_s < every_s ? left_s : every_s;
        wait_s = wait_s > 1 ? wait_s : 1;
    }
    return NULL;
}

struct housekeeper *housekeeper_new(const struct config *conf, bool tends_keys)
{
    struct housekeeper *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->conf = conf;
    h->tends_keys = tends_keys;
    pthread_mutex_init(&h->lock, NULL);
    clock_cond_init(&h->stopped);
    return h;
}

void housekeeper_wake(struct housekeeper *h)
{
    pthread_attr_t attributes;
    if (atomic_load_explicit(&h->awake, memory_order_relaxed) || atomic_exchange(&h->awake, true))
        return;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_mutex_lock(&h->lock);
    if (!h->stop)
        h->running = pthread_create(&h->thread, &attributes, thread_main, h) == 0;
    bool failed = !h->running;
    pthread_mutex_unlock(&h->lock);
    pthread_attr_destroy(&attributes);
    if (failed)
        LOG(LOG_LEVEL_WARNING, "housekeeper-failed", LOG_TEXT("reason", SLICE("no thread")));
}

void housekeeper_free(struct housekeeper *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_signal(&h->stopped);
    bool running = h->running;
    pthread_mutex_unlock(&h->lock);
    if (running)
        pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->stopped);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void housekeeper_once(const struct config *conf, bool tends_keys)
{
    struct store *st = NULL;
    int64_t now = (int64_t)time(NULL), next_at;
    bool more;
    enum err e = store_open(conf->store_path, BUSY_MS, &st);
    if (e == ERR_OK && tends_keys)
        e = upkeep_keys(conf, st, now, &next_at);
    if (e == ERR_OK && upkeep_begin_purge(st, now) == ERR_OK)
        e = upkeep_purge(st, now, &more);
    (void)e; /* the next process may have better luck */
    store_close(st);
}
