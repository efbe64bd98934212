#include "issuer_metadata.h"

#include "address.h"
#include "json.h"

bool issuer_may_name(const struct config *conf, const struct config_issuer *issuer,
                     struct slice url)
{
    struct slice host = url_host(url);
    return slice_eq(host, url_host(slice_of(issuer->issuer))) ||
           slice_list_has(slice_of(conf->jwks_private_hosts), host);
}

static enum err get(const struct config *conf, const char *url, unsigned timeout_ms,
                    struct arena *a, struct http_answer *answer, struct buf *fault)
{
    struct http_get what = {.url = url,
                            .accept = "application/json",
                            .ca_file = conf->ca_file,
                            .timeout_ms = timeout_ms,
                            .max_bytes = conf->jwks_max_bytes,
                            .http_loopback = conf->jwks_http_loopback};
    enum err e = http_get(&what, a, answer);
    if (e != ERR_OK)
        buf_printf(fault, "%.300s: %s", url, answer->fault);
    return e;
}

/* A member that is a URL; NULL when it is none, or memory is out. */
static const char *url_member(const struct json *document, const char *member, struct arena *a)
{
    struct slice url;
    if (!json_member_string(document, member, &url) || !slice_is_printable(url) ||
        slice_has_char(url, ' ') || url_host(url).n == 0)
        return NULL;
    return arena_dup(a, url);
}

enum err issuer_metadata_read(const struct config_issuer *issuer, struct slice body,
                              const char *member, struct arena *a, struct issuer_metadata *out,
                              struct buf *fault)
{
    struct json *document;
    struct slice iss;
    enum err e = json_parse(body, &document);
    if (e != ERR_OK) {
        buf_puts(fault, "the metadata is no JSON document");
        return e;
    }
    *out = (struct issuer_metadata){.body = body,
                                    .url = url_member(document, member, a),
                                    .token_endpoint = url_member(document, "token_endpoint", a)};
    if (!json_member_string(document, "issuer", &iss) || !slice_is(iss, issuer->issuer)) {
        buf_puts(fault, "the metadata is about another issuer");
        e = ERR_JWT_ISSUER;
    } else if (out->url == NULL) {
        buf_printf(fault, "the metadata names no %s", member);
        e = a->overflowed ? ERR_MEMORY : ERR_JSON;
    }
    json_free(document);
    return e;
}

/*
 * RFC 8414 section 3.1: the well-known name goes between host and path; OpenID appends its own.  A
 * slash at the end is left out in both.
 */
static void metadata_url(const char *issuer, bool openid, struct buf *out)
{
    struct slice url = slice_of(issuer), host = url_host(url);
    size_t origin = host.n > 0 ? (size_t)(host.p - url.p) + host.n : 0;
    if (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    while (origin < url.n && url.p[origin] != '/') /* the port */
        origin++;
    if (openid)
        buf_printf(out, "%.*s/.well-known/openid-configuration", SLICE_FMT(url));
    else
        buf_printf(out, "%.*s/.well-known/oauth-authorization-server%.*s", (int)origin, url.p,
                   SLICE_FMT(slice_skip(url, origin)));
}

enum err issuer_metadata_fetch(const struct config *conf, const struct config_issuer *issuer,
                               const char *member, unsigned timeout_ms, struct arena *a,
                               struct issuer_metadata *out, struct buf *fault)
{
    enum err e = ERR_HTTP;
    *out = (struct issuer_metadata){0};
    for (int openid = 0; openid < 2 && e != ERR_OK; openid++) {
        char text[2 * CONFIG_MAX_TEXT];
        struct buf url = BUF(text);
        struct http_answer answer;
        metadata_url(issuer->issuer, openid == 1, &url);
        buf_puts(fault, fault->n > 0 ? "; " : "");
        e = url.overflowed ? ERR_TOO_LARGE : get(conf, text, timeout_ms, a, &answer, fault);
        if (e == ERR_OK)
            e = issuer_metadata_read(issuer, answer.body, member, a, out, fault);
    }
    return e;
}
