/*
 * doctor URL: a web server's configuration, looked at from outside.  What is asked and how it is
 * judged is in doctor_probes.c.
 */
#include "doctor.h"

#include "address.h"
#include "jwe.h"
#include "report.h"
#include "url.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BYTES (1U << 20) /* of one answer */
#define TIMES       3          /* that each probe is asked */

struct doctor {
    struct ctl *c;
    struct doctor_url url;
    struct http_session *session;
    struct arena arena; /* of one answer; wiped for the next */
    const char *token;  /* "Bearer …"; NULL: none given */
    const char *oauth;  /* what /token, /jwks, … are below; NULL: unknown */
    const char *issuer; /* whose metadata are on the same host; NULL: unknown */
    struct site site;
    enum web_server server;
    bool endpoint_only; /* the URL is the token endpoint's: no FHIR base is looked for */
    bool unreachable;   /* nothing more is asked */
    size_t faults, lines;
};

struct http_get doctor_get(const struct ctl *c, const char *url)
{
    const char *ca = c->options[OPT_CA];
    return (struct http_get){.url = url,
                             .accept = "application/fhir+json, application/json;q=0.9",
                             .http_loopback = true,
                             .ca_file = ca != NULL ? ca : "",
                             .timeout_ms = DOCTOR_TIMEOUT_MS,
                             .max_bytes = DOCTOR_MAX_BODY};
}

enum status doctor_url_read(struct ctl *c, struct doctor_url *out)
{
    struct slice text = slice_of(c->operand), host = url_host(text);
    bool plain = slice_is_printable(text) && !slice_has_char(text, ' ') &&
                 !slice_has_char(text, '?') && !slice_has_char(text, '#');
    if (host.n == 0 || !plain || text.n >= CONFIG_MAX_TEXT)
        return ctl_misuse("'%s' is no URL of a FHIR base, such as https://fhir.example.org/fhir",
                          c->operand);
    if (slice_ends(text, "/"))
        text.n--;
    out->base = arena_dup(&c->arena, text);
    if (out->base == NULL)
        return ctl_no("out of memory");
    out->path = url_path(slice_of(out->base));
    out->origin = (struct slice){out->base, text.n - out->path.n};
    out->tls = slice_starts(text, "https://");
    return STATUS_YES;
}

/* url is below the same scheme, host and port. */
static bool same_origin(const struct doctor_url *site, struct slice url)
{
    struct slice origin = site->origin;
    return url.n > origin.n && slice_eq((struct slice){url.p, origin.n}, origin) &&
           url.p[origin.n] == '/';
}

/* ---- asking ---- */

/* A C string in the arena of one answer; NULL when it is full. */
static const char *text_in(struct doctor *d, const char *first, struct slice second,
                           const char *third)
{
    struct buf text = buf_in(&d->arena, strlen(first) + second.n + strlen(third) + 1);
    buf_puts(&text, first);
    buf_put(&text, second);
    buf_puts(&text, third);
    return text.overflowed ? NULL : text.p;
}

static const char *coded_base(struct doctor *d, const char *target)
{
    char first[8];
    struct buf b = BUF(first);
    buf_printf(&b, "/%%%02x", (unsigned)(unsigned char)d->url.path.p[1]);
    return text_in(d, first, slice_skip(d->url.path, 2), target);
}

/* *target NULL: the URL's own.  False when memory is out. */
static bool place(struct doctor *d, const struct probe *p, const char **url, const char **target)
{
    *url = d->url.base;
    *target = NULL;
    switch (p->place) {
    case AT_BASE:
        *target = text_in(d, "", d->url.path, p->target);
        break;
    case AT_SLASHED_BASE:
        *target = text_in(d, "/", d->url.path, p->target);
        break;
    case AT_CODED_BASE:
        *target = coded_base(d, p->target);
        break;
    case AT_TOKEN:
        *url = text_in(d, d->oauth, SLICE(""), p->target);
        return *url != NULL;
    case AT_WELL_KNOWN:
        *target = text_in(d, p->target, url_path(slice_of(d->issuer)), "");
        break;
    case AT_PLAIN:
    case AT_PLAIN_TOKEN:
        *url = text_in(d, "http://", url_host(d->url.origin), "/");
        *target = text_in(d, "", p->place == AT_PLAIN ? d->url.path : url_path(slice_of(d->oauth)),
                          p->target);
        break;
    }
    return *url != NULL && *target != NULL;
}

