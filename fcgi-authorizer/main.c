/*
 * fcgi-authorizer: one request in, one decision out.
 *
 * In the authorizer role the answer is the decision.  In the responder role it is only ever a
 * refusal: Apache's mod_fcgid turns every refusal of an authorizer into a bare 401, and asks again
 * through ErrorDocument for what belongs to it.
 */
#include "answer.h"
#include "config.h"
#include "log.h"
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
};

struct worker {
    struct app *app;
    struct store *store; /* this thread's connection, opened when first needed */
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

static struct decision decide(struct worker *w, const struct request *rq, struct arena *a,
                              struct facts *f)
{
    struct slice text = SLICE_NONE;
    f->now = (int64_t)time(NULL);
    f->proof = (struct request_proof){0};
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
    return authorize(&f->asked, f->asked_error, f->presented,
                     f->checked == ERR_OK ? &f->token : NULL, f->checked, &f->proof.held, f->now);
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

static void log_refusal(const struct request *rq, const struct facts *f, const struct decision *d,
                        struct slice id)
{
    const struct err_row *row = err_row(d->why);
    bool known = f->checked == ERR_OK;
    struct slice path = rq->uri; /* never the query: it may hold a token or a patient's name */
    struct slice rest = rq->uri;
    slice_cut(&rest, '?', &path);
    LOG(row->bearer_status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "refused",
        LOG_TEXT("request_id", id), LOG_TEXT("reason", slice_of(row->name)),
        LOG_NUMBER("status", row->bearer_status), LOG_TEXT("method", rq->method),
        LOG_TEXT("path", path),
        LOG_TEXT("interaction", slice_of(interaction_name(f->asked.interaction))),
        LOG_TEXT("client_id", known ? f->token.client_id : SLICE_NONE),
        LOG_TEXT("jti", known ? f->token.jti : SLICE_NONE),
        LOG_TEXT("needed_scope", d->scope[0] ? slice_of(d->scope) : SLICE_NONE),
        LOG_TEXT("remote_addr", rq->remote_addr));
}

static void handle_authorizer(struct worker *w, const struct request *rq, struct arena *a,
                              struct response *out)
{
    struct facts f;
    struct decision d = decide(w, rq, a, &f);
    if (rests_on_proof(&f, &d))
        deny_for(dpop_site_spend(w->store, &f.proof.proof, f.now), &d);
    if (d.allow) {
        answer_grant(f.asked.open ? NULL : &f.token, &d, a, out);
        return;
    }
    struct answer_to to = {.request = rq,
                           .asked = &f.asked,
                           .conf = &w->app->conf,
                           .request_id = request_id(rq->request_id, a),
                           .scheme = f.proof.held.scheme,
                           .dpop_nonce = f.proof.nonce};
    log_refusal(rq, &f, &d, to.request_id);
    answer_deny(&to, &d, a, out);
}

/*
 * Asked again by ErrorDocument.  Decided afresh from the original request; were it allowed now, the
 * first pass had another reason, and the client may try again.  A proof that the first pass found
 * used must not be spent here, only looked for.  Never 200 here.
 */
static void handle_deny(struct worker *w, const struct request *rq, struct arena *a,
                        struct response *out)
{
    struct request original = *rq;
    struct facts f;
    if (rq->redirect_status.p == NULL) { /* called by a client: there is nothing to see */
        out->status = 404;
        response_header(out, "Cache-Control", SLICE("no-store"));
        return;
    }
    if (rq->redirect_method.p != NULL)
        original.method = rq->redirect_method;
    struct decision d = decide(w, &original, a, &f);
    if (rests_on_proof(&f, &d))
        deny_for(dpop_site_spent(w->store, &f.proof.proof, f.now), &d);
    if (d.allow)
        deny_for(ERR_DENY_DISAGREES, &d);
    struct answer_to to = {.request = &original,
                           .asked = &f.asked,
                           .conf = &w->app->conf,
                           .request_id = request_id(rq->request_id, a),
                           .scheme = f.proof.held.scheme,
                           .dpop_nonce = f.proof.nonce,
                           .body_only = true};
    answer_deny(&to, &d, a, out);
}

static void handle(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out)
{
    if (rq->role == ROLE_AUTHORIZER)
        handle_authorizer(w, rq, a, out);
    else
        handle_deny(w, rq, a, out);
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
    app.verifier = verifier_new(&app.conf);
    if (app.verifier == NULL)
        return 1;
    struct server server = {.threads = app.conf.threads,
                            .arena_bytes = ARENA_BYTES,
                            .context = &app,
                            .worker_new = worker_new,
                            .worker_free = worker_free,
                            .handle = handle};
    int status = server_run_fastcgi(&server);
    verifier_free(app.verifier);
    return status;
}
