/* The public keys that a client registered, inline or by URL (SMART App Launch 2.2). */
#ifndef FHIR_AUTH_CLIENT_KEYS_H
#define FHIR_AUTH_CLIENT_KEYS_H

#include "config.h"
#include "jws.h"
#include "store.h"

/*
 * Verify an assertion with the client's key of that kid.  A key set at a URL is kept in the store
 * for as long as its Cache-Control and the configuration allow, and fetched anew for an unknown
 * kid, at most every CLIENT_KEYS_REFETCH seconds; a failed fetch is not repeated for
 * CLIENT_KEYS_RETRY seconds, since anybody can ask in a client's name.  *used: on success the key,
 * owned: jwk_free.  ERR_JWT_KEY,
 * ERR_JWT_SIGNATURE, ERR_JWT_ALG, ERR_JWK_USE, ERR_HTTP, the errors of jwk_set_parse, ERR_STORE.
 */
#define CLIENT_KEYS_REFETCH 30
#define CLIENT_KEYS_RETRY   5

MUST_USE enum err client_keys_verify(struct store *st, const struct config *conf,
                                     const struct client *client, const struct jws *jws,
                                     int64_t now, struct arena *a, struct jwk **used);

#endif
