/*
 * fcgi-authorizer: one request in, one decision out.
 *
 * In the first pass the answer is the decision.  In the second it is only ever a refusal: mod_fcgid
 * and nginx drop most of a refusal, and ask again, through ErrorDocument or error_page, for what
 * belongs to it.
 */
#include "answer.h"
#include "audit.h"
#include "clock.h"
#include "config.h"
#include "hold.h"
#include "housekeeper.h"
#include "log.h"
#include "refusals.h"
#include "request_id.h"
#include "request_proof.h"
#include "server.h"
#include "verifier.h"

#include <stdio.h>
#include <time.h>

#define ARENA_BYTES (256 * 1024) /* a token of 16 KiB, decoded, copied and answered */

struct app {
    struct config conf;
    struct verifier *verifier;
    struct rates *rates; /* of refusals */
    struct housekeeper *housekeeper;
    struct audit *audit;
    struct hold hold;
};

/* Everything that a decision rests on, gathered before it is taken. */
struct facts {
    struct fhir_request asked;
    enum err asked_error;
    enum err presented;
    enum err checked;
    struct token token;
    struct request_proof proof;
    int64_t now;
};

struct worker {
    struct app *app;
    struct store *store; /* this thread's connection, opened when first needed */
    struct request_ids ids;
    struct facts facts; /* of the request that is answered */
};

static struct worker *worker_new(void *context)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w != NULL)
        w->app = context;
    return w;
}

static void worker_free(struct worker *w)
{
    store_close(w->store);
    free(w);
}

static struct decision decide(struct worker *w, const struct request *rq, struct arena *a)
{
    struct slice text = SLICE_NONE;
    struct facts *f = &w->facts;
    *f = (struct facts){.now = (int64_t)time(NULL)};
    f->asked_error = fhir_request_parse(rq, &w->app->conf, &f->asked);
    f->presented = rq->duplicate ? ERR_AUTH_HEADER
                                 : http_token(rq->authorization, &f->proof.held.scheme, &text);
    f->checked = ERR_NO_TOKEN;
    if (authorize_needs_token(&f->asked, f->asked_error, f->presented))
        f->checked = verifier_check(w->app->verifier, &w->store, text, f->now, a, &f->token);
    if (f->checked == ERR_OK && f->token.dpop_jkt.n > 0)
        f->checked = verifier_store(w->app->verifier, &w->store);
    if (f->checked == ERR_OK && f->token.dpop_jkt.n > 0)
        request_proof_check(&w->app->conf, w->store, rq, &f->asked, text, f->now, a, &f->proof);
    if (f->checked == ERR_OK && f->token.tls_x5t.n > 0)
        request_certificate_check(&w->app->conf, rq, a, &f->proof.held);
    struct decision d =
        authorize(&f->asked, f->asked_error, f->presented, f->checked == ERR_OK ? &f->token : NULL,
                  f->checked, &f->proof.held, f->now);
    d.retry_after_s = f->token.retry_after_s;
    return d;
}

/* Of what is allowed but for its proof, which must not have been used before. */
static bool rests_on_proof(const struct facts *f, const struct decision *d)
{
    return d->allow && f->checked == ERR_OK && f->token.dpop_jkt.n > 0;
}

static void deny_for(enum err why, struct decision *d)
{
    if (why != ERR_OK)
        *d = (struct decision){.why = why};
}

/*
 * Too many refusals become a 429.  count: false when this one was counted before.  Where the store
 * fails the refusal stays what it is.
 */
static void throttle(struct worker *w, const struct request *rq, const struct facts *f, bool count,
                     struct arena *a, struct decision *d)
{
    const struct token *token = f->checked == ERR_OK ? &f->token : NULL;
    int64_t now = (int64_t)time(NULL);
    struct refusal r;
    if (!refusal_of(&w->app->conf, rq, f->presented, token, d->why, a, &r) ||
        verifier_store(w->app->verifier, &w->store) != ERR_OK)
        return;
    int64_t retry_after_s = 0;
    enum err e = count ? rate_count(w->app->rates, w->store, &r.limit, r.name, now, &retry_after_s)
                       : rate_look(w->store, &r.limit, r.name, now, &retry_after_s);
    if (e == ERR_THROTTLED)
        *d = (struct decision){.why = e, .retry_after_s = retry_after_s};
}

