/* Does who sends a token prove to be the one it was issued to (RFC 9449 section 7,
 * RFC 8705 section 3)?  Pure. */
#ifndef FHIR_AUTH_POSSESSION_H
#define FHIR_AUTH_POSSESSION_H

#include "config.h"
#include "httpmsg.h"
#include "token.h"

struct possession {
    enum auth_scheme scheme;  /* with which the token came */
    enum err proof;           /* of the DPoP proof; whether it was used before is left open */
    char jkt[JWT_SHA256 + 1]; /* of the key that signed it; "" unless proof is ERR_OK */
    enum err certificate;     /* of the client's certificate: ERR_OK, or why it does not count */
    char x5t[JWT_SHA256 + 1]; /* its digest; "" unless certificate is ERR_OK */
};

/*
 * Of a token that has been verified, for this base.  ERR_DPOP_REQUIRED, _UNBOUND, _BEARER, the
 * proof's own error, _BINDING; the certificate's own error, ERR_TLS_BINDING.
 */
MUST_USE enum err possession_check(const struct token *token, const struct config_fhir *base,
                                   const struct possession *held);

#endif
