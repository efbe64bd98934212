#include "answer.h"

#include "dpop.h"
#include "outcome.h"

#define RETRY_AFTER_S 5 /* when nobody knows better */

static bool is_header_safe(char c)
{
    return c >= 0x20 && c <= 0x7e && c != '%';
}

/*
 * Into a header value: what is not printable ASCII, and '%' itself, as %XX, so that nothing can be
 * injected and nothing is lost.  Most values stay as they are.
 */
static struct slice header_safe(struct slice s, struct arena *a)
{
    size_t safe = 0;
    while (safe < s.n && is_header_safe(s.p[safe]))
        safe++;
    if (safe == s.n)
        return s.p != NULL ? s : SLICE("");
    struct buf text = buf_in(a, 3 * s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        if (is_header_safe(s.p[i]))
            buf_putc(&text, s.p[i]);
        else
            buf_printf(&text, "%%%02X", (unsigned char)s.p[i]);
    return text.overflowed ? SLICE_NONE : buf_finish(&text, a);
}

void answer_grant(const struct token *token, const struct decision *d, struct arena *a,
                  struct response *out)
{
    out->status = 200;
    response_header(out, "Variable-FHIR_AUTH", SLICE("granted"));
    if (token == NULL)
        return;
    /* A copy: the caller's decision is gone when the answer is written. */
    const char *limits = d->limits[0] != '\0' ? arena_dup(a, slice_of(d->limits)) : "";
    if (limits == NULL) {
        *out = (struct response){.status = 500};
        return;
    }
    const struct {
        const char *name;
        struct slice value;
        bool always; /* else only when there is a value */
    } facts[] = {
        {"Variable-FHIR_AUTH_CLIENT_ID", token->client_id, true},
        {"Variable-REMOTE_USER", token->client_id, false},
        {"Variable-FHIR_AUTH_SCOPE", token->scope, true},
        {"Variable-FHIR_AUTH_SUBJECT", token->subject, true},
        {"Variable-FHIR_AUTH_JTI", token->jti, true},
        {"Variable-FHIR_AUTH_ISSUER", token->issuer, true},
        {"Variable-FHIR_AUTH_PATIENT", token->patient, false},
        {"Variable-FHIR_AUTH_USER", token->fhir_user, false},
        {"Variable-FHIR_AUTH_LIMIT", slice_of(limits), false},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (!facts[i].always && facts[i].value.n == 0)
            continue;
        struct slice value = header_safe(facts[i].value, a);
        if (value.p == NULL) {
            *out = (struct response){.status = 500};
            return;
        }
        response_header(out, facts[i].name, value);
    }
}

/*
 * One scheme, that with which the client should go on: clients that read only the first of several
 * challenges are many.
 */
static bool is_for_dpop(const struct answer_to *to, const struct decision *d)
{
    const struct config_fhir *base = to->asked->path.base;
    return to->scheme == AUTH_DPOP
               ? d->why != ERR_DPOP_UNBOUND
               : d->why == ERR_DPOP_BEARER || (base != NULL && base->dpop_required);
}

static void put_algs(struct buf *text)
{
    buf_puts(text, ", algs=\"");
    for (size_t i = 0; dpop_alg_at(i) != NULL; i++)
        buf_printf(text, "%s%s", i > 0 ? " " : "", dpop_alg_at(i));
    buf_putc(text, '"');
}

/* RFC 6750 section 3: no error code when no token was sent. */
static void challenge(const struct answer_to *to, const struct decision *d, struct arena *a,
                      struct response *out)
{
    const struct err_row *row = err_row(d->why);
    struct buf text = buf_in(a, 1024);
    bool dpop = is_for_dpop(to, d);
    buf_printf(&text, "%s realm=\"%s\"", dpop ? "DPoP" : "Bearer", to->conf->realm);
    if (row->bearer_code[0] != '\0')
        buf_printf(&text, ", error=\"%s\", error_description=\"%s\"", row->bearer_code, row->text);
    if (d->scope[0] != '\0')
        buf_printf(&text, ", scope=\"%s\"", d->scope);
    if (dpop)
        put_algs(&text);
    response_header(out, "WWW-Authenticate", text.overflowed ? SLICE("Bearer") : buf_slice(&text));
}

static void retry_after(const struct decision *d, struct arena *a, struct response *out)
{
    struct buf text = buf_in(a, 24);
    buf_printf(&text, "%lld", (long long)(d->retry_after_s > 0 ? d->retry_after_s : RETRY_AFTER_S));
    response_header(out, "Retry-After", text.overflowed ? SLICE("5") : buf_slice(&text));
}

/* What a person needs beyond the reason: which scope, for which parameter, what to add. */
static struct slice detail_of(const struct answer_to *to, const struct decision *d, struct arena *a)
{
    struct buf text = buf_in(a, 1024);
    const struct needs *needs = &to->asked->needs;
    buf_puts(&text, d->scope);
    for (size_t i = 0; i < needs->count && d->scope[0] != '\0'; i++)
        if (needs->list[i].cause.p != NULL && slice_is_printable(needs->list[i].cause)) {
            buf_printf(&text, " (%.*s)", SLICE_FMT(needs->list[i].cause));
            break;
        }
    if (d->hint[0] != '\0')
        buf_printf(&text, "; %s", d->hint);
    return text.overflowed ? slice_of(d->scope) : buf_slice(&text);
}

/* Each header reaches the client exactly once, whatever the server does with this answer. */
static void deny_headers(const struct answer_to *to, const struct decision *d, struct arena *a,
                         struct response *out)
{
    enum pass pass = to->request->pass;
    if (pass == PASS_DENY_BODY)
        return;
    if (out->status == 429 || out->status >= 500)
        retry_after(d, a, out);
    else if (pass != PASS_DENY || !slice_is(to->request->auth_status, "401"))
        challenge(to, d, a, out); /* of a 401 nginx has kept the challenge, and adds it here */
    if (d->why == ERR_DPOP_NONCE) /* which nginx has not kept */
        response_header(out, "DPoP-Nonce", to->dpop_nonce);
    response_header(out, "Cache-Control", SLICE("no-store"));
    if (out->status == 405 && to->asked->allow != NULL)
        response_header(out, "Allow", slice_of(to->asked->allow));
    if (pass == PASS_DECIDE_AUTHNZ) /* its configuration makes a Content-Type of it again */
        response_header(out, "X-Content-Type", slice_of(out->content_type));
}

void answer_deny(const struct answer_to *to, const struct decision *d, struct arena *a,
                 struct response *out)
{
    int status = err_row(d->why)->bearer_status;
    struct outcome_form form = outcome_negotiate(to->asked->query.format, to->request->accept,
                                                 to->request->accept_language);
    struct buf body = buf_in(a, 4096);
    out->status = status == 0 || status == 200 ? 500 : status;
    out->content_type = outcome_content_type(form);
    deny_headers(to, d, a, out);
    outcome_write(d->why, form, detail_of(to, d, a), to->request_id, &body);
    if (body.overflowed)
        *out = (struct response){.status = 500};
    else if (!slice_is(to->request->method, "HEAD"))
        out->body = buf_slice(&body);
    /* nginx makes 500 of any other refusal, and logs the URL with its query as an error. */
    if (to->request->pass == PASS_AUTH_REQUEST && out->status != 401)
        out->status = 403;
}
