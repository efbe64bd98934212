#include "registration.h"

#include "client_secret.h"
#include "jwk.h"
#include "jwt.h"
#include "scope.h"
#include "utf8.h"

#include <string.h>

#define NAME_MAX_BYTES 200 /* store.h */
#define ID_MAX_BYTES   128 /* store.h */
#define URI_MAX_BYTES  2000

enum status registration_id(const char *id)
{
    size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-");
    if (n == 0 || id[n] != '\0' || n > ID_MAX_BYTES)
        return ctl_no("'%s' is no client id: 1 to %d letters, digits and . _ ~ -", id,
                      ID_MAX_BYTES);
    return STATUS_YES;
}

enum status registration_name(const char *name)
{
    struct slice s = slice_of(name);
    bool control = false;
    for (size_t i = 0; i < s.n; i++)
        control |= (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f;
    if (s.n == 0 || s.n > NAME_MAX_BYTES || control || !utf8_valid(s))
        return ctl_no("the name must be 1 to %d bytes of UTF-8 without control characters",
                      NAME_MAX_BYTES);
    return STATUS_YES;
}

static enum status scope_word_check(struct slice word)
{
    struct scope s;
    if (!scope_valid_word(word))
        return ctl_no("scope '%.*s': has a character that RFC 6749 does not allow",
                      SLICE_FMT(word));
    if (slice_is(word, "introspect"))
        return STATUS_YES;
    if (!scope_parse(word, &s))
        return ctl_no("scope '%.*s': neither a SMART scope, such as system/Patient.rs, "
                      "nor introspect",
                      SLICE_FMT(word));
    if (s.context != SCOPE_SYSTEM)
        return ctl_no("scope '%.*s': a client that acts for itself has no user and no patient; "
                      "only system/ scopes can be granted to it",
                      SLICE_FMT(word));
    return STATUS_YES;
}

/* Words that are checked, with one blank between. */
static enum status scope_read(struct ctl *c, const char *text, const char **out)
{
    struct slice list = slice_of(text), word;
    struct buf scope = buf_in(&c->arena, JWT_MAX_SCOPE + 1);
    while (scope_next(&list, &word)) {
        enum status s = scope_word_check(word);
        if (s != STATUS_YES)
            return s;
        if (scope.n > 0)
            buf_putc(&scope, ' ');
        buf_put(&scope, word);
    }
    if (scope.overflowed)
        return ctl_no("the scope is longer than %d bytes", JWT_MAX_SCOPE);
    if (scope.n == 0)
        return ctl_no("the scope is empty");
    *out = scope.p;
    return STATUS_YES;
}

/* In the file as it is, so that it also holds for keys that jwk_set_parse passes over. */
static bool key_is_private(const struct json *key)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_member(key, members[i]) != NULL)
            return true;
    return false;
}

static bool holds_private_key(const struct json *document)
{
    const struct json *keys = json_member(document, "keys");
    bool found = key_is_private(document);
    if (keys != NULL && json_kind(keys) == JSON_ARRAY)
        for (const struct json *k = json_first(keys); k != NULL; k = json_next(k))
            found |= key_is_private(k);
    return found;
}

static enum status jwk_set_check(const char *path, const struct jwk_set *set)
{
    bool usable = false;
    for (size_t i = 0; i < set->count; i++) {
        if (set->keys[i]->kid[0] == '\0')
            return ctl_no("%s: a key has no kid; a client assertion must name its key", path);
        usable |= set->keys[i]->may_verify;
    }
    if (!usable)
        return ctl_no("%s: holds no key for signatures", path);
    return STATUS_YES;
}

static enum status jwks_read(struct ctl *c, const char *path, const char **out)
{
    struct slice text;
    struct json *document = NULL;
    struct jwk_set *set = NULL;
    enum status s = ctl_read_file(c, path, c->config.jwks_max_bytes, &text);
    if (s != STATUS_YES)
        return s;
    enum err e = json_parse(text, &document);
    bool is_private = e == ERR_OK && holds_private_key(document);
    json_free(document);
    if (e != ERR_OK)
        return ctl_misuse("%s: is not well-formed JSON", path);
    if (is_private)
        return ctl_no("%s: holds a private or secret key; give the public keys only", path);
    e = jwk_set_parse(text, &set);
    if (e != ERR_OK)
        return ctl_misuse("%s: %s", path, err_row(e)->text);
    s = jwk_set_check(path, set);
    jwk_set_free(set);
    char *copy = s == STATUS_YES ? arena_dup(&c->arena, text) : NULL;
    if (s == STATUS_YES && copy == NULL)
        return ctl_no("%s", err_row(ERR_MEMORY)->text);
    if (s == STATUS_YES)
        *out = copy;
    return s;
}

