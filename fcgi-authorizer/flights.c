#include "flights.h"

#include "clock.h"

struct flight {
    struct flight *next;
    struct secret question;
    unsigned owners; /* who still looks at it */
    bool landed;     /* and then no longer in the list */
    enum err result;
    char *answer; /* owned; NULL: none, or memory was out */
    size_t answer_bytes;
    pthread_cond_t landing;
};

/* As many as there are threads that ask: a list will do. */
struct flights {
    pthread_mutex_t lock; /* of all, and of what it holds */
    struct flight *first;
};

struct flights *flights_new(void)
{
    struct flights *all = calloc(1, sizeof *all);
    if (all != NULL)
        pthread_mutex_init(&all->lock, NULL);
    return all;
}

void flights_free(struct flights *all)
{
    if (all == NULL)
        return;
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static struct flight *flight_new(const struct secret *question)
{
    struct flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->question = *question;
    clock_cond_init(&f->landing);
    return f;
}

/* Holding the lock. */
static void drop(struct flight *f)
{
    if (--f->owners > 0)
        return;
    if (f->answer != NULL)
        OPENSSL_cleanse(f->answer, f->answer_bytes);
    free(f->answer);
    pthread_cond_destroy(&f->landing);
    free(f);
}

struct flight *flights_join(struct flights *all, const struct secret *question, bool *mine)
{
    pthread_mutex_lock(&all->lock);
    struct flight *f = all->first;
    while (f != NULL && !secret_eq(&f->question, question))
        f = f->next;
    *mine = f == NULL;
    if (f == NULL) {
        f = flight_new(question);
        if (f != NULL) {
            f->next = all->first;
            all->first = f;
        }
    }
    if (f != NULL)
        f->owners++;
    pthread_mutex_unlock(&all->lock);
    return f;
}

void flight_land(struct flights *all, struct flight *f, enum err result, struct slice answer)
{
    pthread_mutex_lock(&all->lock);
    struct flight **at = &all->first;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    f->landed = true;
    f->result = result;
    if (f->owners > 1 && answer.n > 0) {
        f->answer = malloc(answer.n);
        f->answer_bytes = answer.n;
        if (f->answer != NULL)
            memcpy(f->answer, answer.p, answer.n);
        else
            f->result = ERR_MEMORY;
    }
    pthread_cond_broadcast(&f->landing);
    drop(f);
    pthread_mutex_unlock(&all->lock);
}

enum err flight_wait(struct flights *all, struct flight *f, int64_t until, enum err late,
                     struct arena *a, struct slice *answer)
{
    enum err e = late;
    *answer = SLICE("");
    pthread_mutex_lock(&all->lock);
    while (!f->landed && clock_ms() < until)
        clock_wait(&f->landing, &all->lock, until);
    if (f->landed) {
        e = f->result;
        if (f->answer != NULL)
            *answer = (struct slice){arena_dup(a, (struct slice){f->answer, f->answer_bytes}),
                                     f->answer_bytes};
        if (answer->p == NULL)
            e = ERR_MEMORY;
    }
    drop(f);
    pthread_mutex_unlock(&all->lock);
    return e;
}
