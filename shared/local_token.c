#include "local_token.h"

#include "jws.h"
#include "log.h"

struct local_keys {
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
    enum err e = store_key_list(st, add_key, all);
    if (e != ERR_OK) {
        local_keys_free(all);
        return e;
    }
    *out = all;
    return ERR_OK;
}

void local_keys_free(struct local_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++)
        jwk_free(keys->keys[i].key);
    free(keys);
}

static enum err verify_signature(const struct local_keys *all, const struct jws *jws, int64_t now)
{
    if (all->count == 0)
        return ERR_KEYS;
    for (size_t i = 0; i < all->count && jws->kid.p != NULL; i++) {
        bool expired = all->keys[i].expires_at != 0 && now >= all->keys[i].expires_at;
        if (!expired && slice_is(jws->kid, all->keys[i].key->kid))
            return jws_verify(jws, all->keys[i].key);
    }
    return ERR_JWT_KEY;
}

/* RFC 9068 section 2.2; iss, exp and the types of all were checked before. */
static enum err check_required(const struct jwt_claims *c)
{
    bool all = c->sub.n > 0 && c->client_id.n > 0 && c->jti.n > 0 && c->has_iat && c->aud_count > 0;
    return all ? ERR_OK : ERR_JWT_CLAIM;
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
    if (e == ERR_OK && !jwt_typ_is(jws.typ, "at+jwt"))
        e = ERR_JWT_TYP;
    if (e == ERR_OK && !slice_is(out->iss, rules->issuer))
        e = ERR_JWT_ISSUER;
    if (e == ERR_OK)
        e = verify_signature(keys, &jws, rules->now);
    if (e == ERR_OK)
        e = jwt_check_time(out, rules->now, rules->clock_skew);
    if (e == ERR_OK)
        e = check_required(out);
    if (e == ERR_OK)
        e = store_token_check(st, out->client_id, out->jti, out->iat);
    return e;
}
