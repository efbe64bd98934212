#include "introspection_endpoint.h"

#include "clock.h"
#include "form.h"
#include "gate.h"
#include "http_client.h"
#include "introspection_login.h"
#include "issuer_metadata.h"

#define METADATA_MIN_S   60 /* metadata are kept so long at least */
#define METADATA_RETRY_S 30 /* old ones serve so long before they are fetched again */

/* Where the metadata say that it is. */
struct place {
    char url[CONFIG_MAX_TEXT];
    char token_endpoint[CONFIG_MAX_TEXT]; /* "" when they do not say */
    int64_t fetched_at;                   /* 0: never */
    int64_t retry_at;                     /* nobody fetches before; 0: none failed */
};

struct introspection_endpoint {
    const struct config *conf;
    const struct config_issuer *issuer;
    struct introspection_login *login;
    char document[CONFIG_MAX_TEXT + 16]; /* name of the metadata in the store */
    pthread_mutex_t lock;                /* of all below */
    struct place place;
    size_t idle_count;
    struct http_session *idle[GATE_MAX_PLACES]; /* owned */
};

struct introspection_endpoint *introspection_endpoint_new(const struct config *conf,
                                                          const struct config_issuer *issuer)
{
    struct introspection_endpoint *ep = calloc(1, sizeof *ep);
    if (ep == NULL)
        return NULL;
    ep->conf = conf;
    ep->issuer = issuer;
    pthread_mutex_init(&ep->lock, NULL);
    struct buf name = BUF(ep->document);
    buf_printf(&name, "metadata:%s", issuer->issuer);
    ep->login = introspection_login_new(issuer);
    if (ep->login != NULL)
        return ep;
    introspection_endpoint_free(ep);
    return NULL;
}

void introspection_endpoint_free(struct introspection_endpoint *ep)
{
    if (ep == NULL)
        return;
    for (size_t i = 0; i < ep->idle_count; i++)
        http_session_free(ep->idle[i]);
    introspection_login_free(ep->login);
    pthread_mutex_destroy(&ep->lock);
    free(ep);
}

/* ---- connections ---- */

static struct http_session *take_session(struct introspection_endpoint *ep)
{
    struct http_session *s = NULL;
    pthread_mutex_lock(&ep->lock);
    if (ep->idle_count > 0)
        s = ep->idle[--ep->idle_count];
    pthread_mutex_unlock(&ep->lock);
    return s != NULL ? s : http_session_new();
}

static void give_session(struct introspection_endpoint *ep, struct http_session *s)
{
    pthread_mutex_lock(&ep->lock);
    if (ep->idle_count < GATE_MAX_PLACES) {
        ep->idle[ep->idle_count++] = s;
        s = NULL;
    }
    pthread_mutex_unlock(&ep->lock);
    http_session_free(s);
}

/* ---- where it is ---- */

static unsigned left_ms(int64_t until)
{
    int64_t left = until - clock_ms();
    return left > 1 ? (unsigned)left : 1;
}

static int64_t lifetime_s(const struct config *conf)
{
    return conf->jwks_cache_s > METADATA_MIN_S ? conf->jwks_cache_s : METADATA_MIN_S;
}

static enum err take_place(const struct issuer_metadata *from, int64_t fetched_at,
                           struct place *out)
{
    struct buf url = BUF(out->url), token_endpoint = BUF(out->token_endpoint);
    buf_puts(&url, from->url);
    buf_puts(&token_endpoint, from->token_endpoint != NULL ? from->token_endpoint : "");
    out->fetched_at = fetched_at;
    out->retry_at = 0;
    return url.overflowed || token_endpoint.overflowed ? ERR_INTROSPECTION : ERR_OK;
}

/* Whether what was fetched then will do for `most` seconds.  Of the future: the clock was wrong. */
static bool is_recent(int64_t fetched_at, int64_t now, int64_t most)
{
    return fetched_at != 0 && fetched_at <= now + STORE_FETCH_AHEAD_S && now < fetched_at + most;
}

