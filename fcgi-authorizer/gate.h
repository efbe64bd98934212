/*
 * Room for calls that may take long, for all processes of this host: neither all threads of one
 * process nor all processes of a web server's pool are ever in them, so that some are left for
 * requests that need none.  Nothing is locked; a process that dies inside loses its place in time.
 */
#ifndef FHIR_AUTH_GATE_H
#define FHIR_AUTH_GATE_H

#include "error.h"

/*
 * Who finds no place waits only while no call has lasted so long: a short rush is no reason to
 * refuse, a call that hangs is.
 */
#define GATE_PATIENCE_MS 500
#define GATE_MAX_PLACES  64

struct gate;

/*
 * path: of a file that the processes share; made when it is missing, and of the owner that
 * `store_path` has.  When it cannot be used, the log says so and the gate is this process's own.
 * places: 1 to GATE_MAX_PLACES.  longest_ms: no call lasts longer.  NULL when memory is out.
 */
struct gate *gate_new(const char *path, const char *store_path, unsigned places,
                      int64_t longest_ms);
void gate_free(struct gate *g);

struct gate_ticket {
    unsigned place;
    int64_t since; /* by clock_ms */
};

/* False when there is no place; else to be left again. */
MUST_USE bool gate_enter(struct gate *g, struct gate_ticket *out);
void gate_leave(struct gate *g, const struct gate_ticket *ticket);

#endif
