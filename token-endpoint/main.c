/*
 * token-endpoint: OAuth 2.0 for backend clients, as a FastCGI responder or a plain CGI program.
 * One request: route -> endpoint -> answer, then one log line.
 */
#include "clock.h"
#include "endpoint.h"
#include "hold.h"
#include "housekeeper.h"
#include "log.h"
#include "reply.h"
#include "request_id.h"
#include "secret_shape.h"
#include "server.h"
#include "url.h"

#include <stdio.h>
#include <time.h>

#define ARENA_BYTES(max_body) ((size_t)(max_body)*4 + 768 * 1024)

struct app {
    struct config conf;
    struct rates *rates;
    struct store_group *group;       /* NULL: plain CGI */
    struct housekeeper *housekeeper; /* NULL: plain CGI */
    struct hold hold;
};

struct worker {
    struct app *app;
    const struct config *conf;
    struct store *store; /* this thread's connection, opened when first needed */
    struct endpoint_cache cache;
    struct request_ids ids;
};

enum route_flags {
    POST_ONLY = 1,
    HTTPS_ONLY = 2,
    STORE_OPTIONAL = 4, /* answers even when the store is out of reach */
    NO_STORE = 8,
};

/* Paths below whatever the web server mounts the program on; GET unless POST_ONLY. */
static const struct route {
    const char *path;
    endpoint_function *endpoint;
    unsigned flags;
} routes[] = {
    {"/token", endpoint_token, POST_ONLY | HTTPS_ONLY},
    {"/introspect", endpoint_introspect, POST_ONLY | HTTPS_ONLY},
    {"/revoke", endpoint_revoke, POST_ONLY | HTTPS_ONLY},
    {"/jwks", endpoint_jwks, 0},
    {"/.well-known/smart-configuration", endpoint_smart_configuration, NO_STORE},
    {"/.well-known/oauth-authorization-server", endpoint_oauth_metadata, NO_STORE},
    {"/health", endpoint_health, STORE_OPTIONAL},
};

static struct worker *worker_new(void *context)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w != NULL) {
        w->app = context;
        w->conf = &w->app->conf;
    }
    return w;
}

static void worker_free(struct worker *w)
{
    endpoint_cache_clear(&w->cache);
    store_close(w->store);
    free(w);
}

/* RFC 8414 section 3.1 puts the issuer's path behind the well-known name. */
static struct slice without_issuer_path(struct slice path, const struct config *conf)
{
    static const char marker[] = "/.well-known/oauth-authorization-server";
    if (slice_starts(path, marker) &&
        slice_eq(slice_skip(path, sizeof marker - 1), url_path(slice_of(conf->issuer))))
        path.n = sizeof marker - 1;
    return path;
}

static const struct route *find_route(const struct request *rq, const struct config *conf)
{
    struct slice rest = rq->uri, path = SLICE_NONE;
    slice_cut(&rest, '?', &path);
    path = without_issuer_path(path, conf);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (slice_ends(path, routes[i].path))
            return &routes[i];
    return NULL;
}

static enum err check_route(const struct route *r, const struct request *rq,
                            const struct config *conf)
{
    if (r == NULL)
        return ERR_NO_ROUTE;
    if (r->flags & POST_ONLY) {
        if (!slice_is(rq->method, "POST"))
            return ERR_POST_ONLY;
    } else if (!slice_is(rq->method, "GET") && !slice_is(rq->method, "HEAD")) {
        return ERR_GET_ONLY;
    }
    if ((r->flags & HTTPS_ONLY) && conf->require_https && !rq->https)
        return ERR_NOT_HTTPS;
    return ERR_OK;
}

/* An open store in w->store, or ERR_STORE, logged. */
static enum err reach_store(struct worker *w)
{
    enum err e = w->store != NULL
                     ? store_refresh(w->store)
                     : store_open(w->conf->store_path, w->conf->store_busy_timeout_ms, &w->store);
    if (e == ERR_OK)
        return ERR_OK;
    LOG(LOG_LEVEL_ERROR, "store-unreachable",
        LOG_TEXT("reason", slice_of(w->store ? store_fault(w->store) : "out of memory")));
    store_close(w->store);
    w->store = NULL;
    endpoint_cache_clear(&w->cache); /* what comes back may be another store */
    return e;
}

