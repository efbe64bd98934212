#include "turns.h"

#define ENOUGH 2

static void call(struct turns *t)
{
    struct turn *last = t->resting;
    t->resting = last->next;
    last->rests = false;
    t->waiting++;
    pthread_cond_signal(&last->called);
}

void turns_enter(struct turns *t, struct turn *own)
{
    pthread_mutex_lock(&t->lock);
    if (t->waiting < ENOUGH || t->ended) {
        t->waiting++;
    } else {
        own->rests = true;
        own->next = t->resting;
        t->resting = own;
        while (own->rests)
            pthread_cond_wait(&own->called, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
}

void turns_leave(struct turns *t)
{
    pthread_mutex_lock(&t->lock);
    t->waiting--;
    if (t->waiting == 0 && t->resting != NULL)
        call(t);
    pthread_mutex_unlock(&t->lock);
}

void turns_end(struct turns *t)
{
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    while (t->resting != NULL)
        call(t);
    pthread_mutex_unlock(&t->lock);
}
