/* What one parameter of a query can reveal: the rules behind query.h.  Pure, no allocation. */
#ifndef FHIR_AUTH_QUERY_REACH_H
#define FHIR_AUTH_QUERY_REACH_H

#include "fhir_params.h"
#include "needs.h"

struct query_reach {
    struct needs *needs; /* where it is added */
    enum fhir_version version;
    struct slice cause; /* the parameter, as sent */
    unsigned depth;     /* of chains and the like within each other */
    bool has_types;     /* the system's _type was seen: a second one is ambiguous */
    bool in_filter;     /* within a _typeFilter */
};

/*
 * Add what a parameter reveals in a search of a type (FHIR_TYPE_ANY: of the system).  name, value:
 * decoded; value is SLICE_NONE when it is too long to be looked into.
 */
void query_reach_add(struct query_reach *r, int type, struct slice name, struct slice value);

/* Add one type, by number or name; or all those that a reference can lead to. */
void query_reach_type(struct query_reach *r, int type);
void query_reach_named(struct query_reach *r, const char *type);
void query_reach_targets(struct query_reach *r, const struct fhir_targets *targets);

/* A type of the server's version; FHIR_TYPE_UNKNOWN. */
int query_reach_find_type(const struct query_reach *r, struct slice name);

/* Where a parameter leads; NULL when it is not known to be a reference. */
const struct fhir_targets *query_reach_find_targets(const struct query_reach *r, int type,
                                                    struct slice name);

#endif