static const char *authorization(const struct doctor *d, const struct probe *p)
{
    switch (p->auth) {
    case AUTH_BAD_TOKEN:
        return "Bearer " DOCTOR_BAD_TOKEN;
    case AUTH_TOKEN:
        return d->token;
    case AUTH_NONE:
        break;
    }
    return NULL;
}

/* One answer, in the arena.  *fault: why there is none. */
static struct seen ask(struct doctor *d, const struct probe *p, struct buf *fault)
{
    struct http_answer answer = {0};
    struct http_probe probe = {.method = p->method,
                               .authorization = authorization(d, p),
                               .form = p->form,
                               .plain = p->auth != AUTH_TOKEN};
    const char *url;
    arena_reset(&d->arena);
    if (!place(d, p, &url, &probe.target)) {
        buf_puts(fault, "out of memory");
        return (struct seen){0};
    }
    struct http_get get = doctor_get(d->c, url);
    if (http_ask(d->session, &get, &probe, &d->arena, &answer) != ERR_OK) {
        buf_puts(fault, answer.fault);
        return (struct seen){0};
    }
    return (struct seen){.status = answer.status, .head = answer.head, .body = answer.body};
}

/* ---- telling ---- */

static const char *const level_names[] = {
    [DOCTOR_OK] = "ok", [DOCTOR_NOTE] = "note", [DOCTOR_FAULT] = "fault"};

static void put_remedies(struct buf *out, enum mistake m, enum web_server server)
{
    const char *general = doctor_remedy(m, WEB_UNKNOWN), *remedy = doctor_remedy(m, server);
    if (remedy[0] != '\0')
        buf_printf(out, "        -> %s\n", remedy);
    if (server != WEB_UNKNOWN)
        return;
    for (enum web_server w = WEB_APACHE; w < WEB_COUNT; w++) {
        remedy = doctor_remedy(m, w);
        if (remedy[0] != '\0' && strcmp(remedy, general) != 0)
            buf_printf(out, "        -> %s: %s\n", doctor_server_name(w), remedy);
    }
}

static void tell_line(struct doctor *d, const char *name, int status, enum mistake m,
                      const char *detail)
{
    struct buf *out = &d->c->out;
    enum doctor_level level = doctor_level(m);
    buf_printf(out, "%-7s %s", level == DOCTOR_FAULT ? "FAULT" : level_names[level], name);
    if (status > 0)
        buf_printf(out, ": %d", status);
    if (m != MISTAKE_NONE)
        buf_printf(out, ": %s", doctor_meaning(m));
    if (detail[0] != '\0') {
        buf_puts(out, ": ");
        report_escape(out, slice_of(detail));
    }
    buf_putc(out, '\n');
    if (m != MISTAKE_NONE)
        put_remedies(out, m, d->server);
}

static void tell_json(struct doctor *d, const char *name, int status, enum mistake m,
                      const char *detail)
{
    const struct field fields[] = {
        REPORT_TEXT("name", "", slice_of(name)),
        REPORT_TEXT("verdict", "", slice_of(level_names[doctor_level(m)])),
        REPORT_NUMBER("status", "", FIELD_NUMBER, status),
        REPORT_TEXT("meaning", "", slice_of(doctor_meaning(m))),
        REPORT_TEXT("detail", "", slice_of(detail)),
        REPORT_TEXT("remedy", "", slice_of(doctor_remedy(m, d->server))),
    };
    struct buf *out = &d->c->out;
    buf_puts(out, d->lines > 0 ? ",{" : "{");
    report_members(out, fields, sizeof fields / sizeof fields[0]);
    buf_putc(out, '}');
}

static void tell(struct doctor *d, const char *name, int status, enum mistake m, const char *detail)
{
    if (d->c->options[OPT_JSON] != NULL)
        tell_json(d, name, status, m, detail);
    else
        tell_line(d, name, status, m, detail);
    d->faults += doctor_level(m) == DOCTOR_FAULT;
    d->lines++;
}