static enum err serve(struct worker *w, const struct route *route, struct endpoint *ep,
                      struct response *out)
{
    enum err e = check_route(route, ep->request, w->conf);
    if (e != ERR_OK)
        return e;
    if (!(route->flags & NO_STORE)) {
        e = reach_store(w);
        if (e != ERR_OK && !(route->flags & STORE_OPTIONAL))
            return e;
        ep->store = w->store;
    }
    return route->endpoint(ep, out);
}

/* Whom the client claims to be, unless it has put its secret or a token where its name belongs. */
static struct slice claimed_client(const struct endpoint *ep)
{
    bool known = ep->who.client.id != NULL && slice_is(ep->who.claimed, ep->who.client.id);
    return !known && secret_shaped(ep->who.claimed) ? SLICE("(hidden)") : ep->who.claimed;
}

static void log_refusal(const struct endpoint *ep, const struct route *route, enum err why)
{
    const struct err_row *row = err_row(why);
    enum err precise = ep->who.reason != ERR_OK ? ep->who.reason : why;
    LOG(row->endpoint_status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "refused",
        LOG_TEXT("request_id", ep->request_id),
        LOG_TEXT("endpoint", slice_of(route ? route->path : NULL)),
        LOG_TEXT("reason", slice_of(err_row(precise)->name)),
        LOG_NUMBER("status", row->endpoint_status), LOG_TEXT("client_id", claimed_client(ep)),
        LOG_TEXT("method", ep->who.method ? slice_of(ep->who.method) : SLICE_NONE),
        LOG_TEXT("remote_addr", ep->request->remote_addr),
        LOG_NUMBER("duration_us", endpoint_took_us(ep)));
}

static void handle(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out)
{
    struct endpoint ep = {.conf = w->conf,
                          .request = rq,
                          .cache = &w->cache,
                          .group = w->app->group,
                          .rates = w->app->rates,
                          .arena = a,
                          .now = (int64_t)time(NULL),
                          .start_us = clock_us(),
                          .request_id = request_id(&w->ids, rq->request_id, a)};
    if (hold_is_asked(rq) && rq->role == ROLE_RESPONDER && reach_store(w) == ERR_OK)
        hold_request(&w->app->hold, rq, w->store, ep.now);
    const struct route *route = find_route(rq, w->conf);
    enum err e = rq->role == ROLE_AUTHORIZER ? ERR_NO_ROUTE : serve(w, route, &ep, out);
    if (e != ERR_OK) {
        log_refusal(&ep, route, e);
        reply_error(out, e, route && (route->flags & POST_ONLY) ? "POST" : "GET, HEAD",
                    ep.retry_after_s, a);
    }
    if (ep.dpop_nonce.p != NULL)
        response_header(out, "DPoP-Nonce", ep.dpop_nonce);
    if (slice_is(rq->method, "HEAD"))
        out->body = SLICE_NONE;
    if (w->app->housekeeper != NULL)
        housekeeper_wake(w->app->housekeeper);
}

/* What is left of the time of the web server's child is its own once the answer is out. */
static int run_cgi(const struct app *app, const struct server *server)
{
    int status = server_run_cgi(server);
    if (freopen("/dev/null", "w", stdout) != NULL) /* the web server has it all */
        housekeeper_once(&app->conf, true);
    return status;
}

int main(void)
{
    static struct app app;
    char faults[8192];
    struct buf text = BUF(faults);
    if (config_load(config_path(), &app.conf, &text) != ERR_OK) {
        fputs(faults, stderr);
        return 1;
    }
    if (log_open("token-endpoint", app.conf.log) != ERR_OK)
        return 1;
    struct server server = {.threads = app.conf.threads,
                            .max_body_bytes = app.conf.max_body_bytes,
                            .arena_bytes = ARENA_BYTES(app.conf.max_body_bytes),
                            .context = &app,
                            .worker_new = worker_new,
                            .worker_free = worker_free,
                            .handle = handle};
    app.hold.whose = HOLD_TOKEN_ENDPOINT;
    app.rates = rates_new();
    if (app.rates == NULL)
        return 1;
    if (!server_is_fastcgi())
        return run_cgi(&app, &server);
    app.group = store_group_new(app.conf.store_path, app.conf.store_busy_timeout_ms);
    app.housekeeper = housekeeper_new(&app.conf, true);
    if (app.group == NULL || app.housekeeper == NULL)
        return 1;
    int status = server_run_fastcgi(&server);
    housekeeper_free(app.housekeeper);
    store_group_free(app.group);
    rates_free(app.rates);
    return status;
}
