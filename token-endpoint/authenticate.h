/* Client authentication against the registry (RFC 6749 section 2.3, RFC 7523, SMART). */
#ifndef FHIR_AUTH_AUTHENTICATE_H
#define FHIR_AUTH_AUTHENTICATE_H

#include "client_auth.h"
#include "registry.h"

struct authentication {
    struct client client;  /* text in the arena; set on success */
    struct slice claimed;  /* the id that the client claims, for the log; maybe absent */
    const char *method;    /* name of the method; "" when none was found */
    enum err reason;       /* precise, for the log */
    int64_t retry_after_s; /* of ERR_LOCKED */
};

/*
 * The result is what may be told: whatever depends on the registration (unknown, disabled, another
 * method, wrong secret, no such key, wrong signature) is ERR_CLIENT_AUTH and costs alike for an
 * unknown client and a wrong secret; the precise reason is in *out.  A failure is counted in the
 * store; too many are ERR_LOCKED for a while (login.h), before any secret or signature is looked
 * at.  Who has authenticated lately may do so again without a look at the registration while the
 * store is as it was (known_clients.h).  Others: those of client_auth.h; ERR_JWT_REPLAY; ERR_STORE.
 */
MUST_USE enum err authenticate(const struct registry *r, const struct config *conf,
                               const struct request *rq, const struct form *form, int64_t now,
                               struct arena *a, struct authentication *out);

#endif
