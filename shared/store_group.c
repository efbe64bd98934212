#include "store_group.h"

#include "store_internal.h"

#include <pthread.h>
#include <semaphore.h>

/* On the stack of the thread that waits for it. */
struct job {
    store_work *work;
    void *context;
    enum err result;
    bool done;
    sem_t woken; /* it is done, or its thread is to lead */
    struct job *next;
};

struct store_group {
    pthread_mutex_t lock;
    struct job *first, **last; /* in the order they came; guarded by lock */
    bool led;                  /* a thread has the lead, or was woken to take it; guarded by lock */
    struct store *store;       /* of who leads; opened when first needed */
    unsigned busy_timeout_ms;
    char path[]; /* NUL-terminated */
};

struct store_group *store_group_new(const char *path, unsigned busy_timeout_ms)
{
    size_t n = strlen(path) + 1;
    struct store_group *g = calloc(1, sizeof *g + n);
    if (g == NULL)
        return NULL;
    memcpy(g->path, path, n);
    g->busy_timeout_ms = busy_timeout_ms;
    g->last = &g->first;
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void store_group_free(struct store_group *g)
{
    if (g == NULL)
        return;
    store_close(g->store);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static enum err reach(struct store_group *g)
{
    enum err e = g->store != NULL ? store_refresh(g->store)
                                  : store_open(g->path, g->busy_timeout_ms, &g->store);
    if (e != ERR_OK) {
        store_close(g->store);
        g->store = NULL;
    }
    return e;
}

static enum err work_on(struct store *st, struct job *jobs)
{
    enum err e = store_begin(st);
    if (e != ERR_OK)
        return e;
    for (struct job *j = jobs; j != NULL && e == ERR_OK; j = j->next) {
        j->result = j->work(st, j->context);
        e = j->result == ERR_STORE ? ERR_STORE : ERR_OK;
    }
    return store_end(st, e);
}

/* All of them in one transaction. */
static void commit(struct store_group *g, struct job *jobs)
{
    enum err e = reach(g);
    if (e == ERR_OK)
        e = work_on(g->store, jobs);
    for (struct job *j = jobs; j != NULL && e != ERR_OK; j = j->next)
        j->result = ERR_STORE;
}

static struct job *take_jobs(struct store_group *g)
{
    pthread_mutex_lock(&g->lock);
    struct job *jobs = g->first;
    g->first = NULL;
    g->last = &g->first;
    pthread_mutex_unlock(&g->lock);
    return jobs;
}

/* To whoever has waited longest, and its thread finds all that have come until then. */
static void hand_on_lead(struct store_group *g)
{
    pthread_mutex_lock(&g->lock);
    g->led = g->first != NULL;
    if (g->led)
        sem_post(&g->first->woken);
    pthread_mutex_unlock(&g->lock);
}

static void lead(struct store_group *g, const struct job *mine)
{
    struct job *jobs = take_jobs(g);
    commit(g, jobs);
    hand_on_lead(g);
    for (struct job *next; jobs != NULL; jobs = next) {
        next = jobs->next; /* once it is woken it is gone */
        jobs->done = true;
        if (jobs != mine)
            sem_post(&jobs->woken);
    }
}

static bool take_lead(struct store_group *g, struct job *mine)
{
    pthread_mutex_lock(&g->lock);
    *g->last = mine;
    g->last = &mine->next;
    bool mine_to_lead = !g->led;
    g->led = true;
    pthread_mutex_unlock(&g->lock);
    return mine_to_lead;
}

enum err store_group_run(struct store_group *g, store_work *work, void *context)
{
    struct job mine = {.work = work, .context = context, .result = ERR_STORE};
    if (sem_init(&mine.woken, 0, 0) != 0)
        return ERR_STORE;
    if (!take_lead(g, &mine))
        while (sem_wait(&mine.woken) != 0) /* EINTR */
            continue;
    if (!mine.done)
        lead(g, &mine);
    sem_destroy(&mine.woken);
    return mine.result;
}
