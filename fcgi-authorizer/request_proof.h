/* The DPoP proof of a FHIR request, and its certificate: what they are worth. */
#ifndef FHIR_AUTH_REQUEST_PROOF_H
#define FHIR_AUTH_REQUEST_PROOF_H

#include "authorize.h"
#include "dpop_site.h"

struct request_proof {
    struct possession held;
    struct dpop_proof proof; /* when held.proof is ERR_OK */
    struct slice nonce;      /* for the header DPoP-Nonce; SLICE_NONE when none are demanded */
};

/*
 * Fill *out but for held.scheme and the certificate.  asked: below a FHIR base; st: open.  Whether
 * the proof was used before is not looked at: that is for dpop_site_spend, when all else is right.
 */
void request_proof_check(const struct config *conf, struct store *st, const struct request *rq,
                         const struct fhir_request *asked, struct slice token, int64_t now,
                         struct arena *a, struct request_proof *out);

/* Fill held.certificate and held.x5t. */
void request_certificate_check(const struct config *conf, const struct request *rq, struct arena *a,
                               struct possession *held);

#endif
