/*
 * explain METHOD URI: the decision rule by rule, taken by the very code of the authorizer.
 */
#include "authorize.h"
#include "issuers.h"
#include "jwe.h"
#include "report.h"

#include <openssl/crypto.h>
#include <string.h>

struct explanation {
    struct request request;
    struct fhir_request asked;
    enum err asked_error, presented, checked;
    struct token token;
    struct possession held;
    struct decision decision;
};

/* As the header that a client would send; nothing on standard input is no token. */
static enum err present(struct ctl *c, struct slice bearer, struct request *rq)
{
    struct buf header = buf_in(&c->arena, bearer.n + 16);
    struct slice token;
    if (bearer.n > 0) {
        buf_printf(&header, "Bearer %.*s", SLICE_FMT(bearer));
        rq->authorization = buf_slice(&header);
    }
    return http_bearer(rq->authorization, &token);
}

/* As the authorizer gathers it: the request, how the token is presented, what the token says. */
static enum err gather(struct ctl *c, struct slice bearer, struct explanation *x)
{
    struct local_keys *keys;
    x->asked_error = fhir_request_parse(&x->request, &c->config, &x->asked);
    x->presented = present(c, bearer, &x->request);
    x->checked = ERR_NO_TOKEN;
    if (!authorize_needs_token(&x->asked, x->asked_error, x->presented))
        return ERR_OK;
    enum err e = local_keys_load(c->store, &keys);
    if (e != ERR_OK)
        return e;
    struct issuers *issuers = issuers_new(&c->config);
    x->checked = issuers != NULL
                     ? issuers_check(issuers, keys, c->store, bearer, c->now, &c->arena, &x->token)
                     : ERR_MEMORY;
    issuers_free(issuers);
    local_keys_free(keys);
    return x->checked == ERR_STORE ? ERR_STORE : ERR_OK;
}

/*
 * A proof is for one request that the client sends, and a certificate for one connection; there is
 * none here to judge.  They are taken to be there and right.
 */
static void assume_possession(const struct config *conf, struct explanation *x)
{
    struct buf jkt = BUF(x->held.jkt), x5t = BUF(x->held.x5t);
    if (x->checked != ERR_OK)
        return;
    if (x->token.dpop_jkt.n > 0)
        x->held.scheme = AUTH_DPOP;
    buf_put(&jkt, x->token.dpop_jkt);
    buf_put(&x5t, x->token.tls_x5t);
    x->held.certificate = conf->authorizer_certificates ? ERR_OK : ERR_TLS_OFF;
}

static void decide(struct ctl *c, struct explanation *x)
{
    assume_possession(&c->config, x);
    x->decision = authorize(&x->asked, x->asked_error, x->presented,
                            x->checked == ERR_OK ? &x->token : NULL, x->checked, &x->held, c->now);
}

static void put_actions(struct buf *out, unsigned actions, int type)
{
    char letters[6];
    scope_letters(actions, letters);
    buf_printf(out, "%s on %s", letters,
               type == FHIR_TYPE_ANY ? "every type" : fhir_type_name(type));
}

/* Which scope of the token alone covers the need, for "granted by". */
static struct slice covering_scope(const struct explanation *x, const struct need *need)
{
    struct slice rest = x->token.scope, word;
    while (scope_next(&rest, &word)) {
        struct token one = x->token;
        struct coverage c = {.why = ERR_SCOPE};
        token_set_scope(&one, word);
        if (cover_need(&one, &x->asked, need, &c) != COVER_NO)
            return word;
    }
    return SLICE_NONE;
}

static void put_coverage(struct buf *text, const struct explanation *x, const struct need *need)
{
    struct coverage c = {.why = ERR_SCOPE};
    enum cover cover = cover_need(&x->token, &x->asked, need, &c);
    struct slice by = covering_scope(x, need);
    if (cover == COVER_NO)
        buf_printf(text, ": not granted%s%s", c.hint[0] ? "; " : "", c.hint);
    else if (by.p != NULL)
        buf_printf(text, ": granted by %.*s", SLICE_FMT(by));
    else
        buf_puts(text, ": granted by several scopes together");
    if (cover == COVER_BACKEND)
        buf_puts(text, ", within limits that the FHIR server must enforce");
}

static struct slice need_text(struct ctl *c, const struct explanation *x, const struct need *need)
{
    struct buf text = buf_in(&c->arena, 1024);
    put_actions(&text, need->actions, need->type);
    if (need->cause.p != NULL)
        buf_printf(&text, ", for %.*s", SLICE_FMT(need->cause));
    if (x->checked == ERR_OK)
        put_coverage(&text, x, need);
    return buf_slice(&text);
}

