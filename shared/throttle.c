#include "throttle.h"

#include <arpa/inet.h>
#include <string.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* IPv4 as the IPv6 address that it is mapped to, so that one comparison serves both. */
static bool parse(struct slice text, struct in6_addr *out)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET6, z, out) == 1)
        return true;
    memcpy(out->s6_addr, mapped, sizeof mapped);
    return inet_pton(AF_INET, z, out->s6_addr + sizeof mapped) == 1;
}

bool throttle_exempts(const struct config *conf, struct slice address)
{
    struct in6_addr asked, exempt;
    struct slice rest = slice_of(conf->exempt), word;
    if (!parse(address, &asked))
        return false;
    while (slice_cut(&rest, ' ', &word))
        if (parse(word, &exempt) && memcmp(&asked, &exempt, sizeof asked) == 0)
            return true;
    return false;
}

void throttle_address(struct slice address, char out[static THROTTLE_ADDRESS])
{
    struct in6_addr a;
    char text[INET6_ADDRSTRLEN] = "";
    if (!parse(address, &a)) {
        size_t n = address.n < THROTTLE_ADDRESS ? address.n : THROTTLE_ADDRESS - 1;
        if (n > 0)
            memcpy(out, address.p, n);
        out[n] = '\0';
        return;
    }
    struct buf name = buf_over(out, THROTTLE_ADDRESS);
    if (memcmp(a.s6_addr, mapped, sizeof mapped) == 0) {
        inet_ntop(AF_INET, a.s6_addr + sizeof mapped, text, sizeof text);
        buf_puts(&name, text);
        return;
    }
    memset(a.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &a, text, sizeof text);
    buf_printf(&name, "%s/64", text);
}

int64_t throttle_failures(const struct config *conf, int64_t failures, int64_t last_at, int64_t now)
{
    int64_t lock = conf->lock_time_s;
    return last_at > now - lock && last_at <= now + lock ? failures : 0;
}

bool throttle_locks(const struct config *conf, int64_t failures)
{
    return conf->failed_logins > 0 && failures >= (int64_t)conf->failed_logins;
}

/* 1, 2, 4, …: at most the time that a lock lasts. */
static int64_t doubled(int64_t times, int64_t most)
{
    int64_t wait = 1;
    for (; times > 0 && wait < most; times--)
        wait *= 2;
    return wait < most ? wait : most;
}

int64_t throttle_wait(const struct config *conf, int64_t failures, int64_t last_at, int64_t now)
{
    int64_t half = conf->failed_logins / 2, wait = 0;
    int64_t passed = now > last_at ? now - last_at : 0;
    failures = throttle_failures(conf, failures, last_at, now);
    if (conf->failed_logins == 0 || failures == 0)
        return 0;
    if (throttle_locks(conf, failures))
        wait = conf->lock_time_s;
    else if (failures >= half)
        wait = doubled(failures - half, conf->lock_time_s);
    return wait > passed ? wait - passed : 0;
}

int64_t throttle_address_limit(const struct config *conf)
{
    return (int64_t)conf->failed_logins * THROTTLE_ADDRESS_FACTOR;
}
