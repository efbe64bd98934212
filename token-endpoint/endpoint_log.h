/* Log lines of what was asked about a token, and of giving one up. */
#ifndef FHIR_AUTH_ENDPOINT_LOG_H
#define FHIR_AUTH_ENDPOINT_LOG_H

#include "endpoint.h"

/*
 * caller: id of the client that asks.  why: ERR_OK when the token is active; claims are looked at
 * then only.
 */
void endpoint_log_introspected(const struct endpoint *ep, struct slice caller, enum err why,
                               const struct jwt_claims *claims);

/* The client that asks is ep->who.  why: ERR_OK when the token is revoked now; claims as above. */
void endpoint_log_revoked(const struct endpoint *ep, enum err why, const struct jwt_claims *claims);

#endif
