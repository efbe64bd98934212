#include "client_report.h"
#include "client_secret.h"
#include "registration.h"
#include "report.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ID_RANDOM_BYTES 16
#define GRACE_MAX_S     (90U * 86400) /* of an old secret */

static enum status random_id(char out[2 * ID_RANDOM_BYTES + 1])
{
    unsigned char bytes[ID_RANDOM_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return ctl_no("the system's random generator failed");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return STATUS_YES;
}

/*
 * Store a new secret, imported or made here, and report the client; a made one is shown this once.
 * The client's other secrets end at others_expire_at.
 */
static enum status secret_renew(struct ctl *c, const struct client *client,
                                int64_t others_expire_at)
{
    char text[CLIENT_SECRET_TEXT + 1] = "";
    struct client_secret secret;
    bool import = c->options[OPT_IMPORT_SECRET] != NULL;
    enum status s = import ? registration_import(c, &secret) : STATUS_YES;
    if (s != STATUS_YES)
        return s;
    if (!import && client_secret_generate(c->now, text, &secret) != ERR_OK)
        return ctl_no("the system's random generator failed");
    enum err e = store_secret_add(c->store, slice_of(client->id), &secret, others_expire_at);
    if (e == ERR_OK)
        client_report(c, client, import ? NULL : text);
    if (!import && c->options[OPT_JSON] == NULL)
        buf_puts(&c->out, "The secret is shown this once: keep it now.\n");
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(&secret, sizeof secret);
    return e == ERR_OK ? STATUS_YES : ctl_store_no(c, e);
}

/*
 * iat has whole seconds, so a client that was just disabled or removed has its first good token in
 * the next one.  It is awaited, or a token that is asked for at once would be refused.
 */
static void await_tokens(const struct ctl *c, const struct client *client)
{
    struct timespec until = {.tv_sec = client->tokens_valid_from};
    if (client->tokens_valid_from > c->now && client->tokens_valid_from <= c->now + 2)
        clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

static enum status client_create(struct ctl *c, const struct client *client)
{
    struct client stored;
    enum err e = store_client_add(c->store, client);
    if (e == ERR_EXISTS)
        return ctl_no("there is a client '%s' already", client->id);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    enum status s = client_find(c, client->id, &stored);
    if (s == STATUS_YES && client->auth == CLIENT_SECRET)
        s = secret_renew(c, &stored, 0);
    else if (s == STATUS_YES)
        client_report(c, &stored, NULL);
    if (s == STATUS_YES)
        await_tokens(c, &stored);
    else if (store_client_remove(c->store, slice_of(client->id)) != ERR_OK)
        ctl_say("the client '%s' exists now, but cannot log in; remove it", client->id);
    return s;
}

enum status client_add(struct ctl *c)
{
    char id[2 * ID_RANDOM_BYTES + 1];
    struct client client = {
        .id = c->options[OPT_ID] != NULL ? c->options[OPT_ID] : id,
        .name = c->operand,
        .scope = "",
        .auth = CLIENT_SECRET,
        .jwks = "",
        .jwks_uri = "",
        .tls_name = "",
        .enabled = true,
        .created_at = c->now,
        .updated_at = c->now,
    };
    if (c->options[OPT_SCOPE] == NULL)
        return ctl_misuse("client add needs --scope, e.g. --scope 'system/*.rs'");
    enum status s = ctl_config(c);
    if (s == STATUS_YES)
        s = registration_name(c->operand);
    if (s == STATUS_YES)
        s = c->options[OPT_ID] != NULL ? registration_id(client.id) : random_id(id);
    if (s == STATUS_YES)
        s = registration_apply(c, &client);
    if (s == STATUS_YES)
        s = ctl_store(c, true);
    return s == STATUS_YES ? client_create(c, &client) : s;
}

static enum status client_open(struct ctl *c, struct client *out)
{
    enum status s = ctl_open(c);
    return s == STATUS_YES ? client_find(c, c->operand, out) : s;
}

static enum status client_save(struct ctl *c, struct client *client)
{
    client->updated_at = c->now;
    enum err e = store_client_update(c->store, client);
    if (e == ERR_NOT_FOUND)
        return ctl_no("there is no client '%s' any more", client->id);
    return e == ERR_OK ? STATUS_YES : ctl_store_no(c, e);
}

enum status client_set(struct ctl *c)
{
    static const enum option settings[] = {
        OPT_NAME,          OPT_SCOPE,         OPT_TOKEN_LIFETIME,  OPT_JWKS,        OPT_JWKS_URI,
        OPT_IMPORT_SECRET, OPT_DPOP,          OPT_TLS_SUBJECT,     OPT_TLS_SAN_DNS, OPT_TLS_SAN_URI,
        OPT_TLS_SAN_IP,    OPT_TLS_SAN_EMAIL, OPT_TLS_CERTIFICATE, OPT_TLS_BOUND};
    struct client client;
    bool any = false;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        any |= c->options[settings[i]] != NULL;
    if (!any)
        return ctl_misuse("client set needs something to set; see fhir-authctl client set --help");
    enum status s = client_open(c, &client);
    if (s == STATUS_YES)
        s = registration_apply(c, &client);
    if (s != STATUS_YES)
        return s;
    client.updated_at = c->now;
    /* The secret first: a client whose secret is refused stays as it was. */
    if (c->options[OPT_IMPORT_SECRET] != NULL)
        s = secret_renew(c, &client, c->now - 1);
    else
        client_report(c, &client, NULL);
    return s == STATUS_YES ? client_save(c, &client) : s;
}

enum status client_rotate_secret(struct ctl *c)
{
    struct client client;
    uint64_t grace = 0;
    const char *text = c->options[OPT_GRACE];
    if (text != NULL && !ctl_duration(text, GRACE_MAX_S, &grace))
        return ctl_misuse("--grace '%s': give 0s to 90d", text);
    enum status s = client_open(c, &client);
    if (s != STATUS_YES)
        return s;
    if (client.auth != CLIENT_SECRET)
        return ctl_no("client '%s' has no secret: it has a key or a certificate of its own",
                      client.id);
    return secret_renew(c, &client, grace > 0 ? c->now + (int64_t)grace : c->now - 1);
}

/* What was done to a client, after it was saved. */
static enum status client_done(struct ctl *c, struct client *client, const char *what)
{
    enum status s = client_save(c, client);
    if (s != STATUS_YES)
        return s;
    if (c->options[OPT_JSON] != NULL)
        client_report(c, client, NULL);
    else
        buf_printf(&c->out, "client %s %s\n", client->id, what);
    return STATUS_YES;
}

enum status client_disable(struct ctl *c)
{
    struct client client;
    enum status s = client_open(c, &client);
    if (s != STATUS_YES)
        return s;
    client.enabled = false;
    client.tokens_valid_from = c->now + 1; /* those of this very second end too */
    return client_done(c, &client, "is disabled; its tokens are refused");
}

enum status client_enable(struct ctl *c)
{
    struct client client;
    enum status s = client_open(c, &client);
    if (s != STATUS_YES)
        return s;
    enum err e = store_failed_login_clear(c->store, slice_of(client.id));
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    client.enabled = true;
    s = client_done(c, &client, "is enabled");
    if (s == STATUS_YES)
        await_tokens(c, &client);
    return s;
}

enum status client_remove(struct ctl *c)
{
    enum status s = ctl_open(c);
    if (s != STATUS_YES)
        return s;
    enum err e = store_client_remove(c->store, slice_of(c->operand));
    if (e == ERR_NOT_FOUND)
        return ctl_no("there is no client '%s'", c->operand);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    if (c->options[OPT_JSON] != NULL) {
        const struct field fields[] = {
            REPORT_TEXT("client_id", "", slice_of(c->operand)),
            REPORT_NUMBER("removed", "", FIELD_FLAG, true),
        };
        report_record(c, fields, sizeof fields / sizeof fields[0]);
    } else {
        buf_printf(&c->out, "client %s is removed; its tokens are refused\n", c->operand);
    }
    return STATUS_YES;
}
