#include "authenticate.h"

#include "client_certificate.h"
#include "client_keys.h"
#include "client_secret.h"
#include "login.h"

/* When the first of them ends, whichever it was that matched. */
static int64_t first_end(const struct client_secret *secrets, size_t count)
{
    int64_t end = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (secrets[i].expires_at != 0 && secrets[i].expires_at < end)
            end = secrets[i].expires_at;
    return end;
}

/*
 * An unknown client takes the same way as a known one: one look-up of the client, one of its
 * secrets, one comparison, one failure counted.
 */
static enum err look_up_secret(struct store *st, const struct credentials *c, int64_t now,
                               struct arena *a, struct authentication *out, int64_t *good_until)
{
    struct client_secret secrets[CLIENT_MAX_SECRETS];
    size_t count = 0;
    bool equalise = false;
    enum err found = store_client_get(st, c->client_id, a, &out->client);
    if (found != ERR_OK && found != ERR_NOT_FOUND)
        return found;
    enum err e = store_secret_list(st, c->client_id, now, secrets, &count);
    if (e == ERR_OK)
        e = store_has_scrypt(st, &equalise);
    if (e == ERR_OK)
        e = client_secret_check(c->secret, secrets, count, equalise);
    *good_until = first_end(secrets, count);
    OPENSSL_cleanse(secrets, sizeof secrets);
    if (e == ERR_STORE)
        return e;
    if (found == ERR_NOT_FOUND)
        return ERR_NOT_FOUND;
    if (e == ERR_OK && (out->client.auth != CLIENT_SECRET || !out->client.enabled))
        e = ERR_CLIENT_AUTH;
    return e;
}

static enum err check_secret(const struct registry *r, const struct credentials *c, int64_t now,
                             struct arena *a, struct authentication *out)
{
    int64_t good_until = 0;
    if (r->known != NULL &&
        known_client_secret(r->known, c->client_id, c->secret, now, a, &out->client))
        return ERR_OK;
    enum err e = look_up_secret(r->store, c, now, a, out, &good_until);
    if (e == ERR_OK && r->known != NULL)
        known_clients_keep_secret(r->known, &out->client, c->secret, good_until);
    return e;
}

static enum err look_up_key(const struct registry *r, const struct config *conf,
                            const struct assertion *assertion, int64_t now, struct arena *a,
                            struct authentication *out)
{
    struct jwk *used = NULL;
    enum err e = store_client_get(r->store, assertion->claims.iss, a, &out->client);
    bool by_key = out->client.auth == CLIENT_JWKS || out->client.auth == CLIENT_JWKS_URI;
    if (e == ERR_OK && (!by_key || !out->client.enabled))
        e = ERR_CLIENT_AUTH;
    if (e == ERR_OK)
        e = client_keys_verify(r->store, conf, &out->client, &assertion->jws, now, a, &used);
    if (e == ERR_OK && r->known != NULL && out->client.auth == CLIENT_JWKS)
        known_clients_keep_key(r->known, &out->client, used);
    else
        jwk_free(used);
    return e;
}

static enum err check_assertion(const struct registry *r, const struct config *conf,
                                const struct assertion *assertion, int64_t now, struct arena *a,
                                struct authentication *out)
{
    struct slice id = assertion->claims.iss;
    bool known =
        r->known != NULL && known_client_key(r->known, id, &assertion->jws, a, &out->client);
    enum err e = known ? ERR_OK : look_up_key(r, conf, assertion, now, a, out);
    const struct jti_use use = {.issuer = id,
                                .jti = assertion->claims.jti,
                                .expires_at = assertion->claims.exp + (int64_t)conf->clock_skew_s,
                                .now = now};
    return e == ERR_OK ? registry_jti_once(r, &use) : e;
}

static enum err check_certificate(struct store *st, const struct credentials *c,
                                  struct slice verified, struct arena *a,
                                  struct authentication *out)
{
    enum err e = store_client_get(st, c->client_id, a, &out->client);
    if (e != ERR_OK)
        return e;
    if (out->client.auth == CLIENT_TLS_SELF_SIGNED)
        out->method = client_method_name(METHOD_TLS_SELF_SIGNED);
    return out->client.enabled ? certificate_check(&out->client, c->certificate, verified)
                               : ERR_CLIENT_AUTH;
}

/* What may be told of a reason that rests on the registration. */
static enum err public_reason(enum err reason)
{
    switch ((int)reason) {
    case ERR_OK:
    case ERR_STORE:
    case ERR_MEMORY:
    case ERR_TOO_LARGE:
    case ERR_INTERNAL:
    case ERR_JWT_REPLAY: /* its signature was right: the client knows that it is known */
        return reason;
    default:
        return ERR_CLIENT_AUTH;
    }
}

/* Whatever is presented; its method says what that is. */
static enum err check_credentials(const struct registry *r, const struct config *conf,
                                  const struct request *rq, const struct credentials *c,
                                  const struct assertion *assertion, int64_t now, struct arena *a,
                                  struct authentication *out)
{
    switch (c->method) {
    case METHOD_SECRET_BASIC:
    case METHOD_SECRET_POST:
        return check_secret(r, c, now, a, out);
    case METHOD_PRIVATE_KEY_JWT:
        return check_assertion(r, conf, assertion, now, a, out);
    case METHOD_TLS:
    case METHOD_TLS_SELF_SIGNED:
        return check_certificate(r->store, c, rq->verified, a, out);
    }
    return ERR_INTERNAL;
}

/* Who is claimed is known, and nothing is checked yet that rests on the registration. */
static enum err check_login(const struct registry *r, const struct config *conf,
                            const struct request *rq, const struct credentials *c,
                            const struct assertion *assertion, int64_t now, struct arena *a,
                            struct authentication *out)
{
    struct login login;
    out->reason = login_begin(r->store, conf, out->claimed, rq->remote_addr, now, &login,
                              &out->retry_after_s);
    if (out->reason != ERR_OK)
        return out->reason;
    out->reason = check_credentials(r, conf, rq, c, assertion, now, a, out);
    enum err e = public_reason(out->reason);
    if (e == ERR_OK)
        login_succeeded(r->store, &login);
    if (e == ERR_CLIENT_AUTH || e == ERR_JWT_REPLAY) {
        enum err counted = login_failed(r->store, conf, &login, now);
        if (counted != ERR_OK)
            return counted;
    }
    return e;
}

enum err authenticate(const struct registry *r, const struct config *conf, const struct request *rq,
                      const struct form *form, int64_t now, struct arena *a,
                      struct authentication *out)
{
    struct credentials c;
    struct assertion assertion = {.claims = {.exp = 0}}; /* filled when one is presented */
    *out = (struct authentication){.claimed = form_get(form, "client_id"), .method = ""};
    enum err e = out->reason = credentials_find(rq, form, conf, a, &c);
    /* Credentials in a header that cannot be read are wrong credentials (RFC 6749 section 5.2). */
    if (e == ERR_AUTH_HEADER)
        return ERR_CLIENT_AUTH;
    if (e != ERR_OK)
        return e;
    out->method = client_method_name(c.method);
    out->claimed = c.client_id;
    if (c.method == METHOD_PRIVATE_KEY_JWT) {
        e = out->reason = assertion_check(&c, conf, now, a, &assertion);
        if (e != ERR_OK)
            return e;
        out->claimed = assertion.claims.iss;
    }
    return check_login(r, conf, rq, &c, &assertion, now, a, out);
}