static void handle_authorizer(struct worker *w, const struct request *rq, struct arena *a,
                              struct response *out)
{
    int64_t start_us = clock_us();
    struct facts *f = &w->facts;
    struct decision d = decide(w, rq, a);
    if (rests_on_proof(f, &d))
        deny_for(dpop_site_spend(w->store, &f->proof.proof, f->now), &d);
    struct answer_to to = {.request = rq,
                           .asked = &f->asked,
                           .conf = &w->app->conf,
                           .request_id = request_id(&w->ids, rq->request_id, a),
                           .scheme = f->proof.held.scheme,
                           .dpop_nonce = f->proof.nonce};
    if (!d.allow)
        throttle(w, rq, f, true, a, &d);
    if (d.allow)
        answer_grant(f->asked.open ? NULL : &f->token, &d, a, out);
    else
        answer_deny(&to, &d, a, out);
    struct audit_decision told = {.request = rq,
                                  .request_id = to.request_id,
                                  .asked = &f->asked,
                                  .asked_error = f->asked_error,
                                  .token = f->checked == ERR_OK ? &f->token : NULL,
                                  .decision = &d,
                                  .gateway = slice_of(w->app->conf.issuer),
                                  .at_ms = clock_today_ms(),
                                  .took_us = clock_us() - start_us};
    audit_tell(w->app->audit, &told, a);
}

/*
 * The second pass.  Decided afresh from the original request; were it allowed now, the first pass
 * had another reason, and the client may try again.  A proof that the first pass found used must
 * not be spent here, only looked for.  Never 200 here.
 */
static void handle_deny(struct worker *w, const struct request *rq, struct arena *a,
                        struct response *out)
{
    struct request original = *rq;
    const struct facts *f = &w->facts;
    if (rq->pass == PASS_DENY_BODY && rq->redirect_method.p != NULL)
        original.method = rq->redirect_method;
    struct decision d = decide(w, &original, a);
    if (rests_on_proof(f, &d))
        deny_for(dpop_site_spent(w->store, &f->proof.proof, f->now), &d);
    if (d.allow)
        deny_for(ERR_DENY_DISAGREES, &d);
    throttle(w, &original, f, false, a, &d);
    struct answer_to to = {.request = &original,
                           .asked = &f->asked,
                           .conf = &w->app->conf,
                           .request_id = request_id(&w->ids, rq->request_id, a),
                           .scheme = f->proof.held.scheme,
                           .dpop_nonce = f->proof.nonce};
    answer_deny(&to, &d, a, out);
}

static void answer_pass(struct worker *w, const struct request *rq, struct arena *a,
                        struct response *out)
{
    if (hold_is_asked(rq) && rq->role == ROLE_AUTHORIZER &&
        verifier_store(w->app->verifier, &w->store) == ERR_OK)
        hold_request(&w->app->hold, rq, w->store, (int64_t)time(NULL));
    switch (rq->pass) {
    case PASS_DECIDE:
    case PASS_DECIDE_AUTHNZ:
    case PASS_AUTH_REQUEST:
        handle_authorizer(w, rq, a, out);
        return;
    case PASS_DENY:
    case PASS_DENY_BODY:
        handle_deny(w, rq, a, out);
        return;
    case PASS_NONE:
        break;
    }
    out->status = 404; /* called by a client: there is nothing to see */
    response_header(out, "Cache-Control", SLICE("no-store"));
}

static void handle(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out)
{
    answer_pass(w, rq, a, out);
    housekeeper_wake(w->app->housekeeper);
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
    if (log_open("fcgi-authorizer", app.conf.log) != ERR_OK)
        return 1;
    if (!server_is_fastcgi()) {
        fputs("fcgi-authorizer: to be started by a web server or spawn-fcgi; see "
              "fcgi-authorizer(8)\n",
              stderr);
        return 2;
    }
    app.hold.whose = HOLD_AUTHORIZER;
    app.audit = audit_new(&app.conf);
    app.verifier = verifier_new(&app.conf);
    app.rates = rates_new();
    app.housekeeper = housekeeper_new(&app.conf, false);
    if (app.verifier == NULL || app.audit == NULL || app.rates == NULL || app.housekeeper == NULL)
        return 1;
    struct server server = {.threads = app.conf.threads,
                            .arena_bytes = ARENA_BYTES,
                            .context = &app,
                            .worker_new = worker_new,
                            .worker_free = worker_free,
                            .handle = handle};
    int status = server_run_fastcgi(&server);
    housekeeper_free(app.housekeeper);
    rates_free(app.rates);
    verifier_free(app.verifier);
    audit_free(app.audit);
    return status;
}
