/* Which refusals count towards the limit of fhir-auth.conf(5), and for whom.  Pure. */
#ifndef FHIR_AUTH_REFUSALS_H
#define FHIR_AUTH_REFUSALS_H

#include "httpmsg.h"
#include "rate.h"
#include "throttle.h"
#include "token.h"

struct refusal {
    struct rate_limit limit;
    struct slice name; /* in the arena */
};

/*
 * One with a reason that the client can mend (4xx), of a request with something in its
 * Authorization header: for the client of the token when it was verified (token is not NULL), else
 * for the address, and not for one that is exempt.  presented: from http_bearer.  False when it
 * does not count.
 */
MUST_USE bool refusal_of(const struct config *conf, const struct request *rq, enum err presented,
                         const struct token *token, enum err why, struct arena *a,
                         struct refusal *out);

#endif
