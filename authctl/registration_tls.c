/* Clients that log in by a TLS certificate (RFC 8705 section 2). */
#include "json.h"
#include "registration.h"
#include "report.h"

#include <string.h>

#define FILE_BYTES       65536
#define MAX_CERTIFICATES 8 /* one in use and its successors */

struct digests {
    struct buf text; /* by blanks */
    size_t count;
};

static enum status digest_add(struct ctl *c, const char *path, struct slice text,
                              struct digests *to)
{
    char digest[CERTIFICATE_DIGEST + 1], name[CERTIFICATE_MAX_NAME + 1];
    struct buf subject = BUF(name);
    struct slice der;
    enum err e = certificate_der(text, &c->arena, &der);
    if (e == ERR_OK)
        e = certificate_subject(der, &subject); /* whether it is one; its name does not matter */
    if (e == ERR_OK || e == ERR_TOO_LARGE)
        e = certificate_digest(der, digest);
    if (e != ERR_OK)
        return ctl_misuse("%s: %s", path, err_row(e)->text);
    if (to->count++ == MAX_CERTIFICATES)
        return ctl_no("%s: holds more than %d certificates", path, MAX_CERTIFICATES);
    buf_printf(&to->text, "%s%s", to->text.n > 0 ? " " : "", digest);
    return STATUS_YES;
}

static enum status pem_read(struct ctl *c, const char *path, struct slice text, struct digests *to)
{
    struct slice pem;
    enum status s = STATUS_YES;
    while (s == STATUS_YES && certificate_next(&text, &pem))
        s = digest_add(c, path, pem, to);
    return s;
}

/* RFC 8705 section 2.2.2: of each key its own certificate, which stands first in x5c. */
static enum status set_read(struct ctl *c, const char *path, const struct json *document,
                            struct digests *to)
{
    const struct json *keys = json_member(document, "keys");
    enum status s = STATUS_YES;
    if (keys == NULL || json_kind(keys) != JSON_ARRAY)
        return ctl_misuse("%s: is no JWK Set", path);
    for (const struct json *k = json_first(keys); k != NULL && s == STATUS_YES; k = json_next(k)) {
        const struct json *chain = json_member(k, "x5c");
        struct slice text;
        if (chain == NULL)
            continue;
        if (json_kind(chain) != JSON_ARRAY || json_count(chain) == 0 ||
            !json_string(json_first(chain), &text))
            return ctl_misuse("%s: an x5c is no list of certificates", path);
        s = digest_add(c, path, text, to);
    }
    return s;
}

static enum status certificates_read(struct ctl *c, const char *path, const char **out)
{
    struct slice text;
    struct json *document = NULL;
    struct digests digests = {
        .text = buf_in(&c->arena, (MAX_CERTIFICATES + 1) * (CERTIFICATE_DIGEST + 1) + 1)};
    enum status s = ctl_read_file(c, path, FILE_BYTES, &text);
    if (s != STATUS_YES)
        return s;
    if (slice_starts(text, "{")) {
        if (json_parse(text, &document) != ERR_OK)
            return ctl_misuse("%s: is not well-formed JSON", path);
        s = set_read(c, path, document, &digests);
        json_free(document);
    } else {
        s = pem_read(c, path, text, &digests);
    }
    if (s == STATUS_YES && digests.count == 0)
        return ctl_misuse("%s: holds no certificate, neither as PEM nor as x5c of a JWK Set", path);
    if (s == STATUS_YES && digests.text.overflowed)
        return ctl_no("%s", err_row(ERR_MEMORY)->text);
    if (s == STATUS_YES)
        *out = digests.text.p;
    return s;
}

static const struct {
    enum option option;
    enum certificate_name kind;
    const char *name, *member, *label;
    const char *form;
} names[] = {
    {OPT_TLS_SUBJECT, CERTIFICATE_SUBJECT, "--tls-subject", "tls_subject", "Subject",
     "give it as this prints it: openssl x509 -noout -subject -nameopt RFC2253 -in FILE"},
    {OPT_TLS_SAN_DNS, CERTIFICATE_DNS, "--tls-san-dns", "tls_san_dns", "DNS name",
     "give one name without *"},
    {OPT_TLS_SAN_URI, CERTIFICATE_URI, "--tls-san-uri", "tls_san_uri", "URI", "give a URI"},
    {OPT_TLS_SAN_IP, CERTIFICATE_IP, "--tls-san-ip", "tls_san_ip", "IP address",
     "give one IP address"},
    {OPT_TLS_SAN_EMAIL, CERTIFICATE_EMAIL, "--tls-san-email", "tls_san_email", "Mail address",
     "give a mail address"},
};
#define NAMES (sizeof names / sizeof names[0])

struct field registration_tls_field(const struct client *client)
{
    size_t i = 0;
    if (client->auth == CLIENT_TLS_SELF_SIGNED)
        return REPORT_TEXT("tls_x5t", "Certificate (x5t#S256)", slice_of(client->tls_name));
    while (i + 1 < NAMES && names[i].kind != client->tls_kind)
        i++;
    return REPORT_TEXT(names[i].member, names[i].label, slice_of(client->tls_name));
}

enum status registration_tls(struct ctl *c, struct client *client)
{
    size_t i = 0;
    if (c->options[OPT_TLS_CERTIFICATE] != NULL) {
        client->auth = CLIENT_TLS_SELF_SIGNED;
        return certificates_read(c, c->options[OPT_TLS_CERTIFICATE], &client->tls_name);
    }
    while (i < NAMES && c->options[names[i].option] == NULL)
        i++;
    if (i == NAMES)
        return STATUS_YES;
    const char *name = c->options[names[i].option];
    if (!certificate_name_valid(names[i].kind, slice_of(name)))
        return ctl_misuse("%s '%s': %s", names[i].name, name, names[i].form);
    client->auth = CLIENT_TLS;
    client->tls_kind = names[i].kind;
    client->tls_name = name;
    return STATUS_YES;
}
