#include "jwks_fetch.h"

#include "address.h"
#include "json.h"

/* A host that only a document names may be anybody's; one that the configuration names may not. */
static bool named_in_config(const struct config *conf, const struct config_issuer *issuer,
                            struct slice url)
{
    struct slice host = url_host(url), rest = slice_of(conf->jwks_private_hosts), word;
    if (slice_eq(host, url_host(slice_of(issuer->issuer))))
        return true;
    while (slice_cut(&rest, ' ', &word))
        if (word.n > 0 && slice_eq(word, host))
            return true;
    return false;
}

static enum err get(const struct config *conf, const char *url, bool public_only, struct arena *a,
                    struct http_answer *answer, struct buf *fault)
{
    struct http_get what = {.url = url,
                            .accept = "application/json",
                            .ca_file = conf->ca_file,
                            .timeout_ms = conf->jwks_timeout_ms,
                            .max_bytes = conf->jwks_max_bytes,
                            .http_loopback = conf->jwks_http_loopback,
                            .public_only = public_only};
    enum err e = http_get(&what, a, answer);
    if (e != ERR_OK)
        buf_printf(fault, "%.300s: %s", url, answer->fault);
    return e;
}

/* The jwks_uri of a metadata document that is about this issuer. */
static enum err read_metadata(const struct config_issuer *issuer, struct slice body,
                              struct arena *a, const char **jwks_uri, struct buf *fault)
{
    struct json *document;
    struct slice iss, uri;
    enum err e = json_parse(body, &document);
    if (e != ERR_OK) {
        buf_puts(fault, "the metadata is no JSON document");
        return e;
    }
    if (!json_member_string(document, "issuer", &iss) || !slice_is(iss, issuer->issuer)) {
        buf_puts(fault, "the metadata is about another issuer");
        e = ERR_JWT_ISSUER;
    } else if (!json_member_string(document, "jwks_uri", &uri) || !slice_is_printable(uri) ||
               slice_has_char(uri, ' ') || url_host(uri).n == 0) {
        buf_puts(fault, "the metadata names no jwks_uri");
        e = ERR_JSON;
    } else {
        *jwks_uri = arena_dup(a, uri);
        e = *jwks_uri != NULL ? ERR_OK : ERR_MEMORY;
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
    url.n -= slice_ends(url, "/");
    while (origin < url.n && url.p[origin] != '/') /* the port */
        origin++;
    if (openid)
        buf_printf(out, "%.*s/.well-known/openid-configuration", SLICE_FMT(url));
    else
        buf_printf(out, "%.*s/.well-known/oauth-authorization-server%.*s", (int)origin, url.p,
                   SLICE_FMT(slice_skip(url, origin)));
}

static enum err discover(const struct config *conf, const struct config_issuer *issuer,
                         struct arena *a, const char **jwks_uri, struct buf *fault)
{
    enum err e = ERR_HTTP;
    for (int openid = 0; openid < 2 && e != ERR_OK; openid++) {
        char text[2 * CONFIG_MAX_TEXT];
        struct buf url = BUF(text);
        struct http_answer answer;
        metadata_url(issuer->issuer, openid == 1, &url);
        buf_puts(fault, fault->n > 0 ? "; " : "");
        e = url.overflowed ? ERR_TOO_LARGE : get(conf, text, false, a, &answer, fault);
        if (e == ERR_OK)
            e = read_metadata(issuer, answer.body, a, jwks_uri, fault);
    }
    return e;
}

enum err jwks_fetch(const struct config *conf, const struct config_issuer *issuer, struct arena *a,
                    struct jwks_fetched *out, struct buf *fault)
{
    const char *url = issuer->keys;
    bool public_only = false;
    struct http_answer answer;
    enum err e = ERR_OK;
    if (slice_is(slice_of(issuer->keys), "discovery")) {
        e = discover(conf, issuer, a, &url, fault);
        public_only = e == ERR_OK && !named_in_config(conf, issuer, slice_of(url));
    }
    if (e == ERR_OK)
        e = get(conf, url, public_only, a, &answer, fault);
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
