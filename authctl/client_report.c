/* client list, client show. */
#include "client_report.h"

#include "jwk.h"
#include "registration.h"
#include "report.h"
#include "throttle.h"

#define CLIENT_FIELDS 14
#define SHOW_FIELDS   (CLIENT_FIELDS + 4 + CLIENT_MAX_SECRETS + JWK_SET_MAX_KEYS)

static struct slice method_of(const struct client *client)
{
    static const char *const names[] = {[CLIENT_SECRET] = "client_secret_basic",
                                        [CLIENT_JWKS] = "private_key_jwt",
                                        [CLIENT_JWKS_URI] = "private_key_jwt",
                                        [CLIENT_TLS] = "tls_client_auth",
                                        [CLIENT_TLS_SELF_SIGNED] = "self_signed_tls_client_auth"};
    return slice_of(names[client->auth]);
}

static size_t client_fields(const struct client *client, const char *secret,
                            struct field out[CLIENT_FIELDS])
{
    bool tls = client->auth == CLIENT_TLS || client->auth == CLIENT_TLS_SELF_SIGNED;
    size_t n = 0;
    out[n++] = REPORT_TEXT("client_id", "Client id", slice_of(client->id));
    if (secret != NULL)
        out[n++] = REPORT_TEXT("client_secret", "Client secret", slice_of(secret));
    out[n++] = REPORT_TEXT("name", "Name", slice_of(client->name));
    out[n++] = REPORT_TEXT("scope", "Scope", slice_of(client->scope));
    out[n++] = REPORT_TEXT("auth_method", "Authentication", method_of(client));
    if (client->auth == CLIENT_JWKS_URI)
        out[n++] = REPORT_TEXT("jwks_uri", "JWKS URI", slice_of(client->jwks_uri));
    if (tls)
        out[n++] = registration_tls_field(client);
    out[n++] = REPORT_NUMBER("enabled", "Enabled", FIELD_FLAG, client->enabled);
    out[n++] =
        REPORT_NUMBER("token_lifetime", "Token lifetime", FIELD_LIFETIME, client->token_lifetime_s);
    out[n++] =
        REPORT_TEXT("dpop", "DPoP", client->dpop_required ? SLICE("required") : SLICE("optional"));
    out[n++] = REPORT_TEXT("tls_bound", "Bound to certificate",
                           tls || client->tls_bound ? SLICE("required") : SLICE("optional"));
    out[n++] = REPORT_NUMBER("created_at", "Created", FIELD_TIME, client->created_at);
    out[n++] = REPORT_NUMBER("updated_at", "Updated", FIELD_TIME, client->updated_at);
    out[n++] = REPORT_NUMBER("tokens_valid_from", "Tokens valid from", FIELD_TIME,
                             client->tokens_valid_from);
    return n;
}

void client_report(struct ctl *c, const struct client *client, const char *secret)
{
    struct field fields[CLIENT_FIELDS];
    report_record(c, fields, client_fields(client, secret, fields));
}

enum status client_find(struct ctl *c, const char *id, struct client *out)
{
    enum err e = store_client_get(c->store, slice_of(id), &c->arena, out);
    if (e == ERR_NOT_FOUND)
        return ctl_no("there is no client '%s'", id);
    return e == ERR_OK ? STATUS_YES : ctl_store_no(c, e);
}

static bool list_one(const struct client *client, void *context)
{
    struct report_list *list = context;
    struct field fields[CLIENT_FIELDS];
    size_t n = client_fields(client, NULL, fields);
    if (list->c->options[OPT_JSON] == NULL) {
        n = 0;
        fields[n++] = REPORT_TEXT("", "CLIENT ID", slice_of(client->id));
        fields[n++] = REPORT_TEXT("", "AUTHENTICATION", method_of(client));
        fields[n++] = REPORT_NUMBER("", "ENABLED", FIELD_FLAG, client->enabled);
        fields[n++] = REPORT_TEXT("", "NAME", slice_of(client->name));
        fields[n++] = REPORT_TEXT("", "SCOPE", slice_of(client->scope));
    }
    report_list_add(list, fields, n);
    return true;
}

enum status client_list(struct ctl *c)
{
    struct report_list list;
    enum status s = ctl_open(c);
    if (s != STATUS_YES)
        return s;
    report_list_begin(&list, c);
    enum err e = store_client_list(c->store, list_one, &list);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    report_list_end(&list, "no clients; add one with: fhir-authctl client add");
    return STATUS_YES;
}

/* From where a client is locked out for now. */
struct locks {
    const struct ctl *c;
    int64_t addresses;
    int64_t until; /* of the last one; 0: none */
};

