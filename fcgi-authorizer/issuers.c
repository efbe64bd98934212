#include "issuers.h"

#include "envelope.h"
#include "issuer_keys.h"
#include "jws.h"
#include "jwt_scope.h"

struct issuers {
    const struct config *conf;
    struct issuer_keys
        *keys[CONFIG_MAX_ISSUERS]; /* of conf->issuers; NULL for those of the store */
};

struct issuers *issuers_new(const struct config *conf)
{
    struct issuers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    all->conf = conf;
    for (size_t i = 0; i < conf->issuer_count; i++) {
        if (slice_is(slice_of(conf->issuers[i].keys), "store"))
            continue;
        all->keys[i] = issuer_keys_new(conf, &conf->issuers[i]);
        if (all->keys[i] == NULL) {
            issuers_free(all);
            return NULL;
        }
    }
    return all;
}

void issuers_free(struct issuers *all)
{
    for (size_t i = 0; all != NULL && i < CONFIG_MAX_ISSUERS; i++)
        issuer_keys_free(all->keys[i]);
    free(all);
}

static bool in_list(const char *list, struct slice s)
{
    struct slice rest = slice_of(list), word;
    while (slice_cut(&rest, ' ', &word))
        if (word.n > 0 && slice_eq(word, s))
            return true;
    return false;
}

static bool typ_is_accepted(const struct config_issuer *issuer, struct slice typ)
{
    struct slice rest = slice_of(issuer->typ), word;
    while (slice_cut(&rest, ' ', &word)) {
        char name[CONFIG_MAX_TEXT];
        struct buf text = BUF(name);
        buf_put(&text, word);
        if (jwt_typ_is(typ, name))
            return true;
    }
    return false;
}

/* The issuer's own audiences; without any the FHIR base's audience is checked by authorize(). */
static enum err check_audience(const struct config_issuer *issuer, const struct jwt_claims *c)
{
    if (issuer->audience[0] == '\0')
        return c->aud_count > 0 ? ERR_OK : ERR_JWT_CLAIM;
    for (size_t i = 0; i < c->aud_count; i++)
        if (in_list(issuer->audience, c->aud[i]))
            return ERR_OK;
    return ERR_JWT_AUDIENCE;
}

/*
 * Who the token is for: Keycloak and OpenID Connect call client_id azp.  Its keys may be
 * withdrawn without the store changing, so it is verified anew now and then.
 */
static enum err take_facts(const struct config_issuer *issuer, const struct jws *jws,
                           struct jwt_claims *c, int64_t now, struct arena *a, struct token *out)
{
    if (c->client_id.n == 0)
        c->client_id = c->azp;
    if (c->sub.n == 0 && c->client_id.n == 0)
        return ERR_JWT_CLAIM;
    enum err e = jwt_scope(jws->payload, issuer->scope_claim, issuer->scope_map, a, &c->scope);
    if (e == ERR_OK) {
        token_from_claims(c, issuer->clock_skew_s, out);
        out->any_audience = issuer->audience[0] != '\0';
        out->verify_at = now + ISSUERS_VERIFY_S;
    }
    return e;
}

static enum err check_foreign(struct issuers *all, size_t i, struct store *st,
                              const struct local_keys *local, const struct jws *jws,
                              struct jwt_claims *c, int64_t now, struct arena *a, struct token *out)
{
    const struct config_issuer *issuer = &all->conf->issuers[i];
    enum err e = typ_is_accepted(issuer, jws->typ) ? ERR_OK : ERR_JWT_TYP;
    if (e == ERR_OK && !issuer_keys_accept_alg(issuer, jws->alg))
        e = ERR_JWT_ALG;
    if (e == ERR_OK)
        e = all->keys[i] != NULL ? issuer_keys_verify(all->keys[i], st, jws, now)
                                 : local_keys_verify(local, jws, now);
    if (e == ERR_OK)
        e = jwt_check_time(c, now, issuer->clock_skew_s);
    if (e == ERR_OK)
        e = check_audience(issuer, c);
    if (e == ERR_OK && c->jti.n > 0)
        e = store_jti_check(st, c->jti);
    return e == ERR_OK ? take_facts(issuer, jws, c, now, a, out) : e;
}

/* What is signed: the token itself, or what it holds encrypted for this gateway. */
static enum err open_envelope(const struct config *conf, struct store *st, struct slice *token,
                              int64_t now, struct arena *a)
{
    if (envelope_is(*token))
        return envelope_open(conf, st, *token, now, a, token);
    return conf->require_encryption ? ERR_NOT_ENCRYPTED : ERR_OK;
}

static struct local_token_rules local_rules(const struct issuers *all, int64_t now)
{
    return (struct local_token_rules){
        .issuer = all->conf->issuer, .now = now, .clock_skew = all->conf->token_clock_skew_s};
}

/* Nothing in it tells who issued it: those of this site are known to the store. */
static enum err check_opaque(struct issuers *all, struct store *st, struct slice token, int64_t now,
                             struct arena *a, struct token *out)
{
    struct jwt_claims claims;
    struct local_token_rules rules = local_rules(all, now);
    enum err e = local_opaque_check(st, &rules, token, a, &claims);
    if (e == ERR_OK)
        token_from_claims(&claims, rules.clock_skew, out);
    return e;
}

enum err issuers_check(struct issuers *all, const struct local_keys *local, struct store *st,
                       struct slice token, int64_t now, struct arena *a, struct token *out)
{
    struct jws jws;
    struct jwt_claims claims;
    out->issuer = SLICE_NONE;
    if (local_opaque_is(token))
        return check_opaque(all, st, token, now, a, out);
    enum err e = open_envelope(all->conf, st, &token, now, a);
    if (e == ERR_OK)
        e = jws_parse(token, a, &jws);
    if (e == ERR_OK)
        e = jwt_claims_parse(jws.payload, a, &claims);
    if (e != ERR_OK)
        return e;
    if (slice_is(claims.iss, all->conf->issuer)) {
        struct local_token_rules rules = local_rules(all, now);
        e = local_claims_check(local, st, &rules, &jws, &claims);
        if (e == ERR_OK)
            token_from_claims(&claims, rules.clock_skew, out);
        return e;
    }
    for (size_t i = 0; i < all->conf->issuer_count; i++)
        if (slice_is(claims.iss, all->conf->issuers[i].issuer))
            return check_foreign(all, i, st, local, &jws, &claims, now, a, out);
    return ERR_JWT_ISSUER;
}
