#include "client_auth.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define MAX_JTI        256

static const char *const method_names[] = {
    [METHOD_SECRET_BASIC] = "client_secret_basic",
    [METHOD_SECRET_POST] = "client_secret_post",
    [METHOD_PRIVATE_KEY_JWT] = "private_key_jwt",
    [METHOD_TLS] = "tls_client_auth",
    [METHOD_TLS_SELF_SIGNED] = "self_signed_tls_client_auth",
};

/* SMART asks for RS384 and ES384; the rest is what clients in the field sign with. */
static const char *const assertion_algs[] = {
    "ES384", "RS384", "ES256", "RS256", "PS256", "PS384", "EdDSA",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *client_method_name(enum client_method m)
{
    return method_names[m];
}

const char *client_method_at(const struct config *conf, size_t i)
{
    size_t count = conf->endpoint_certificates ? COUNT(method_names) : METHOD_TLS;
    return i < count ? method_names[i] : NULL;
}

const char *assertion_alg_at(size_t i)
{
    return i < COUNT(assertion_algs) ? assertion_algs[i] : NULL;
}

static enum err basic_credentials(const struct request *rq, struct slice form_client_id,
                                  struct arena *a, struct credentials *c)
{
    enum err e = http_basic(rq->authorization, a, &c->client_id, &c->secret);
    if (e == ERR_NO_TOKEN)
        return ERR_AUTH_HEADER; /* another scheme */
    if (e != ERR_OK)
        return e;
    c->method = METHOD_SECRET_BASIC;
    /* Some clients repeat their id in the form; it must then be the same. */
    return form_client_id.p != NULL && !slice_eq(form_client_id, c->client_id) ? ERR_CLIENT_MISMATCH
                                                                               : ERR_OK;
}

/* RFC 8705 section 2: the form names the client, its certificate proves that. */
static enum err tls_credentials(const struct request *rq, const struct config *conf,
                                struct arena *a, struct credentials *c)
{
    if (c->client_id.p == NULL)
        return ERR_CLIENT_NONE;
    c->method = METHOD_TLS;
    enum err e = certificate_shown(rq, conf->endpoint_certificates, a, &c->certificate);
    return e == ERR_TLS_OFF || e == ERR_TLS_MISSING ? ERR_CLIENT_NONE : e;
}

enum err credentials_find(const struct request *rq, const struct form *form,
                          const struct config *conf, struct arena *a, struct credentials *out)
{
    struct credentials c = {.client_id = form_get(form, "client_id"),
                            .secret = form_get(form, "client_secret"),
                            .assertion = form_get(form, "client_assertion")};
    struct slice type = form_get(form, "client_assertion_type");
    /* RewriteRule's E flag makes an empty variable of a header that was not sent. */
    bool basic = slice_trim(rq->authorization).n > 0, post = c.secret.p != NULL;
    bool jwt = c.assertion.p != NULL || type.p != NULL;
    enum err e = ERR_OK;
    if (basic + post + jwt > 1)
        return ERR_CLIENT_TWO_METHODS;
    if (basic) {
        e = basic_credentials(rq, c.client_id, a, &c);
    } else if (post) {
        c.method = METHOD_SECRET_POST;
        e = c.client_id.p == NULL ? ERR_FORM_MISSING : ERR_OK;
    } else if (jwt) {
        c.method = METHOD_PRIVATE_KEY_JWT;
        if (c.assertion.p == NULL || type.p == NULL)
            e = ERR_FORM_MISSING;
        else if (!slice_is(type, ASSERTION_TYPE))
            e = ERR_CLIENT_ASSERTION_TYPE;
    } else {
        e = tls_credentials(rq, conf, a, &c);
    }
    if (e == ERR_OK)
        *out = c;
    return e;
}

static bool alg_allowed(const struct jws_alg *alg)
{
    for (size_t i = 0; i < COUNT(assertion_algs); i++)
        if (slice_is(slice_of(jws_alg_name(alg)), assertion_algs[i]))
            return true;
    return false;
}

/*
 * SMART wants "JWT", RFC 7523bis a type of its own, and clients in the field send none.  Any other
 * type marks a token that was made for something else.
 */
static bool typ_allowed(struct slice typ)
{
    return typ.p == NULL || slice_is_nocase(typ, "JWT") ||
           jwt_typ_is(typ, "client-authentication+jwt");
}

/* One string: SMART wants the token endpoint's URL, RFC 7523bis the issuer. */
static bool audience_allowed(const struct jwt_claims *c, const struct config *conf)
{
    char token_url[CONFIG_MAX_TEXT + 8];
    struct buf text = BUF(token_url);
    buf_printf(&text, "%s/token", conf->url);
    return c->aud_count == 1 && !c->aud_is_array &&
           (slice_is(c->aud[0], conf->issuer) || slice_is(c->aud[0], token_url));
}

static enum err check_claims(const struct jwt_claims *c, const struct credentials *given,
                             const struct config *conf, int64_t now)
{
    if (c->iss.n == 0 || c->sub.n == 0 || !slice_eq(c->iss, c->sub))
        return ERR_JWT_SUBJECT;
    if (given->client_id.p != NULL && !slice_eq(given->client_id, c->iss))
        return ERR_CLIENT_MISMATCH;
    if (!audience_allowed(c, conf))
        return ERR_JWT_AUDIENCE;
    if (c->jti.n == 0 || c->jti.n > MAX_JTI)
        return ERR_JWT_CLAIM;
    enum err e = jwt_check_time(c, now, conf->clock_skew_s);
    if (e == ERR_OK && c->exp - now > ASSERTION_MAX_LIFETIME + (int64_t)conf->clock_skew_s)
        e = ERR_JWT_LIFETIME;
    return e;
}

enum err assertion_check(const struct credentials *c, const struct config *conf, int64_t now,
                         struct arena *a, struct assertion *out)
{
    enum err e = jws_parse(c->assertion, a, &out->jws);
    if (e == ERR_OK && !alg_allowed(out->jws.alg))
        e = ERR_JWT_ALG;
    if (e == ERR_OK && !typ_allowed(out->jws.typ))
        e = ERR_JWT_TYP;
    if (e == ERR_OK && out->jws.kid.n == 0)
        e = ERR_JWT_KEY;
    if (e == ERR_OK)
        e = jwt_claims_parse(out->jws.payload, a, &out->claims);
    if (e == ERR_OK)
        e = check_claims(&out->claims, c, conf, now);
    return e;
}
