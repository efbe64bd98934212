/*
 * Brute-force protection of client authentication (RFC 6749 section 2.3.1), by the policy of
 * throttle.h: failed logins are counted in the store, by client and address and by address alone.
 *
 * A client is never locked by its id alone: whoever fails in its name from elsewhere does not lock
 * it out.  Ids that are not registered count as those that are.  Attempts that run at the same time
 * see the same count, so a limit may be passed by as many as there are threads in all processes.
 * The count by client and address is bounded, and whoever fails under many ids pushes his own rows
 * out; that by address is kept apart, and is not.
 */
#ifndef FHIR_AUTH_LOGIN_H
#define FHIR_AUTH_LOGIN_H

#include "store.h"
#include "throttle.h"

struct login {
    struct slice client_id; /* claimed; borrowed */
    char address[THROTTLE_ADDRESS];
    bool exempt;
    int64_t failures; /* before this one */
};

/*
 * Before any secret or signature is looked at.  ERR_LOCKED: not now, whatever is presented;
 * *retry_after_s: for so many seconds.  It is not counted as a failure then.  ERR_STORE.
 */
MUST_USE enum err login_begin(struct store *st, const struct config *conf, struct slice client_id,
                              struct slice remote_addr, int64_t now, struct login *out,
                              int64_t *retry_after_s);

/* Count a failure, and log when it locks.  ERR_STORE. */
MUST_USE enum err login_failed(struct store *st, const struct config *conf, const struct login *l,
                               int64_t now);

/* Forget the failures of this client from this address.  That it cannot is no reason to refuse. */
void login_succeeded(struct store *st, const struct login *l);

#endif
