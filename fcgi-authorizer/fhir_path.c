#include "fhir_path.h"

#include <string.h>

#define MAX_SEGMENTS 5
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/*
 * Cut scheme and authority off an absolute-form target (RFC 9112 section 3.2.2).  SLICE_NONE when
 * no path follows a plain host and port: the next slash may then belong to the query.
 */
static struct slice origin_form(struct slice uri)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (uri.n < n || !slice_is_nocase((struct slice){uri.p, n}, schemes[i]))
            continue;
        struct slice rest = slice_skip(uri, n);
        size_t host = 0;
        while (host < rest.n &&
               (is_alnum(rest.p[host]) || slice_has_char(SLICE("-.:[]"), rest.p[host])))
            host++;
        rest = slice_skip(rest, host);
        return host > 0 && slice_starts(rest, "/") ? rest : SLICE_NONE;
    }
    return uri;
}

/* Only characters that every server leaves as they are, no empty and no dot segments. */
static bool path_is_canonical(struct slice path)
{
    if (!slice_starts(path, "/"))
        return false;
    for (size_t i = 0; i < path.n; i++)
        if (!is_alnum(path.p[i]) && !slice_has_char(SLICE("/-._~$*"), path.p[i]))
            return false;
    struct slice rest = slice_skip(path, 1), segment;
    while (slice_cut(&rest, '/', &segment)) {
        if (slice_is(segment, ".") || slice_is(segment, "..") ||
            (segment.n == 0 && rest.p != NULL)) /* a trailing slash is allowed */
            return false;
        if (slice_has_char(segment, '*') && segment.n > 1)
            return false;
    }
    return true;
}

/* The base whose path is the longest prefix of whole segments. */
static const struct config_fhir *find_base(const struct config *conf, struct slice path,
                                           struct slice *below)
{
    const struct config_fhir *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < conf->fhir_count; i++) {
        size_t n = strlen(conf->fhir[i].path);
        if (slice_starts(path, conf->fhir[i].path) && (path.n == n || path.p[n] == '/') &&
            (found == NULL || n > longest)) {
            found = &conf->fhir[i];
            longest = n;
        }
    }
    if (found != NULL)
        *below = slice_skip(path, longest);
    return found;
}

/* Open documents: RFC 8615 lets anything else stand below .well-known too. */
static enum shape well_known_shape(struct slice name)
{
    static const char *const names[] = {
        "smart-configuration",  "udap", "oauth-protected-resource", "oauth-authorization-server",
        "openid-configuration",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_is(name, names[i]))
            return SHAPE_WELL_KNOWN;
    return SHAPE_OTHER;
}

struct segments {
    size_t count;
    struct slice s[MAX_SEGMENTS];
};

static int type_of(const struct fhir_path *p, struct slice name)
{
    int type = fhir_type_find(name);
    return type >= 0 && fhir_type_in(type, p->base->version) ? type : FHIR_TYPE_UNKNOWN;
}

/* http://hl7.org/fhir/R4/compartmentdefinition.html */
static bool has_compartment(int type)
{
    static const char *const names[] = {"Patient", "Encounter", "RelatedPerson", "Practitioner",
                                        "Device"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_is(slice_of(fhir_type_name(type)), names[i]))
            return true;
    return false;
}

/* Behind C/id: T, the asterisk, _search, T/_search. */
static enum shape compartment_shape(const struct segments *all, struct fhir_path *p)
{
    bool search = slice_is(all->s[all->count - 1], "_search");
    if (!has_compartment(p->type) || all->count > (search ? 4 : 3))
        return SHAPE_OTHER;
    p->searched = FHIR_TYPE_ANY;
    if (search && all->count == 3)
        return SHAPE_COMPARTMENT_SEARCH;
    if (!search && slice_is(all->s[2], "*"))
        return SHAPE_COMPARTMENT_ALL;
    p->searched = type_of(p, all->s[2]);
    if (p->searched < 0)
        return SHAPE_OTHER;
    return search ? SHAPE_COMPARTMENT_SEARCH : SHAPE_COMPARTMENT;
}

static enum shape instance_shape(const struct segments *all, struct fhir_path *p)
{
    if (all->count == 2)
        return SHAPE_INSTANCE;
    if (slice_is(all->s[2], "_history")) {
        if (all->count == 3)
            return SHAPE_INSTANCE_HISTORY;
        return all->count == 4 && fhir_id_is_valid(all->s[3]) ? SHAPE_VERSION : SHAPE_OTHER;
    }
    if (all->count == 3 && slice_starts(all->s[2], "$")) {
        p->operation = all->s[2];
        return SHAPE_OPERATION;
    }
    return compartment_shape(all, p);
}

static enum shape type_shape(const struct segments *all, struct fhir_path *p)
{
    if (all->count == 1)
        return SHAPE_TYPE;
    if (all->count == 2 && slice_is(all->s[1], "_search"))
        return SHAPE_TYPE_SEARCH;
    if (all->count == 2 && slice_is(all->s[1], "_history"))
        return SHAPE_TYPE_HISTORY;
    if (all->count == 2 && slice_starts(all->s[1], "$")) {
        p->operation = all->s[1];
        return SHAPE_OPERATION;
    }
    if (!fhir_id_is_valid(all->s[1]))
        return SHAPE_OTHER;
    p->id = all->s[1];
    return instance_shape(all, p);
}

static enum shape shape_of(const struct segments *all, struct fhir_path *p)
{
    static const struct {
        const char *name;
        enum shape shape;
    } system_level[] = {
        {"metadata", SHAPE_METADATA}, {"_history", SHAPE_HISTORY}, {"_search", SHAPE_SEARCH}};
    if (all->count == 0)
        return SHAPE_ROOT;
    if (slice_is(all->s[0], ".well-known"))
        return all->count >= 2 ? well_known_shape(all->s[1]) : SHAPE_OTHER;
    if (all->count == 1 && slice_starts(all->s[0], "$")) {
        p->operation = all->s[0];
        return SHAPE_OPERATION;
    }
    for (size_t i = 0; i < COUNT(system_level); i++)
        if (all->count == 1 && slice_is(all->s[0], system_level[i].name))
            return system_level[i].shape;
    p->type = p->searched = type_of(p, all->s[0]);
    return p->type >= 0 ? type_shape(all, p) : SHAPE_OTHER;
}

/* False when there are more than any FHIR path has. */
static bool split(struct slice below, struct segments *out)
{
    struct slice rest = slice_skip(below, 1), part;
    out->count = 0;
    while (slice_cut(&rest, '/', &part)) {
        if (part.n == 0)
            continue; /* the trailing slash */
        if (out->count == MAX_SEGMENTS)
            return false;
        out->s[out->count++] = part;
    }
    return true;
}

enum err fhir_path_parse(struct slice uri, const struct config *conf, struct fhir_path *out)
{
    struct slice query = origin_form(uri), path;
    struct segments all;
    *out = (struct fhir_path){.type = FHIR_TYPE_ANY, .searched = FHIR_TYPE_ANY};
    if (query.n == 0 || !slice_cut(&query, '?', &path))
        return ERR_TARGET;
    out->query = query;
    if (!path_is_canonical(path))
        return ERR_TARGET;
    out->base = find_base(conf, path, &out->below);
    if (out->base == NULL)
        return ERR_OUTSIDE_BASE;
    out->shape = split(out->below, &all) ? shape_of(&all, out) : SHAPE_OTHER;
    return ERR_OK;
}
