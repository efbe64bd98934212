#include "introspection.h"

#include "clock.h"
#include "flights.h"
#include "introspection_answer.h"
#include "introspection_endpoint.h"
#include "log.h"

struct introspection {
    const struct config *conf;
    const struct config_issuer *issuer;
    struct gate *gate; /* not owned */
    struct introspection_endpoint *endpoint;
    struct flights *flights;
    struct secret salt;                 /* makes digests of tokens this issuer's */
    char breaker[CONFIG_MAX_TEXT + 32]; /* its name in the store */
};

struct introspection *introspection_new(const struct config *conf,
                                        const struct config_issuer *issuer, struct gate *gate)
{
    struct introspection *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->conf = conf;
    in->issuer = issuer;
    in->gate = gate;
    struct buf name = BUF(in->breaker);
    buf_printf(&name, "introspection:%s", issuer->issuer);
    in->endpoint = introspection_endpoint_new(conf, issuer);
    in->flights = flights_new();
    if (in->endpoint != NULL && in->flights != NULL &&
        secret_digest(SLICE(""), slice_of(issuer->issuer), &in->salt))
        return in;
    introspection_free(in);
    return NULL;
}

void introspection_free(struct introspection *in)
{
    if (in == NULL)
        return;
    introspection_endpoint_free(in->endpoint);
    flights_free(in->flights);
    free(in);
}

/* One request's question. */
struct question {
    struct introspection *in;
    struct store *st;
    struct slice token;
    struct secret digest; /* of issuer and token */
    int64_t now;
    struct arena *a;
};

static int64_t cache_s(const struct question *q)
{
    return q->in->issuer->introspection_cache_s;
}

static int64_t refused_s(const struct question *q)
{
    return cache_s(q) < INTROSPECTION_REFUSED_S ? cache_s(q) : INTROSPECTION_REFUSED_S;
}

/* An active token's facts.  kept_until: of an answer from the store; INT64_MAX for a new one. */
static enum err judge(const struct question *q, struct slice answer, int64_t kept_until,
                      struct token *out)
{
    struct jwt_claims c;
    enum err e = introspection_answer_take(q->in->issuer, answer, q->now, q->a, &c, out);
    if (e != ERR_OK)
        return e;
    if (out->verify_at > kept_until)
        out->verify_at = kept_until;
    out->introspected = true;
    /* Of this site's own tokens the store may know more, and then knows it at once. */
    if (slice_is(out->issuer, q->in->conf->issuer))
        return store_token_check_known(q->st, out->client_id, out->jti, c.iat);
    return out->jti.n > 0 ? store_jti_check(q->st, out->jti) : ERR_OK;
}

/* ---- what is known already ---- */

/* A row that lives longer than it may was written with another clock or configuration. */
static bool still_counts(const struct question *q, const struct introspected *row)
{
    int64_t timeout_s = q->in->issuer->introspection_timeout_ms / 1000 + 1;
    const int64_t most[] = {[INTROSPECTED_ACTIVE] = cache_s(q),
                            [INTROSPECTED_INACTIVE] = refused_s(q),
                            [INTROSPECTED_FAILED] = timeout_s + INTROSPECTION_FAILED_S};
    return row->expires_at <= q->now + most[row->state];
}

/* ERR_NOT_FOUND: somebody has to ask. */
static enum err look_up(const struct question *q, struct token *out)
{
    struct introspected row;
    enum err e = store_introspection_get(q->st, &q->digest, q->now, q->a, &row);
    if (e != ERR_OK)
        return e;
    if (!still_counts(q, &row))
        return ERR_NOT_FOUND;
    if (row.state == INTROSPECTED_ACTIVE)
        return judge(q, row.answer, row.expires_at, out);
    if (row.state == INTROSPECTED_INACTIVE)
        return ERR_TOKEN_INACTIVE;
    out->retry_after_s = row.expires_at - q->now;
    return ERR_INTROSPECTION;
}

/* For all processes.  That it cannot be kept is no reason to refuse: it is asked for again. */
static void keep(const struct question *q, enum introspected_state state, struct slice answer,
                 int64_t expires_at)
{
    struct introspected row = {.state = state, .answer = answer, .expires_at = expires_at};
    if (expires_at <= q->now)
        return;
    if (store_introspection_put(q->st, &q->digest, &row, q->now) != ERR_OK)
        LOG(LOG_LEVEL_WARNING, "introspection-not-kept",
            LOG_TEXT("reason", slice_of(store_fault(q->st))));
}

/* ---- asking ---- */

/* ERR_OK: go on; *failures in a row before, and whether this is the one probe. */
static enum err may_ask(const struct question *q, int64_t *failures, bool *probe,
                        int64_t *retry_after_s)
{
    struct store_breaker b;
    struct slice name = slice_of(q->in->breaker);
    int64_t turn_s = q->in->issuer->introspection_timeout_ms / 1000 + 2;
    enum err e = store_breaker_get(q->st, name, q->now, &b);
    if (e != ERR_OK)
        return e;
    *failures = b.failures;
    *probe = b.open;
    if (!b.open)
        return ERR_OK;
    e = b.wait_s > 0 ? ERR_EXISTS : store_breaker_probe(q->st, name, q->now, q->now + turn_s);
    if (e != ERR_EXISTS)
        return e;
    *retry_after_s = b.wait_s > 0 ? b.wait_s : 1;
    return ERR_INTROSPECTION;
}

/* The endpoint is well and does not like this one request: others need not suffer for it. */
static bool is_about_request(int status)
{
    return status == 400 || status == 413 || status == 414 || status == 422;
}