/* The token endpoint fetches it: https, and nothing that could be read two ways. */
static enum status jwks_uri_check(const char *uri)
{
    struct slice rest = slice_of(uri), authority;
    if (!slice_starts(rest, "https://"))
        return ctl_no("--jwks-uri '%s': must begin with https://", uri);
    rest = slice_skip(rest, strlen("https://"));
    if (!slice_cut(&rest, '/', &authority) || authority.n == 0 || slice_has_char(authority, '@') ||
        slice_has_char(authority, '?') || strlen(uri) > URI_MAX_BYTES ||
        !slice_is_printable(slice_of(uri)) || strpbrk(uri, " \"#<>\\^`{|}") != NULL)
        return ctl_no("--jwks-uri '%s': must be https://HOST/PATH, without user, blanks or "
                      "fragment, in at most %d bytes",
                      uri, URI_MAX_BYTES);
    return STATUS_YES;
}

static enum status lifetime_read(const char *text, unsigned *out)
{
    uint64_t seconds;
    if (strcmp(text, "default") == 0)
        seconds = 0;
    else if (!ctl_duration(text, TOKEN_LIFETIME_MAX_S, &seconds) || seconds == 0)
        return ctl_misuse("--token-lifetime '%s': give 1s to 1h, or default", text);
    *out = (unsigned)seconds;
    return STATUS_YES;
}

static enum status required_read(const char *option, const char *text, bool *required)
{
    if (strcmp(text, "required") != 0 && strcmp(text, "optional") != 0)
        return ctl_misuse("%s '%s': give required or optional", option, text);
    *required = strcmp(text, "required") == 0;
    return STATUS_YES;
}

static enum status auth_read(struct ctl *c, struct client *client)
{
    static const enum option ways[] = {
        OPT_SECRET,      OPT_IMPORT_SECRET, OPT_JWKS,       OPT_JWKS_URI,      OPT_TLS_SUBJECT,
        OPT_TLS_SAN_DNS, OPT_TLS_SAN_URI,   OPT_TLS_SAN_IP, OPT_TLS_SAN_EMAIL, OPT_TLS_CERTIFICATE};
    const char *jwks = c->options[OPT_JWKS], *uri = c->options[OPT_JWKS_URI];
    size_t given = 0;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        given += c->options[ways[i]] != NULL;
    if (given == 0)
        return STATUS_YES;
    if (given > 1)
        return ctl_misuse("--secret, --import-secret, --jwks, --jwks-uri and the ways of --tls- "
                          "exclude each other");

    struct client next = *client;
    next.auth = jwks != NULL ? CLIENT_JWKS : uri != NULL ? CLIENT_JWKS_URI : CLIENT_SECRET;
    next.jwks = "";
    next.jwks_uri = uri != NULL ? uri : "";
    next.tls_kind = CERTIFICATE_SUBJECT;
    next.tls_name = "";
    enum status s = registration_tls(c, &next);
    if (jwks != NULL)
        s = jwks_read(c, jwks, &next.jwks);
    else if (uri != NULL)
        s = jwks_uri_check(uri);
    if (s == STATUS_YES)
        *client = next;
    return s;
}

enum status registration_apply(struct ctl *c, struct client *client)
{
    struct client next = *client;
    const char *name = c->options[OPT_NAME], *scope = c->options[OPT_SCOPE];
    const char *lifetime = c->options[OPT_TOKEN_LIFETIME];
    const char *dpop = c->options[OPT_DPOP], *tls_bound = c->options[OPT_TLS_BOUND];
    enum status s = auth_read(c, &next);
    if (s == STATUS_YES && name != NULL)
        s = registration_name(name);
    if (s == STATUS_YES && name != NULL)
        next.name = name;
    if (s == STATUS_YES && scope != NULL)
        s = scope_read(c, scope, &next.scope);
    if (s == STATUS_YES && lifetime != NULL)
        s = lifetime_read(lifetime, &next.token_lifetime_s);
    if (s == STATUS_YES && dpop != NULL)
        s = required_read("--dpop", dpop, &next.dpop_required);
    if (s == STATUS_YES && tls_bound != NULL)
        s = required_read("--tls-bound", tls_bound, &next.tls_bound);
    if (s == STATUS_YES)
        *client = next;
    return s;
}

enum status registration_import(struct ctl *c, struct client_secret *out)
{
    const char *path = c->options[OPT_IMPORT_SECRET];
    struct slice text;
    enum status s = ctl_read_file(c, path, CLIENT_SECRET_IMPORT_MAX + 2, &text);
    if (s != STATUS_YES)
        return s;
    enum err e = client_secret_import(ctl_chomp(text), c->now, out);
    if (e == ERR_FORM || e == ERR_TOO_LARGE)
        return ctl_no("%s: a secret must be %d to %d printable ASCII characters", path,
                      CLIENT_SECRET_IMPORT_MIN, CLIENT_SECRET_IMPORT_MAX);
    return e == ERR_OK ? STATUS_YES : ctl_no("%s: %s", path, err_row(e)->text);
}
