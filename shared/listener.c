#include "listener.h"

#include "slice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SILENT_MS 2000

bool listener_is_for_one(int fd)
{
    struct sockaddr_un at = {.sun_family = AF_UNSPEC};
    socklen_t n = sizeof at - 1; /* a NUL stays behind it */
    uint64_t parent = 0, number = 0;
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0 || at.sun_family != AF_UNIX ||
        n <= offsetof(struct sockaddr_un, sun_path))
        return false;
    struct slice rest = slice_of(at.sun_path), name = SLICE_NONE;
    while (rest.p != NULL)
        slice_cut(&rest, '/', &name);
    rest = name;
    return slice_cut(&rest, '.', &name) && slice_to_u64(name, INT32_MAX, &parent) &&
           slice_to_u64(rest, UINT32_MAX, &number) && parent == (uint64_t)getppid();
}

union peer {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool is_allowed(const union peer *peer, const char *allowed)
{
    char text[INET6_ADDRSTRLEN];
    const void *address = &peer->v4.sin_addr;
    if (allowed == NULL || peer->any.sa_family == AF_UNIX)
        return true;
    if (peer->any.sa_family == AF_INET6)
        address = &peer->v6.sin6_addr;
    if (inet_ntop(peer->any.sa_family, address, text, sizeof text) == NULL)
        return false;
    struct slice rest = slice_of(allowed), one;
    while (rest.p != NULL) {
        slice_cut(&rest, ',', &one);
        if (slice_is(slice_trim(one), text))
            return true;
    }
    return false;
}

int listener_accept(int fd, const char *allowed)
{
    union peer peer = {.any.sa_family = AF_UNSPEC};
    socklen_t n = sizeof peer;
    int got = accept4(fd, &peer.any, &n, SOCK_CLOEXEC);
    if (got < 0 || is_allowed(&peer, allowed))
        return got;
    close(got);
    errno = 0;
    return -1;
}

bool listener_has_spoken(int connection)
{
    struct pollfd readable = {.fd = connection, .events = POLLIN};
    return poll(&readable, 1, SILENT_MS) == 1;
}