/* What another process has fetched; out->fetched_at stays as it is when there is nothing. */
static enum err load_place(const struct introspection_endpoint *ep, struct store *st,
                           struct arena *a, struct place *out)
{
    struct issuer_metadata metadata;
    struct slice body;
    int64_t fetched_at, keep_until;
    char ignored[256];
    struct buf fault = BUF(ignored);
    enum err e = store_document_get(st, slice_of(ep->document), a, &body, &fetched_at, &keep_until);
    if (e == ERR_OK && issuer_metadata_read(ep->issuer, body, "introspection_endpoint", a,
                                            &metadata, &fault) == ERR_OK)
        return take_place(&metadata, fetched_at, out);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Two tries, which leave half of the time to the question itself. */
static enum err fetch_place(const struct introspection_endpoint *ep, struct store *st, int64_t now,
                            int64_t until, struct arena *a, struct place *out, struct buf *fault)
{
    struct issuer_metadata metadata;
    enum err e = issuer_metadata_fetch(ep->conf, ep->issuer, "introspection_endpoint",
                                       left_ms(until) / 4, a, &metadata, fault);
    if (e == ERR_OK)
        e = take_place(&metadata, now, out);
    if (e != ERR_OK)
        return e == ERR_MEMORY ? e : ERR_INTROSPECTION;
    return store_document_put(st, slice_of(ep->document), metadata.body, now,
                              now + lifetime_s(ep->conf) +
                                  (int64_t)ep->conf->jwks_stale_if_error_s);
}

/* Fetching failed a moment ago, and it will do as it is. */
static bool may_serve(const struct place *p, int64_t now, int64_t most)
{
    return now < p->retry_at && p->retry_at <= now + METADATA_RETRY_S &&
           is_recent(p->fetched_at, now, most);
}

/* By discovery: as this process knows it, as the store does, or as the issuer says now. */
static enum err discover(struct introspection_endpoint *ep, struct store *st, int64_t now,
                         int64_t until, struct arena *a, struct place *out, struct buf *fault)
{
    int64_t fresh_s = lifetime_s(ep->conf), stale_s = ep->conf->jwks_stale_if_error_s;
    pthread_mutex_lock(&ep->lock);
    *out = ep->place;
    pthread_mutex_unlock(&ep->lock);
    if (is_recent(out->fetched_at, now, fresh_s) || may_serve(out, now, fresh_s + stale_s))
        return ERR_OK;
    enum err e = load_place(ep, st, a, out);
    if (e == ERR_OK && !is_recent(out->fetched_at, now, fresh_s)) {
        struct place old = *out;
        e = fetch_place(ep, st, now, until, a, out, fault);
        if (e == ERR_INTROSPECTION && is_recent(old.fetched_at, now, fresh_s + stale_s)) {
            *out = old;
            out->retry_at = now + METADATA_RETRY_S;
            e = ERR_OK;
        }
    }
    if (e != ERR_OK)
        return e;
    pthread_mutex_lock(&ep->lock);
    ep->place = *out;
    pthread_mutex_unlock(&ep->lock);
    return ERR_OK;
}

static enum err find(struct introspection_endpoint *ep, struct store *st, int64_t now,
                     int64_t until, struct arena *a, struct place *out, struct buf *fault)
{
    if (slice_is(slice_of(ep->issuer->introspection), "discovery"))
        return discover(ep, st, now, until, a, out, fault);
    memcpy(out->url, ep->issuer->introspection, sizeof out->url);
    out->token_endpoint[0] = '\0';
    return ERR_OK;
}

/* ---- one question ---- */

size_t introspection_endpoint_arena(const struct config *conf, struct slice token)
{
    /* Metadata twice and once more from the store, the escaped token, the answer, and a login. */
    return 3 * (size_t)conf->jwks_max_bytes + 3 * token.n + INTROSPECTION_MAX_ANSWER + 131072;
}

static enum err make_form(struct introspection_endpoint *ep, const struct place *place,
                          struct slice token, int64_t now, struct arena *a, struct http_post *post,
                          struct buf *fault)
{
    struct buf form = buf_in(a, 3 * token.n + 16384);
    buf_puts(&form, "token=");
    form_escape(token, &form);
    buf_puts(&form, "&token_type_hint=access_token");
    const char *audience =
        place->token_endpoint[0] != '\0' ? place->token_endpoint : ep->issuer->issuer;
    enum err e =
        introspection_login_put(ep->login, audience, now, a, &form, &post->authorization, fault);
    if (e == ERR_OK && form.overflowed)
        e = ERR_MEMORY;
    post->body = buf_slice(&form);
    return e;
}

/* *status: of the answer; 0: none came. */
static enum err ask_once(struct introspection_endpoint *ep, const struct place *place,
                         struct slice token, int64_t now, int64_t until, struct arena *a,
                         struct http_answer *got, struct buf *fault)
{
    bool discovered = slice_is(slice_of(ep->issuer->introspection), "discovery");
    struct http_post post = {.content_type = "application/x-www-form-urlencoded"};
    enum err e = make_form(ep, place, token, now, a, &post, fault);
    if (e != ERR_OK)
        return e;
    struct http_get what = {
        .url = place->url,
        .accept = "application/json",
        .ca_file = ep->conf->ca_file,
        .timeout_ms = left_ms(until),
        .max_bytes = INTROSPECTION_MAX_ANSWER,
        .http_loopback = ep->conf->jwks_http_loopback,
        .public_only = discovered && !issuer_may_name(ep->conf, ep->issuer, slice_of(place->url))};
    struct http_session *session = take_session(ep);
    if (session == NULL)
        return ERR_MEMORY;
    e = http_post(session, &what, &post, a, got);
    give_session(ep, session);
    if (e != ERR_OK)
        buf_printf(fault, "%.300s: %s", place->url, got->fault);
    return e == ERR_HTTP ? ERR_INTROSPECTION : e;
}

enum err introspection_endpoint_ask(struct introspection_endpoint *ep, struct store *st,
                                    struct slice token, int64_t now, struct arena *a,
                                    struct slice *answer, int *status, struct buf *fault)
{
    int64_t until = clock_ms() + ep->issuer->introspection_timeout_ms;
    struct place place;
    struct http_answer got = {.status = 0};
    *status = 0;
    enum err e = find(ep, st, now, until, a, &place, fault);
    if (e != ERR_OK)
        return e;
    e = ask_once(ep, &place, token, now, until, a, &got, fault);
    if (got.status == 401 && introspection_login_renew(ep->login)) {
        *fault = buf_over(fault->p, fault->cap);
        e = ask_once(ep, &place, token, now, until, a, &got, fault);
    }
    if (got.status == 401)
        buf_printf(fault,
                   ": it refuses this gateway; check introspection_client_id and "
                   "introspection_%s_file of [issuer \"%s\"]",
                   ep->issuer->introspection_key_file[0] != '\0' ? "key" : "secret",
                   ep->issuer->name);
    *answer = got.body;
    *status = got.status;
    return e;
}