/* ---- what is known before anything is asked ---- */

/* The base that is this URL, else one with its path; NULL: none. */
static const struct config_fhir *find_base(const struct doctor *d, const struct config *conf,
                                           bool *exact)
{
    const struct config_fhir *found = NULL;
    *exact = false;
    for (size_t i = 0; i < conf->fhir_count; i++) {
        const struct config_fhir *each = &conf->fhir[i];
        if (slice_is(slice_of(d->url.base), each->base)) {
            *exact = true;
            return each;
        }
        if (found == NULL && slice_is(d->url.path, each->path))
            found = each;
    }
    return found;
}

/* Without a configuration on this host there is nothing to compare with. */
static void compare_configuration(struct doctor *d)
{
    struct config *conf = &d->c->config;
    char faults[4096];
    struct buf b = BUF(faults);
    bool exact;
    if (access(config_path(), R_OK) != 0)
        return;
    if (config_load(config_path(), conf, &b) != ERR_OK) {
        tell(d, "configuration", 0, MISTAKE_CONFIG, config_path());
        return;
    }
    const struct config_fhir *base = find_base(d, conf, &exact);
    if (base != NULL) {
        tell(d, "configuration", 0, exact ? MISTAKE_NONE : MISTAKE_OTHER_NAME, base->base);
        d->site.metadata_open = base->metadata_open;
        d->site.trusts_others = conf->issuer_count > 0;
    } else if (slice_is(slice_of(d->url.base), conf->url)) {
        tell(d, "configuration", 0, MISTAKE_NONE, conf->url);
        d->endpoint_only = exact = true;
    } else {
        tell(d, "configuration", 0, MISTAKE_BASE, "");
        return;
    }
    struct buf url = buf_in(&d->c->arena, CONFIG_MAX_TEXT + 8);
    buf_printf(&url, "%s/token", conf->url);
    d->site.token_url = buf_slice(&url);
    if (exact || same_origin(&d->url, slice_of(conf->url)))
        d->oauth = conf->url;
    if (d->oauth != NULL && same_origin(&d->url, slice_of(conf->issuer)))
        d->issuer = conf->issuer;
}

static enum status read_token(struct doctor *d)
{
    struct ctl *c = d->c;
    struct slice text;
    if (c->options[OPT_TOKEN_FILE] == NULL)
        return STATUS_YES;
    if (!d->url.tls && !url_is_loopback(slice_of(d->url.base)))
        return ctl_misuse("a token is not sent without TLS");
    enum status s = ctl_read_file(c, c->options[OPT_TOKEN_FILE], JWE_MAX_BYTES + 2, &text);
    if (s != STATUS_YES)
        return s;
    text = ctl_chomp(text);
    if (text.n == 0 || text.n > HTTP_MAX_HEADER - 64 || !slice_is_printable(text))
        return ctl_misuse("%s: holds no token", c->options[OPT_TOKEN_FILE]);
    struct buf header = buf_in(&c->arena, text.n + 16);
    buf_printf(&header, "Bearer %.*s", SLICE_FMT(text));
    d->token = header.p;
    return header.overflowed ? ctl_no("out of memory") : STATUS_YES;
}

/* ---- the round ---- */

/* Discovery tells where the token endpoint is; another host is none of our business. */
static void learn_token_endpoint(struct doctor *d, const struct seen *seen)
{
    char text[CONFIG_MAX_TEXT];
    struct buf url = BUF(text);
    if (d->oauth != NULL || !doctor_token_endpoint(seen, &url) || url.overflowed ||
        !same_origin(&d->url, buf_slice(&url)) || !slice_ends(buf_slice(&url), "/token"))
        return;
    url.n -= strlen("/token");
    d->oauth = arena_dup(&d->c->arena, (struct slice){url.p, url.n});
}

static bool is_of_endpoint(enum probe_place place)
{
    return place == AT_TOKEN || place == AT_WELL_KNOWN || place == AT_PLAIN_TOKEN;
}

