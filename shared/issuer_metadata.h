/* What an issuer publishes about itself: RFC 8414, or OpenID Connect Discovery.  No state. */
#ifndef FHIR_AUTH_ISSUER_METADATA_H
#define FHIR_AUTH_ISSUER_METADATA_H

#include "config.h"
#include "http_client.h"

struct issuer_metadata {
    struct slice body;          /* the document; in the arena */
    const char *url;            /* the member that was asked for; in the arena */
    const char *token_endpoint; /* likewise; NULL when the document has none */
};

/*
 * RFC 8414 section 3, else OpenID Connect Discovery section 4: the first that is about this very
 * issuer and has the URL `member`, such as "jwks_uri".  Each of the two may take timeout_ms.
 * ERR_HTTP, ERR_JSON, ERR_JWT_ISSUER, ERR_TOO_LARGE, ERR_MEMORY; *fault says more.
 */
MUST_USE enum err issuer_metadata_fetch(const struct config *conf,
                                        const struct config_issuer *issuer, const char *member,
                                        unsigned timeout_ms, struct arena *a,
                                        struct issuer_metadata *out, struct buf *fault);

/* The same from a document that was fetched before. */
MUST_USE enum err issuer_metadata_read(const struct config_issuer *issuer, struct slice body,
                                       const char *member, struct arena *a,
                                       struct issuer_metadata *out, struct buf *fault);

/*
 * A URL that only the metadata name may be anybody's: it may have a private address only when its
 * host is the issuer's own, or one of private_hosts.
 */
bool issuer_may_name(const struct config *conf, const struct config_issuer *issuer,
                     struct slice url);

#endif
