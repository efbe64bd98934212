#include "dpop.h"

#include "base64url.h"
#include "jws.h"
#include "jwt.h"
#include "url.h"

const char *dpop_alg_at(size_t i)
{
    for (size_t k = 0; jws_alg_at(k) != NULL; k++)
        if (!jws_alg_is_mac(jws_alg_find(slice_of(jws_alg_at(k)))) && i-- == 0)
            return jws_alg_at(k);
    return NULL;
}

/* What is no fault of the proof stays what it is. */
static enum err as(enum err e, enum err proof)
{
    return e == ERR_OK || e == ERR_MEMORY || e == ERR_INTERNAL ? e : proof;
}

/* The public key in the header, which is all that a proof tells of its signer. */
static enum err key_of(const struct jws *jws, struct jwk **out)
{
    struct json *header = NULL;
    struct jwk *key = NULL;
    enum err e = json_parse(jws->header, &header);
    if (e != ERR_OK)
        return as(e, ERR_DPOP_FORM);
    const struct json *member = json_member(header, "jwk");
    e = member == NULL ? ERR_DPOP_KEY : as(jwk_from_json(member, &key), ERR_DPOP_KEY);
    json_free(header);
    if (e == ERR_OK && key->is_private) { /* a symmetric one too */
        jwk_free(key);
        e = ERR_DPOP_KEY;
    }
    if (e == ERR_OK)
        *out = key;
    return e;
}

static enum err check_signature(const struct jws *jws, char jkt[JWK_THUMBPRINT + 1])
{
    struct jwk *key;
    enum err e = key_of(jws, &key);
    if (e != ERR_OK)
        return e;
    e = jws_verify(jws, key);
    if (e == ERR_OK)
        e = jwk_thumbprint(key, jkt);
    jwk_free(key);
    return as(e, e == ERR_JWT_SIGNATURE ? ERR_DPOP_SIGNATURE : ERR_DPOP_KEY);
}

static enum err check_ath(const struct json *claims, struct slice token)
{
    struct secret digest;
    struct slice ath;
    char text[BASE64URL_LENGTH(SECRET_BYTES) + 1];
    struct buf want = BUF(text);
    if (!json_member_string(claims, "ath", &ath))
        return ERR_DPOP_TOKEN;
    if (!secret_digest(SLICE(""), token, &digest))
        return ERR_INTERNAL;
    base64url_encode((struct slice){(const char *)digest.b, sizeof digest.b}, &want);
    return slice_eq(ath, buf_slice(&want)) ? ERR_OK : ERR_DPOP_TOKEN;
}

/* An absent nonce and an old one are alike: the client is told the one to use. */
static bool nonce_is_good(const struct json *claims, const struct dpop_rules *rules)
{
    struct slice nonce;
    return rules->nonce_key == NULL || (json_member_string(claims, "nonce", &nonce) &&
                                        time_nonce_is_good(rules->nonce_key, rules->now, nonce));
}

/*
 * The nonce comes before the time: a client with a wrong clock learns of both, the one thing after
 * the other.
 */
static enum err check_claims(const struct json *claims, const struct dpop_rules *rules,
                             struct arena *a, struct dpop_proof *out)
{
    struct slice jti, htm, htu;
    double iat;
    if (json_kind(claims) != JSON_OBJECT || !json_member_string(claims, "jti", &jti) ||
        !json_member_string(claims, "htm", &htm) || !json_member_string(claims, "htu", &htu) ||
        !json_number(json_member(claims, "iat"), &iat) || jti.n == 0 || jti.n > DPOP_MAX_JTI)
        return ERR_DPOP_FORM;
    if (!slice_eq(htm, rules->method))
        return ERR_DPOP_METHOD;
    if (!url_same(htu, rules->url))
        return ERR_DPOP_URL;
    if (!nonce_is_good(claims, rules))
        return ERR_DPOP_NONCE;
    if (!(iat >= (double)(rules->now - rules->window_s) &&
          iat <= (double)(rules->now + rules->window_s)))
        return ERR_DPOP_TIME;
    out->iat = (int64_t)iat;
    out->good_until = out->iat + rules->window_s + 1;
    out->jti = (struct slice){arena_dup(a, jti), jti.n};
    if (out->jti.p == NULL)
        return ERR_MEMORY;
    return rules->token.p != NULL ? check_ath(claims, rules->token) : ERR_OK;
}

enum err dpop_check(struct slice proof, const struct dpop_rules *rules, struct arena *a,
                    struct dpop_proof *out)
{
    struct jws jws;
    struct json *claims = NULL;
    if (proof.p == NULL)
        return ERR_DPOP_MISSING;
    /* Web servers join two headers with a comma, which no proof holds. */
    if (slice_has_char(proof, ','))
        return ERR_DPOP_TWO;
    if (proof.n > DPOP_MAX_BYTES)
        return ERR_DPOP_FORM;
    enum err e = jws_parse(slice_trim(proof), a, &jws);
    if (e != ERR_OK)
        return as(e, e == ERR_JWT_ALG ? ERR_DPOP_KEY : ERR_DPOP_FORM);
    if (!jwt_typ_is(jws.typ, "dpop+jwt"))
        return ERR_DPOP_FORM;
    if (jws_alg_is_mac(jws.alg))
        return ERR_DPOP_KEY;
    e = check_signature(&jws, out->jkt);
    if (e == ERR_OK)
        e = as(json_parse(jws.payload, &claims), ERR_DPOP_FORM);
    if (e == ERR_OK)
        e = check_claims(claims, rules, a, out);
    json_free(claims);
    return e;
}
