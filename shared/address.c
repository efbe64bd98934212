#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* RFC 6890 and the registries that it began: blocks that are not global. */
static const struct {
    uint32_t network;
    unsigned bits;
} reserved[] = {
    {0x00000000, 8},  /* 0.0.0.0/8 */
    {0x0a000000, 8},  /* 10.0.0.0/8 */
    {0x64400000, 10}, /* 100.64.0.0/10 */
    {0x7f000000, 8},  /* 127.0.0.0/8 */
    {0xa9fe0000, 16}, /* 169.254.0.0/16 */
    {0xac100000, 12}, /* 172.16.0.0/12 */
    {0xc0000000, 24}, /* 192.0.0.0/24 */
    {0xc0000200, 24}, /* 192.0.2.0/24 */
    {0xc0586300, 24}, /* 192.88.99.0/24 */
    {0xc0a80000, 16}, /* 192.168.0.0/16 */
    {0xc6120000, 15}, /* 198.18.0.0/15 */
    {0xc6336400, 24}, /* 198.51.100.0/24 */
    {0xcb007100, 24}, /* 203.0.113.0/24 */
    {0xe0000000, 3},  /* 224.0.0.0/4 and 240.0.0.0/4 */
};

static bool ipv4_is_public(uint32_t a)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (((a ^ reserved[i].network) >> (32 - reserved[i].bits)) == 0)
            return false;
    return true;
}

static uint32_t ipv4_at(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool ipv6_is_public(const unsigned char b[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(b, mapped, sizeof mapped) == 0 || memcmp(b, translated, sizeof translated) == 0)
        return ipv4_is_public(ipv4_at(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return ipv4_is_public(ipv4_at(b + 2));
    if (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 0x02 || (b[2] == 0x0d && b[3] == 0xb8)))
        return false; /* 2001::/23 and the documentation's 2001:db8::/32 */
    if (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10)
        return false;             /* 3fff::/20, the documentation's too (RFC 9637) */
    return (b[0] & 0xe0) == 0x20; /* 2000::/3 is all that is global */
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ipv4_is_public(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return ipv6_is_public(v6.sin6_addr.s6_addr);
    }
    return false;
}

struct slice url_host(struct slice url)
{
    struct slice rest = SLICE_NONE, host;
    if (slice_starts(url, "https://"))
        rest = slice_skip(url, 8);
    else if (slice_starts(url, "http://"))
        rest = slice_skip(url, 7);
    if (rest.p == NULL)
        return SLICE_NONE;
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    rest.n = n;
    if (slice_has_char(rest, '@'))
        return SLICE_NONE;
    if (slice_starts(rest, "[")) {
        n = 1;
        while (n < rest.n && rest.p[n - 1] != ']')
            n++;
        bool whole = rest.p[n - 1] == ']' && (n == rest.n || rest.p[n] == ':');
        return (struct slice){rest.p, whole ? n : 0};
    }
    slice_cut(&rest, ':', &host);
    return host;
}

bool url_is_loopback(struct slice url)
{
    struct slice host = url_host(url);
    return slice_is(host, "127.0.0.1") || slice_is(host, "[::1]") || slice_is(host, "localhost");
}
