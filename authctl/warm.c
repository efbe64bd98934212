/*
 * doctor --warm N: mod_fcgid starts a process only for a request that finds none free, and lets it
 * wait for a second first.  Requests that come together, and are of no interest, grow its pool
 * before clients meet it: each process is asked to hold one of them (hold.h), so that the next one
 * needs another process.
 */
#include "doctor.h"

#include "clock.h"
#include "hold.h"
#include "report.h"
#include "url.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define WARM_MAX     64     /* requests at a time */
#define MORE         2      /* so many times that when the pool is to grow: some to spare */
#define MEASURED     200    /* requests of each, one after another, when they must not wait */
#define FAST_US      500000 /* faster than the second that a request waits for a process */
#define QUIET_ROUNDS 2      /* without a slower one, until it is warm */
#define PAUSE_MS     1000   /* between rounds: a reload may have begun only just now */
#define LIMIT_MS     60000
#define ARENA_BYTES  (512U * 1024)

/* Both programs have processes of their own. */
enum asked { AUTHORIZER, TOKEN_ENDPOINT, ASKED };
static const char *const titles[ASKED] = {"authorizer", "token endpoint"};

struct asker {
    pthread_t thread;
    struct warm *warm;
    struct http_session *session;
    struct arena arena;
    int64_t slowest_us; /* of its requests in this round */
    bool started, failed;
    char fault[256]; /* how it failed, when it did */
};

struct warm {
    struct ctl *c;
    const struct doctor_url *site;
    char urls[ASKED][CONFIG_MAX_TEXT + 64];
    const char *url;      /* that is asked for now */
    pthread_mutex_t gate; /* closed until all threads are there, so that they begin at once */
    char holds[ASKED][HOLD_MAX_VALUE]; /* values of the Authorization header */
    const char *hold;                  /* the one that is sent now; NULL: none */
    int in_a_row;                      /* requests of each */
    size_t n;                          /* that must not wait */
    struct asker askers[MORE * WARM_MAX];
};

struct round {
    int64_t slowest_us[ASKED];
    size_t failed[ASKED];
    const char *dead; /* the URL at which all have failed; NULL: none */
};

static void tell_fault(struct asker *each, const struct http_answer *answer)
{
    struct buf fault = BUF(each->fault);
    if (answer->status > 0)
        buf_printf(&fault, "status %d", answer->status);
    else
        buf_printf(&fault, "no answer: %s", answer->fault);
}

static void *ask_in_a_row(void *user)
{
    struct asker *each = user;
    const struct http_probe probe = {
        .method = "GET", .authorization = each->warm->hold, .plain = true};
    struct http_get get = doctor_get(each->warm->c, each->warm->url);
    pthread_mutex_lock(&each->warm->gate);
    pthread_mutex_unlock(&each->warm->gate);
    for (int i = 0; i < each->warm->in_a_row && !each->failed; i++) {
        struct http_answer answer = {0};
        int64_t begin = clock_us();
        arena_reset(&each->arena);
        enum err e = http_ask(each->session, &get, &probe, &each->arena, &answer);
        int64_t took = clock_us() - begin;
        each->failed = e != ERR_OK || answer.status >= 500;
        if (each->failed)
            tell_fault(each, &answer);
        each->slowest_us = took > each->slowest_us ? took : each->slowest_us;
    }
    return NULL;
}

/* n of them ask for one URL; who fails does not ask on. */
static void ask_together(struct warm *w, size_t n, int64_t *slowest_us, size_t *failed)
{
    *slowest_us = 0;
    *failed = 0;
    pthread_mutex_lock(&w->gate);
    for (size_t i = 0; i < n; i++) {
        struct asker *each = &w->askers[i];
        each->slowest_us = 0;
        each->failed = false;
        each->started = pthread_create(&each->thread, NULL, ask_in_a_row, each) == 0;
        if (!each->started) {
            struct buf fault = BUF(each->fault);
            buf_puts(&fault, "no thread can be started");
            each->failed = true;
        }
    }
    pthread_mutex_unlock(&w->gate);
    for (size_t i = 0; i < n; i++) {
        const struct asker *each = &w->askers[i];
        if (each->started)
            pthread_join(each->thread, NULL);
        *failed += each->failed;
        *slowest_us = each->slowest_us > *slowest_us ? each->slowest_us : *slowest_us;
    }
}

/* First more than there may ever be, that the pool grows; then as many as must not wait. */
static void run_round(struct warm *w, struct round *out)
{
    out->dead = NULL;
    for (size_t i = 0; i < ASKED && out->dead == NULL; i++) {
        w->url = w->urls[i];
        w->hold = w->holds[i];
        w->in_a_row = 1;
        ask_together(w, MORE * w->n, &out->slowest_us[i], &out->failed[i]);
        w->hold = NULL;
        w->in_a_row = MEASURED;
        ask_together(w, w->n, &out->slowest_us[i], &out->failed[i]);
        if (out->failed[i] == w->n)
            out->dead = w->url;
    }
}

static bool is_quiet(const struct round *r)
{
    bool quiet = true;
    for (size_t i = 0; i < ASKED; i++)
        quiet &= r->failed[i] == 0 && r->slowest_us[i] < FAST_US;
    return quiet;
}

