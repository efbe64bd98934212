#include "request_proof.h"

#include "certificate.h"

/*
 * The URL that the client asked for is made of the configured one, never of Host: a request that
 * was meant for another server must not pass here.
 */
static struct slice public_url(const struct fhir_request *asked, struct arena *a)
{
    const char *base = asked->path.base->base;
    struct buf url = buf_in(a, strlen(base) + asked->path.below.n + 1);
    buf_puts(&url, base);
    buf_put(&url, asked->path.below);
    return url.overflowed ? SLICE_NONE : buf_slice(&url);
}

void request_proof_check(const struct config *conf, struct store *st, const struct request *rq,
                         const struct fhir_request *asked, struct slice token, int64_t now,
                         struct arena *a, struct request_proof *out)
{
    struct dpop_rules rules = {
        .method = rq->method, .url = public_url(asked, a), .now = now, .token = token};
    out->held.proof = rules.url.p == NULL ? ERR_MEMORY
                                          : dpop_site_check(conf, st, rq->dpop, &rules, a,
                                                            &out->proof, &out->nonce);
    if (out->held.proof == ERR_OK)
        memcpy(out->held.jkt, out->proof.jkt, sizeof out->held.jkt);
}

/* A text of a few KiB is decoded and hashed; nothing of it is parsed. */
void request_certificate_check(const struct config *conf, const struct request *rq, struct arena *a,
                               struct possession *held)
{
    struct slice der;
    held->certificate = certificate_shown(rq, conf->authorizer_certificates, a, &der);
    if (held->certificate == ERR_OK)
        held->certificate = certificate_digest(der, held->x5t);
}
