#include "login.h"

#include "log.h"

/* An address that has reached its limit is locked anew by each further failure. */
static struct store_span span_of(const struct config *conf)
{
    return (struct store_span){.kind = "failed-login-address",
                               .window_s = conf->lock_time_s,
                               .renew_at = throttle_address_limit(conf)};
}

static enum err look(struct store *st, const struct config *conf, int64_t now, struct login *l,
                     int64_t *wait_s)
{
    const struct store_span span = span_of(conf);
    struct failed_logins of_client;
    struct store_rate of_address;
    enum err e = store_failed_login_at(st, l->client_id, slice_of(l->address), &of_client);
    if (e == ERR_OK)
        e = store_rate_get(st, &span, slice_of(l->address), now, &of_address);
    if (e != ERR_OK)
        return e;
    l->failures = of_client.count;
    *wait_s = throttle_wait(conf, of_client.count, of_client.last_at, now);
    if (of_address.total >= span.renew_at && of_address.ends_at - now > *wait_s)
        *wait_s = of_address.ends_at - now;
    return ERR_OK;
}

enum err login_begin(struct store *st, const struct config *conf, struct slice client_id,
                     struct slice remote_addr, int64_t now, struct login *out,
                     int64_t *retry_after_s)
{
    int64_t wait_s = 0;
    *out =
        (struct login){.client_id = client_id,
                       .exempt = conf->failed_logins == 0 || throttle_exempts(conf, remote_addr)};
    throttle_address(remote_addr, out->address);
    if (out->exempt)
        return ERR_OK;
    enum err e = look(st, conf, now, out, &wait_s);
    if (e != ERR_OK || wait_s == 0)
        return e;
    *retry_after_s = wait_s;
    return ERR_LOCKED;
}

enum err login_failed(struct store *st, const struct config *conf, const struct login *l,
                      int64_t now)
{
    const struct store_span span = span_of(conf);
    struct slice address = slice_of(l->address);
    struct store_rate of_address;
    int64_t count = 0, until = now + conf->lock_time_s;
    /* One from an exempt address counts too, but only for the administrator to see. */
    enum err e = store_failed_login_add(st, l->client_id, address, now, conf->lock_time_s, &count);
    if (e != ERR_OK || l->exempt)
        return e;
    if (count == (int64_t)conf->failed_logins)
        LOG(LOG_LEVEL_WARNING, "login-locked", LOG_TEXT("client_id", l->client_id),
            LOG_TEXT("address", address), LOG_NUMBER("until", until));
    e = store_rate_add(st, &span, address, 1, now, &of_address);
    if (e == ERR_OK && of_address.total == span.renew_at)
        LOG(LOG_LEVEL_WARNING, "login-locked", LOG_TEXT("address", address),
            LOG_NUMBER("until", of_address.ends_at));
    return e;
}

void login_succeeded(struct store *st, const struct login *l)
{
    if (l->failures > 0 &&
        store_failed_login_clear_at(st, l->client_id, slice_of(l->address)) != ERR_OK)
        LOG(LOG_LEVEL_WARNING, "failed-logins-kept", LOG_TEXT("client_id", l->client_id),
            LOG_TEXT("reason", slice_of(store_fault(st))));
}
