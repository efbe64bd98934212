/* Encrypted access tokens: a signed JWT inside a JWE for a key of the gateway (RFC 7519
 * section 5.2). */
#ifndef FHIR_AUTH_ENVELOPE_H
#define FHIR_AUTH_ENVELOPE_H

#include "config.h"
#include "jwk.h"
#include "store.h"

/* Five parts: a compact JWE, whatever is in it. */
bool envelope_is(struct slice token);

/*
 * Decrypt with a private key of this host; *inner, in the arena, is what has to be a signed JWT.
 * ERR_JWE_KEY (no key here for its kid), ERR_KEYS, ERR_STORE, and the errors of jwe.h.
 */
MUST_USE enum err envelope_open(const struct config *conf, struct store *st, struct slice token,
                                int64_t now, struct arena *a, struct slice *inner);

/* Encrypt a signed JWT for the key; appends to out.  The errors of jwe_encrypt. */
MUST_USE enum err envelope_seal(const struct config *conf, const struct jwk *key,
                                struct slice signed_jwt, struct arena *a, struct buf *out);

#endif
