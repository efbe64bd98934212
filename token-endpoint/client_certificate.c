#include "client_certificate.h"

static bool is_known_digest(struct slice digests, const char *digest)
{
    struct slice each;
    while (slice_cut(&digests, ' ', &each))
        if (slice_is(each, digest))
            return true;
    return false;
}

enum err certificate_check(const struct client *client, struct slice certificate,
                           struct slice verified)
{
    char digest[CERTIFICATE_DIGEST + 1];
    struct slice known = slice_of(client->tls_name);
    if (client->auth == CLIENT_TLS)
        return slice_is(verified, "SUCCESS")
                   ? certificate_bears(certificate, client->tls_kind, known)
                   : ERR_TLS_UNVERIFIED;
    if (client->auth != CLIENT_TLS_SELF_SIGNED)
        return ERR_CLIENT_AUTH;
    enum err e = certificate_digest(certificate, digest);
    return e == ERR_OK && !is_known_digest(known, digest) ? ERR_TLS_NAME : e;
}

enum err certificate_binding(const struct config *conf, const struct client *client,
                             const struct request *rq, struct arena *a,
                             char x5t[CERTIFICATE_DIGEST + 1])
{
    struct slice der;
    bool bound =
        client->tls_bound || client->auth == CLIENT_TLS || client->auth == CLIENT_TLS_SELF_SIGNED;
    x5t[0] = '\0';
    if (!bound)
        return ERR_OK;
    enum err e = certificate_shown(rq, conf->endpoint_certificates, a, &der);
    return e == ERR_OK ? certificate_digest(der, x5t) : e;
}
