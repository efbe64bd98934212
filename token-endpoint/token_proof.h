/*
 * To which key a token is to be bound, by the DPoP proof of its request (RFC 9449 section 5), and
 * to which certificate (RFC 8705 section 3).
 */
#ifndef FHIR_AUTH_TOKEN_PROOF_H
#define FHIR_AUTH_TOKEN_PROOF_H

#include "endpoint.h"

struct token_proof {
    struct slice cnf; /* JSON, in the arena; SLICE_NONE: bound to nothing */
    bool dpop;        /* it needs proofs; else it is sent as a bearer token */
};

/*
 * Check the request's proof, and use it up: after the client is known, and when all else is right.
 * Errors: those of dpop_site.h and client_certificate.h; ERR_DPOP_MISSING when the client must send
 * one.
 */
MUST_USE enum err token_proof_take(struct endpoint *ep, struct token_proof *out);

#endif
