/*
 * The decision: does this token permit this FHIR request now?  Pure: no I/O, no clock, no memory.
 * What is all zero denies.
 */
#ifndef FHIR_AUTH_AUTHORIZE_H
#define FHIR_AUTH_AUTHORIZE_H

#include "cover.h"
#include "possession.h"

#define DECISION_MAX_SCOPE 256

struct decision {
    bool allow;
    enum err why;                   /* ERR_OK when allowed */
    char scope[DECISION_MAX_SCOPE]; /* for a scope too small: the smallest scopes that would do */
    char hint[COVER_MAX_HINT];      /* what else would help, for a person; "" if nothing */
    /*
     * When allowed: what the FHIR server must still check, by blanks: "body" (what rides in the
     * request's body), and scopes whose patient or constraint the request alone does not show.
     */
    char limits[COVER_MAX_LIMITS];
    int64_t retry_after_s; /* of a refusal that time mends; 0: not known */
};

/*
 * asked, asked_error: from fhir_request_parse.  presented: from http_token.  token: NULL unless
 * presented is ERR_OK and the token has been verified; checked: the outcome of that.  now: seconds
 * since 1970.  held: what was shown with the token.
 * The answers are in the order of the design: an open path, then how the token is presented, then
 * what is asked, then the token itself, then whose it is, then its scopes (RFC 6750 section 3.1).
 */
struct decision authorize(const struct fhir_request *asked, enum err asked_error,
                          enum err presented, const struct token *token, enum err checked,
                          const struct possession *held, int64_t now);

/* Whether the decision will look at the token at all: it need not be verified otherwise. */
bool authorize_needs_token(const struct fhir_request *asked, enum err asked_error,
                           enum err presented);

#endif
