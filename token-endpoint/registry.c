#include "registry.h"

#include "dpop_site.h"

static enum err write_by(const struct registry *r, store_work *work, void *context)
{
    return r->group != NULL ? store_group_run(r->group, work, context) : work(r->store, context);
}

struct once {
    struct slice issuer, jti;
    int64_t expires_at, now;
};

static enum err jti_once(struct store *st, void *context)
{
    const struct once *o = context;
    return store_jti_once(st, o->issuer, o->jti, o->expires_at, o->now);
}

enum err registry_jti_once(const struct registry *r, struct slice issuer, struct slice jti,
                           int64_t expires_at, int64_t now)
{
    struct once o = {.issuer = issuer, .jti = jti, .expires_at = expires_at, .now = now};
    return write_by(r, jti_once, &o);
}

struct opaque {
    const struct secret *digest;
    struct slice claims;
    int64_t expires_at;
};

static enum err opaque_add(struct store *st, void *context)
{
    const struct opaque *o = context;
    return store_opaque_add(st, o->digest, o->claims, o->expires_at);
}

enum err registry_opaque_add(const struct registry *r, const struct secret *digest,
                             struct slice claims, int64_t expires_at)
{
    struct opaque o = {.digest = digest, .claims = claims, .expires_at = expires_at};
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
