/* What a request needs, type by type.  Pure, no allocation. */
#ifndef FHIR_AUTH_NEEDS_H
#define FHIR_AUTH_NEEDS_H

#include "scope.h"

#define NEEDS_MAX 48

struct need {
    int type;           /* FHIR_TYPE_ANY: on every type */
    unsigned actions;   /* SCOPE_* bits, all of them */
    struct slice cause; /* the parameter that reveals this type, as sent; SLICE_NONE: the request */
};

struct needs {
    size_t count;
    struct need list[NEEDS_MAX]; /* all of them; at most one of a type and of FHIR_TYPE_ANY */
};

/*
 * Add actions on a type; to a need that is there already, whose cause stays.  More types than the
 * list holds become a need of every type.
 */
void needs_add(struct needs *n, int type, unsigned actions, struct slice cause);

#endif
