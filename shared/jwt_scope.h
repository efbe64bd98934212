/* Scopes as issuers of all kinds write them, turned into one list of SMART scopes.  Pure. */
#ifndef FHIR_AUTH_JWT_SCOPE_H
#define FHIR_AUTH_JWT_SCOPE_H

#include "config.h"
#include "jwt.h"

/*
 * The scopes of all claims that `claims` names (by blanks; a dot leads into an object), each a
 * string of words or an array of names; one that the map knows becomes its scopes, and a name
 * outside RFC 6749's characters that it does not know grants nothing.  *out is a list by blanks in
 * the arena, empty when there is none.  ERR_JSON; ERR_JWT_CLAIM for a claim of another type, such a
 * word in a string, or more than JWT_MAX_SCOPE bytes; ERR_TOO_LARGE.
 */
MUST_USE enum err jwt_scope(struct slice payload, const char *claims,
                            const struct config_scope_map *map, struct arena *a, struct slice *out);

#endif
