#include "endpoint_log.h"

#include "log.h"

void endpoint_log_introspected(const struct endpoint *ep, struct slice caller, enum err why,
                               const struct jwt_claims *claims)
{
    bool active = why == ERR_OK;
    LOG(LOG_LEVEL_INFO, "token-introspected", LOG_TEXT("request_id", ep->request_id),
        LOG_TEXT("client_id", caller), LOG_TEXT("active", active ? SLICE("yes") : SLICE("no")),
        LOG_TEXT("reason", active ? SLICE_NONE : slice_of(err_row(why)->name)),
        LOG_TEXT("token_client_id", active ? claims->client_id : SLICE_NONE),
        LOG_TEXT("jti", active ? claims->jti : SLICE_NONE),
        LOG_TEXT("remote_addr", ep->request->remote_addr),
        LOG_NUMBER("duration_us", endpoint_took_us(ep)));
}

void endpoint_log_revoked(const struct endpoint *ep, enum err why, const struct jwt_claims *claims)
{
    bool revoked = why == ERR_OK;
    LOG(LOG_LEVEL_INFO, revoked ? "token-revoked" : "token-not-revoked",
        LOG_TEXT("request_id", ep->request_id), LOG_TEXT("client_id", slice_of(ep->who.client.id)),
        LOG_TEXT("reason", revoked ? SLICE_NONE : slice_of(err_row(why)->name)),
        LOG_TEXT("subject", revoked ? claims->sub : SLICE_NONE),
        LOG_TEXT("jti", revoked ? claims->jti : SLICE_NONE),
        LOG_TEXT("remote_addr", ep->request->remote_addr),
        LOG_NUMBER("duration_us", endpoint_took_us(ep)));
}
