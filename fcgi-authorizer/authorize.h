/*
 * The decision: does this token permit this FHIR request now?  Pure: no I/O, no clock, no memory.
 * What is all zero denies.
 */
#ifndef FHIR_AUTH_AUTHORIZE_H
#define FHIR_AUTH_AUTHORIZE_H

#include "fhir_request.h"
#include "jwt.h"

/* What is known of a token whose signature and revocation have been checked. */
struct token {
    struct slice client_id, subject, scope, jti, issuer;
    struct slice audience[JWT_MAX_AUDIENCES];
    size_t audience_count;
    bool any_audience;  /* its audience was checked by a rule of its issuer, not of the FHIR base */
    int64_t expires_at; /* from then on it is refused; its issuer's clock skew is in it */
    int64_t verify_at;  /* from then on it is verified anew; 0: never */
    struct scope_set granted;
};

/* The facts of a claim set that has been checked; borrows its text.  clock_skew: seconds. */
void token_from_claims(const struct jwt_claims *c, int64_t clock_skew, struct token *out);

struct policy {
    int64_t now; /* seconds since 1970 */
};

#define DECISION_MAX_SCOPE 128

struct decision {
    bool allow;
    enum err why;                   /* ERR_OK when allowed */
    char scope[DECISION_MAX_SCOPE]; /* for ERR_SCOPE: the smallest scopes that would do */
};

/*
 * asked, asked_error: from fhir_request_parse.  presented: from http_bearer.  token: NULL unless
 * presented is ERR_OK and the token has been verified; checked: the outcome of that.
 * The answers are in the order of the design: an open path, then how the token is presented, then
 * what is asked, then the token itself, then its scopes (RFC 6750 section 3.1).
 */
struct decision authorize(const struct fhir_request *asked, enum err asked_error,
                          enum err presented, const struct token *token, enum err checked,
                          const struct policy *policy);

/* Whether the decision will look at the token at all: it need not be verified otherwise. */
bool authorize_needs_token(const struct fhir_request *asked, enum err asked_error,
                           enum err presented);

#endif
