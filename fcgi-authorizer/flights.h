/* Questions under way: of several threads that ask the same, one asks and all get its answer. */
#ifndef FHIR_AUTH_FLIGHTS_H
#define FHIR_AUTH_FLIGHTS_H

#include "arena.h"
#include "error.h"
#include "secret.h"

struct flights;
struct flight;

struct flights *flights_new(void); /* NULL when memory is out */
void flights_free(struct flights *all);

/*
 * Begin, or join who has begun: *mine tells which.  Then flight_land or flight_wait, once.  NULL
 * when memory is out.
 */
MUST_USE struct flight *flights_join(struct flights *all, const struct secret *question,
                                     bool *mine);

/* The end of mine, whatever it is; the answer is copied for those who wait. */
void flight_land(struct flights *all, struct flight *f, enum err result, struct slice answer);

/*
 * The result of another's; its answer lies in the arena.  `late` when clock_ms() reaches `until`
 * before; ERR_MEMORY.
 */
MUST_USE enum err flight_wait(struct flights *all, struct flight *f, int64_t until, enum err late,
                              struct arena *a, struct slice *answer);

#endif
