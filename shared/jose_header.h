/* Members of a JOSE header that JWS and JWE have in common (RFC 7515 section 4, RFC 7516). */
#ifndef FHIR_AUTH_JOSE_HEADER_H
#define FHIR_AUTH_JOSE_HEADER_H

#include "arena.h"
#include "error.h"
#include "json.h"

/*
 * An optional printable string, copied; SLICE_NONE when absent.  `bad` for one of another kind or
 * longer than max; ERR_TOO_LARGE.
 */
MUST_USE enum err jose_header_string(const struct json *header, const char *name, size_t max,
                                     enum err bad, struct arena *a, struct slice *out);

#endif
