#include "token_proof.h"

#include "dpop_site.h"

enum err token_proof_take(struct endpoint *ep, struct token_proof *out)
{
    char text[CONFIG_MAX_TEXT + 16];
    struct buf url = BUF(text), cnf = buf_in(ep->arena, JWK_THUMBPRINT + 16);
    struct dpop_proof proof;
    out->cnf = SLICE_NONE;
    if (ep->request->dpop.p == NULL && !ep->who.client.dpop_required)
        return ERR_OK;
    buf_printf(&url, "%s/token", ep->conf->url);
    struct dpop_rules rules = {
        .method = ep->request->method, .url = buf_slice(&url), .now = ep->now};
    enum err e = dpop_site_check(ep->conf, ep->store, ep->request->dpop, &rules, ep->arena, &proof,
                                 &ep->dpop_nonce);
    if (e == ERR_OK)
        e = dpop_site_spend(ep->store, &proof, ep->now);
    if (e != ERR_OK)
        return e;
    buf_printf(&cnf, "{\"jkt\":\"%s\"}", proof.jkt);
    if (cnf.overflowed)
        return ERR_MEMORY;
    out->cnf = buf_slice(&cnf);
    return ERR_OK;
}
