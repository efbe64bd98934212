/* What a request needs, type by type.  Pure, no allocation. */
#ifndef FHIR_AUTH_NEEDS_H
#define FHIR_AUTH_NEEDS_H

#include "scope.h"

#define NEEDS_MAX 48

struct need {
    int type;         /* FHIR_TYPE_ANY: on every type */
    unsigned actions; /* SCOPE_* bits, all of them */
    /* What reveals it: a parameter, as sent, "body", an operation; SLICE_NONE: the request. */
    struct slice cause;
};

/*
 * All of them are needed.  At most two of a type and of FHIR_TYPE_ANY: what the request itself
 * needs, without a cause, and what is revealed besides.  They are kept apart since what limits
 * the request (its patient, a constraint) does not limit what an _include brings besides.
 */
struct needs {
    size_t count;
    struct need list[NEEDS_MAX];
};

/*
 * Add actions on a type; to the need of its sort that is there already, whose cause stays.  More
 * needs than the list holds become one need of all their actions on every type.
 */
void needs_add(struct needs *n, int type, unsigned actions, struct slice cause);

#endif
