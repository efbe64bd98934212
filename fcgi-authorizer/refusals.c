#include "refusals.h"

bool refusal_of(const struct config *conf, const struct request *rq, enum err presented,
                const struct token *token, enum err why, struct arena *a, struct refusal *out)
{
    char address[THROTTLE_ADDRESS];
    int status = err_row(why)->bearer_status;
    if (conf->refusals == 0 || presented == ERR_NO_TOKEN || status < 400 || status >= 500 ||
        throttle_exempts(conf, rq->remote_addr))
        return false;
    throttle_address(rq->remote_addr, address);
    /* Two issuers may name their clients alike. */
    struct buf name =
        buf_in(a, token != NULL ? token->issuer.n + token->client_id.n + 2 : THROTTLE_ADDRESS);
    if (token != NULL) {
        buf_put(&name, token->issuer);
        buf_putc(&name, ' ');
        buf_put(&name, token->client_id);
    } else {
        buf_puts(&name, address);
    }
    *out = (struct refusal){
        .limit = {.kind = token != NULL ? "refusal-client" : "refusal-address",
                  .limit = conf->refusals},
        .name = buf_slice(&name),
    };
    return !name.overflowed;
}
