#include "access_token.h"

#include "base64url.h"
#include "local_token.h"

#include <openssl/rand.h>

#define MAX_CLAIMS   12288
#define CLAIMS_NAMES 256 /* bytes: of the names, times and jti in them, and more */
#define MAX_HEADER   (BASE64URL_LENGTH(6 * JWK_MAX_KID + 64) + 3) /* in base64url, with the dots */

static enum err make_jti(char out[ACCESS_TOKEN_JTI + 1])
{
    unsigned char random[16];
    struct buf text = buf_over(out, ACCESS_TOKEN_JTI + 1);
    if (RAND_bytes(random, sizeof random) != 1)
        return ERR_INTERNAL;
    base64url_encode((struct slice){(const char *)random, sizeof random}, &text);
    return text.overflowed ? ERR_INTERNAL : ERR_OK;
}

_Static_assert(BASE64URL_LENGTH(SECRET_BYTES) == LOCAL_OPAQUE_TEXT, "an opaque token's text");

static enum err make_opaque(struct arena *a, struct slice *out)
{
    struct secret random;
    struct buf text = buf_in(a, LOCAL_OPAQUE_TEXT + 1);
    if (!secret_random(&random))
        return ERR_INTERNAL;
    base64url_encode((struct slice){(const char *)random.b, sizeof random.b}, &text);
    secret_wipe(&random);
    *out = buf_slice(&text);
    return text.overflowed ? ERR_MEMORY : ERR_OK;
}

static enum err make_signed(const struct jwk *key, struct jws_prepared *prepared,
                            struct slice claims, struct arena *a, struct slice *out)
{
    const struct jws_alg *alg = jws_alg_find(slice_of(key->alg));
    if (alg == NULL)
        return ERR_KEYS;
    size_t most = BASE64URL_LENGTH(claims.n) + MAX_HEADER + BASE64URL_LENGTH(JWS_MAX_SIGNATURE);
    struct buf text = buf_in(a, most < JWS_MAX_BYTES ? most : JWS_MAX_BYTES + 1);
    enum err e = jws_sign_prepared(alg, key, prepared, "at+jwt", claims, a, &text);
    if (e == ERR_OK)
        *out = buf_slice(&text);
    return e;
}

/* Each byte of a text may take six in JSON. */
static size_t most_claims(const struct config *conf, const struct client *client,
                          struct slice scope, struct slice audience, struct slice cnf)
{
    size_t texts = strlen(conf->issuer) + 2 * strlen(client->id) + scope.n;
    size_t most = CLAIMS_NAMES + 6 * texts + audience.n + cnf.n;
    return most < MAX_CLAIMS ? most : MAX_CLAIMS;
}

/* Fills all of *out but the text. */
static enum err make_claims(const struct config *conf, const struct client *client,
                            struct slice scope, struct slice audience, struct slice cnf,
                            int64_t now, struct arena *a, struct access_token *out)
{
    struct buf claims = buf_in(a, most_claims(conf, client, scope, audience, cnf));
    unsigned configured = conf->token_lifetime_s;
    /* A client that was just re-enabled: its tokens count from the next second on. */
    int64_t issued_at = now > client->tokens_valid_from ? now : client->tokens_valid_from;
    out->expires_in = client->token_lifetime_s != 0 ? client->token_lifetime_s : configured;
    out->expires_at = issued_at + out->expires_in;
    enum err e = make_jti(out->jti);
    if (e != ERR_OK)
        return e;
    buf_puts(&claims, "{\"iss\":");
    buf_json(&claims, slice_of(conf->issuer));
    buf_puts(&claims, ",\"sub\":");
    buf_json(&claims, slice_of(client->id));
    buf_puts(&claims, ",\"client_id\":");
    buf_json(&claims, slice_of(client->id));
    buf_puts(&claims, ",\"aud\":");
    buf_put(&claims, audience);
    buf_printf(&claims, ",\"iat\":%lld,\"exp\":%lld,\"jti\":", (long long)issued_at,
               (long long)out->expires_at);
    buf_json(&claims, slice_of(out->jti));
    buf_puts(&claims, ",\"scope\":");
    buf_json(&claims, scope);
    if (cnf.p != NULL) {
        buf_puts(&claims, ",\"cnf\":");
        buf_put(&claims, cnf);
    }
    buf_puts(&claims, "}");
    out->claims = buf_slice(&claims);
    return claims.overflowed ? ERR_TOO_LARGE : ERR_OK;
}

void confirmation_write(struct slice jkt, struct slice x5t, struct buf *out)
{
    buf_putc(out, '{');
    if (jkt.n > 0) {
        buf_puts(out, "\"jkt\":");
        buf_json(out, jkt);
    }
    if (x5t.n > 0) {
        buf_puts(out, jkt.n > 0 ? ",\"x5t#S256\":" : "\"x5t#S256\":");
        buf_json(out, x5t);
    }
    buf_putc(out, '}');
}

enum err access_token_make(const struct config *conf, const struct jwk *key,
                           struct jws_prepared *prepared, const struct client *client,
                           struct slice scope, struct slice audience, struct slice cnf, int64_t now,
                           struct arena *a, struct access_token *out)
{
    enum err e = make_claims(conf, client, scope, audience, cnf, now, a, out);
    if (e != ERR_OK)
        return e;
    return conf->token_format == TOKEN_OPAQUE
               ? make_opaque(a, &out->text)
               : make_signed(key, prepared, out->claims, a, &out->text);
}
