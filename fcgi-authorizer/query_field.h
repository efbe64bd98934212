/* The fields of a query, one by one, percent-decoded once.  Shared by the query_ modules. */
#ifndef FHIR_AUTH_QUERY_FIELD_H
#define FHIR_AUTH_QUERY_FIELD_H

#include "query.h"

struct query_fields {
    struct slice rest;   /* the query, at first */
    struct slice pieces; /* of a field that holds ';' */
    enum err error;
};

struct query_field {
    struct slice sent;  /* the name, as sent */
    struct slice value; /* as sent; SLICE_NONE without a '=' */
    struct slice name;  /* decoded */
    bool piece;
    char space[QUERY_MAX_NAME];
};

/*
 * The next field between '&'.  Some servers take ';' as a separator too: a field that holds one is
 * given whole, and then piece by piece, so that both readings are looked at.  Empty fields are
 * skipped.  False at the end, and at a name that is malformed or too long: then error is set.
 */
bool query_field_next(struct query_fields *it, struct query_field *out);

/*
 * Undo percent-encoding; '+' is a blank (application/x-www-form-urlencoded).  False for a bad
 * escape or %00.  *out: within to, or SLICE_NONE when it is longer than cap.
 */
MUST_USE bool query_decode(struct slice text, char *to, size_t cap, struct slice *out);

/* The name before its modifier (":exact") or chain (".name"). */
struct slice query_base_name(struct slice name);

#endif
