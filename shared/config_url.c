#include "config_keys.h"

static bool all_of(struct slice s, bool (*is)(char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!is(s.p[i]))
            return false;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
}

static bool is_ipv6_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
    return is_name_char(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '~';
}

/* "host", "host:port", "[v6]" or "[v6]:port" into host (with its brackets); lower case only. */
static bool host_ok(struct slice authority, struct slice *host)
{
    struct slice rest = authority;
    struct slice name, port;
    if (slice_starts(authority, "[")) {
        if (!slice_cut(&rest, ']', &name) || rest.p == NULL || name.n < 3 ||
            !all_of(slice_skip(name, 1), is_ipv6_char))
            return false;
        *host = (struct slice){authority.p, name.n + 1};
        if (rest.n > 0 && rest.p[0] != ':')
            return false;
        port = rest.n > 0 ? slice_skip(rest, 1) : SLICE_NONE;
    } else {
        if (!slice_cut(&rest, ':', &name) || name.n == 0 || !all_of(name, is_name_char))
            return false;
        *host = name;
        port = rest;
    }
    uint64_t number;
    return port.p == NULL || (slice_to_u64(port, 65535, &number) && number > 0);
}

/* The authorizer compares paths byte for byte: there must be one way only to write each. */
static bool path_ok(struct slice path)
{
    struct slice rest = path.n > 0 ? slice_skip(path, 1) : SLICE_NONE;
    struct slice segment;
    while (slice_cut(&rest, '/', &segment))
        if (segment.n == 0 || slice_is(segment, ".") || slice_is(segment, "..") ||
            !all_of(segment, is_unreserved))
            return false;
    return true;
}

const char *config_url_fault(struct slice url)
{
    bool http = slice_starts(url, "http://");
    if (!http && !slice_starts(url, "https://"))
        return "is no https URL; give https://host[:port][/path]";
    struct slice rest = slice_skip(url, http ? 7 : 8);
    if (slice_has_char(rest, '?') || slice_has_char(rest, '#'))
        return "has a query or a fragment; leave that out";
    if (slice_has_char(rest, '@'))
        return "has user information; leave out all up to the @";
    if (slice_ends(rest, "/"))
        return "ends with a slash; leave it out";
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/')
        n++;
    struct slice host;
    if (!host_ok((struct slice){rest.p, n}, &host))
        return "has no valid host and port; give a name in lower case, an address or "
               "[IPv6 address], and a port up to 65535 if it is not the usual one";
    if (!path_ok(slice_skip(rest, n)))
        return "has a path that can be written in two ways; use only letters, digits and -._~ "
               "between single slashes";
    if (http && !slice_is(host, "127.0.0.1") && !slice_is(host, "[::1]") &&
        !slice_is(host, "localhost"))
        return "is not https; give https://… (http is allowed only for 127.0.0.1, [::1] and "
               "localhost)";
    return NULL;
}
