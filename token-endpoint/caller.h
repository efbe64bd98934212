/*
 * Who asks at the introspection endpoint (RFC 7662 section 2.1; SMART App Launch 2.2, "Token
 * Introspection"): a client that authenticates as at /token, or the bearer of an access token of
 * this issuer with the scope `introspect`.
 */
#ifndef FHIR_AUTH_CALLER_H
#define FHIR_AUTH_CALLER_H

#include "endpoint.h"

struct caller {
    struct slice client_id; /* in the arena */
    bool may_introspect;    /* tokens of any client; false: all are inactive for it */
};

/*
 * Fills ep->who for the log too.  ERR_CALLER_TOKEN (a token that is not good), ERR_CALLER_SCOPE (a
 * good one without the scope), ERR_CLIENT_TWO_METHODS (client credentials beside a token),
 * ERR_AUTH_HEADER, and the errors of endpoint_client and endpoint_check_token that are not the
 * token's fault.
 */
MUST_USE enum err caller_identify(struct endpoint *ep, const struct form *form, struct caller *out);

#endif
