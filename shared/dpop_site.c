#include "dpop_site.h"

/*
 * A request goes by the time when it came.  One that was held up since, by an introspection or a
 * busy store, must still find what was used meanwhile.
 */
#define KEPT_S 60

static enum err make_nonce(const struct secret *key, int64_t now, struct arena *a,
                           struct slice *out)
{
    char text[TIME_NONCE + 1];
    if (!time_nonce_make(key, now, text))
        return ERR_INTERNAL;
    *out = (struct slice){arena_dup(a, slice_of(text)), TIME_NONCE};
    return out->p != NULL ? ERR_OK : ERR_MEMORY;
}

enum err dpop_site_check(const struct config *conf, struct store *st, struct slice proof,
                         struct dpop_rules *rules, struct arena *a, struct dpop_proof *out,
                         struct slice *nonce)
{
    struct secret key;
    enum err e = ERR_OK;
    *nonce = SLICE_NONE;
    rules->window_s = conf->dpop_window_s;
    rules->nonce_key = NULL;
    if (conf->dpop_nonces) {
        e = store_shared_secret(st, "dpop-nonce", &key);
        if (e == ERR_OK)
            e = make_nonce(&key, rules->now, a, nonce);
        rules->nonce_key = &key;
    }
    if (e == ERR_OK)
        e = dpop_check(proof, rules, a, out);
    secret_wipe(&key);
    rules->nonce_key = NULL;
    return e;
}

/* Each key has a name space of its own; no client, whose assertions have theirs, has a colon. */
static struct slice space_of(const struct dpop_proof *p, struct buf *text)
{
    buf_printf(text, "dpop:%s", p->jkt);
    return buf_slice(text);
}

static enum err replay(enum err e)
{
    return e == ERR_JWT_REPLAY ? ERR_DPOP_REPLAY : e;
}

enum err dpop_site_spend(struct store *st, const struct dpop_proof *p, int64_t now)
{
    char space[JWK_THUMBPRINT + 16];
    struct buf text = BUF(space);
    return replay(store_jti_once(st, space_of(p, &text), p->jti, p->good_until + KEPT_S, now));
}

enum err dpop_site_spent(struct store *st, const struct dpop_proof *p, int64_t now)
{
    char space[JWK_THUMBPRINT + 16];
    struct buf text = BUF(space);
    return replay(store_jti_seen(st, space_of(p, &text), p->jti, now));
}