static bool add_lock(struct slice address, const struct failed_logins *failed, void *context)
{
    struct locks *locks = context;
    const struct config *conf = &locks->c->config;
    int64_t now = locks->c->now;
    int64_t wait_s = throttle_wait(conf, failed->count, failed->last_at, now);
    if (wait_s == 0 || !throttle_locks(conf, failed->count) || throttle_exempts(conf, address))
        return true;
    locks->addresses++;
    if (now + wait_s > locks->until)
        locks->until = now + wait_s;
    return true;
}

/* What hangs on a client, beside its own row. */
struct attached {
    struct client_secret secrets[CLIENT_MAX_SECRETS];
    size_t secret_count;
    struct failed_logins failed;
    struct locks locks;
    struct jwk_set *keys; /* owned; NULL: none */
};

static enum err attached_load(struct ctl *c, const struct client *client, struct attached *out)
{
    struct slice id = slice_of(client->id);
    enum err e = store_secret_list(c->store, id, c->now, out->secrets, &out->secret_count);
    if (e == ERR_OK)
        e = store_failed_login_get(c->store, id, &out->failed);
    out->locks.c = c;
    if (e == ERR_OK)
        e = store_failed_login_list(c->store, id, add_lock, &out->locks);
    if (e == ERR_OK && client->auth == CLIENT_JWKS)
        e = jwk_set_parse(slice_of(client->jwks), &out->keys);
    return e;
}

static const char *secret_kind(const struct client_secret *s)
{
    return s->kind == SECRET_SCRYPT ? "imported" : "generated";
}

static void show_json(struct ctl *c, const struct field *fields, size_t n,
                      const struct attached *also)
{
    struct buf *out = &c->out;
    buf_putc(out, '{');
    report_members(out, fields, n);
    report_name(out, "secrets");
    buf_putc(out, '[');
    for (size_t i = 0; i < also->secret_count; i++) {
        const struct client_secret *s = &also->secrets[i];
        const struct field members[] = {
            REPORT_TEXT("kind", "", slice_of(secret_kind(s))),
            REPORT_NUMBER("created_at", "", FIELD_TIME, s->created_at),
            REPORT_NUMBER("expires_at", "", FIELD_TIME, s->expires_at),
        };
        buf_puts(out, i > 0 ? ",{" : "{");
        report_members(out, members, sizeof members / sizeof members[0]);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    report_name(out, "jwks_kids");
    buf_putc(out, '[');
    for (size_t i = 0; also->keys != NULL && i < also->keys->count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        buf_json(out, slice_of(also->keys->keys[i]->kid));
    }
    buf_puts(out, "]}\n");
}

static void show_lines(struct ctl *c, struct field fields[SHOW_FIELDS], size_t n,
                       const struct attached *also)
{
    for (size_t i = 0; i < also->secret_count; i++) {
        const struct client_secret *s = &also->secrets[i];
        struct buf text = buf_in(&c->arena, 128);
        buf_printf(&text, "%s, made ", secret_kind(s));
        report_time(&text, s->created_at);
        buf_puts(&text, s->expires_at == 0 ? ", does not expire" : ", expires ");
        if (s->expires_at != 0)
            report_time(&text, s->expires_at);
        fields[n++] = REPORT_TEXT("", "Secret", buf_slice(&text));
    }
    for (size_t i = 0; also->keys != NULL && i < also->keys->count; i++)
        fields[n++] = REPORT_TEXT("", "Key (kid)", slice_of(also->keys->keys[i]->kid));
    report_lines(c, fields, n);
}

enum status client_show(struct ctl *c)
{
    struct client client;
    struct attached also = {0};
    enum status s = ctl_open(c);
    if (s == STATUS_YES)
        s = client_find(c, c->operand, &client);
    if (s != STATUS_YES)
        return s;
    enum err e = attached_load(c, &client, &also);
    if (e != ERR_OK)
        return ctl_store_no(c, e);

    struct field fields[SHOW_FIELDS];
    size_t n = client_fields(&client, NULL, fields);
    fields[n++] = REPORT_NUMBER("failed_logins", "Failed logins", FIELD_NUMBER, also.failed.count);
    fields[n++] =
        REPORT_NUMBER("failed_login_at", "Last failed login", FIELD_TIME, also.failed.last_at);
    fields[n++] = REPORT_NUMBER("locked_addresses", "Locked from addresses", FIELD_NUMBER,
                                also.locks.addresses);
    fields[n++] = REPORT_NUMBER("locked_until", "Locked until", FIELD_TIME, also.locks.until);
    if (c->options[OPT_JSON] != NULL)
        show_json(c, fields, n, &also);
    else
        show_lines(c, fields, n, &also);
    jwk_set_free(also.keys);
    return STATUS_YES;
}
