/* Scopes as issuers of all kinds write them, turned into one list of SMART scopes.  Pure. */
#ifndef FHIR_AUTH_JWT_SCOPE_H
#define FHIR_AUTH_JWT_SCOPE_H

#include "config.h"
#include "jwt.h"

/*
 * The words of all claims that `claims` names (by blanks; a dot leads into an object), each a
 * string of words or an array of strings; a word that the map knows becomes its scopes.  *out is a
 * list by blanks in the arena, empty when there is none.  ERR_JSON; ERR_JWT_CLAIM for a claim of
 * another type, a word outside RFC 6749's characters, or more than JWT_MAX_SCOPE bytes;
 * ERR_TOO_LARGE.
 */
MUST_USE enum err jwt_scope(struct slice payload, const char *claims,
                            const struct config_scope_map *map, struct arena *a, struct slice *out);

#endif
