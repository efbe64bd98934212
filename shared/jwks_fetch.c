#include "jwks_fetch.h"

#include "issuer_metadata.h"

enum err jwks_fetch(const struct config *conf, const struct config_issuer *issuer, struct arena *a,
                    struct jwks_fetched *out, struct buf *fault)
{
    const char *url = issuer->keys;
    bool public_only = false;
    struct http_answer answer;
    struct issuer_metadata metadata;
    enum err e = ERR_OK;
    if (slice_is(slice_of(issuer->keys), "discovery")) {
        e = issuer_metadata_fetch(conf, issuer, "jwks_uri", conf->jwks_timeout_ms, a, &metadata,
                                  fault);
        url = metadata.url;
        public_only = e == ERR_OK && !issuer_may_name(conf, issuer, slice_of(url));
    }
    if (e == ERR_OK) {
        struct http_get what = {.url = url,
                                .accept = "application/json",
                                .ca_file = conf->ca_file,
                                .timeout_ms = conf->jwks_timeout_ms,
                                .max_bytes = conf->jwks_max_bytes,
                                .http_loopback = conf->jwks_http_loopback,
                                .public_only = public_only};
        e = http_get(&what, a, &answer);
        if (e != ERR_OK)
            buf_printf(fault, "%.300s: %s", url, answer.fault);
    }
    if (e != ERR_OK)
        return e;
    e = jwk_set_parse(answer.body, &out->set);
    if (e != ERR_OK) {
        buf_printf(fault, "%.300s: %s", url, err_row(e)->text);
        return e;
    }
    out->body = answer.body;
    out->max_age_s = answer.max_age_s;
    return ERR_OK;
}
