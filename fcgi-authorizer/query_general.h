/* The search parameters that every resource has, and those of the result.  Pure, no allocation. */
#ifndef FHIR_AUTH_QUERY_GENERAL_H
#define FHIR_AUTH_QUERY_GENERAL_H

#include "query_reach.h"

/* A parameter, without the name. */
struct query_use {
    int type;              /* that is searched; FHIR_TYPE_ANY: the system */
    struct slice modifier; /* SLICE_NONE: none */
    struct slice value;    /* decoded; SLICE_NONE: too long */
};

struct query_general {
    const char *name;
    /* Adds what it reveals; NULL: it concerns the resource alone, whatever its value. */
    void (*look)(struct query_reach *r, const struct query_use *use);
};

/* NULL when it is none of them: then a name that begins with '_' may reveal anything. */
const struct query_general *query_general_find(struct slice name);

#endif
