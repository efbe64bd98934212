/* The two clocks: one that only goes forward, for durations and waiting, and the time of day. */
#ifndef FHIR_AUTH_CLOCK_H
#define FHIR_AUTH_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Microseconds since some moment. */
static inline int64_t clock_us(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Milliseconds since that moment. */
static inline int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* A condition on which clock_wait waits. */
static inline void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t by;
    pthread_condattr_init(&by);
    pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &by);
    pthread_condattr_destroy(&by);
}

/* Until it is signalled, clock_ms() reaches `until`, or for no reason. */
static inline void clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until)
{
    struct timespec t = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};
    (void)pthread_cond_timedwait(cond, lock, &t);
}

/* Milliseconds since 1970. */
static inline int64_t clock_today_ms(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