static bool applies(const struct doctor *d, const struct probe *p)
{
    struct slice path = d->url.path;
    if (d->endpoint_only && !is_of_endpoint(p->place))
        return false;
    switch (p->place) {
    case AT_BASE:
        return (path.n > 0 || p->target[0] == '/') && (p->auth != AUTH_TOKEN || d->token != NULL);
    case AT_CODED_BASE:
        return path.n > 1;
    case AT_TOKEN:
        return d->oauth != NULL;
    case AT_WELL_KNOWN:
        return d->issuer != NULL;
    case AT_PLAIN:
        return d->url.tls;
    case AT_PLAIN_TOKEN:
        return d->oauth != NULL && d->url.tls;
    case AT_SLASHED_BASE:
        break;
    }
    return true;
}

/* Where no answer means that there is no server either. */
static bool is_first_place(const struct doctor *d, const struct probe *p)
{
    return p->place == (d->endpoint_only ? AT_TOKEN : AT_BASE);
}

/* Several processes and hosts may answer: all of them must do so well. */
static void run_probe(struct doctor *d, const struct probe *p)
{
    enum mistake m = MISTAKE_NONE;
    int first = 0, status = 0;
    char fault[256] = "";
    struct buf why = BUF(fault);
    for (int i = 0; i < TIMES && doctor_level(m) != DOCTOR_FAULT; i++) {
        struct seen seen = ask(d, p, &why);
        status = seen.status;
        if (d->server == WEB_UNKNOWN && is_first_place(d, p))
            d->server = doctor_web_server(seen.head);
        m = doctor_judge(p, &d->site, &seen);
        if (i > 0 && doctor_level(m) != DOCTOR_FAULT && status != first)
            m = MISTAKE_UNSTEADY;
        first = status;
        if (p->want == WANT_DISCOVERY)
            learn_token_endpoint(d, &seen);
    }
    d->unreachable = m == MISTAKE_NO_ANSWER && is_first_place(d, p);
    tell(d, p->name, status, m, m == MISTAKE_NO_ANSWER ? fault : "");
}

static void run_probes(struct doctor *d)
{
    bool told = false;
    if (!d->url.tls && !url_is_loopback(slice_of(d->url.base)))
        tell(d, "TLS", 0, MISTAKE_NO_TLS, "");
    for (size_t i = 0; i < doctor_probe_count && !d->unreachable; i++) {
        const struct probe *p = &doctor_probes[i];
        if (applies(d, p)) {
            run_probe(d, p);
        } else if (p->place == AT_TOKEN && !told) {
            tell(d, "token endpoint", 0, MISTAKE_NOT_OURS, "");
            told = true;
        }
    }
}

static enum status examine(struct doctor *d)
{
    struct buf *out = &d->c->out;
    bool json = d->c->options[OPT_JSON] != NULL;
    if (json)
        buf_puts(out, "{\"probes\":[");
    compare_configuration(d);
    if (d->endpoint_only && d->token != NULL)
        return ctl_misuse("--token-file needs a FHIR base, and %s is the token endpoint",
                          d->url.base);
    run_probes(d);
    if (json) {
        const struct field fields[] = {
            REPORT_TEXT("url", "", slice_of(d->url.base)),
            REPORT_TEXT("server", "", slice_of(doctor_server_name(d->server))),
            REPORT_NUMBER("well", "", FIELD_FLAG, d->faults == 0),
        };
        buf_putc(out, ']');
        report_members(out, fields, sizeof fields / sizeof fields[0]);
        buf_puts(out, "}\n");
    }
    if (d->faults == 0)
        return STATUS_YES;
    d->c->tell_on_no = true;
    return ctl_no("%s: %zu fault%s", d->url.base, d->faults, d->faults == 1 ? "" : "s");
}

enum status doctor(struct ctl *c)
{
    struct doctor d = {.c = c, .site = {.metadata_open = true}};
    enum status s = doctor_url_read(c, &d.url);
    if (s == STATUS_YES && c->options[OPT_WARM] != NULL)
        return doctor_warm(c, &d.url);
    if (s == STATUS_YES)
        s = read_token(&d);
    if (s != STATUS_YES)
        return s;
    d.session = http_session_new();
    s = d.session != NULL && arena_init(&d.arena, ARENA_BYTES) ? examine(&d)
                                                               : ctl_no("out of memory");
    arena_free(&d.arena);
    http_session_free(d.session);
    return s;
}
