/*
 * A web server on the loopback for tests that fetch: one thread, pages that are set by the test,
 * and a count of what was asked.  Plain HTTP, as http_loopback allows.
 */
#ifndef FHIR_AUTH_WEB_FIXTURE_H
#define FHIR_AUTH_WEB_FIXTURE_H

#include "fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WEB_MAX_PAGES 16
#define WEB_MAX_HELD  64
#define WEB_REQUEST   32768

struct web_page {
    char path[640];
    char headers[256]; /* lines that end with \r\n */
    const char *body;  /* NULL: the connection is held until web_release */
    int status;
    unsigned asked;
};

struct web {
    int listener, stop[2]; /* a byte in the pipe ends the thread */
    unsigned port;
    pthread_t thread;
    atomic_bool idle;     /* the thread waits for a request, and holds no lock of anybody's */
    pthread_mutex_t lock; /* of all below */
    struct web_page pages[WEB_MAX_PAGES];
    size_t page_count, held_count;
    int held[WEB_MAX_HELD];
    unsigned asked;         /* requests of any path */
    char last[WEB_REQUEST]; /* the last one, with its body */
};

/* Set or replace a page; body must outlive the server. */
static inline void web_put(struct web *w, const char *path, int status, const char *headers,
                           const char *body)
{
    pthread_mutex_lock(&w->lock);
    size_t i = 0;
    while (i < w->page_count && strcmp(w->pages[i].path, path) != 0)
        i++;
    if (i == WEB_MAX_PAGES)
        abort(); /* a failed assertion would leave the lock taken */
    w->page_count += i == w->page_count;
    snprintf(w->pages[i].path, sizeof w->pages[i].path, "%s", path);
    snprintf(w->pages[i].headers, sizeof w->pages[i].headers, "%s", headers);
    w->pages[i].status = status;
    w->pages[i].body = body;
    pthread_mutex_unlock(&w->lock);
}

/* How often a path was asked for; NULL: any. */
static inline unsigned web_asked(struct web *w, const char *path)
{
    unsigned n = 0;
    pthread_mutex_lock(&w->lock);
    if (path == NULL)
        n = w->asked;
    for (size_t i = 0; path != NULL && i < w->page_count; i++)
        n += strcmp(w->pages[i].path, path) == 0 ? w->pages[i].asked : 0;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* Close what was held; the clients see no answer. */
static inline void web_release(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->held_count; i++)
        close(w->held[i]);
    w->held_count = 0;
    pthread_mutex_unlock(&w->lock);
}

static inline void web_answer(int fd, const struct web_page *page)
{
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
                     page->status, strlen(page->body), page->headers);
    (void)!write(fd, head, (size_t)n);
    (void)!write(fd, page->body, strlen(page->body));
}

/* All of it has come: the head, and as much body as the head says. */
static inline bool web_is_whole(const char *text, size_t used)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
    if (end == NULL)
        return false;
    size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
    return used >= (size_t)(end - text) + 4 + body;
}

static inline void web_serve(struct web *w, int fd)
{
    static const struct web_page missing = {.status = 404, .body = "{}"};
    char text[WEB_REQUEST] = "", path[640] = "";
    size_t used = 0;
    while (!web_is_whole(text, used) && used < sizeof text - 1) {
        ssize_t got = read(fd, text + used, sizeof text - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        text[used] = '\0';
    }
    struct slice rest = slice_of(text), word;
    if (slice_cut(&rest, ' ', &word) && slice_cut(&rest, ' ', &word) && word.n < sizeof path)
        memcpy(path, word.p, word.n);
    pthread_mutex_lock(&w->lock);
    const struct web_page *page = &missing;
    w->asked++;
    memcpy(w->last, text, sizeof w->last);
    for (size_t i = 0; i < w->page_count; i++)
        if (strcmp(w->pages[i].path, path) == 0) {
            w->pages[i].asked++;
            page = &w->pages[i];
        }
    bool held = page->body == NULL && w->held_count < WEB_MAX_HELD;
    if (held)
        w->held[w->held_count++] = fd;
    else if (page->body != NULL)
        web_answer(fd, page);
    pthread_mutex_unlock(&w->lock);
    if (!held)
        close(fd);
}

static inline void *web_main(void *argument)
{
    struct web *w = argument;
    for (;;) {
        struct pollfd fds[2] = {{w->listener, POLLIN, 0}, {w->stop[0], POLLIN, 0}};
        atomic_store(&w->idle, true);
        poll(fds, 2, -1);
        atomic_store(&w->idle, false);
        if (fds[1].revents != 0)
            return NULL;
        int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            web_serve(w, fd);
    }
}

static inline struct web *web_new(void)
{
    struct web *w = calloc(1, sizeof *w);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    assert_non_null(w);
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(w->listener >= 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(w->listener, 64), 0);
    assert_int_equal(getsockname(w->listener, (struct sockaddr *)&at, &n), 0);
    w->port = ntohs(at.sin_port);
    assert_int_equal(pipe2(w->stop, O_CLOEXEC), 0);
    pthread_mutex_init(&w->lock, NULL);
    assert_int_equal(pthread_create(&w->thread, NULL, web_main, w), 0);
    return w;
}

/*
 * Before a fork, when no request is under way: a child that is made while the thread is in malloc
 * gets a copy of the allocator's lock that nobody will ever open there.
 */
static inline void web_settle(struct web *w)
{
    for (int i = 0; i < 5000 && !atomic_load(&w->idle); i++)
        poll(NULL, 0, 1);
    assert_true(atomic_load(&w->idle));
}

static inline void web_free(struct web *w)
{
    assert_int_equal(write(w->stop[1], "x", 1), 1);
    pthread_join(w->thread, NULL);
    web_release(w);
    close(w->listener);
    close(w->stop[0]);
    close(w->stop[1]);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* Until it holds, at most ten seconds. */
#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int tries = 0;                                                                             \
        while (!(condition) && tries++ < 2000)                                                     \
            nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);                       \
        assert_true(condition);                                                                    \
    } while (0)

#endif
