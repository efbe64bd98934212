/*
 * What FHIR operations need (http://hl7.org/fhir/R4/operations.html).  Pure.
 *
 * An operation that is not in the table needs a line in the configuration: nobody knows what it
 * reveals.
 */
#ifndef FHIR_AUTH_OPERATIONS_H
#define FHIR_AUTH_OPERATIONS_H

#include "fhir_path.h"
#include "needs.h"

struct operation_facts {
    bool system_only; /* bulk data: only system/ scopes without a constraint authorise it */
    bool body_hidden; /* what it works on rides in the body */
    bool narrowed;    /* the needs are of the types in the query, which was looked at */
};

/*
 * The needs of path->operation called with a method (HTTP_GET or HTTP_POST).  query: its text, of
 * which _type narrows an export.  ERR_INTERACTION when it is not in the table at this level or on
 * this type.
 */
MUST_USE enum err operation_needs(const struct fhir_path *path, unsigned method,
                                  struct needs *needs, struct operation_facts *facts);

#endif
