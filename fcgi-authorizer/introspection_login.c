#include "introspection_login.h"

#include "base64url.h"
#include "credential_file.h"
#include "form.h"
#include "jws.h"
#include "secret.h"

#include <pthread.h>

#define ASSERTION_S    60 /* how long one may be used */
#define ASSERTION_TYPE "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
#define MAX_CLAIMS     4096

struct introspection_login {
    const struct config_issuer *issuer;
    pthread_mutex_t lock; /* of all below */
    bool loaded;
    struct credential_seen seen;
    size_t secret_bytes;
    char secret[CREDENTIAL_MAX_SECRET];
    struct jwk *key; /* owned */
};

struct introspection_login *introspection_login_new(const struct config_issuer *issuer)
{
    struct introspection_login *login = calloc(1, sizeof *login);
    if (login == NULL)
        return NULL;
    login->issuer = issuer;
    pthread_mutex_init(&login->lock, NULL);
    return login;
}

static void forget(struct introspection_login *login)
{
    OPENSSL_cleanse(login->secret, sizeof login->secret);
    jwk_free(login->key);
    login->key = NULL;
    login->loaded = false;
}

void introspection_login_free(struct introspection_login *login)
{
    if (login == NULL)
        return;
    forget(login);
    pthread_mutex_destroy(&login->lock);
    free(login);
}

static bool has_secret(const struct introspection_login *login)
{
    return login->issuer->introspection_secret_file[0] != '\0';
}

static const char *path_of(const struct introspection_login *login)
{
    return has_secret(login) ? login->issuer->introspection_secret_file
                             : login->issuer->introspection_key_file;
}

static enum err load(struct introspection_login *login, struct buf *fault)
{
    enum err e = ERR_OK;
    if (login->loaded)
        return ERR_OK;
    buf_printf(fault, "introspection_%s_file: ", has_secret(login) ? "secret" : "key");
    if (has_secret(login))
        e = credential_read_secret(path_of(login), login->secret, &login->secret_bytes,
                                   &login->seen, fault);
    else
        e = credential_read_key(path_of(login), &login->key, &login->seen, fault);
    login->loaded = e == ERR_OK;
    if (e == ERR_OK)
        *fault = buf_over(fault->p, fault->cap);
    return e == ERR_FILE ? ERR_INTROSPECTION : e;
}

static enum err put_basic(const struct introspection_login *login, struct arena *a,
                          const char **authorization)
{
    struct buf pair = buf_in(a, 3 * (CREDENTIAL_MAX_SECRET + CONFIG_MAX_TEXT) + 2);
    struct buf text = buf_in(a, 4 * (CREDENTIAL_MAX_SECRET + CONFIG_MAX_TEXT) + 16);
    form_escape(slice_of(login->issuer->introspection_client_id), &pair);
    buf_putc(&pair, ':');
    form_escape((struct slice){login->secret, login->secret_bytes}, &pair);
    buf_puts(&text, "Basic ");
    base64_encode(buf_slice(&pair), &text);
    *authorization = text.p;
    return pair.overflowed || text.overflowed ? ERR_MEMORY : ERR_OK;
}

static bool put_claims(const struct introspection_login *login, const char *audience, int64_t now,
                       struct buf *out)
{
    struct secret jti;
    struct slice id = slice_of(login->issuer->introspection_client_id);
    if (!secret_random(&jti))
        return false;
    buf_puts(out, "{\"iss\":");
    buf_json(out, id);
    buf_puts(out, ",\"sub\":");
    buf_json(out, id);
    buf_puts(out, ",\"aud\":");
    buf_json(out, slice_of(audience));
    buf_puts(out, ",\"jti\":\"");
    base64url_encode((struct slice){(const char *)jti.b, sizeof jti.b}, out);
    buf_printf(out, "\",\"iat\":%lld,\"exp\":%lld}", (long long)now, (long long)now + ASSERTION_S);
    return !out->overflowed;
}

/* By the key's own alg; one that has none signs with the first that fits it. */
static enum err sign(const struct jwk *key, struct slice claims, struct arena *a, struct buf *form)
{
    enum err e = ERR_JWT_ALG;
    for (size_t i = 0; e == ERR_JWT_ALG && jws_alg_at(i) != NULL; i++)
        e = jws_sign(jws_alg_find(slice_of(jws_alg_at(i))), key, "JWT", claims, a, form);
    return e;
}

static enum err put_assertion(const struct introspection_login *login, const char *audience,
                              int64_t now, struct arena *a, struct buf *form, struct buf *fault)
{
    struct buf claims = buf_in(a, MAX_CLAIMS);
    if (!put_claims(login, audience, now, &claims))
        return claims.overflowed ? ERR_MEMORY : ERR_INTERNAL;
    buf_puts(form, "&client_assertion_type=" ASSERTION_TYPE "&client_assertion=");
    enum err e = sign(login->key, buf_slice(&claims), a, form);
    if (e == ERR_OK && !form->overflowed)
        return ERR_OK;
    buf_printf(fault, "introspection_key_file: %s cannot sign: %s", path_of(login),
               err_row(e)->text);
    return ERR_INTROSPECTION;
}

enum err introspection_login_put(struct introspection_login *login, const char *audience,
                                 int64_t now, struct arena *a, struct buf *form,
                                 const char **authorization, struct buf *fault)
{
    *authorization = NULL;
    pthread_mutex_lock(&login->lock);
    enum err e = load(login, fault);
    if (e == ERR_OK)
        e = has_secret(login) ? put_basic(login, a, authorization)
                              : put_assertion(login, audience, now, a, form, fault);
    pthread_mutex_unlock(&login->lock);
    return e;
}

bool introspection_login_renew(struct introspection_login *login)
{
    pthread_mutex_lock(&login->lock);
    bool changed = login->loaded && credential_has_changed(path_of(login), &login->seen);
    if (changed)
        forget(login);
    pthread_mutex_unlock(&login->lock);
    return changed;
}
