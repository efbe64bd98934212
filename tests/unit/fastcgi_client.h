/* The web server's side of FastCGI (FastCGI Specification 1.0), on a Unix socket. */
#ifndef FHIR_AUTH_FASTCGI_CLIENT_H
#define FHIR_AUTH_FASTCGI_CLIENT_H

#include "fixture.h"

#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };
enum { RESPONDER = 1, AUTHORIZER = 2, FILTER = 3 };

#define KEEP_CONNECTION 1

static inline int fcgi_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

static inline void fcgi_send(int fd, unsigned type, const void *content, size_t n)
{
    unsigned char header[8] = {1, (unsigned char)type,     0,
                               1, (unsigned char)(n >> 8), (unsigned char)(n & 0xff)};
    assert_true(n < 65536);
    assert_int_equal(send(fd, header, sizeof header, MSG_NOSIGNAL), sizeof header);
    if (n > 0)
        assert_int_equal(send(fd, content, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Up to the end of the parameters: "NAME=value", NULL-terminated. */
static inline void fcgi_begin(int fd, unsigned role, unsigned flags, const char *const params[])
{
    unsigned char begin[8] = {0, (unsigned char)role, (unsigned char)flags};
    fcgi_send(fd, BEGIN_REQUEST, begin, sizeof begin);
    for (size_t i = 0; params[i] != NULL; i++) {
        char pair[1024];
        const char *value = strchr(params[i], '=') + 1;
        size_t name_n = (size_t)(value - params[i]) - 1, value_n = strlen(value);
        assert_true(name_n < 128 && value_n < 128);
        int n = snprintf(pair, sizeof pair, "%c%c%.*s%s", (char)name_n, (char)value_n, (int)name_n,
                         params[i], value);
        /* An empty value's length is a NUL, which printf writes too. */
        assert_int_equal(n, (int)(2 + name_n + value_n));
        fcgi_send(fd, PARAMS, pair, (size_t)n);
    }
    fcgi_send(fd, PARAMS, NULL, 0);
}

/* Until the program has taken what was sent. */
static inline void fcgi_wait_taken(int fd)
{
    int left = 1;
    while (left > 0) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
        sched_yield();
    }
}

static inline bool fcgi_read(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = recv(fd, (char *)to + got, n - got, 0);
        if (r <= 0)
            return false;
        got += (size_t)r;
    }
    return true;
}

/* The standard output of the answer; false when the connection ended before the request did. */
static inline bool fcgi_answer(int fd, struct buf *out)
{
    for (;;) {
        unsigned char header[8];
        char content[65536 + 256];
        if (!fcgi_read(fd, header, sizeof header))
            return false;
        size_t n = (size_t)header[4] << 8 | header[5];
        if (!fcgi_read(fd, content, n + header[6]))
            return false;
        if (header[1] == STDOUT)
            buf_put(out, (struct slice){content, n});
        if (header[1] == END_REQUEST)
            return true;
    }
}

#endif
