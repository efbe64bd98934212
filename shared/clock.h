/* The two clocks: one that only goes forward, for durations, and the time of day. */
#ifndef FHIR_AUTH_CLOCK_H
#define FHIR_AUTH_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds since some moment. */
static inline int64_t clock_us(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Milliseconds since 1970. */
static inline int64_t clock_today_ms(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
