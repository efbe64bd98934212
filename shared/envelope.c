#include "envelope.h"

#include "jwe.h"
#include "keyring.h"
#include "log.h"

bool envelope_is(struct slice token)
{
    size_t dots = 0;
    for (size_t i = 0; i < token.n; i++)
        dots += token.p[i] == '.';
    return dots == 4;
}

/* RFC 7519 section 5.2: a nested JWT says so. */
static bool holds_jwt(struct slice cty)
{
    return slice_is_nocase(cty, "JWT") || slice_is_nocase(cty, "at+jwt") ||
           slice_is_nocase(cty, "application/at+jwt") || slice_is_nocase(cty, "application/jwt");
}

enum err envelope_open(const struct config *conf, struct store *st, struct slice token, int64_t now,
                       struct arena *a, struct slice *inner)
{
    static const struct jwe_policy policy = {.rsa_oaep = false};
    char reason[256];
    struct buf fault = BUF(reason);
    struct keyring ring = {.directory = conf->key_dir, .store = st, .use = "enc", .now = now};
    struct jwe jwe;
    struct jwk *key = NULL;
    enum err e = jwe_parse(token, a, &jwe);
    if (e == ERR_OK && !holds_jwt(jwe.cty))
        e = ERR_JWT_TYP;
    if (e == ERR_OK && jwe.kid.n == 0)
        e = ERR_JWE_KEY;
    if (e == ERR_OK)
        e = keyring_decryption_key(&ring, jwe.kid, &key, &fault);
    if (e == ERR_KEYS) /* of no concern to the client, and all to the administrator */
        LOG(LOG_LEVEL_ERROR, "no-decryption-key", LOG_TEXT("reason", buf_slice(&fault)));
    if (e == ERR_OK)
        e = jwe_decrypt(&jwe, key, &policy, a, inner);
    jwk_free(key);
    return e;
}

enum err envelope_seal(const struct config *conf, const struct jwk *key, struct slice signed_jwt,
                       struct arena *a, struct buf *out)
{
    return jwe_encrypt(key->alg, conf->encryption_enc, key, "at+jwt", "at+jwt", signed_jwt, a, out);
}
