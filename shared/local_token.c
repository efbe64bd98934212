#include "local_token.h"

#include "log.h"

#include <stdatomic.h>

struct local_keys {
    atomic_uint owners;
    size_t count;
    struct {
        struct jwk *key;
        int64_t expires_at; /* 0: no end */
    } keys[JWK_SET_MAX_KEYS];
};

static bool add_key(const struct store_key *k, void *context)
{
    struct local_keys *all = context;
    struct jwk *key;
    if (!slice_is(slice_of(k->use), "sig"))
        return true;
    enum err e = jwk_parse(slice_of(k->public_jwk), &key);
    if (e != ERR_OK) {
        LOG(LOG_LEVEL_ERROR, "key-unusable", LOG_TEXT("kid", slice_of(k->kid)),
            LOG_TEXT("reason", slice_of(err_row(e)->name)));
        return true;
    }
    all->keys[all->count].key = key;
    all->keys[all->count].expires_at = k->expires_at;
    all->count++;
    return all->count < JWK_SET_MAX_KEYS;
}

enum err local_keys_load(struct store *st, struct local_keys **out)
{
    struct local_keys *all = calloc(1, sizeof *all);
    if (all == NULL)
        return ERR_MEMORY;
    atomic_init(&all->owners, 1);
    enum err e = store_key_list(st, add_key, all);
    if (e != ERR_OK) {
        local_keys_free(all);
        return e;
    }
    *out = all;
    return ERR_OK;
}

struct local_keys *local_keys_share(struct local_keys *keys)
{
    atomic_fetch_add(&keys->owners, 1);
    return keys;
}

void local_keys_free(struct local_keys *keys)
{
    if (keys == NULL || atomic_fetch_sub(&keys->owners, 1) > 1)
        return;
    for (size_t i = 0; i < keys->count; i++)
        jwk_free(keys->keys[i].key);
    free(keys);
}

enum err local_keys_verify(const struct local_keys *keys, const struct jws *jws, int64_t now)
{
    if (keys->count == 0)
        return ERR_KEYS;
    for (size_t i = 0; i < keys->count && jws->kid.p != NULL; i++) {
        bool expired = keys->keys[i].expires_at != 0 && now >= keys->keys[i].expires_at;
        if (!expired && slice_is(jws->kid, keys->keys[i].key->kid))
            return jws_verify(jws, keys->keys[i].key);
    }
    return ERR_JWT_KEY;
}

/* RFC 9068 section 2.2; iss, exp and the types of all were checked before. */
static enum err check_required(const struct jwt_claims *c)
{
    bool all = c->sub.n > 0 && c->client_id.n > 0 && c->jti.n > 0 && c->has_iat && c->aud_count > 0;
    return all && !c->scope_is_array ? ERR_OK : ERR_JWT_CLAIM;
}

/* What holds for a token of any format, once it is known that its claims are genuine. */
static enum err check_genuine(struct store *st, const struct local_token_rules *rules,
                              const struct jwt_claims *claims)
{
    enum err e = jwt_check_time(claims, rules->now, rules->clock_skew);
    if (e == ERR_OK)
        e = check_required(claims);
    if (e == ERR_OK)
        e = store_token_check(st, claims->client_id, claims->jti, claims->iat);
    return e;
}

enum err local_claims_check(const struct local_keys *keys, struct store *st,
                            const struct local_token_rules *rules, const struct jws *jws,
                            const struct jwt_claims *claims)
{
    enum err e = jwt_typ_is(jws->typ, "at+jwt") ? ERR_OK : ERR_JWT_TYP;
    if (e == ERR_OK && !slice_is(claims->iss, rules->issuer))
        e = ERR_JWT_ISSUER;
    if (e == ERR_OK)
        e = local_keys_verify(keys, jws, rules->now);
    return e == ERR_OK ? check_genuine(st, rules, claims) : e;
}

enum err local_token_check(const struct local_keys *keys, struct store *st,
                           const struct local_token_rules *rules, struct slice token,
                           struct arena *a, struct jwt_claims *out)
{
    struct jws jws;
    out->iss = SLICE_NONE;
    enum err e = jws_parse(token, a, &jws);
    if (e == ERR_OK)
        e = jwt_claims_parse(jws.payload, a, out);
    return e == ERR_OK ? local_claims_check(keys, st, rules, &jws, out) : e;
}

bool local_opaque_is(struct slice token)
{
    return !slice_has_char(token, '.');
}

enum err local_opaque_claims(struct store *st, struct slice token, struct arena *a,
                             struct slice *claims)
{
    struct secret digest;
    if (token.n != LOCAL_OPAQUE_TEXT) /* none of this site has another length */
        return ERR_TOKEN_INACTIVE;
    if (!secret_digest(SLICE(""), token, &digest))
        return ERR_INTERNAL;
    enum err e = store_opaque_get(st, &digest, a, claims);
    return e == ERR_NOT_FOUND ? ERR_TOKEN_INACTIVE : e;
}

enum err local_opaque_check(struct store *st, const struct local_token_rules *rules,
                            struct slice token, struct arena *a, struct jwt_claims *out)
{
    struct slice claims;
    out->iss = SLICE_NONE;
    enum err e = local_opaque_claims(st, token, a, &claims);
    if (e == ERR_OK)
        e = jwt_claims_parse(claims, a, out);
    if (e == ERR_OK && !slice_is(out->iss, rules->issuer))
        e = ERR_JWT_ISSUER;
    return e == ERR_OK ? check_genuine(st, rules, out) : e;
}
