#include "registry.h"

#include "dpop_site.h"

static enum err write_by(const struct registry *r, store_work *work, void *context)
{
    return r->group != NULL ? store_group_run(r->group, work, context) : work(r->store, context);
}

static enum err jti_once(struct store *st, void *context)
{
    const struct jti_use *use = context;
    return store_jti_once(st, use->issuer, use->jti, use->expires_at, use->now);
}

static enum err note(const struct registry *r, const struct jti_use *use)
{
    struct jti_use own = *use;
    return write_by(r, jti_once, &own);
}

enum err registry_jti_once(const struct registry *r, const struct jti_use *use)
{
    if (r->later == NULL)
        return note(r, use);
    enum err e = store_jti_seen(r->store, use->issuer, use->jti, use->now);
    if (e == ERR_OK)
        *r->later = *use;
    return e;
}

/* NULL: nothing is. */
static struct jti_use *left_for_later(const struct registry *r)
{
    return r->later != NULL && r->later->issuer.p != NULL ? r->later : NULL;
}

enum err registry_jti_note(const struct registry *r)
{
    const struct jti_use *use = left_for_later(r);
    return use != NULL ? note(r, use) : ERR_OK;
}

struct opaque {
    struct jti_use *use; /* NULL: no jti is used up by it */
    const struct secret *digest;
    struct slice claims;
    int64_t expires_at;
};

/* The jti first: what is written before another fails may be a jti for nothing, never a token. */
static enum err opaque_add(struct store *st, void *context)
{
    const struct opaque *o = context;
    enum err e = o->use != NULL ? jti_once(st, o->use) : ERR_OK;
    return e == ERR_OK ? store_opaque_add(st, o->digest, o->claims, o->expires_at) : e;
}

enum err registry_opaque_add(const struct registry *r, const struct secret *digest,
                             struct slice claims, int64_t expires_at)
{
    struct opaque o = {
        .use = left_for_later(r), .digest = digest, .claims = claims, .expires_at = expires_at};
    return write_by(r, opaque_add, &o);
}

struct spend {
    const struct dpop_proof *proof;
    int64_t now;
};

static enum err dpop_spend(struct store *st, void *context)
{
    const struct spend *s = context;
    return dpop_site_spend(st, s->proof, s->now);
}

enum err registry_dpop_spend(const struct registry *r, const struct dpop_proof *proof, int64_t now)
{
    struct spend s = {.proof = proof, .now = now};
    return write_by(r, dpop_spend, &s);
}
