#include "gate.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATE_BYTES (GATE_MAX_PLACES * sizeof(_Atomic int64_t))
#define AHEAD_MS   1000 /* another process may look at the clock a little later */
#define STEP_MS    2    /* between two looks for a place */

/* Processes of this host have the same clock_ms. */
struct gate {
    unsigned places;
    int64_t longest_ms;
    void *mapping;
    _Atomic int64_t *since; /* mapped: since when each place is taken; 0: free */
};

/* Grown before it is mapped, so that nobody maps a file that is too short; new places are free. */
static bool prepare(int fd, const char *store_path)
{
    struct stat file, store;
    /* A second name would be that of a file that is not meant to change hands. */
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink != 1 ||
        (file.st_mode & (S_IWGRP | S_IRWXO)) != 0)
        return false;
    if (geteuid() == 0 &&
        (stat(store_path, &store) != 0 || fchown(fd, store.st_uid, store.st_gid) != 0))
        return false;
    return (size_t)file.st_size >= GATE_BYTES || ftruncate(fd, (off_t)GATE_BYTES) == 0;
}

static void *map(const char *path, const char *store_path)
{
    void *p = MAP_FAILED;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR);
    int failed = errno;
    if (fd >= 0) {
        errno = 0;
        if (prepare(fd, store_path))
            p = mmap(NULL, GATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        failed = errno;
        close(fd);
    }
    if (p != MAP_FAILED)
        return p;
    LOG(LOG_LEVEL_WARNING, "gate-not-shared", LOG_TEXT("path", slice_of(path)),
        LOG_TEXT("reason", slice_of(failed != 0 ? strerrordesc_np(failed)
                                                : "it is no file of the store's owner alone")),
        LOG_TEXT("effect", SLICE("each process by itself bounds its calls for introspection")));
    return mmap(NULL, GATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

struct gate *gate_new(const char *path, const char *store_path, unsigned places, int64_t longest_ms)
{
    struct gate *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->places = places < GATE_MAX_PLACES ? places : GATE_MAX_PLACES;
    g->longest_ms = longest_ms;
    g->mapping = map(path, store_path);
    if (g->mapping == MAP_FAILED) {
        free(g);
        return NULL;
    }
    g->since = g->mapping;
    return g;
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    munmap(g->mapping, GATE_BYTES);
    free(g);
}

/* Left by a process that died, or by one that ran before this host began to count anew. */
static bool is_stale(const struct gate *g, int64_t since, int64_t now)
{
    return since > now + AHEAD_MS || since < now - g->longest_ms;
}

/* False when all are taken; *oldest is then since when the longest call lasts. */
static bool take(struct gate *g, struct gate_ticket *out, int64_t *oldest)
{
    int64_t now = clock_ms();
    *oldest = INT64_MAX;
    for (unsigned i = 0; i < g->places; i++) {
        int64_t since = atomic_load(&g->since[i]);
        if ((since == 0 || is_stale(g, since, now)) &&
            atomic_compare_exchange_strong(&g->since[i], &since, now)) {
            *out = (struct gate_ticket){.place = i, .since = now};
            return true;
        }
        if (since != 0 && since < *oldest)
            *oldest = since;
    }
    return false;
}

bool gate_enter(struct gate *g, struct gate_ticket *out)
{
    int64_t oldest;
    bool taken = take(g, out, &oldest);
    while (!taken && clock_ms() - GATE_PATIENCE_MS < oldest) {
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
        taken = take(g, out, &oldest);
    }
    return taken;
}

void gate_leave(struct gate *g, const struct gate_ticket *ticket)
{
    int64_t since = ticket->since;
    atomic_compare_exchange_strong(&g->since[ticket->place], &since, 0);
}
