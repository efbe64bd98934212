#include "reply.h"

#include "grant.h"

#define JSON          "application/json"
#define REALM         "realm=\"token endpoint\""
#define RETRY_AFTER_S 5 /* when nobody knows better */

void reply_private(struct response *out, int status, const char *content_type, struct slice body)
{
    out->status = status;
    out->content_type = content_type;
    out->body = body;
    response_header(out, "Cache-Control", SLICE("no-store"));
    response_header(out, "Pragma", SLICE("no-cache"));
}

void reply_json(struct response *out, int status, struct slice body)
{
    reply_private(out, status, JSON, body);
}

void reply_public_json(struct response *out, struct slice body, unsigned max_age_s, struct arena *a)
{
    struct buf kept = buf_in(a, 40);
    buf_printf(&kept, "public, max-age=%u", max_age_s);
    out->status = 200;
    out->content_type = JSON;
    out->body = body;
    response_header(out, "Cache-Control", kept.overflowed ? SLICE("no-store") : buf_slice(&kept));
    response_header(out, "Access-Control-Allow-Origin", SLICE("*"));
}

/*
 * RFC 9110 section 11.6.1 wants one with every 401.  Basic for failed client authentication (RFC
 * 6749 section 5.2); Bearer for access tokens (RFC 6750 section 3), with the scope that would do.
 */
static void challenge(enum err why, struct arena *a, struct response *out)
{
    static const struct {
        enum err why;
        const char *scope;
    } of_tokens[] = {{ERR_CALLER_TOKEN, ""},
                     {ERR_CALLER_SCOPE, ", scope=\"" SCOPE_INTROSPECT "\""}};
    struct slice value = SLICE("Basic " REALM ", charset=\"UTF-8\"");
    for (size_t i = 0; i < sizeof of_tokens / sizeof of_tokens[0]; i++) {
        if (of_tokens[i].why != why)
            continue;
        struct buf text = buf_in(a, 512);
        buf_printf(&text, "Bearer " REALM ", error=\"%s\", error_description=\"%s\"%s",
                   err_row(why)->endpoint_code, err_row(why)->text, of_tokens[i].scope);
        value = text.overflowed ? SLICE("Bearer " REALM) : buf_slice(&text);
    }
    response_header(out, "WWW-Authenticate", value);
}

void reply_error(struct response *out, enum err why, const char *allow, int64_t retry_after_s,
                 struct arena *a)
{
    const struct err_row *row = err_row(why);
    struct buf body = buf_in(a, 512);
    if (row->endpoint_status == 0 || row->endpoint_status == 200)
        row = err_row(ERR_INTERNAL);
    buf_puts(&body, "{\"error\":");
    buf_json(&body, slice_of(row->endpoint_code));
    buf_puts(&body, ",\"error_description\":");
    buf_json(&body, slice_of(row->text));
    buf_puts(&body, "}\n");
    *out = (struct response){0};
    reply_json(out, row->endpoint_status,
               body.overflowed ? SLICE("{\"error\":\"server_error\"}\n") : buf_slice(&body));
    if (row->endpoint_status == 401)
        challenge(why, a, out);
    if (row->endpoint_status == 405)
        response_header(out, "Allow", slice_of(allow));
    if (row->endpoint_status == 429 || row->endpoint_status == 503) {
        struct buf seconds = buf_in(a, 24);
        buf_printf(&seconds, "%lld",
                   (long long)(retry_after_s > 0 ? retry_after_s : RETRY_AFTER_S));
        response_header(out, "Retry-After", seconds.overflowed ? SLICE("5") : buf_slice(&seconds));
    }
}
