#include "authenticate.h"

#include "client_certificate.h"
#include "client_keys.h"
#include "client_secret.h"
#include "login.h"

/*
 * An unknown client takes the same way as a known one: one look-up of the client, one of its
 * secrets, one comparison, one failure counted.
 */
static enum err check_secret(struct store *st, const struct credentials *c, int64_t now,
                             struct arena *a, struct authentication *out)
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
    OPENSSL_cleanse(secrets, sizeof secrets);
    if (e == ERR_STORE)
        return e;
    if (found == ERR_NOT_FOUND)
        return ERR_NOT_FOUND;
    if (e == ERR_OK && (out->client.auth != CLIENT_SECRET || !out->client.enabled))
        e = ERR_CLIENT_AUTH;
    return e;
}

static enum err check_assertion(struct store *st, const struct config *conf,
                                const struct assertion *assertion, int64_t now, struct arena *a,
                                struct authentication *out)
{
    struct slice id = assertion->claims.iss;
    enum err e = store_client_get(st, id, a, &out->client);
    bool by_key = out->client.auth == CLIENT_JWKS || out->client.auth == CLIENT_JWKS_URI;
    if (e == ERR_OK && (!by_key || !out->client.enabled))
        e = ERR_CLIENT_AUTH;
    if (e == ERR_OK)
        e = client_keys_verify(st, conf, &out->client, &assertion->jws, now, a);
    if (e == ERR_OK)
        e = store_jti_once(st, id, assertion->claims.jti,
                           assertion->claims.exp + (int64_t)conf->clock_skew_s, now);
    return e;
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
static enum err check_credentials(struct store *st, const struct config *conf,
                                  const struct request *rq, const struct credentials *c,
                                  const struct assertion *assertion, int64_t now, struct arena *a,
                                  struct authentication *out)
{
    switch (c->method) {
    case METHOD_SECRET_BASIC:
    case METHOD_SECRET_POST:
        return check_secret(st, c, now, a, out);
    case METHOD_PRIVATE_KEY_JWT:
        return check_assertion(st, conf, assertion, now, a, out);
    case METHOD_TLS:
    case METHOD_TLS_SELF_SIGNED:
        return check_certificate(st, c, rq->verified, a, out);
    }
    return ERR_INTERNAL;
}

/* Who is claimed is known, and nothing is checked yet that rests on the registration. */
static enum err check_login(struct store *st, const struct config *conf, const struct request *rq,
                            const struct credentials *c, const struct assertion *assertion,
                            int64_t now, struct arena *a, struct authentication *out)
{
    struct login login;
    out->reason =
        login_begin(st, conf, out->claimed, rq->remote_addr, now, &login, &out->retry_after_s);
    if (out->reason != ERR_OK)
        return out->reason;
    out->reason = check_credentials(st, conf, rq, c, assertion, now, a, out);
    enum err e = public_reason(out->reason);
    if (e == ERR_OK)
        login_succeeded(st, &login);
    if (e == ERR_CLIENT_AUTH || e == ERR_JWT_REPLAY) {
        enum err counted = login_failed(st, conf, &login, now);
        if (counted != ERR_OK)
            return counted;
    }
    return e;
}

enum err authenticate(struct store *st, const struct config *conf, const struct request *rq,
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
    return check_login(st, conf, rq, &c, &assertion, now, a, out);
}
