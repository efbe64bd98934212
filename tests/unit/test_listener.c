#include "fixture.h"
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

/* Listening at that path; an abstract one begins with '@'. */
static int listening(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(strlen(path) < sizeof at.sun_path);
    memcpy(at.sun_path, path, strlen(path));
    if (path[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void only_the_sockets_of_mod_fcgid_are(void **state)
{
    (void)state;
    char folder[] = "/tmp/listener-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const int me = (int)getppid();
    const struct {
        int parent; /* 0: none */
        const char *rest;
        bool wanted;
    } rows[] = {
        {me, ".0", true},
        {me, ".31", true},
        {me, "", false},
        {me, ".x", false},
        {me, ".1.2", false},
        {me, ".", false},
        {me, ".sock", false},
        {me + 1, ".1", false},
        {0, "token.1", false},
        {0, ".1", false},
        {0, "authorizer.sock", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[100];
        if (rows[i].parent != 0)
            (void)snprintf(path, sizeof path, "%s/%d%s", folder, rows[i].parent, rows[i].rest);
        else
            (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i].rest);
        int fd = listening(path);
        if (listener_is_for_one(fd) != rows[i].wanted)
            fail_msg("%s", path);
        close(fd);
        unlink(path);
    }
    rmdir(folder);
}

static void other_descriptors_are_not(void **state)
{
    (void)state;
    char name[64];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_false(listener_is_for_one(fd));
    close(fd);
    fd = socket(AF_UNIX, SOCK_STREAM, 0); /* without a name */
    assert_false(listener_is_for_one(fd));
    close(fd);
    (void)snprintf(name, sizeof name, "@%d.1", (int)getppid());
    fd = listening(name);
    assert_false(listener_is_for_one(fd));
    close(fd);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_false(listener_is_for_one(ends[0]));
    close(ends[0]);
    close(ends[1]);
    assert_false(listener_is_for_one(-1));
}

static int connected_to(int listening_fd, union address *at)
{
    socklen_t n = sizeof *at;
    assert_int_equal(getsockname(listening_fd, &at->any, &n), 0);
    int fd = socket(at->any.sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &at->any, n), 0);
    return fd;
}

static void only_allowed_peers_get_in(void **state)
{
    (void)state;
    union address v4 = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    union address v6 = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    const struct {
        union address *at;
        const char *allowed;
        bool wanted;
    } rows[] = {
        {&v4, NULL, true}, {&v4, "127.0.0.1", true},   {&v4, "10.0.0.1, 127.0.0.1", true},
        {&v4, "", false},  {&v4, "127.0.0.10", false}, {&v4, "10.0.0.1,::1", false},
        {&v6, NULL, true}, {&v6, "::1", true},         {&v6, "127.0.0.1", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        union address at = *rows[i].at;
        int fd = socket(at.any.sa_family, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, &at.any, sizeof at) != 0) {
            assert_int_equal(at.any.sa_family, AF_INET6);
            close(fd);
            continue; /* a host without IPv6 */
        }
        assert_int_equal(listen(fd, 1), 0);
        int client = connected_to(fd, &at);
        errno = EBADF;
        int got = listener_accept(fd, rows[i].allowed);
        if ((got >= 0) != rows[i].wanted)
            fail_msg("row %zu", i);
        if (got >= 0)
            close(got);
        else
            assert_int_equal(errno, 0);
        close(client);
        close(fd);
    }
}

static void a_unix_socket_has_no_addresses(void **state)
{
    (void)state;
    union address at;
    char byte, name[64];
    (void)snprintf(name, sizeof name, "@fhir-auth-listener-%d", (int)getpid());
    int fd = listening(name);
    assert_int_equal(listen(fd, 1), 0);
    int client = connected_to(fd, &at);
    int got = listener_accept(fd, "10.0.0.1");
    assert_true(got >= 0);
    assert_true((fcntl(got, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(send(client, "x", 1, 0), 1);
    assert_true(listener_has_spoken(got));
    assert_int_equal(recv(got, &byte, 1, 0), 1); /* nothing of it was taken */
    close(client);
    assert_true(listener_has_spoken(got));
    close(got);
    close(fd);
    assert_int_equal(listener_accept(-1, NULL), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_sockets_of_mod_fcgid_are),
        cmocka_unit_test(other_descriptors_are_not),
        cmocka_unit_test(only_allowed_peers_get_in),
        cmocka_unit_test(a_unix_socket_has_no_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
