/* The DPoP proof of a token request: to which key the token is to be bound (RFC 9449 section 5). */
#ifndef FHIR_AUTH_TOKEN_PROOF_H
#define FHIR_AUTH_TOKEN_PROOF_H

#include "endpoint.h"

struct token_proof {
    struct slice cnf; /* JSON, in the arena; SLICE_NONE: a bearer token is asked for */
};

/*
 * Check the request's proof, and use it up: after the client is known, and when all else is right.
 * Errors: those of dpop_site.h; ERR_DPOP_MISSING when the client must send one.
 */
MUST_USE enum err token_proof_take(struct endpoint *ep, struct token_proof *out);

#endif
