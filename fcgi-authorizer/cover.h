/*
 * Do the scopes of a token cover one need of a request?  Pure.
 *
 *  - a system/ scope counts as it stands; a user/ scope when the token names its fhirUser;
 *  - a patient/ scope counts for what the request itself limits to the token's patient;
 *  - a scope with search constraints counts for a search whose own parameters imply them.
 * What cannot be decided from the request is left to the policy of the FHIR base: refused, or
 * handed on to the FHIR server with the limit.
 */
#ifndef FHIR_AUTH_COVER_H
#define FHIR_AUTH_COVER_H

#include "fhir_request.h"
#include "token.h"

enum cover {
    COVER_NO,
    COVER_BACKEND, /* only if the FHIR server enforces the limits that are listed */
    COVER_YES
};

#define COVER_MAX_LIMITS 1024
#define COVER_MAX_HINT   256

struct coverage {
    enum err why;                  /* of a COVER_NO: ERR_SCOPE, ERR_SCOPE_PATIENT, … */
    char hint[COVER_MAX_HINT];     /* of a COVER_NO: what would help, for a person; "" if nothing */
    char limits[COVER_MAX_LIMITS]; /* of a COVER_BACKEND: scopes, by blanks; added to */
};

/* All actions of the need, each by any scope. */
enum cover cover_need(const struct token *t, const struct fhir_request *r, const struct need *need,
                      struct coverage *c);

#endif
