/*
 * fhir-authctl doctor --warm lets each process hold one request of its own for a while.  mod_fcgid
 * starts a process only when all others are busy; without it a few quick ones would answer all that
 * doctor asks, and its pool would not grow.  Who has the store's secret may ask for it, nobody
 * else.
 */
#ifndef FHIR_AUTH_HOLD_H
#define FHIR_AUTH_HOLD_H

#include "httpmsg.h"
#include "store.h"

#include <stdatomic.h>

#define HOLD_SCHEME    "FHIR-Auth-Hold" /* of the Authorization header; no token of any kind */
#define HOLD_MAX_VALUE 96               /* of the header with its NUL */
#define HOLD_MS        1600 /* longer than mod_fcgid lets a request wait, and starts processes */
#define HOLD_AGAIN_MS  5000 /* so long a process holds no other */

/* The programs' own names of their secrets: a request may pass both. */
#define HOLD_AUTHORIZER     "hold-authorizer"
#define HOLD_TOKEN_ENDPOINT "hold-token-endpoint"

/*
 * The header's value for one of them, NUL-terminated; good for five minutes at least.  now: seconds
 * since 1970.
 */
MUST_USE enum err hold_make(const char *whose, struct store *st, int64_t now,
                            char out[HOLD_MAX_VALUE]);

/* Of a process, whatever the number of its threads. */
struct hold {
    const char *whose;
    _Atomic int64_t next_ms; /* clock_ms from when on another may be held; 0: at once */
};

/* A request that bears the scheme, which costs nothing to see. */
bool hold_is_asked(const struct request *rq);

/* Wait for HOLD_MS if the value is good and this process has held none of late. */
void hold_request(struct hold *h, const struct request *rq, struct store *st, int64_t now);

#endif
