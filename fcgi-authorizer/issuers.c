#include "issuers.h"

#include "envelope.h"
#include "introspection.h"
#include "issuer_keys.h"
#include "issuer_rules.h"
#include "jws.h"

struct issuers {
    const struct config *conf;
    struct gate *gate; /* of all introspections; NULL without any */
    /* Of conf->issuers; NULL where there are none, or those of the store. */
    struct issuer_keys *keys[CONFIG_MAX_ISSUERS];
    struct introspection *introspections[CONFIG_MAX_ISSUERS];
};

#define SLACK_MS 5000 /* for what a call does besides asking */

/* False when memory is out. */
static bool add_gate(struct issuers *all)
{
    const struct config *conf = all->conf;
    char path[CONFIG_MAX_TEXT + 8];
    struct buf text = BUF(path);
    int64_t longest_ms = 0;
    for (size_t i = 0; i < conf->issuer_count; i++)
        if (conf->issuers[i].introspection[0] != '\0' &&
            conf->issuers[i].introspection_timeout_ms > longest_ms)
            longest_ms = conf->issuers[i].introspection_timeout_ms;
    if (longest_ms == 0)
        return true;
    buf_printf(&text, "%s-gate", conf->store_path);
    all->gate = gate_new(path, conf->store_path, conf->threads > 1 ? conf->threads - 1 : 1,
                         longest_ms + SLACK_MS);
    return all->gate != NULL;
}

/* False when memory is out. */
static bool add_issuer(struct issuers *all, size_t i)
{
    const struct config_issuer *issuer = &all->conf->issuers[i];
    struct slice keys = slice_of(issuer->keys);
    bool has_keys = !slice_is(keys, "store") && !slice_is(keys, "introspection");
    bool asks = issuer->introspection[0] != '\0';
    if (has_keys)
        all->keys[i] = issuer_keys_new(all->conf, issuer);
    if (asks)
        all->introspections[i] = introspection_new(all->conf, issuer, all->gate);
    return (!has_keys || all->keys[i] != NULL) && (!asks || all->introspections[i] != NULL);
}

struct issuers *issuers_new(const struct config *conf)
{
    struct issuers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    all->conf = conf;
    bool good = add_gate(all);
    for (size_t i = 0; good && i < conf->issuer_count; i++)
        good = add_issuer(all, i);
    if (good)
        return all;
    issuers_free(all);
    return NULL;
}

