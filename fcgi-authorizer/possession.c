#include "possession.h"

enum err possession_check(const struct token *token, const struct config_fhir *base,
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
