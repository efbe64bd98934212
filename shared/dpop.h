/*
 * DPoP proofs (RFC 9449 section 4.3): a JWT that a client signs with its own key for one request.
 * Pure; that a proof serves only once is for the caller to see to, by jkt and jti.
 */
#ifndef FHIR_AUTH_DPOP_H
#define FHIR_AUTH_DPOP_H

#include "arena.h"
#include "time_nonce.h"
#include "jwk.h"

#define DPOP_MAX_BYTES 8192 /* of a proof */
#define DPOP_MAX_JTI   256

struct dpop_rules {
    struct slice method; /* of the request */
    struct slice url;    /* of the request; query and fragment do not count */
    int64_t now;
    int64_t window_s;               /* how far iat may lie from now, on both sides */
    struct slice token;             /* the access token; SLICE_NONE where there is none yet */
    const struct secret *nonce_key; /* NULL: no nonce is demanded */
};

struct dpop_proof {
    char jkt[JWK_THUMBPRINT + 1]; /* thumbprint of the key that signed it (RFC 7638) */
    struct slice jti;             /* in the arena */
    int64_t iat;
    int64_t good_until; /* from then on it is too old, and its jti may be forgotten */
};

/* The algorithms that are accepted: all signatures, no MAC.  NULL past the end. */
const char *dpop_alg_at(size_t i);

/*
 * proof: the DPoP header; SLICE_NONE when there was none.  ERR_DPOP_MISSING; _TWO for two that a
 * web server has joined; _FORM (no compact JWS, another typ, crit, a claim missing or of another
 * type); _KEY (no jwk, a private, weak or unusable one, or another algorithm than it is for; kid,
 * jku and x5u name no key here); _SIGNATURE, _METHOD, _URL, _NONCE, _TIME, _TOKEN; ERR_MEMORY,
 * ERR_INTERNAL.
 */
MUST_USE enum err dpop_check(struct slice proof, const struct dpop_rules *rules, struct arena *a,
                             struct dpop_proof *out);

#endif