/* What one scope of the token gives, whatever is asked. */
static struct slice scope_text(struct ctl *c, const struct explanation *x, struct slice word)
{
    struct buf text = buf_in(&c->arena, 2 * word.n + 256);
    struct scope s;
    buf_printf(&text, "%.*s: ", SLICE_FMT(word));
    if (!scope_parse(word, &s)) {
        buf_puts(&text, "grants nothing: no SMART scope");
        return buf_slice(&text);
    }
    put_actions(&text, s.actions, s.type);
    if (s.context == SCOPE_USER)
        buf_puts(&text, x->token.fhir_user.n > 0 ? ", as that user may"
                                                 : ", but the token names no fhirUser");
    if (s.context == SCOPE_PATIENT && x->token.patient.n == 0)
        buf_puts(&text, ", but the token names no patient");
    else if (s.context == SCOPE_PATIENT)
        buf_printf(&text, ", of Patient/%.*s", SLICE_FMT(x->token.patient));
    if (s.constraint.p != NULL)
        buf_printf(&text, ", where %.*s", SLICE_FMT(s.constraint));
    return buf_slice(&text);
}

#define MAX_LINES 80

static struct slice target_text(struct ctl *c, const struct explanation *x)
{
    struct buf text = buf_in(&c->arena, 256);
    buf_puts(&text, interaction_name(x->asked.interaction));
    if (x->asked.path.operation.p != NULL)
        buf_printf(&text, " %.*s", SLICE_FMT(x->asked.path.operation));
    if (x->asked.path.searched >= 0)
        buf_printf(&text, " on %s", fhir_type_name(x->asked.path.searched));
    if (x->asked.rule != NULL)
        buf_printf(&text, ", by the rule in line %d", x->asked.rule->line);
    return buf_slice(&text);
}

static struct slice outcome_text(enum err e)
{
    return e == ERR_OK ? SLICE("ok") : slice_of(err_row(e)->text);
}

static struct slice token_text(const struct explanation *x)
{
    if (x->checked == ERR_OK && x->token.introspected)
        return SLICE("ok, says its issuer (introspection)");
    if (x->presented != ERR_OK)
        return x->asked.open ? SLICE("not needed") : outcome_text(x->presented);
    if (!authorize_needs_token(&x->asked, x->asked_error, x->presented))
        return SLICE("not looked at");
    return outcome_text(x->checked);
}

static struct slice binding_text(struct ctl *c, const struct explanation *x)
{
    struct buf text = buf_in(&c->arena, 512);
    struct slice key = x->token.dpop_jkt, certificate = x->token.tls_x5t;
    if (key.n == 0 && certificate.n == 0)
        return SLICE("nobody: a bearer token");
    if (key.n > 0)
        buf_printf(&text, "key %.*s (DPoP); the proof of a request is not judged here",
                   SLICE_FMT(key));
    if (certificate.n > 0)
        buf_printf(&text, "%scertificate %.*s (x5t#S256); it is taken to be shown",
                   key.n > 0 ? "; " : "", SLICE_FMT(certificate));
    return buf_slice(&text);
}

static struct slice verdict_text(struct ctl *c, const struct explanation *x)
{
    const struct err_row *row = err_row(x->decision.why);
    struct buf text = buf_in(&c->arena, 512);
    if (x->decision.allow)
        buf_puts(&text, x->asked.open ? "allowed: open to all" : "allowed");
    else
        buf_printf(&text, "refused with %d%s%s: %s", row->bearer_status,
                   row->bearer_code[0] ? " " : "", row->bearer_code, row->text);
    return buf_slice(&text);
}

