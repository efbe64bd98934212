/*
 * Clients that have authenticated lately, with what proved it, so that the store need not be read
 * again.  It only ever says yes: whatever it does not know is looked up as if there were no such
 * table, and refused, when it is refused, at the same cost.
 *
 * Of one thread.  What it knows was true at one epoch of the store, and all is forgotten at
 * another.
 */
#ifndef FHIR_AUTH_KNOWN_CLIENTS_H
#define FHIR_AUTH_KNOWN_CLIENTS_H

#include "jws.h"
#include "store.h"

#define KNOWN_CLIENTS 256 /* two that share a place push each other out */

struct known_clients;

/* NULL when memory is out, or there are no random numbers. */
struct known_clients *known_clients_new(void);
void known_clients_free(struct known_clients *k);

/* What is known was read at the epoch, or is forgotten now. */
void known_clients_at(struct known_clients *k, int64_t epoch);

/*
 * Has a client of that id given this very secret, and is it good still?  Costs alike for any id.
 * *out: text in the arena; false, too, when that is full.  now: seconds since 1970.
 */
MUST_USE bool known_client_secret(const struct known_clients *k, struct slice id,
                                  struct slice secret, int64_t now, struct arena *a,
                                  struct client *out);
/* The same of an assertion whose claims are checked: is it signed with the key of the last one? */
MUST_USE bool known_client_key(struct known_clients *k, struct slice id, const struct jws *jws,
                               struct arena *a, struct client *out);

/*
 * It has just authenticated, by a secret that is good until then, or by this key, which is owned
 * from now on.  When memory is out nothing is kept.
 */
void known_clients_keep_secret(struct known_clients *k, const struct client *c, struct slice secret,
                               int64_t good_until);
void known_clients_keep_key(struct known_clients *k, const struct client *c, struct jwk *key);

#endif