static void tell(struct warm *w, unsigned number, const struct round *r)
{
    struct buf *out = &w->c->out;
    if (w->c->options[OPT_JSON] != NULL)
        return;
    buf_printf(out, "round %u:", number);
    for (size_t i = 0; i < ASKED; i++) {
        buf_printf(out, "%s %s: slowest of %zu %.1f ms", i > 0 ? ";" : "", titles[i], w->n,
                   (double)r->slowest_us[i] / 1e3);
        if (r->failed[i] > 0)
            buf_printf(out, ", %zu failed", r->failed[i]);
    }
    buf_putc(out, '\n');
}

/* dead: the URL at which every request failed; NULL: there was none. */
static enum status tell_end(struct warm *w, unsigned rounds, int64_t took_ms, bool warm,
                            const char *dead)
{
    const struct field fields[] = {
        REPORT_NUMBER("warm", "", FIELD_FLAG, warm),
        REPORT_NUMBER("requests_at_once", "", FIELD_NUMBER, (int64_t)w->n),
        REPORT_NUMBER("rounds", "", FIELD_NUMBER, rounds),
        REPORT_NUMBER("milliseconds", "", FIELD_NUMBER, took_ms),
    };
    if (w->c->options[OPT_JSON] != NULL)
        report_record(w->c, fields, sizeof fields / sizeof fields[0]);
    else if (warm)
        buf_printf(&w->c->out, "warm: %zu requests at once, %u rounds, %.1f s\n", w->n, rounds,
                   (double)took_ms / 1e3);
    if (warm)
        return STATUS_YES;
    w->c->tell_on_no = true;
    if (dead != NULL)
        return ctl_no("%s: every request fails, %s; fhir-authctl doctor %s tells what to mend",
                      dead, w->askers[0].fault, w->site->base);
    return ctl_no("%zu requests at once still wait after %.0f s: is the pool of processes smaller?",
                  w->n, (double)took_ms / 1e3);
}

static enum status rounds(struct warm *w)
{
    static const struct timespec pause = {PAUSE_MS / 1000, 0};
    int64_t begin = clock_ms();
    unsigned number = 0;
    for (unsigned quiet = 0; quiet < QUIET_ROUNDS; number++) {
        struct round r;
        if (number > 0)
            nanosleep(&pause, NULL);
        if (clock_ms() - begin > LIMIT_MS)
            return tell_end(w, number, clock_ms() - begin, false, NULL);
        run_round(w, &r);
        if (r.dead != NULL) /* no process is waited for: more rounds would not help */
            return tell_end(w, number + 1, clock_ms() - begin, false, r.dead);
        tell(w, number + 1, &r);
        quiet = is_quiet(&r) ? quiet + 1 : 0;
    }
    return tell_end(w, number, clock_ms() - begin, true, NULL);
}

/* False when memory is out; what there is then is freed all the same. */
static bool askers_prepare(struct warm *w)
{
    bool all = true;
    for (size_t i = 0; i < MORE * w->n; i++) {
        struct asker *each = &w->askers[i];
        each->warm = w;
        each->session = http_session_new();
        all &= arena_init(&each->arena, ARENA_BYTES) && each->session != NULL;
    }
    return all;
}

static enum status make_holds(struct warm *w)
{
    static const char *const whose[ASKED] = {HOLD_AUTHORIZER, HOLD_TOKEN_ENDPOINT};
    enum status s = ctl_open(w->c);
    enum err e = ERR_OK;
    for (size_t i = 0; i < ASKED && s == STATUS_YES && e == ERR_OK; i++)
        e = hold_make(whose[i], w->c->store, (int64_t)time(NULL), w->holds[i]);
    return e == ERR_OK ? s : ctl_store_no(w->c, e);
}

/* What needs no token; the token endpoint lies on the same host, at the path of its public URL. */
static void set_urls(struct warm *w)
{
    struct buf base = BUF(w->urls[AUTHORIZER]), endpoint = BUF(w->urls[TOKEN_ENDPOINT]);
    buf_printf(&base, "%s/Patient?_count=1", w->site->base);
    buf_printf(&endpoint, "%.*s%.*s/health", SLICE_FMT(w->site->origin),
               SLICE_FMT(url_path(slice_of(w->c->config.url))));
}

enum status doctor_warm(struct ctl *c, const struct doctor_url *url)
{
    struct warm w = {.c = c, .site = url, .gate = PTHREAD_MUTEX_INITIALIZER};
    uint64_t n;
    if (!slice_to_u64(slice_of(c->options[OPT_WARM]), WARM_MAX, &n) || n == 0)
        return ctl_misuse("--warm needs a number of requests from 1 to %d", WARM_MAX);
    w.n = (size_t)n;
    enum status s = make_holds(&w);
    if (s == STATUS_YES) {
        set_urls(&w);
        s = askers_prepare(&w) ? rounds(&w) : ctl_no("out of memory");
    }
    for (size_t i = 0; i < MORE * w.n; i++) {
        http_session_free(w.askers[i].session);
        arena_free(&w.askers[i].arena);
    }
    return s;
}
