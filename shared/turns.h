/*
 * Which of the threads of a process wait for the next connection.
 *
 * All of them waiting in accept(2) would take turns: the kernel wakes the one that has waited
 * longest, whose caches of the processor are the coldest.  So two wait, the second for the moment
 * that the first needs to come back, and the others rest.  One is called when nobody waits any
 * more; the one that has rested least.
 */
#ifndef FHIR_AUTH_TURNS_H
#define FHIR_AUTH_TURNS_H

#include <pthread.h>
#include <stdbool.h>

/* One thread's place.  Its thread owns it. */
struct turn {
    pthread_cond_t called;
    struct turn *next; /* that has rested longer */
    bool rests;
};

struct turns {
    pthread_mutex_t lock;
    struct turn *resting; /* last come, first called */
    unsigned waiting;     /* in accept, or called to it */
    bool ended;
};

#define TURNS_INIT                                                                                 \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }
#define TURN_INIT                                                                                  \
    {                                                                                              \
        .called = PTHREAD_COND_INITIALIZER                                                         \
    }

/* Before accept: rests while enough others wait.  Each is followed by one turns_leave. */
void turns_enter(struct turns *t, struct turn *own);

/* After accept, whatever came of it. */
void turns_leave(struct turns *t);

/* Call all that rest; nobody rests from now on. */
void turns_end(struct turns *t);

#endif
