#include "audit.h"

#include "append_file.h"
#include "clock.h"
#include "log.h"
#include "secret_shape.h"
#include "spool_sender.h"

#include <stdatomic.h>
#include <stdio.h>

#define LOST_EVERY_US 60000000 /* how often losses are logged */

struct audit {
    const struct config *conf;
    atomic_ulong grants;
    struct append_file file; /* of events; not open when they go elsewhere */
    bool sends;              /* events go to a server */
    struct spool *spool;     /* owned; NULL when they go elsewhere, or it cannot be opened */
    struct spool_sender *sender;
    char url[CONFIG_MAX_TEXT + 16];
    atomic_ulong lost; /* events, since it was last logged */
    atomic_llong lost_at;
};

/* Without its spool events are lost, and logged as lost, but requests go on. */
static void start_sending(struct audit *a)
{
    a->sends = true;
    snprintf(a->url, sizeof a->url, "%s/AuditEvent", a->conf->audit_events);
    a->spool = spool_open(a->conf->audit_spool, a->conf->audit_spool_max_bytes);
    if (a->spool == NULL)
        LOG(LOG_LEVEL_ERROR, "audit-failed", LOG_TEXT("spool", slice_of(a->conf->audit_spool)));
    else
        a->sender = spool_sender_start(a->spool, a->url, a->conf->ca_file);
}

static bool open_events(struct audit *a)
{
    const char *where = a->conf->audit_events;
    if (where[0] == '/' && append_file_open(&a->file, where) != ERR_OK) {
        LOG(LOG_LEVEL_ERROR, "audit-failed", LOG_TEXT("events", slice_of(where)));
        return false;
    }
    if (where[0] != '\0' && where[0] != '/')
        start_sending(a);
    return true;
}

struct audit *audit_new(const struct config *conf)
{
    struct audit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->conf = conf;
    a->file.fd = -1;
    if (open_events(a))
        return a;
    audit_free(a);
    return NULL;
}

void audit_free(struct audit *a)
{
    if (a == NULL)
        return;
    if (a->spool != NULL)
        spool_settle(a->spool, true);
    spool_sender_stop(a->sender);
    spool_close(a->spool);
    append_file_close(&a->file);
    free(a);
}

/* Of so many granted requests one is logged; each process counts its own. */
static bool is_logged(struct audit *a, const struct decision *d)
{
    unsigned long every = a->conf->grants;
    return !d->allow || (every > 0 && atomic_fetch_add(&a->grants, 1) % every == 0);
}

/* Never the query: it may hold a token or a patient's name.  Nor what is no FHIR path and may be a
 * token that somebody put there. */
static struct slice path_of(const struct audit_decision *d)
{
    struct slice path = d->request->uri, rest = path;
    slice_cut(&rest, '?', &path);
    return d->asked->path.shape == SHAPE_OTHER && secret_shaped(path) ? SLICE("(hidden)") : path;
}

static struct slice text_or_none(const char *text)
{
    return text[0] != '\0' ? slice_of(text) : SLICE_NONE;
}

static void log_decision(const struct audit_decision *d)
{
    static const struct token nobody;
    const struct token *t = d->token != NULL ? d->token : &nobody;
    const struct err_row *why = err_row(d->decision->why);
    bool allow = d->decision->allow;
    LOG(!allow && why->bearer_status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
        allow ? "granted" : "refused", LOG_TEXT("request_id", d->request_id),
        LOG_TEXT("reason", allow ? SLICE_NONE : slice_of(why->name)),
        LOG_NUMBER("status", allow ? 200 : why->bearer_status),
        LOG_TEXT("method", d->request->method), LOG_TEXT("path", path_of(d)),
        LOG_TEXT("interaction", slice_of(interaction_name(d->asked->interaction))),
        LOG_TEXT("client_id", t->client_id), LOG_TEXT("subject", t->subject),
        LOG_TEXT("jti", t->jti), LOG_TEXT("issuer", t->issuer),
        LOG_TEXT("needed_scope", text_or_none(d->decision->scope)),
        LOG_TEXT("limits", text_or_none(d->decision->limits)),
        LOG_TEXT("remote_addr", d->request->remote_addr), LOG_NUMBER("duration_us", d->took_us));
}

/* That an event is lost is told at once, and then once a minute, with the number. */
static void lose(struct audit *a, const char *why)
{
    long long now = clock_us(), before = atomic_load(&a->lost_at);
    atomic_fetch_add(&a->lost, 1);
    if ((before == 0 || now - before >= LOST_EVERY_US) &&
        atomic_compare_exchange_strong(&a->lost_at, &before, now))
        LOG(LOG_LEVEL_ERROR, "audit-events-lost", LOG_TEXT("reason", slice_of(why)),
            LOG_NUMBER("count", atomic_exchange(&a->lost, 0)));
}

static void keep_event(struct audit *a, const struct buf *event)
{
    if (event->overflowed) {
        lose(a, "it is too long");
    } else if (!a->sends) {
        if (!append_file_write(&a->file, buf_slice(event)))
            lose(a, "the file cannot be written");
    } else if (a->spool == NULL) {
        lose(a, "the spool cannot be opened");
    } else {
        enum err e = spool_add(a->spool, buf_slice(event));
        if (e != ERR_OK)
            lose(a, e == ERR_TOO_LARGE ? "the spool is full" : "the spool cannot be written");
    }
}

void audit_tell(struct audit *a, const struct audit_decision *d, struct arena *arena)
{
    struct arena before = *arena;
    if (is_logged(a, d->decision))
        log_decision(d);
    if (!a->sends && a->file.fd < 0)
        return;
    struct buf event = buf_in(arena, audit_event_room(d));
    audit_event_write(d, &event);
    keep_event(a, &event);
    if (event.p != NULL)
        OPENSSL_cleanse(event.p, event.n);
    *arena = before; /* the answer needs the room */
}
