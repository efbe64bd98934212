#include "fixture.h"

#include "address.h"

#include <arpa/inet.h>
#include <sys/un.h>

static const struct {
    int line;
    const char *address;
    bool public;
} addresses[] = {
    /* RFC 6890 and the registries: each block's ends, and what lies beside them. */
    {__LINE__, "0.0.0.0", false},
    {__LINE__, "0.255.255.255", false},
    {__LINE__, "1.0.0.0", true},
    {__LINE__, "9.255.255.255", true},
    {__LINE__, "10.0.0.0", false},
    {__LINE__, "10.255.255.255", false},
    {__LINE__, "11.0.0.0", true},
    {__LINE__, "100.63.255.255", true},
    {__LINE__, "100.64.0.0", false},
    {__LINE__, "100.127.255.255", false},
    {__LINE__, "100.128.0.0", true},
    {__LINE__, "126.255.255.255", true},
    {__LINE__, "127.0.0.1", false},
    {__LINE__, "127.255.255.255", false},
    {__LINE__, "128.0.0.0", true},
    {__LINE__, "169.253.255.255", true},
    {__LINE__, "169.254.169.254", false},
    {__LINE__, "169.255.0.0", true},
    {__LINE__, "172.15.255.255", true},
    {__LINE__, "172.16.0.0", false},
    {__LINE__, "172.31.255.255", false},
    {__LINE__, "172.32.0.0", true},
    {__LINE__, "192.0.0.8", false},
    {__LINE__, "192.0.1.0", true},
    {__LINE__, "192.0.2.1", false},
    {__LINE__, "192.0.3.0", true},
    {__LINE__, "192.88.99.1", false},
    {__LINE__, "192.167.255.255", true},
    {__LINE__, "192.168.0.0", false},
    {__LINE__, "192.168.255.255", false},
    {__LINE__, "192.169.0.0", true},
    {__LINE__, "198.17.255.255", true},
    {__LINE__, "198.18.0.0", false},
    {__LINE__, "198.19.255.255", false},
    {__LINE__, "198.20.0.0", true},
    {__LINE__, "198.51.99.255", true},
    {__LINE__, "198.51.100.1", false},
    {__LINE__, "203.0.113.255", false},
    {__LINE__, "203.0.114.0", true},
    {__LINE__, "223.255.255.255", true},
    {__LINE__, "224.0.0.1", false},
    {__LINE__, "239.255.255.255", false},
    {__LINE__, "240.0.0.1", false},
    {__LINE__, "255.255.255.255", false},
    {__LINE__, "8.8.8.8", true},
    /* IPv6: only 2000::/3 is global, and not all of it. */
    {__LINE__, "::", false},
    {__LINE__, "::1", false},
    {__LINE__, "100::1", false},
    {__LINE__, "1fff:ffff::1", false},
    {__LINE__, "2000::1", true},
    {__LINE__, "2001::1", false}, /* Teredo */
    {__LINE__, "2001:1ff::1", false},
    {__LINE__, "2001:200::1", true},
    {__LINE__, "2001:db7::1", true},
    {__LINE__, "2001:db8::1", false},
    {__LINE__, "2001:db9::1", true},
    {__LINE__, "2606:4700::1111", true},
    {__LINE__, "3ffe::1", true},
    {__LINE__, "3fff::1", false}, /* RFC 9637 */
    {__LINE__, "3fff:fff:ffff::1", false},
    {__LINE__, "3fff:1000::1", true},
    {__LINE__, "4000::1", false},
    {__LINE__, "5f00::1", false},
    {__LINE__, "fc00::1", false},
    {__LINE__, "fd12:3456::1", false},
    {__LINE__, "fe80::1", false},
    {__LINE__, "fec0::1", false},
    {__LINE__, "ff02::1", false},
    /* An IPv4 address inside: mapped, translated (NAT64), 6to4, compatible. */
    {__LINE__, "::ffff:8.8.8.8", true},
    {__LINE__, "::ffff:127.0.0.1", false},
    {__LINE__, "::ffff:10.1.2.3", false},
    {__LINE__, "::ffff:0:8.8.8.8", false},
    {__LINE__, "::8.8.8.8", false},
    {__LINE__, "::127.0.0.1", false},
    {__LINE__, "64:ff9b::8.8.8.8", true},
    {__LINE__, "64:ff9b::10.0.0.1", false},
    {__LINE__, "64:ff9b::169.254.169.254", false},
    {__LINE__, "64:ff9b:0:0:0:1:808:808", false},
    {__LINE__, "64:ff9b:1::8.8.8.8", false}, /* of a local translator, RFC 8215 */
    {__LINE__, "2002:808:808::1", true},
    {__LINE__, "2002:a00:1::1", false},
    {__LINE__, "2002:7f00:1::1", false},
    {__LINE__, "2002:c0a8:101::1", false},
};

