#include "server.h"

#include "clock.h"
#include "listener.h"
#include "log.h"
#include "server_env.h"
#include "turns.h"

#include <errno.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS          64
#define SHUTDOWN_MS          5000 /* how long running requests may take to end */
#define DRAIN_MS             300  /* of what nobody wants of a body, in all */
#define LINGER_MS            50
#define LINGER_BYTES         16384 /* a shorter body comes together with the header */
#define FCGI_ROLE_RESPONDER  1
#define FCGI_ROLE_AUTHORIZER 2

extern char **environ;

/* Sent when no answer could be composed.  It must exist: lighttpd grants on an empty answer. */
static const char last_resort[] = "Status: 500 Internal Server Error\r\n"
                                  "Content-Type: text/plain\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "\r\n"
                                  "Internal error\n";

struct thread {
    pthread_t id;
    bool joined;
    atomic_bool busy; /* with a request: a signal would break its reads and writes */
    const struct server *server;
    atomic_bool *stopping;
    const char *allowed; /* peers */
    struct turns *turns;
    struct turn turn;
};

bool server_is_fastcgi(void)
{
    return !FCGX_IsCGI();
}

/* No core dumps and no ptrace by others: memory holds keys and tokens. */
static void protect_process(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the leak checker would need it */
#endif
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The answer to one request as text; never empty. */
static struct slice answer(const struct server *s, struct worker *w, const struct request *rq,
                           struct arena *a)
{
    struct response r = {0};
    if (w != NULL)
        s->handle(w, rq, a, &r);
    size_t need = r.body.n + 16384; /* headers: at most RESPONSE_MAX_HEADERS, one of them long */
    struct buf text = buf_in(a, need);
    if (!response_text(&r, &text))
        return slice_of(last_resort);
    return buf_finish(&text, a);
}

typedef int read_function(char *to, int n, FCGX_Stream *from);

static int read_stdin(char *to, int n, FCGX_Stream *from)
{
    (void)from;
    return (int)fread(to, 1, (size_t)n, stdin);
}

/*
 * Exactly length bytes, or an error in rq.  Never in the authorizer role: no server sends a body
 * there, and a read would block.
 */
static void read_body(const struct server *s, struct request *rq, size_t length, struct arena *a,
                      read_function *read, FCGX_Stream *from)
{
    if (length == 0 || s->max_body_bytes == 0 || rq->body_error != ERR_OK)
        return;
    char *to = length <= s->max_body_bytes && length <= INT32_MAX ? arena_alloc(a, length) : NULL;
    if (to == NULL) {
        rq->body_error = ERR_TOO_LARGE;
        return;
    }
    if (read(to, (int)length, from) != (int)length) {
        rq->body_error = ERR_FORM;
        return;
    }
    rq->body = (struct slice){to, length};
}

/* Read what comes of a body that is refused, and drop it. */
static void drain_body(FCGX_Request *fr)
{
    struct pollfd fd = {.fd = fr->ipcFd, .events = POLLIN};
    int64_t end = clock_ms() + DRAIN_MS;
    do {
        fr->in->rdNext = fr->in->stop; /* what libfcgi has buffered already */
        if (poll(&fd, 1, LINGER_MS) != 1 || FCGX_GetChar(fr->in) == EOF)
            return;
    } while (clock_ms() < end);
}

/* Send the answer with the end of the request. */
static void send_answer(FCGX_Request *fr, struct slice text)
{
    FCGX_PutStr(text.p, (int)text.n, fr->out);
    FCGX_FClose(fr->err);
    FCGX_FClose(fr->out);
}

/* Something has come that libfcgi has not taken. */
static bool has_more(int fd)
{
    char byte;
    return recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The empty record that ends a body (FastCGI section 5.3). */
static bool take_end_of_body(FCGX_Request *fr)
{
    const struct timeval limit = {.tv_usec = (suseconds_t)(DRAIN_MS * 1000)};
    return setsockopt(fr->ipcFd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
           FCGX_GetChar(fr->in) == EOF && FCGX_GetError(fr->in) == 0;
}

/*
 * The connection is closed even when the web server would keep it: what is left of a body that
 * nobody read would be taken for its next records, and a client could so ask in its name.  A kept
 * connection would occupy a thread, too.
 *
 * libfcgi first waits for the web server to close its end too: a socket that is closed while there
 * is something to read is reset, and the answer may be lost.  That wait is a good part of the time
 * of a request.  So it is left out when all has been read: up to the end of a body or, nothing
 * following an authorizer's variables (FastCGI section 6.3), an empty body of lighttpd's that came
 * in the same write.
 */
static void finish(FCGX_Request *fr, bool unread)
{
    bool ended =
        !unread && (fr->role == FCGI_ROLE_AUTHORIZER ? !has_more(fr->ipcFd) : take_end_of_body(fr));
    if (ended)
        FCGX_Detach(fr);
    FCGX_Free(fr, 1);
}

/*
 * lighttpd closes after an answer that comes before the whole body, and over TLS a client that is
 * still sending then loses the answer.  So a refusal gives the body a moment to come; an authorizer
 * gets none of it, but lighttpd reads on meanwhile.  Only one thread waits: the others stay free.
 */
static void linger(FCGX_Request *fr, const struct request *rq, struct slice text)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    uint64_t length = 0;
    bool authorizer = rq->role == ROLE_AUTHORIZER;
    if (authorizer && !slice_starts(text, "Status: 200")) {
        const char *announced = FCGX_GetParam("HTTP_CONTENT_LENGTH", fr->envp);
        if (announced == NULL || !slice_to_u64(slice_of(announced), UINT64_MAX, &length))
            return;
    }
    bool wanted = authorizer ? length > LINGER_BYTES : rq->body_error == ERR_TOO_LARGE;
    if (!wanted || atomic_flag_test_and_set(&busy))
        return;
    if (authorizer)
        poll(NULL, 0, LINGER_MS);
    else
        drain_body(fr);
    atomic_flag_clear(&busy);
}

static void serve_fastcgi(const struct server *s, struct worker *w, FCGX_Request *fr,
                          struct arena *a)
{
    struct slice text = slice_of(last_resort);
    bool unread = true;
    if (fr->role == FCGI_ROLE_RESPONDER || fr->role == FCGI_ROLE_AUTHORIZER) {
        struct request rq;
        size_t length;
        enum role role = fr->role == FCGI_ROLE_AUTHORIZER ? ROLE_AUTHORIZER : ROLE_RESPONDER;
        request_from_env(fr->envp, role, &rq, &length);
        if (role == ROLE_RESPONDER)
            read_body(s, &rq, length, a, FCGX_GetStr, fr->in);
        unread = rq.body.n != length;
        text = answer(s, w, &rq, a);
        linger(fr, &rq, text);
    }
    request_wipe_env(fr->envp);
    send_answer(fr, text);
    finish(fr, unread);
    arena_reset(a);
}

/* -1: there is none. */
static int next_connection(struct thread *t)
{
    int fd = -1;
    turns_enter(t->turns, &t->turn);
    if (!atomic_load(t->stopping))
        fd = listener_accept(STDIN_FILENO, t->allowed);
    int why = errno;
    turns_leave(t->turns);
    if (fd < 0 && why != 0 && !atomic_load(t->stopping)) /* out of descriptors: do not spin */
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    return fd;
}

/*
 * A request from a connection that libfcgi would else have accepted itself.  It takes it for one
 * that was kept from before; having no socket to listen at, it does not go on to others when this
 * one fails.
 */
static bool take_request(FCGX_Request *fr, int fd)
{
    fr->keepConnection = 1;
    fr->ipcFd = fd;
    return FCGX_Accept_r(fr) == 0;
}

static void serve_next(struct thread *t, struct worker *w, FCGX_Request *fr, struct arena *a)
{
    int fd = next_connection(t);
    if (fd < 0)
        return;
    if (!listener_has_spoken(fd)) { /* or the program ends */
        close(fd);
        return;
    }
    atomic_store(&t->busy, true);
    if (take_request(fr, fd))
        serve_fastcgi(t->server, w, fr, a);
    atomic_store(&t->busy, false);
}

static void *thread_main(void *argument)
{
    struct thread *t = argument;
    const struct server *s = t->server;
    struct arena a;
    FCGX_Request fr;
    struct worker *w = s->worker_new(s->context);
    if (w == NULL || !arena_init(&a, s->arena_bytes) || FCGX_InitRequest(&fr, -1, 0) != 0) {
        LOG(LOG_LEVEL_ERROR, "thread-failed", LOG_TEXT("reason", SLICE("out of memory")));
        _exit(1); /* the web server starts another process, or refuses */
    }
    while (!atomic_load(t->stopping))
        serve_next(t, w, &fr, &a);
    FCGX_Free(&fr, 1);
    arena_free(&a);
    s->worker_free(w);
    return NULL;
}

static void on_wake(int signal)
{
    (void)signal; /* its only use is to end accept(2) with EINTR */
}

/* One that has ended within 10 ms. */
static bool join_thread(struct thread *t)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 10 * 1000 * 1000;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return pthread_clockjoin_np(t->id, NULL, CLOCK_MONOTONIC, &until) == 0;
}

/* Wake the idle threads out of accept until all have ended; false when a request would not end. */
static bool join_threads(struct thread *threads, unsigned count)
{
    int64_t end = clock_ms() + SHUTDOWN_MS;
    do {
        unsigned joined = 0;
        for (unsigned i = 0; i < count; i++) {
            if (!threads[i].joined && !atomic_load(&threads[i].busy))
                pthread_kill(threads[i].id, SIGUSR2);
            threads[i].joined = threads[i].joined || join_thread(&threads[i]);
            joined += threads[i].joined;
        }
        if (joined == count)
            return true;
    } while (clock_ms() < end);
    return false;
}

int server_run_fastcgi(const struct server *s)
{
    static atomic_bool stopping; /* outlives the threads, should one not end */
    static struct turns turns = TURNS_INIT;
    static struct thread threads[MAX_THREADS];
    unsigned most = listener_is_for_one(STDIN_FILENO) ? 1 : MAX_THREADS;
    unsigned count = s->threads < most ? s->threads : most;
    sigset_t stop_signals;
    int got;

    protect_process();
    mallopt(M_ARENA_MAX, 2); /* an idle thread must not hold an arena of its own */
    if (FCGX_Init() != 0)
        return 1;
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGHUP);
    sigaddset(&stop_signals, SIGUSR1); /* lighttpd's graceful restart can be set to send it */
    pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_wake}, NULL);

    for (unsigned i = 0; i < count; i++) {
        threads[i] = (struct thread){.server = s,
                                     .stopping = &stopping,
                                     .allowed = getenv("FCGI_WEB_SERVER_ADDRS"),
                                     .turns = &turns,
                                     .turn = TURN_INIT};
        if (pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) != 0) {
            LOG(LOG_LEVEL_ERROR, "thread-failed", LOG_NUMBER("started", i));
            _exit(1); /* those that were started use what the caller would free */
        }
    }
    sigwait(&stop_signals, &got);
    /* Not FCGX_ShutdownPending: with that libfcgi closes a silent connection over and over. */
    atomic_store(&stopping, true);
    turns_end(&turns);
    if (!join_threads(threads, count))
        _exit(0); /* a request hangs; the web server tells its client */
    return 0;
}

int server_run_cgi(const struct server *s)
{
    struct arena a;
    struct request rq;
    size_t length;
    protect_process();
    struct worker *w = s->worker_new(s->context);
    if (w == NULL || !arena_init(&a, s->arena_bytes)) {
        fputs(last_resort, stdout);
        return 1;
    }
    request_from_env(environ, ROLE_CGI, &rq, &length);
    read_body(s, &rq, length, &a, read_stdin, NULL);
    struct slice text = answer(s, w, &rq, &a);
    bool written = fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0;
    request_wipe_env(environ);
    arena_free(&a);
    s->worker_free(w);
    return written ? 0 : 1;
}
