/*
 * What the query of a FHIR request can reach.  Pure, no allocation.
 *
 * A search names its own type in the path, but some parameters reveal resources of other types, or
 * let their content be deduced: _include, _revinclude, _has, chains, _filter, _list, … Only what is
 * known to stay within the type is harmless; everything else reaches every type.
 */
#ifndef FHIR_AUTH_QUERY_H
#define FHIR_AUTH_QUERY_H

#include "error.h"
#include "slice.h"

#define QUERY_MAX_NAME 128 /* bytes of one decoded parameter name */

struct query {
    bool reaches_all;        /* some parameter can reveal other types */
    struct slice first_such; /* its name as sent */
    struct slice format;     /* value of _format as sent; SLICE_NONE when absent */
};

/*
 * query: what follows '?', as sent; SLICE_NONE for none.  ERR_QUERY for a bad escape, a byte that a
 * URL may not hold, or a name over QUERY_MAX_NAME; ERR_TOKEN_IN_QUERY; ERR_METHOD_OVERRIDE for a
 * parameter by which some servers replace the method.
 */
MUST_USE enum err query_check(struct slice query, struct query *out);

#endif
