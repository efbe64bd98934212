/*
 * Room for calls that may take long: never all threads of a process are in them, so that one is
 * left for requests that need none.
 */
#ifndef FHIR_AUTH_GATE_H
#define FHIR_AUTH_GATE_H

#include "slice.h"

/*
 * Who finds no place waits only while no call has lasted so long: a short rush is no reason to
 * refuse, a call that hangs is.
 */
#define GATE_PATIENCE_MS 250
#define GATE_MAX_PLACES  64

struct gate;

/* places: 1 to GATE_MAX_PLACES.  NULL when memory is out. */
struct gate *gate_new(unsigned places);
void gate_free(struct gate *g);

/* The place, to be left again; -1 when there is none. */
MUST_USE int gate_enter(struct gate *g);
void gate_leave(struct gate *g, int place);

#endif
