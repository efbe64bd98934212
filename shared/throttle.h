/*
 * The policy of section throttle in fhir-auth.conf(5): who counts as one, and how long somebody
 * must wait.  Pure; store.h counts, token-endpoint/login.h and rate.h apply it.
 */
#ifndef FHIR_AUTH_THROTTLE_H
#define FHIR_AUTH_THROTTLE_H

#include "config.h"

#define THROTTLE_ADDRESS        65 /* bytes of the name of an address, with its NUL */
#define THROTTLE_ADDRESS_FACTOR 10 /* failed logins lock an address at so many times the limit */

/* The address is one that the configuration exempts, however it is spelt. */
bool throttle_exempts(const struct config *conf, struct slice address);

/*
 * The name under which an address is counted: an IPv6 address is its /64, since who has one has
 * them all; an IPv4 address inside an IPv6 one is itself.  What is no address is cut to fit.
 */
void throttle_address(struct slice address, char out[static THROTTLE_ADDRESS]);

/* Failed logins of a client from one address, the last one at last_at, that count still. */
int64_t throttle_failures(const struct config *conf, int64_t failures, int64_t last_at,
                          int64_t now);

/* They lock the client there, and do not only slow it. */
bool throttle_locks(const struct config *conf, int64_t failures);

/*
 * Seconds until the next login of a client from an address may be tried after so many failed ones
 * (RFC 6749 section 2.3.1); 0: now.  From half of failed_logins on 1, 2, 4, … seconds since the
 * last one, from failed_logins on lock_time.  A failure that is lock_time old is forgotten, and so
 * is one that lies that far ahead: the clock was wrong then.
 */
int64_t throttle_wait(const struct config *conf, int64_t failures, int64_t last_at, int64_t now);

/* The failed logins from one address, of whatever clients, that lock it; 0: none do. */
int64_t throttle_address_limit(const struct config *conf);

#endif