static void lines(struct ctl *c, const struct explanation *x)
{
    struct field fields[MAX_LINES];
    size_t n = 0;
    struct slice rest = x->checked == ERR_OK ? x->token.scope : SLICE_NONE, word;
    fields[n++] = REPORT_TEXT("", "Request", outcome_text(x->asked_error));
    fields[n++] = REPORT_TEXT(
        "", "FHIR base", x->asked.path.base ? slice_of(x->asked.path.base->base) : SLICE("none"));
    fields[n++] = REPORT_TEXT("", "Interaction", target_text(c, x));
    for (size_t i = 0; i < x->asked.needs.count; i++)
        fields[n++] = REPORT_TEXT("", "Needs", need_text(c, x, &x->asked.needs.list[i]));
    fields[n++] = REPORT_TEXT("", "Token", token_text(x));
    if (x->checked == ERR_OK) {
        fields[n++] = REPORT_TEXT("", "Client id", x->token.client_id);
        fields[n++] = REPORT_NUMBER("", "Expires", FIELD_TIME, x->token.expires_at);
        fields[n++] = REPORT_TEXT("", "Bound to", binding_text(c, x));
    }
    while (n < MAX_LINES - 4 && scope_next(&rest, &word))
        fields[n++] = REPORT_TEXT("", "Scope", scope_text(c, x, word));
    if (x->decision.limits[0] != '\0')
        fields[n++] = REPORT_TEXT("", "Left to FHIR server", slice_of(x->decision.limits));
    if (x->decision.hint[0] != '\0')
        fields[n++] = REPORT_TEXT("", "Would help", slice_of(x->decision.hint));
    if (x->decision.scope[0] != '\0')
        fields[n++] = REPORT_TEXT("", "Would do", slice_of(x->decision.scope));
    fields[n++] = REPORT_TEXT("", "Verdict", verdict_text(c, x));
    report_lines(c, fields, n);
}

static void needs_json(struct ctl *c, const struct explanation *x)
{
    struct buf *out = &c->out;
    report_name(out, "needs");
    buf_putc(out, '[');
    for (size_t i = 0; i < x->asked.needs.count; i++) {
        const struct need *need = &x->asked.needs.list[i];
        struct coverage coverage = {.why = ERR_SCOPE};
        char letters[6];
        scope_letters(need->actions, letters);
        buf_printf(out, "%s{\"type\":\"%s\",\"actions\":\"%s\",\"granted\":%s}", i > 0 ? "," : "",
                   fhir_type_name(need->type), letters,
                   x->checked == ERR_OK &&
                           cover_need(&x->token, &x->asked, need, &coverage) != COVER_NO
                       ? "true"
                       : "false");
    }
    buf_putc(out, ']');
}

static void document(struct ctl *c, const struct explanation *x)
{
    const struct err_row *row = err_row(x->decision.why);
    const struct field fields[] = {
        REPORT_NUMBER("allowed", "", FIELD_FLAG, x->decision.allow),
        REPORT_NUMBER("status", "", FIELD_NUMBER, row->bearer_status),
        REPORT_TEXT("error", "", slice_of(row->bearer_code)),
        REPORT_TEXT("reason", "", x->decision.allow ? SLICE("") : slice_of(row->text)),
        REPORT_TEXT("interaction", "", slice_of(interaction_name(x->asked.interaction))),
        REPORT_TEXT("type", "", slice_of(fhir_type_name(x->asked.path.searched))),
        REPORT_TEXT("client_id", "", x->checked == ERR_OK ? x->token.client_id : SLICE("")),
        REPORT_NUMBER("introspected", "", FIELD_FLAG,
                      x->checked == ERR_OK && x->token.introspected),
        REPORT_TEXT("scope", "", x->checked == ERR_OK ? x->token.scope : SLICE("")),
        REPORT_TEXT("dpop_jkt", "", x->checked == ERR_OK ? x->token.dpop_jkt : SLICE("")),
        REPORT_TEXT("tls_x5t", "", x->checked == ERR_OK ? x->token.tls_x5t : SLICE("")),
        REPORT_TEXT("scope_needed", "", slice_of(x->decision.scope)),
        REPORT_TEXT("hint", "", slice_of(x->decision.hint)),
        REPORT_TEXT("limits", "", slice_of(x->decision.limits)),
    };
    buf_putc(&c->out, '{');
    report_members(&c->out, fields, sizeof fields / sizeof fields[0]);
    needs_json(c, x);
    buf_puts(&c->out, "}\n");
}

enum status explain(struct ctl *c)
{
    struct explanation x = {0};
    struct slice bearer;
    enum status s = ctl_open(c);
    if (s == STATUS_YES)
        s = ctl_read_file(c, "-", JWE_MAX_BYTES + 2, &bearer); /* nothing: no token */
    if (s != STATUS_YES)
        return s;
    bearer = ctl_chomp(bearer);
    x.request.role = ROLE_AUTHORIZER;
    x.request.method = slice_of(c->operand);
    x.request.uri = slice_of(c->second);
    enum err e = gather(c, bearer, &x);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    decide(c, &x);
    if (c->options[OPT_JSON] != NULL)
        document(c, &x);
    else
        lines(c, &x);
    if (x.decision.allow)
        return STATUS_YES;
    c->tell_on_no = true;
    return ctl_no("%s", err_row(x.decision.why)->text);
}
