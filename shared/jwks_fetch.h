/* Fetching the key set of an issuer, once.  No state; the caller sees to how often. */
#ifndef FHIR_AUTH_JWKS_FETCH_H
#define FHIR_AUTH_JWKS_FETCH_H

#include "config.h"
#include "http_client.h"
#include "jwk.h"
#include "store.h"

struct jwks_fetched {
    struct slice body;   /* in the arena */
    struct jwk_set *set; /* owned by the caller */
    int64_t max_age_s;   /* as in http_client.h */
};

/*
 * By URL, or by discovery: RFC 8414 section 3, else OpenID Connect Discovery section 4; the
 * metadata must name this very issuer, and its jwks_uri must be https (http_client.h's exceptions
 * apply) at a public address, at the issuer's own host, or at one of private_hosts. ERR_HTTP, or
 * the errors of jwk_set_parse; *fault says more.
 */
MUST_USE enum err jwks_fetch(const struct config *conf, const struct config_issuer *issuer,
                             struct arena *a, struct jwks_fetched *out, struct buf *fault);

#endif
