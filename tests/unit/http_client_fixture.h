/* The HTTPS server of https_server.py, for tests of the client. */
#ifndef FHIR_AUTH_HTTP_CLIENT_FIXTURE_H
#define FHIR_AUTH_HTTP_CLIENT_FIXTURE_H

#include "http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct server {
    char dir[64];
    char ca[96], other_ca[96];
    unsigned port;
    pid_t pid;
    int stdin_fd; /* closing it ends the server */
};

static void make_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static int start(void **state)
{
    struct server *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *state = s;
    snprintf(s->dir, sizeof s->dir, "/tmp/test_http_client.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->ca, sizeof s->ca, "%s/ca.pem", s->dir);
    snprintf(s->other_ca, sizeof s->other_ca, "%s/other-ca.pem", s->dir);

    int in[2], out[2];
    make_pipe(in);
    make_pipe(out);
    posix_spawn_file_actions_t fds;
    assert_int_equal(posix_spawn_file_actions_init(&fds), 0);
    posix_spawn_file_actions_adddup2(&fds, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&fds, out[1], STDOUT_FILENO);
    char python[] = "/usr/bin/python3", script[] = "tests/unit/https_server.py";
    char *const argv[] = {python, script, s->dir, NULL};
    assert_int_equal(posix_spawn(&s->pid, python, &fds, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&fds);
    close(in[0]);
    close(out[1]);
    s->stdin_fd = in[1];

    /* It prints its port when it is ready. */
    FILE *line = fdopen(out[0], "r");
    assert_non_null(line);
    char text[16] = "";
    assert_non_null(fgets(text, sizeof text, line));
    fclose(line);
    s->port = (unsigned)strtoul(text, NULL, 10);
    assert_true(s->port > 0);
    return 0;
}

static int stop(void **state)
{
    static const char *const files[] = {"ca.key",       "ca.pem",       "ca.srl",
                                        "other-ca.key", "other-ca.pem", "server.csr",
                                        "server.ext",   "server.key",   "server.pem"};
    struct server *s = *state;
    int status;
    close(s->stdin_fd);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(s->dir), 0);
    free(s);
    return 0;
}

/* What the tests leave at its default. */
static struct http_get get(const struct server *s, const char *url)
{
    return (struct http_get){.url = url,
                             .accept = "application/json",
                             .ca_file = s->ca,
                             .timeout_ms = 20000,
                             .max_bytes = 1000};
}

#endif
