/* Signed answers of the introspection endpoint (RFC 9701).  Pure. */
#ifndef FHIR_AUTH_INTROSPECTION_JWT_H
#define FHIR_AUTH_INTROSPECTION_JWT_H

#include "jws.h"

#define INTROSPECTION_JWT_TYPE "application/token-introspection+jwt"

/*
 * Does the Accept header ask for one (section 4)?  Only when it names the type, and prefers nothing
 * of JSON to it: a wildcard comes from clients that know nothing of signed answers.
 */
bool introspection_jwt_wanted(struct slice accept);

/*
 * Sign the answer, a JSON object, for the client that asked (section 5).  *out lies in the arena.
 * No exp and no sub (section 8.1), so that nobody takes it for an access token.  now: seconds since
 * 1970.  ERR_INTERNAL.
 */
MUST_USE enum err introspection_jwt_make(const struct jwk *key, const char *issuer,
                                         struct slice client_id, struct slice answer, int64_t now,
                                         struct arena *a, struct slice *out);

#endif
