/* A program in a child process that serves on a Unix socket, and requests to it. */
#ifndef FHIR_AUTH_SERVER_FIXTURE_H
#define FHIR_AUTH_SERVER_FIXTURE_H

#include "fastcgi_client.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "server.h"

#define MAX_BODY 100

/* ---- the program: a child with a socket as its standard input ---- */

struct worker {
    int requests;
};

struct program {
    char directory[64], path[96];
    pid_t pid;
    int release[2];            /* a byte lets the handler of /wait, or what follows /later, go on */
    int done[2];               /* a byte comes when what follows /later has been done */
    pthread_barrier_t barrier; /* of the child: four requests at the same time */
};

static inline struct worker *worker_new(void *context)
{
    (void)context;
    return calloc(1, sizeof(struct worker));
}

static inline void worker_free(struct worker *w)
{
    free(w);
}

static struct program *the_program; /* of the child */

static inline void handle(struct worker *w, const struct request *rq, struct arena *a,
                          struct response *out)
{
    struct buf body = buf_in(a, 512);
    w->requests++;
    if (slice_is(rq->uri, "/none"))
        return;
    if (slice_is(rq->uri, "/inject"))
        response_header(out, "X", SLICE("a\r\nStatus: 200 OK"));
    if (slice_is(rq->uri, "/large"))
        out->body = (struct slice){arena_alloc(a, 200000), 200000};
    if (slice_is(rq->uri, "/wait")) {
        char byte;
        out->status = read(the_program->release[0], &byte, 1) == 1 ? 200 : 503;
        return;
    }
    if (slice_is(rq->uri, "/together"))
        pthread_barrier_wait(&the_program->barrier);
    if (out->status == 0)
        out->status = 200;
    if (out->body.n > 0)
        return;
    buf_printf(&body, "role=%d body=\"%.*s\" error=%s", (int)rq->role, SLICE_FMT(rq->body),
               err_row(rq->body_error)->name);
    out->body = buf_slice(&body);
    char byte;
    if (slice_is(rq->uri, "/later") && read(the_program->release[0], &byte, 1) == 1)
        (void)!write(the_program->done[1], &byte, 1);
}

static const struct server server = {
    .threads = 4,
    .max_body_bytes = MAX_BODY,
    .arena_bytes = 256 * 1024,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .handle = handle,
};

static inline int start(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct program *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->directory, sizeof p->directory, "/tmp/fhir-auth-server-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->path, sizeof p->path, "%s/socket", p->directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", p->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(pipe(p->release), 0);
    assert_int_equal(pipe(p->done), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        pthread_barrier_init(&p->barrier, NULL, 4);
        the_program = p;
        dup2(fd, 0);
        close(fd);
        close(p->release[1]);
        close(p->done[0]);
        int status = server_is_fastcgi() ? server_run_fastcgi(&server) : 99;
        close(p->release[0]);
        close(p->done[1]);
        free(p);
        exit(status); /* with the leak check */
    }
    close(fd);
    close(p->release[0]);
    close(p->done[1]);
    *state = p;
    return 0;
}

/* SIGTERM, when it still runs; the exit status must be 0. */
static inline void stop(struct program *p)
{
    int status = -1;
    if (p->pid == 0)
        return;
    kill(p->pid, SIGTERM);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    p->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline int end(void **state)
{
    struct program *p = *state;
    stop(p);
    close(p->release[1]);
    close(p->done[0]);
    unlink(p->path);
    rmdir(p->directory);
    free(p);
    return 0;
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, start, end)

/* ---- requests ---- */

#define PARAMS_OF(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The whole answer of one request; "" when there was none. */
static inline const char *ask(const struct program *p, unsigned role, const char *const params[],
                              const char *body)
{
    static char space[65536];
    struct buf out = BUF(space);
    int fd = fcgi_connect(p->path);
    fcgi_begin(fd, role, 0, params);
    if (body != NULL) {
        fcgi_send(fd, STDIN, body, strlen(body));
        fcgi_send(fd, STDIN, NULL, 0);
    }
    bool whole = fcgi_answer(fd, &out);
    close(fd);
    return whole ? space : "";
}

static inline void check_answer(int line, const char *have, const char *want)
{
    if (strcmp(have, want) != 0)
        fail_msg("line %d: \"%s\" rather than \"%s\"", line, have, want);
}

#define OK_ANSWER(role, body, error)                                                               \
    "Status: 200 OK\r\n\r\nrole=" role " body=\"" body "\" error=" error
#define LAST_RESORT                                                                                \
    "Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n"                            \
    "Cache-Control: no-store\r\n\r\nInternal error\n"

#endif
