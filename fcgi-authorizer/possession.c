#include "possession.h"

static enum err check_proof(const struct token *token, const struct config_fhir *base,
                            const struct possession *held)
{
    bool bound = token->dpop_jkt.n > 0;
    if (!bound && base->dpop_required)
        return ERR_DPOP_REQUIRED;
    if (!bound)
        return held->scheme == AUTH_DPOP ? ERR_DPOP_UNBOUND : ERR_OK;
    if (held->scheme != AUTH_DPOP)
        return ERR_DPOP_BEARER;
    if (held->proof != ERR_OK)
        return held->proof;
    return slice_is(token->dpop_jkt, held->jkt) ? ERR_OK : ERR_DPOP_BINDING;
}

/* Whatever the scheme: a certificate comes with the connection. */
static enum err check_certificate(const struct token *token, const struct possession *held)
{
    if (token->tls_x5t.n == 0)
        return ERR_OK;
    if (held->certificate != ERR_OK)
        return held->certificate;
    return slice_is(token->tls_x5t, held->x5t) ? ERR_OK : ERR_TLS_BINDING;
}

enum err possession_check(const struct token *token, const struct config_fhir *base,
                          const struct possession *held)
{
    enum err e = check_proof(token, base, held);
    return e == ERR_OK ? check_certificate(token, held) : e;
}
