#include "spool_sender.h"

#include "clock.h"
#include "http_client.h"
#include "log.h"

#include <signal.h>
#include <stdlib.h>

#define FHIR_JSON    "application/fhir+json"
#define LOOK_MS      500 /* how often the spool is looked at */
#define FIRST_WAIT_S 1
#define LAST_WAIT_S  60

struct spool_sender {
    struct spool *spool;
    const char *url, *ca_file;
    struct http_session *session; /* owned; made when it is first needed */
    pthread_t thread;
    pthread_mutex_t mutex; /* over stopping */
    pthread_cond_t wake;
    bool stopping;
};

/* True when it is time to end. */
static bool rest(struct spool_sender *s, int64_t ms)
{
    int64_t until = clock_ms() + ms;
    pthread_mutex_lock(&s->mutex);
    while (!s->stopping && clock_ms() < until)
        clock_wait(&s->wake, &s->mutex, until);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->mutex);
    return stopping;
}

/* The event itself is at fault: it would be refused for ever. */
static bool is_poison(int status)
{
    static const int statuses[] = {400, 409, 412, 413, 422};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (status == statuses[i])
            return true;
    return false;
}

static enum spool_fate log_failure(const struct spool_sender *s, const struct http_answer *got,
                                   struct slice line)
{
    bool poison = is_poison(got->status);
    LOG(LOG_LEVEL_ERROR, poison ? "audit-event-rejected" : "audit-event-not-sent",
        LOG_TEXT("url", slice_of(s->url)), LOG_TEXT("reason", slice_of(got->fault)),
        LOG_NUMBER("bytes", line.n));
    return poison ? SPOOL_DONE : SPOOL_LATER;
}

static enum spool_fate send_line(void *context, struct slice line)
{
    struct spool_sender *s = context;
    struct http_answer got = {.fault = "memory is out"};
    const struct http_get what = {.url = s->url,
                                  .accept = FHIR_JSON,
                                  .ca_file = s->ca_file,
                                  .timeout_ms = SPOOL_SENDER_TIMEOUT_MS,
                                  .http_loopback = true};
    const struct http_post post = {.body = line, .content_type = FHIR_JSON, .any_success = true};
    if (rest(s, 0))
        return SPOOL_LATER;
    if (s->session == NULL)
        s->session = http_session_new();
    if (s->session != NULL && http_post(s->session, &what, &post, NULL, &got) == ERR_OK)
        return SPOOL_DONE;
    return log_failure(s, &got, line);
}

/* The one that sends stays the one while it waits: so the others neither try nor log. */
static void *run(void *argument)
{
    struct spool_sender *s = argument;
    int64_t wait_s = 0;
    while (!rest(s, wait_s > 0 ? wait_s * 1000 : LOOK_MS)) {
        spool_settle(s->spool, false);
        if (!spool_lead(s->spool))
            continue;
        if (spool_drain(s->spool, send_line, s)) {
            wait_s = 0;
            spool_follow(s->spool);
        } else if (wait_s < LAST_WAIT_S) {
            wait_s = wait_s == 0 ? FIRST_WAIT_S : 2 * wait_s;
            wait_s = wait_s < LAST_WAIT_S ? wait_s : LAST_WAIT_S;
        }
    }
    return NULL;
}

static bool start_thread(struct spool_sender *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&s->thread, NULL, run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct spool_sender *spool_sender_start(struct spool *spool, const char *url, const char *ca_file)
{
    struct spool_sender *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->spool = spool;
    s->url = url;
    s->ca_file = ca_file;
    pthread_mutex_init(&s->mutex, NULL);
    clock_cond_init(&s->wake);
    if (start_thread(s))
        return s;
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->mutex);
    free(s);
    return NULL;
}

void spool_sender_stop(struct spool_sender *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    http_session_free(s->session);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