static void note_failure(const struct question *q, const char *fault, int status, bool probe,
                         int64_t ended_at)
{
    enum err e = ERR_OK;
    if (!is_about_request(status))
        e = store_breaker_failed(q->st, slice_of(q->in->breaker), probe, ended_at);
    else if (probe)
        e = store_breaker_clear(q->st, slice_of(q->in->breaker));
    LOG(LOG_LEVEL_ERROR, "introspection-failed",
        LOG_TEXT("issuer", slice_of(q->in->issuer->issuer)), LOG_TEXT("reason", slice_of(fault)),
        LOG_TEXT("effect", SLICE("tokens that have no cached answer are refused with 503")),
        LOG_TEXT("store", e != ERR_OK ? slice_of(store_fault(q->st)) : SLICE_NONE));
    keep(q, INTROSPECTED_FAILED, SLICE(""), ended_at + INTROSPECTION_FAILED_S);
}

/* The endpoint's answer, if it is one; ERR_OK and ERR_TOKEN_INACTIVE are. */
static enum err ask_endpoint(const struct question *q, struct arena *scratch, struct slice *answer,
                             int *status, struct buf *fault)
{
    struct slice body;
    enum err e = introspection_endpoint_ask(q->in->endpoint, q->st, q->token, q->now, scratch,
                                            &body, status, fault);
    if (e != ERR_OK)
        return e;
    e = introspection_answer_active(body);
    if (e == ERR_INTROSPECTION)
        buf_puts(fault, "the answer is no JSON object");
    if (e != ERR_OK)
        return e;
    *answer = (struct slice){arena_dup(q->a, body), body.n};
    return answer->p != NULL ? ERR_OK : ERR_MEMORY;
}

/* Unless the breaker is open; it learns how it went. */
static enum err ask(const struct question *q, struct slice *answer, int64_t *retry_after_s)
{
    struct arena scratch;
    char text[1024] = "";
    struct buf fault = BUF(text);
    int64_t failures, began = clock_ms();
    int status;
    bool probe;
    enum err e = may_ask(q, &failures, &probe, retry_after_s);
    if (e != ERR_OK)
        return e;
    if (!arena_init(&scratch, introspection_endpoint_arena(q->in->conf, q->token)))
        return ERR_MEMORY;
    e = ask_endpoint(q, &scratch, answer, &status, &fault);
    arena_free(&scratch);
    if (e == ERR_INTROSPECTION)
        note_failure(q, text, status, probe, q->now + (clock_ms() - began) / 1000);
    else if ((e == ERR_OK || e == ERR_TOKEN_INACTIVE) && failures > 0)
        e = store_breaker_clear(q->st, slice_of(q->in->breaker)) == ERR_OK ? e : ERR_STORE;
    return e;
}

/* Is this about the token, and not about the state of something here? */
static bool is_refusal(enum err e)
{
    return e != ERR_OK && err_row(e)->bearer_status == 401;
}

/* Ask, judge, and keep what counts for all; *answer is for those who wait for it. */
static enum err ask_and_keep(const struct question *q, struct slice *answer, struct token *out)
{
    enum err e = ask(q, answer, &out->retry_after_s);
    if (e == ERR_TOKEN_INACTIVE)
        keep(q, INTROSPECTED_INACTIVE, SLICE(""), q->now + refused_s(q));
    if (e != ERR_OK)
        return e;
    e = judge(q, *answer, INT64_MAX, out);
    if (e == ERR_OK)
        keep(q, INTROSPECTED_ACTIVE, *answer, out->verify_at);
    else if (is_refusal(e))
        keep(q, INTROSPECTED_ACTIVE, *answer, q->now + refused_s(q));
    return e;
}

/* The first to come with this token. */
static enum err lead(const struct question *q, struct flight *f, struct token *out)
{
    struct slice answer = SLICE("");
    enum err e = look_up(q, out); /* another may have ended just before this one began */
    if (e == ERR_NOT_FOUND)
        e = ask_and_keep(q, &answer, out);
    flight_land(q->in->flights, f, e, answer);
    return e;
}

static enum err follow(const struct question *q, struct flight *f, struct token *out)
{
    struct slice answer;
    int64_t until = clock_ms() + q->in->issuer->introspection_timeout_ms;
    enum err e = flight_wait(q->in->flights, f, until, ERR_INTROSPECTION, q->a, &answer);
    if (e == ERR_OK && answer.n > 0)
        e = judge(q, answer, INT64_MAX, out);
    else if (e == ERR_OK) /* the other found it in the store */
        e = look_up(q, out);
    return e == ERR_NOT_FOUND ? ERR_INTROSPECTION : e;
}

static enum err ask_together(const struct question *q, struct token *out)
{
    bool mine;
    struct slice answer = SLICE("");
    if (cache_s(q) == 0) /* each request asks */
        return ask_and_keep(q, &answer, out);
    struct flight *f = flights_join(q->in->flights, &q->digest, &mine);
    if (f == NULL)
        return ERR_MEMORY;
    return mine ? lead(q, f, out) : follow(q, f, out);
}

enum err introspection_check(struct introspection *in, struct store *st, struct slice token,
                             int64_t now, struct arena *a, struct token *out)
{
    struct question q = {.in = in, .st = st, .token = token, .now = now, .a = a};
    struct slice salt = {(const char *)in->salt.b, sizeof in->salt.b};
    if (!secret_digest(salt, token, &q.digest))
        return ERR_INTERNAL;
    enum err e = look_up(&q, out);
    if (e != ERR_NOT_FOUND)
        return e;
    struct gate_ticket ticket;
    if (!gate_enter(in->gate, &ticket)) {
        out->retry_after_s = 1;
        return ERR_INTROSPECTION;
    }
    e = ask_together(&q, out);
    gate_leave(in->gate, &ticket);
    return e;
}
