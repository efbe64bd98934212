/* The certificates of clients against the registry (RFC 8705). */
#ifndef FHIR_AUTH_CLIENT_CERTIFICATE_H
#define FHIR_AUTH_CLIENT_CERTIFICATE_H

#include "config.h"
#include "store.h"

/*
 * Is the certificate the one by which the client is known (RFC 8705 section 2)?  verified: what the
 * web server says about it; only SUCCESS counts, and only where a CA must vouch for a name.
 * ERR_CLIENT_AUTH when the client is registered for another method; ERR_TLS_UNVERIFIED,
 * ERR_TLS_NAME, ERR_TLS_FORM, ERR_INTERNAL.
 */
MUST_USE enum err certificate_check(const struct client *client, struct slice certificate,
                                    struct slice verified);

/*
 * What a token of this client is bound to (RFC 8705 section 3): the digest of the certificate of
 * the request; "" when the client is to have bearer tokens.  ERR_TLS_OFF, ERR_TLS_MISSING,
 * ERR_TLS_FORM, ERR_MEMORY, ERR_INTERNAL.
 */
MUST_USE enum err certificate_binding(const struct config *conf, const struct client *client,
                                      const struct request *rq, struct arena *a,
                                      char x5t[CERTIFICATE_DIGEST + 1]);

#endif
