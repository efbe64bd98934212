#include "doctor_probes.h"

#include "json.h"

#include <string.h>

#define NO_GRANT "grant_type=client_credentials"

/* clang-format off */
const struct probe doctor_probes[] = {
    {"no token", AT_BASE, "GET", "/Patient?_count=1", AUTH_NONE, NULL, WANT_CHALLENGE},
    {"HEAD without a token", AT_BASE, "HEAD", "/Patient?_count=1", AUTH_NONE, NULL, WANT_CHALLENGE},
    {"bad token", AT_BASE, "GET", "/Patient?_count=1", AUTH_BAD_TOKEN, NULL, WANT_INVALID_TOKEN},
    {"token in header and query", AT_BASE, "GET", "/Patient?access_token=" DOCTOR_BAD_TOKEN,
     AUTH_BAD_TOKEN, NULL, WANT_INVALID_REQUEST},
    /* Paths that a server may read otherwise than its rules do. */
    {"path that is not UTF-8", AT_BASE, "GET", "/Patient/%e9", AUTH_NONE, NULL, WANT_SHUT},
    {"two slashes before the base", AT_SLASHED_BASE, "GET", "/Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"two slashes behind the base", AT_BASE, "GET", "//Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"encoded letter in the base", AT_CODED_BASE, "GET", "/Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"encoded dot segment", AT_BASE, "GET", "/metadata/%2e%2e/Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"dot segment", AT_BASE, "GET", "/metadata/../Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"line feed in the path", AT_BASE, "GET", "/Patient/a%0ab", AUTH_NONE, NULL, WANT_SHUT},
    {"path parameter", AT_BASE, "GET", "/Patient;x=1?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"longer name than the base", AT_BASE, "GET", "x/Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"dot behind the base", AT_BASE, "GET", "./Patient?_count=1", AUTH_NONE, NULL, WANT_SHUT},
    {"metadata", AT_BASE, "GET", "/metadata", AUTH_NONE, NULL, WANT_METADATA},
    {"smart-configuration", AT_BASE, "GET", "/.well-known/smart-configuration", AUTH_NONE, NULL, WANT_DISCOVERY},
    {"token endpoint without credentials", AT_TOKEN, "POST", "/token", AUTH_NONE, NO_GRANT, WANT_TOKEN_REFUSAL},
    /* Refused for its form, unless the header gets lost on the way. */
    {"token endpoint with two logins", AT_TOKEN, "POST", "/token", AUTH_BAD_TOKEN,
     NO_GRANT "&client_id=doctor&client_secret=doctor", WANT_TOKEN_MALFORMED},
    {"token endpoint by GET", AT_TOKEN, "GET", "/token", AUTH_NONE, NULL, WANT_NOT_ALLOWED},
    {"key set", AT_TOKEN, "GET", "/jwks", AUTH_NONE, NULL, WANT_KEYS},
    {"health", AT_TOKEN, "GET", "/health", AUTH_NONE, NULL, WANT_HEALTH},
    {"authorization server metadata", AT_WELL_KNOWN, "GET", "/.well-known/oauth-authorization-server",
     AUTH_NONE, NULL, WANT_SERVER_METADATA},
    {"port 80", AT_PLAIN, "GET", "/Patient?_count=1", AUTH_NONE, NULL, WANT_NOT_PLAIN},
    {"token endpoint on port 80", AT_PLAIN_TOKEN, "POST", "/token", AUTH_NONE, NO_GRANT, WANT_NOT_PLAIN},
    {"the token given", AT_BASE, "GET", "/Patient?_count=1", AUTH_TOKEN, NULL, WANT_PASS},
};
/* clang-format on */
const size_t doctor_probe_count = sizeof doctor_probes / sizeof doctor_probes[0];

/* ---- what an answer holds ---- */

/* The next header line; false at the end. */
static bool next_header(struct slice *rest, struct slice *name, struct slice *value)
{
    struct slice line;
    while (slice_cut(rest, '\n', &line)) {
        if (slice_ends(line, "\r"))
            line.n--;
        if (!slice_has_char(line, ':'))
            continue;
        *value = line;
        (void)slice_cut(value, ':', name);
        *value = slice_trim(*value);
        return true;
    }
    return false;
}

struct slice doctor_header(struct slice head, const char *name, size_t *count)
{
    struct slice each, value, found = SLICE_NONE;
    size_t n = 0;
    while (next_header(&head, &each, &value))
        if (slice_is_nocase(each, name) && n++ == 0)
            found = value;
    if (count != NULL)
        *count = n;
    return found;
}

static bool starts_nocase(struct slice text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text.n >= n && slice_is_nocase((struct slice){text.p, n}, prefix);
}

static bool contains(struct slice text, const char *part)
{
    size_t n = strlen(part);
    return text.n >= n && memmem(text.p, text.n, part, n) != NULL;
}

enum web_server doctor_web_server(struct slice head)
{
    struct slice server = doctor_header(head, "Server", NULL);
    for (enum web_server w = WEB_APACHE; w < WEB_COUNT; w++)
        if (starts_nocase(server, doctor_server_name(w)))
            return w;
    return WEB_UNKNOWN;
}

static bool has_variables(struct slice head)
{
    struct slice name, value;
    while (next_header(&head, &name, &value))
        if (starts_nocase(name, "variable-"))
            return true;
    return false;
}

static struct slice content_type(const struct seen *s)
{
    return doctor_header(s->head, "Content-Type", NULL);
}

/* Of the authorizer's: Basic is somebody else's. */
static bool has_challenge(const struct seen *s)
{
    struct slice challenge = doctor_header(s->head, "WWW-Authenticate", NULL);
    return starts_nocase(challenge, "Bearer ") || starts_nocase(challenge, "DPoP ");
}

static bool has_error(const struct seen *s, const char *code)
{
    struct slice challenge = doctor_header(s->head, "WWW-Authenticate", NULL);
    char text[64];
    struct buf b = BUF(text);
    if (code[0] == '\0')
        return contains(challenge, "error=\"");
    buf_printf(&b, "error=\"%s\"", code);
    return contains(challenge, text);
}

/* FHIR content that the web server's own pages do not have. */
static bool is_fhir(const struct seen *s)
{
    return contains(content_type(s), "fhir+") ||
           (s->status < 300 && contains(s->body, "\"resourceType\""));
}

static bool member_is(const struct seen *s, const char *name, const char *value)
{
    struct json *document = NULL;
    struct slice text;
    if (json_parse(s->body, &document) != ERR_OK)
        return false;
    bool is = json_member_string(document, name, &text) && (value == NULL || slice_is(text, value));
    json_free(document);
    return is;
}

/* ---- verdicts ---- */

/* A refusal that the web server has made without the authorizer; MISTAKE_NONE: it may be the
 * authorizer's. */
static enum mistake judge_foreign(const struct seen *s)
{
    if (s->status < 400 || s->status == 502 || s->status == 504)
        return MISTAKE_OPEN;
    if (s->status == 503)
        return MISTAKE_UNAVAILABLE;
    if (s->status >= 500)
        return MISTAKE_PROGRAM;
    if (has_challenge(s))
        return MISTAKE_NONE;
    if (is_fhir(s) && s->status != 401)
        return MISTAKE_OPEN;
    if (s->status == 404)
        return MISTAKE_NOT_FOUND;
    return s->status == 401 ? MISTAKE_CHALLENGE : MISTAKE_NOT_ASKED;
}

/* The authorizer's refusal must come with this status and error code, and whole. */
static enum mistake judge_refusal(const struct probe *p, const struct seen *s, int status,
                                  const char *error)
{
    size_t challenges;
    enum mistake m = judge_foreign(s);
    if (m != MISTAKE_NONE)
        return m;
    (void)doctor_header(s->head, "WWW-Authenticate", &challenges);
    if (error[0] != '\0' && !has_error(s, ""))
        return MISTAKE_NO_HEADER;
    if (s->status != status)
        return MISTAKE_STATUS;
    if (challenges != 1 || (error[0] != '\0' ? !has_error(s, error) : has_error(s, "")))
        return MISTAKE_CHALLENGE;
    if (strcmp(p->method, "HEAD") != 0 && !member_is(s, "resourceType", "OperationOutcome"))
        return MISTAKE_BODY;
    return MISTAKE_NONE;
}

static enum mistake judge_challenge(const struct probe *p, const struct site *site,
                                    const struct seen *s)
{
    (void)site;
    return judge_refusal(p, s, 401, "");
}

static enum mistake judge_invalid_token(const struct probe *p, const struct site *site,
                                        const struct seen *s)
{
    (void)site;
    return judge_refusal(p, s, 401, "invalid_token");
}

static enum mistake judge_invalid_request(const struct probe *p, const struct site *site,
                                          const struct seen *s)
{
    (void)site;
    return judge_refusal(p, s, 400, "invalid_request");
}

/* Outside the base's own spelling something else may live, a page for all unknown URLs say. */
static enum mistake judge_shut(const struct probe *p, const struct site *site, const struct seen *s)
{
    bool may_be_another = p->place != AT_BASE || p->target[0] != '/';
    (void)site;
    if (s->status >= 400 && (has_challenge(s) || s->status == 503))
        return MISTAKE_NONE;
    if (s->status == 502 || s->status == 504 || is_fhir(s))
        return MISTAKE_BYPASS;
    if (s->status < 300)
        return may_be_another ? MISTAKE_ELSEWHERE : MISTAKE_BYPASS;
    if (s->status < 400)
        return may_be_another ? MISTAKE_NONE : MISTAKE_ELSEWHERE;
    return MISTAKE_NONE;
}

static enum mistake judge_metadata(const struct probe *p, const struct site *site,
                                   const struct seen *s)
{
    (void)p;
    if (s->status == 200)
        return contains(s->body, "CapabilityStatement") ? MISTAKE_NONE : MISTAKE_METADATA;
    if (s->status == 401 && has_challenge(s))
        return site->metadata_open ? MISTAKE_METADATA_CLOSED : MISTAKE_NONE;
    if (s->status == 403)
        return MISTAKE_NOT_ASKED;
    return s->status == 500 ? MISTAKE_PROGRAM : MISTAKE_FHIR_SERVER;
}

bool doctor_token_endpoint(const struct seen *seen, struct buf *out)
{
    struct json *document = NULL;
    struct slice url;
    bool found = seen->status == 200 && json_parse(seen->body, &document) == ERR_OK &&
                 json_member_string(document, "token_endpoint", &url);
    if (found)
        buf_put(out, url);
    json_free(document);
    return found && !out->overflowed;
}

static enum mistake judge_discovery(const struct probe *p, const struct site *site,
                                    const struct seen *s)
{
    char text[512];
    struct buf url = BUF(text);
    if (!doctor_token_endpoint(s, &url))
        return p->want == WANT_DISCOVERY ? MISTAKE_NO_DISCOVERY : MISTAKE_NO_SERVER_METADATA;
    bool ours = slice_eq(buf_slice(&url), site->token_url);
    return ours || site->token_url.p == NULL || site->trusts_others ? MISTAKE_NONE
                                                                    : MISTAKE_DISCOVERY;
}

static enum mistake judge_token_refusal(const struct probe *p, const struct site *site,
                                        const struct seen *s)
{
    (void)p;
    (void)site;
    if ((s->status != 400 && s->status != 401) || !member_is(s, "error", NULL))
        return MISTAKE_TOKEN_ENDPOINT;
    return contains(doctor_header(s->head, "Cache-Control", NULL), "no-store")
               ? MISTAKE_NONE
               : MISTAKE_TOKEN_CACHE;
}

static enum mistake judge_token_malformed(const struct probe *p, const struct site *site,
                                          const struct seen *s)
{
    enum mistake m = judge_token_refusal(p, site, s);
    if (m != MISTAKE_NONE)
        return m;
    return s->status == 401 && member_is(s, "error", "invalid_client") ? MISTAKE_TOKEN_HEADER
                                                                       : MISTAKE_NONE;
}

static enum mistake judge_not_allowed(const struct probe *p, const struct site *site,
                                      const struct seen *s)
{
    (void)p;
    (void)site;
    return s->status == 405 ? MISTAKE_NONE : MISTAKE_TOKEN_ENDPOINT;
}

/* Members of private and secret JWKs (RFC 7518 section 6). */
static bool is_public(const struct json *key)
{
    static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        if (json_member(key, secret[i]) != NULL)
            return false;
    return true;
}

static enum mistake judge_keys(const struct probe *p, const struct site *site, const struct seen *s)
{
    struct json *document = NULL;
    (void)p;
    (void)site;
    if (s->status != 200 || json_parse(s->body, &document) != ERR_OK)
        return MISTAKE_TOKEN_ENDPOINT;
    const struct json *keys = json_member(document, "keys");
    enum mistake m = keys != NULL && json_kind(keys) == JSON_ARRAY ? MISTAKE_NONE : MISTAKE_KEYS;
    for (const struct json *key = json_first(keys); key != NULL; key = json_next(key))
        if (!is_public(key))
            m = MISTAKE_KEYS;
    json_free(document);
    return m;
}

static enum mistake judge_health(const struct probe *p, const struct site *site,
                                 const struct seen *s)
{
    (void)p;
    (void)site;
    if (s->status == 200)
        return MISTAKE_NONE;
    return s->status == 503 ? MISTAKE_HEALTH : MISTAKE_TOKEN_ENDPOINT;
}

static enum mistake judge_not_plain(const struct probe *p, const struct site *site,
                                    const struct seen *s)
{
    (void)p;
    (void)site;
    bool oauth_error = (s->status == 400 || s->status == 401) && member_is(s, "error", NULL);
    return has_challenge(s) || is_fhir(s) || oauth_error ? MISTAKE_PLAIN : MISTAKE_NONE;
}

/* Whether the token is sufficient is not the web server's affair. */
static enum mistake judge_pass(const struct probe *p, const struct site *site, const struct seen *s)
{
    (void)p;
    (void)site;
    if (s->status == 401 || s->status == 400)
        return has_error(s, "") ? MISTAKE_TOKEN : MISTAKE_NO_HEADER;
    if (s->status == 403)
        return has_challenge(s) ? MISTAKE_NONE : MISTAKE_NOT_ASKED;
    if (s->status == 502 || s->status == 504)
        return MISTAKE_FHIR_SERVER;
    if (s->status == 503)
        return MISTAKE_UNAVAILABLE;
    return s->status >= 500 ? MISTAKE_PROGRAM : MISTAKE_NONE;
}

enum mistake doctor_judge(const struct probe *probe, const struct site *site,
                          const struct seen *seen)
{
    static enum mistake (*const judges[])(const struct probe *, const struct site *,
                                          const struct seen *) = {
        [WANT_CHALLENGE] = judge_challenge,
        [WANT_INVALID_TOKEN] = judge_invalid_token,
        [WANT_INVALID_REQUEST] = judge_invalid_request,
        [WANT_SHUT] = judge_shut,
        [WANT_METADATA] = judge_metadata,
        [WANT_DISCOVERY] = judge_discovery,
        [WANT_SERVER_METADATA] = judge_discovery,
        [WANT_TOKEN_REFUSAL] = judge_token_refusal,
        [WANT_TOKEN_MALFORMED] = judge_token_malformed,
        [WANT_NOT_ALLOWED] = judge_not_allowed,
        [WANT_KEYS] = judge_keys,
        [WANT_HEALTH] = judge_health,
        [WANT_NOT_PLAIN] = judge_not_plain,
        [WANT_PASS] = judge_pass,
    };
    if (seen->status == 0)
        return probe->want == WANT_NOT_PLAIN ? MISTAKE_NONE : MISTAKE_NO_ANSWER;
    if (seen->status == 429)
        return MISTAKE_THROTTLED;
    enum mistake m = judges[probe->want](probe, site, seen);
    return m == MISTAKE_NONE && has_variables(seen->head) ? MISTAKE_VARIABLES : m;
}
