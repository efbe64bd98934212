#include "token_proof.h"

#include "access_token.h"
#include "client_certificate.h"
#include "dpop_site.h"

/* *jkt: "" when no proof is sent, and none is demanded. */
static enum err take_proof(struct endpoint *ep, char jkt[JWK_THUMBPRINT + 1])
{
    char text[CONFIG_MAX_TEXT + 16];
    struct buf url = BUF(text);
    struct dpop_proof proof;
    struct registry r = {.store = ep->store, .group = ep->group};
    jkt[0] = '\0';
    if (ep->request->dpop.p == NULL && !ep->who.client.dpop_required)
        return ERR_OK;
    buf_printf(&url, "%s/token", ep->conf->url);
    struct dpop_rules rules = {
        .method = ep->request->method, .url = buf_slice(&url), .now = ep->now};
    enum err e = dpop_site_check(ep->conf, ep->store, ep->request->dpop, &rules, ep->arena, &proof,
                                 &ep->dpop_nonce);
    if (e == ERR_OK)
        e = registry_dpop_spend(&r, &proof, ep->now);
    if (e == ERR_OK)
        memcpy(jkt, proof.jkt, sizeof proof.jkt);
    return e;
}

enum err token_proof_take(struct endpoint *ep, struct token_proof *out)
{
    char jkt[JWK_THUMBPRINT + 1], x5t[CERTIFICATE_DIGEST + 1];
    struct buf cnf = buf_in(ep->arena, sizeof jkt + sizeof x5t + 32);
    *out = (struct token_proof){.cnf = SLICE_NONE};
    enum err e = certificate_binding(ep->conf, &ep->who.client, ep->request, ep->arena, x5t);
    if (e == ERR_OK)
        e = take_proof(ep, jkt);
    if (e != ERR_OK || (jkt[0] == '\0' && x5t[0] == '\0'))
        return e;
    confirmation_write(slice_of(jkt), slice_of(x5t), &cnf);
    if (cnf.overflowed)
        return ERR_MEMORY;
    out->cnf = buf_slice(&cnf);
    out->dpop = jkt[0] != '\0';
    return ERR_OK;
}