static void only_global_addresses_are_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool have;
        if (inet_pton(AF_INET, addresses[i].address, &v4.sin_addr) == 1) {
            have = address_is_public((const struct sockaddr *)&v4);
        } else {
            check_true(addresses[i].line,
                       inet_pton(AF_INET6, addresses[i].address, &v6.sin6_addr) == 1, "address");
            have = address_is_public((const struct sockaddr *)&v6);
        }
        check_true(addresses[i].line, have == addresses[i].public, addresses[i].address);
    }
}

static void other_families_are_not_public(void **state)
{
    (void)state;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    assert_false(address_is_public((const struct sockaddr *)&local));
    assert_false(address_is_public(&none));
}

static const struct {
    int line;
    const char *url, *host;
    bool loopback;
} urls[] = {
    {__LINE__, "https://a.example", "a.example", false},
    {__LINE__, "https://a.example/", "a.example", false},
    {__LINE__, "https://a.example/b/c", "a.example", false},
    {__LINE__, "https://a.example:8443/b", "a.example", false},
    {__LINE__, "https://a.example?b", "a.example", false},
    {__LINE__, "https://a.example#b", "a.example", false},
    {__LINE__, "http://a.example", "a.example", false},
    {__LINE__, "http://127.0.0.1:80/x", "127.0.0.1", true},
    {__LINE__, "http://localhost", "localhost", true},
    {__LINE__, "http://[::1]:8080/x", "[::1]", true},
    {__LINE__, "https://[::1]", "[::1]", true},
    {__LINE__, "https://[2001:200::1]:443/x", "[2001:200::1]", false},
    {__LINE__, "https://127.0.0.1.evil.example/", "127.0.0.1.evil.example", false},
    {__LINE__, "https://localhost.evil.example/", "localhost.evil.example", false},
    {__LINE__, "https://127.0.0.1?x=a.example", "127.0.0.1", true},
    {__LINE__, "https://evil.example/127.0.0.1", "evil.example", false},
    {__LINE__, "https://evil.example/@127.0.0.1", "evil.example", false},
    {__LINE__, "https://evil.example?@127.0.0.1", "evil.example", false},
    {__LINE__, "https://127.0.0.2", "127.0.0.2", false},
    {__LINE__, "https://127.1", "127.1", false},
    {__LINE__, "https://[::0001]", "[::0001]", false},
    {__LINE__, "https://LOCALHOST", "LOCALHOST", false},
    {__LINE__, "https://a.example\\.evil.example/", "a.example\\.evil.example", false},
    {__LINE__, "https://a.example%2f.evil.example", "a.example%2f.evil.example", false},
    /* User information hides a host: there is none then. */
    {__LINE__, "https://a.example@evil.example/", NULL, false},
    {__LINE__, "https://127.0.0.1:80@evil.example/", NULL, false},
    {__LINE__, "https://127.0.0.1\\@evil.example/", NULL, false},
    {__LINE__, "https://@127.0.0.1/", NULL, false},
    {__LINE__, "https://user:word@127.0.0.1/", NULL, false},
    {__LINE__, "https://[::1]@evil.example/", NULL, false},
    /* No URL of ours. */
    {__LINE__, "", NULL, false},
    {__LINE__, "127.0.0.1", NULL, false},
    {__LINE__, "//127.0.0.1/", NULL, false},
    {__LINE__, "https:/127.0.0.1", NULL, false},
    {__LINE__, "https:127.0.0.1", NULL, false},
    {__LINE__, "HTTPS://127.0.0.1", NULL, false},
    {__LINE__, " https://127.0.0.1", NULL, false},
    {__LINE__, "ftp://127.0.0.1", NULL, false},
    {__LINE__, "file:///etc/passwd", NULL, false},
    {__LINE__, "https://", "", false},
    {__LINE__, "https:///x", "", false},
    {__LINE__, "https://:443/", "", false},
    /* Brackets that do not fit, or with more behind them, are nobody's host. */
    {__LINE__, "https://[", "", false},
    {__LINE__, "https://[::1", "", false},
    {__LINE__, "https://[::1/x]", "", false},
    {__LINE__, "https://[::1]evil.example", "", false},
    {__LINE__, "https://[::1].evil.example:80/", "", false},
    {__LINE__, "https://[]", "[]", false},
};

static void hosts_are_read_as_libcurl_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        EXACT(url, slice_of(urls[i].url));
        check_slice(urls[i].line, url_host(url), urls[i].host);
        check_true(urls[i].line, url_is_loopback(url) == urls[i].loopback, "loopback");
    }
    assert_null(url_host(SLICE_NONE).p);
    assert_false(url_is_loopback(SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_global_addresses_are_public),
        cmocka_unit_test(other_families_are_not_public),
        cmocka_unit_test(hosts_are_read_as_libcurl_does),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