void issuers_free(struct issuers *all)
{
    for (size_t i = 0; all != NULL && i < CONFIG_MAX_ISSUERS; i++) {
        issuer_keys_free(all->keys[i]);
        introspection_free(all->introspections[i]);
    }
    if (all != NULL)
        gate_free(all->gate);
    free(all);
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

/* Its keys may be withdrawn without the store changing, so it is verified anew now and then. */
static enum err check_foreign(struct issuers *all, size_t i, struct store *st,
                              const struct local_keys *local, const struct jws *jws,
                              const struct jwt_claims *c, int64_t now, struct arena *a,
                              struct token *out)
{
    const struct config_issuer *issuer = &all->conf->issuers[i];
    enum err e = typ_is_accepted(issuer, jws->typ) ? ERR_OK : ERR_JWT_TYP;
    if (e == ERR_OK && !issuer_keys_accept_alg(issuer, jws->alg))
        e = ERR_JWT_ALG;
    if (e == ERR_OK)
        e = all->keys[i] != NULL ? issuer_keys_verify(all->keys[i], st, jws, now)
                                 : local_keys_verify(local, jws, now);
    if (e == ERR_OK)
        e = issuer_rules_take(issuer, jws->payload, c, now, a, out);
    if (e != ERR_OK)
        return e;
    out->verify_at = now + ISSUERS_VERIFY_S;
    return c->jti.n > 0 ? store_jti_check(st, c->jti) : ERR_OK;
}

static struct local_token_rules local_rules(const struct issuers *all, int64_t now)
{
    return (struct local_token_rules){
        .issuer = all->conf->issuer, .now = now, .clock_skew = all->conf->token_clock_skew_s};
}

static enum err check_local(const struct issuers *all, struct store *st,
                            const struct local_keys *local, const struct jws *jws,
                            const struct jwt_claims *c, int64_t now, struct token *out)
{
    struct local_token_rules rules = local_rules(all, now);
    if (!slice_is(c->iss, rules.issuer))
        return ERR_JWT_ISSUER;
    enum err e = local_claims_check(local, st, &rules, jws, c);
    if (e == ERR_OK)
        token_from_claims(c, rules.clock_skew, out);
    return e;
}

static bool is_introspected(const struct config_issuer *issuer)
{
    return slice_is(slice_of(issuer->keys), "introspection");
}

/* What the token says of its binding counts where the answer is silent, and must not differ. */
static enum err keep_one(struct slice claimed, struct slice *answered)
{
    if (claimed.n == 0)
        return ERR_OK;
    if (answered->n == 0)
        *answered = claimed;
    return slice_eq(*answered, claimed) ? ERR_OK : ERR_JWT_CLAIM;
}

/* An answer that is silent on the key or the certificate of a token does not set it free. */
static enum err keep_binding(const struct jwt_claims *c, struct token *out)
{
    enum err e = keep_one(c->cnf_jkt, &out->dpop_jkt);
    return e == ERR_OK ? keep_one(c->cnf_x5t, &out->tls_x5t) : e;
}

/*
 * Introspected as it came, be it encrypted or not.  What its own claims say can only speak against
 * it: nobody has to be asked about a token that says that it has expired.
 */
static enum err check_at_issuer(struct issuers *all, size_t i, struct store *st, struct slice token,
                                const struct jwt_claims *c, int64_t now, struct arena *a,
                                struct token *out)
{
    enum err e = c->has_exp ? jwt_check_time(c, now, all->conf->issuers[i].clock_skew_s) : ERR_OK;
    if (e == ERR_OK)
        e = introspection_check(all->introspections[i], st, token, now, a, out);
    if (e == ERR_OK)
        e = keep_binding(c, out);
    return e == ERR_OK && c->jti.n > 0 ? store_jti_check(st, c->jti) : e;
}

/* The one issuer that is asked about tokens of which nothing else is known. */
static struct introspection *opaque_issuer(const struct issuers *all, bool with_jwts)
{
    for (size_t i = 0; i < all->conf->issuer_count; i++) {
        const struct config_issuer *issuer = &all->conf->issuers[i];
        if (issuer->introspection[0] != '\0' && issuer->introspection_opaque &&
            (!with_jwts || is_introspected(issuer)))
            return all->introspections[i];
    }
    return NULL;
}

/* Neither three parts nor five: no JWT.  Such tokens tell nobody anything, encrypted or not. */
static bool is_opaque(struct slice token)
{
    size_t dots = 0;
    for (size_t i = 0; i < token.n; i++)
        dots += token.p[i] == '.';
    return dots != 2 && dots != 4;
}

/* Encrypted for somebody else, perhaps for its own issuer. */
static bool is_sealed(enum err e)
{
    return e == ERR_JWE_KEY || e == ERR_JWE_ALG || e == ERR_JWT_TYP;
}

/* What is signed: the token itself, or what it holds encrypted for this gateway. */
static enum err open_envelope(const struct config *conf, struct store *st, struct slice *token,
                              int64_t now, struct arena *a)
{
    if (envelope_is(*token))
        return envelope_open(conf, st, *token, now, a, token);
    return conf->require_encryption ? ERR_NOT_ENCRYPTED : ERR_OK;
}

/* Nothing in it tells who issued it: those of this site are known to the store. */
static enum err check_local_opaque(const struct issuers *all, struct store *st, struct slice token,
                                   int64_t now, struct arena *a, struct token *out)
{
    struct jwt_claims claims;
    struct local_token_rules rules = local_rules(all, now);
    enum err e = local_opaque_check(st, &rules, token, a, &claims);
    if (e == ERR_OK)
        token_from_claims(&claims, rules.clock_skew, out);
    return e;
}

/* The configuration wants the token endpoint here to be asked, whatever the store knows. */
static bool asks_own_endpoint(const struct issuers *all)
{
    for (size_t i = 0; i < all->conf->issuer_count; i++)
        if (strcmp(all->conf->issuers[i].issuer, all->conf->issuer) == 0)
            return all->conf->issuers[i].introspection_opaque;
    return false;
}

/* Of this site, else of the issuer that is asked about such tokens. */
static enum err check_opaque(const struct issuers *all, struct store *st, struct slice token,
                             int64_t now, struct arena *a, struct token *out)
{
    struct introspection *in = opaque_issuer(all, false);
    enum err e = ERR_TOKEN_INACTIVE;
    if (!asks_own_endpoint(all))
        e = check_local_opaque(all, st, token, now, a, out);
    return e == ERR_TOKEN_INACTIVE && in != NULL ? introspection_check(in, st, token, now, a, out)
                                                 : e;
}

/* jws: of `token`, which may have come encrypted. */
static enum err check_jwt(struct issuers *all, const struct local_keys *local, struct store *st,
                          struct slice token, const struct jws *jws, int64_t now, struct arena *a,
                          struct token *out)
{
    struct jwt_claims claims;
    enum err e = jwt_claims_parse(jws->payload, a, &claims);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < all->conf->issuer_count; i++) {
        if (!slice_is(claims.iss, all->conf->issuers[i].issuer))
            continue;
        return is_introspected(&all->conf->issuers[i])
                   ? check_at_issuer(all, i, st, token, &claims, now, a, out)
                   : check_foreign(all, i, st, local, jws, &claims, now, a, out);
    }
    return check_local(all, st, local, jws, &claims, now, out);
}

enum err issuers_check(struct issuers *all, const struct local_keys *local, struct store *st,
                       struct slice token, int64_t now, struct arena *a, struct token *out)
{
    struct jws jws;
    struct slice inner = token;
    out->issuer = SLICE_NONE;
    out->retry_after_s = 0;
    if (local_opaque_is(token) || (is_opaque(token) && opaque_issuer(all, false) != NULL))
        return check_opaque(all, st, token, now, a, out);
    enum err e = open_envelope(all->conf, st, &inner, now, a);
    struct introspection *in = is_sealed(e) ? opaque_issuer(all, true) : NULL;
    if (in != NULL)
        return introspection_check(in, st, token, now, a, out);
    if (e == ERR_OK)
        e = jws_parse(inner, a, &jws);
    return e == ERR_OK ? check_jwt(all, local, st, token, &jws, now, a, out) : e;
}
