#include "httpmsg.h"

#include "base64url.h"
#include "form.h"

/* The answer when one cannot be given: closed, whatever the reason. */
static void response_fail(struct response *r)
{
    *r = (struct response){.status = 500, .content_type = "text/plain"};
}

void response_header(struct response *r, const char *name, struct slice value)
{
    if (r->header_count == RESPONSE_MAX_HEADERS || !slice_is_printable(value)) {
        response_fail(r);
        return;
    }
    r->headers[r->header_count].name = name;
    r->headers[r->header_count].value = value;
    r->header_count++;
}

bool response_text(const struct response *r, struct buf *out)
{
    int status = r->status == 0 ? 500 : r->status;
    /* lighttpd drops every header that stands before Status. */
    buf_puts(out, "Status: ");
    buf_number(out, status);
    buf_putc(out, ' ');
    buf_puts(out, http_reason(status));
    buf_puts(out, "\r\n");
    for (size_t i = 0; i < r->header_count; i++) {
        buf_puts(out, r->headers[i].name);
        buf_puts(out, ": ");
        buf_put(out, r->headers[i].value);
        buf_puts(out, "\r\n");
    }
    if (r->content_type != NULL) {
        buf_puts(out, "Content-Type: ");
        buf_puts(out, r->content_type);
        buf_puts(out, "\r\n");
    }
    buf_puts(out, "\r\n");
    buf_put(out, r->body);
    return !out->overflowed;
}

/* Scheme and credentials of a header (RFC 9110 section 11.4); false for another scheme. */
static bool credentials_of(struct slice header, const char *scheme, struct slice *credentials)
{
    struct slice rest = slice_trim(header), head;
    if (!slice_cut(&rest, ' ', &head) || !slice_is_nocase(head, scheme))
        return false;
    *credentials = slice_trim(rest);
    return true;
}

#define BIT(c)     (UINT64_C(1) << ((c) % 64))
#define LETTERS(a) (UINT64_C(0x3ffffff) << ((a) % 64))

/* Letters, digits and -._~+/ : a bit for each of the ASCII characters.  A token is long. */
static bool is_b64token_character(char c)
{
    static const uint64_t those[4] = {
        UINT64_C(0x3ff) << '0' | BIT('-') | BIT('.') | BIT('+') | BIT('/'),
        LETTERS('A') | LETTERS('a') | BIT('_') | BIT('~'),
    };
    unsigned char u = (unsigned char)c;
    return (those[u / 64] >> (u % 64) & 1) != 0;
}

/* b64token of RFC 6750 section 2.1; token68 of RFC 9110 is the same. */
static bool is_b64token(struct slice s)
{
    size_t body = 0;
    while (body < s.n && is_b64token_character(s.p[body]))
        body++;
    for (size_t i = body; i < s.n; i++)
        if (s.p[i] != '=')
            return false;
    return body > 0;
}

static const char *const scheme_names[] = {[AUTH_BEARER] = "Bearer", [AUTH_DPOP] = "DPoP"};
#define SCHEMES (sizeof scheme_names / sizeof scheme_names[0])

enum err http_token(struct slice authorization, enum auth_scheme *scheme, struct slice *token)
{
    struct slice found;
    size_t i = 0;
    if (slice_trim(authorization).n == 0)
        return ERR_NO_TOKEN;
    /* Web servers join two headers with a comma; no token and no Basic credential holds one. */
    if (slice_has_char(authorization, ','))
        return ERR_TWO_TOKENS;
    while (i < SCHEMES && !credentials_of(authorization, scheme_names[i], &found))
        i++;
    if (i == SCHEMES)
        return ERR_NO_TOKEN;
    if (!is_b64token(found))
        return ERR_AUTH_HEADER;
    *scheme = (enum auth_scheme)i;
    *token = found;
    return ERR_OK;
}

enum err http_bearer(struct slice authorization, struct slice *token)
{
    enum auth_scheme scheme;
    struct slice found;
    enum err e = http_token(authorization, &scheme, &found);
    if (e == ERR_OK && scheme != AUTH_BEARER)
        e = ERR_NO_TOKEN;
    if (e == ERR_OK)
        *token = found;
    return e;
}

enum err http_basic(struct slice authorization, struct arena *a, struct slice *user,
                    struct slice *password)
{
    struct slice encoded, pair, raw_user, id, secret;
    if (!credentials_of(authorization, "Basic", &encoded))
        return ERR_NO_TOKEN;
    if (base64_decode(encoded, a, &pair) != ERR_OK)
        return ERR_AUTH_HEADER;
    slice_cut(&pair, ':', &raw_user);
    if (pair.p == NULL) /* no colon */
        return ERR_AUTH_HEADER;
    if (percent_decode(raw_user, true, a, &id) != ERR_OK ||
        percent_decode(pair, true, a, &secret) != ERR_OK)
        return ERR_AUTH_HEADER;
    *user = id;
    *password = secret;
    return ERR_OK;
}
