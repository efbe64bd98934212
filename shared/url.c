#include "url.h"

struct url {
    const char *scheme, *port; /* static; the port that the scheme has by itself */
    struct slice host;
    struct slice own_port; /* empty: none was given */
    struct slice path;     /* at least "/" */
};

static const struct {
    const char *prefix, *port;
} schemes[] = {{"https://", "443"}, {"http://", "80"}};

static struct slice head(struct slice s, size_t n)
{
    return (struct slice){s.p, n};
}

/* Bytes before the first one that is in `stops`. */
static size_t until(struct slice s, const char *stops)
{
    size_t n = 0;
    while (n < s.n && !slice_has_char(slice_of(stops), s.p[n]))
        n++;
    return n;
}

static bool split_authority(struct slice authority, struct url *out)
{
    size_t host = authority.n > 0 && authority.p[0] == '[' ? until(authority, "]") : 0;
    host += until(slice_skip(authority, host), ":");
    out->host = head(authority, host);
    out->own_port = slice_skip(authority, host + 1);
    return host > 0 && !slice_has_char(authority, '@');
}

static bool split(struct slice text, struct url *out)
{
    text = head(text, until(text, "?#"));
    if (!slice_is_printable(text))
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        struct slice prefix = slice_of(schemes[i].prefix);
        if (text.n < prefix.n || !slice_is_nocase(head(text, prefix.n), prefix.p))
            continue;
        struct slice rest = slice_skip(text, prefix.n);
        size_t authority = until(rest, "/");
        out->scheme = schemes[i].prefix;
        out->port = schemes[i].port;
        out->path = authority < rest.n ? slice_skip(rest, authority) : SLICE("/");
        return split_authority(head(rest, authority), out);
    }
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same_authority(const struct url *a, const struct url *b)
{
    struct slice port_a = a->own_port.n > 0 ? a->own_port : slice_of(a->port);
    struct slice port_b = b->own_port.n > 0 ? b->own_port : slice_of(b->port);
    if (a->scheme != b->scheme || !slice_eq(port_a, port_b) || a->host.n != b->host.n)
        return false;
    for (size_t i = 0; i < a->host.n; i++)
        if (lower(a->host.p[i]) != lower(b->host.p[i]))
            return false;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 section 2.3: encoded or not, it is the same. */
static bool is_unreserved(int c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

#define ENCODED 256 /* a byte that means something else when it is not encoded */
#define BAD     (-1)

/* The next byte of a path that has one. */
static int next_byte(struct slice *rest)
{
    char c = rest->p[0];
    if (c != '%') {
        *rest = slice_skip(*rest, 1);
        return (unsigned char)c;
    }
    int high = rest->n > 2 ? hex_digit(rest->p[1]) : BAD;
    int low = rest->n > 2 ? hex_digit(rest->p[2]) : BAD;
    if (high < 0 || low < 0)
        return BAD;
    *rest = slice_skip(*rest, 3);
    int byte = high * 16 + low;
    return is_unreserved(byte) ? byte : ENCODED + byte;
}

static bool same_path(struct slice a, struct slice b)
{
    while (a.n > 0 && b.n > 0) {
        int byte = next_byte(&a);
        if (byte == BAD || byte != next_byte(&b))
            return false;
    }
    return a.n == 0 && b.n == 0;
}

struct slice url_path(struct slice url)
{
    struct slice rest = url, part;
    for (int i = 0; i < 3; i++)
        slice_cut(&rest, '/', &part); /* scheme, nothing, authority */
    return rest.p != NULL ? (struct slice){rest.p - 1, rest.n + 1} : slice_skip(url, url.n);
}

bool url_same(struct slice a, struct slice b)
{
    struct url left = {0}, right = {0};
    return split(a, &left) && split(b, &right) && same_authority(&left, &right) &&
           same_path(left.path, right.path);
}
