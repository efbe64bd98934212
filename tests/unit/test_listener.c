#include "fixture.h"
#include "listener.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_sockets_of_mod_fcgid_are),
        cmocka_unit_test(other_descriptors_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
