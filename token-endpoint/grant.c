#include "grant.h"

#include "jwt.h"

/* What is registered with a constraint is granted with the same one only. */
static bool is_registered(const struct scope *want, struct slice allowed)
{
    struct slice one;
    struct scope have;
    while (scope_next(&allowed, &one))
        if (scope_parse(one, &have) && scope_covers(&have, want))
            return true;
    return false;
}

/* May this word be granted?  Other words than SMART scopes must be registered to the letter. */
static enum err check_word(struct slice word, struct slice allowed,
                           const struct scope_set *allowed_set)
{
    struct scope want;
    if (scope_parse(word, &want)) {
        if (want.context != SCOPE_SYSTEM)
            return ERR_SCOPE;
        /* Without the constraint it is more: who may have that may have this. */
        return scope_set_allows(allowed_set, want.type, want.actions) ||
                       is_registered(&want, allowed)
                   ? ERR_OK
                   : ERR_SCOPE;
    }
    if (!slice_is(word, SCOPE_INTROSPECT))
        return ERR_SCOPE_UNKNOWN;
    return slice_list_has(allowed, word) ? ERR_OK : ERR_SCOPE;
}

enum err grant_scope(struct slice requested, struct slice allowed, struct arena *a,
                     struct slice *granted)
{
    struct scope_set allowed_set;
    struct buf text = buf_in(a, (requested.n < JWT_MAX_SCOPE ? requested.n : JWT_MAX_SCOPE) + 1);
    struct slice rest = requested, word;
    scope_set_compile(allowed, SCOPE_SYSTEM, &allowed_set);
    while (scope_next(&rest, &word)) {
        enum err e = check_word(word, allowed, &allowed_set);
        if (e != ERR_OK)
            return e;
        if (slice_list_has(buf_slice(&text), word))
            continue;
        buf_puts(&text, text.n > 0 ? " " : "");
        buf_put(&text, word);
        if (text.overflowed)
            return ERR_SCOPE_UNKNOWN; /* no token could carry it */
    }
    if (text.n == 0)
        return ERR_SCOPE_MISSING;
    *granted = buf_slice(&text);
    return ERR_OK;
}

static const struct config_fhir *find_resource(const struct config *conf, struct slice resource)
{
    if (resource.n > 1 && slice_ends(resource, "/"))
        resource.n--;
    for (size_t i = 0; i < conf->fhir_count; i++)
        if (slice_is(resource, conf->fhir[i].audience) || slice_is(resource, conf->fhir[i].base))
            return &conf->fhir[i];
    return NULL;
}

enum err grant_audience(const struct form *form, const struct config *conf, struct buf *out)
{
    bool chosen[CONFIG_MAX_BASES] = {false}, any = false;
    for (size_t i = 0; i < form->count; i++) {
        if (!slice_is(form->fields[i].name, "resource") || form->fields[i].value.p == NULL)
            continue;
        const struct config_fhir *f = find_resource(conf, form->fields[i].value);
        if (f == NULL)
            return ERR_AUDIENCE_UNKNOWN;
        chosen[f - conf->fhir] = any = true;
    }
    size_t count = 0, written = 0;
    for (size_t i = 0; i < conf->fhir_count; i++)
        count += chosen[i] || !any;
    buf_puts(out, count > 1 ? "[" : "");
    for (size_t i = 0; i < conf->fhir_count; i++) {
        if (any && !chosen[i])
            continue;
        buf_puts(out, written++ > 0 ? "," : "");
        buf_json(out, slice_of(conf->fhir[i].audience));
    }
    buf_puts(out, count > 1 ? "]" : "");
    return out->overflowed ? ERR_TOO_LARGE : ERR_OK;
}
