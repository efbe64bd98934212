#include "fhir_request.h"

#include <string.h>

#define MAX_SEGMENTS 5

/* The shape of a path below the base; T is a resource type. */
enum shape {
    SHAPE_OTHER,
    SHAPE_ROOT,             /* "" */
    SHAPE_METADATA,         /* metadata */
    SHAPE_WELL_KNOWN,       /* .well-known/NAME…, of a known name */
    SHAPE_HISTORY,          /* _history */
    SHAPE_SEARCH,           /* _search */
    SHAPE_TYPE,             /* T */
    SHAPE_TYPE_SEARCH,      /* T/_search */
    SHAPE_TYPE_HISTORY,     /* T/_history */
    SHAPE_INSTANCE,         /* T/id */
    SHAPE_INSTANCE_HISTORY, /* T/id/_history */
    SHAPE_VERSION,          /* T/id/_history/vid */
    SHAPE_OPERATION,        /* …/$name */
    SHAPE_COMPARTMENT,      /* T/id/T */
};

enum method { GET = 1, POST = 2, PUT = 4, PATCH = 8, DELETE = 16 };

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    {"GET", GET}, {"HEAD", GET}, {"POST", POST}, {"PUT", PUT}, {"PATCH", PATCH}, {"DELETE", DELETE},
};

enum row_flags {
    OPEN = 1,        /* needs no token */
    CONDITIONAL = 2, /* the query selects what is changed: it must be there, and is a search */
    HIDDEN_BODY = 4, /* what is searched is in the body, out of sight: it may reach every type */
};

static const struct row {
    enum shape shape;
    unsigned methods;
    enum interaction interaction;
    unsigned actions;
    unsigned flags;
} rows[] = {
    {SHAPE_METADATA, GET, FHIR_CAPABILITIES, 0, OPEN},
    {SHAPE_WELL_KNOWN, GET, FHIR_DISCOVERY, 0, OPEN},
    {SHAPE_ROOT, GET, FHIR_SEARCH_SYSTEM, SCOPE_S, 0},
    {SHAPE_SEARCH, POST, FHIR_SEARCH_SYSTEM, SCOPE_S, HIDDEN_BODY},
    {SHAPE_HISTORY, GET, FHIR_HISTORY_SYSTEM, SCOPE_S, 0},
    {SHAPE_TYPE, GET, FHIR_SEARCH_TYPE, SCOPE_S, 0},
    {SHAPE_TYPE, POST, FHIR_CREATE, SCOPE_C, 0},
    {SHAPE_TYPE, PUT, FHIR_UPDATE, SCOPE_U | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE, PATCH, FHIR_PATCH, SCOPE_U | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE, DELETE, FHIR_DELETE, SCOPE_D | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE_SEARCH, POST, FHIR_SEARCH_TYPE, SCOPE_S, HIDDEN_BODY},
    {SHAPE_TYPE_HISTORY, GET, FHIR_HISTORY_TYPE, SCOPE_S, 0},
    {SHAPE_INSTANCE, GET, FHIR_READ, SCOPE_R, 0},
    {SHAPE_INSTANCE, PUT, FHIR_UPDATE, SCOPE_U, 0},
    {SHAPE_INSTANCE, PATCH, FHIR_PATCH, SCOPE_U, 0},
    {SHAPE_INSTANCE, DELETE, FHIR_DELETE, SCOPE_D, 0},
    {SHAPE_INSTANCE_HISTORY, GET, FHIR_HISTORY_INSTANCE, SCOPE_R, 0},
    {SHAPE_VERSION, GET, FHIR_VREAD, SCOPE_R, 0},
    /* FHIR, but not open to tokens on this server: refused with a reason of their own. */
    {SHAPE_ROOT, POST | DELETE, FHIR_NONE, 0, 0},
    {SHAPE_OPERATION, GET | POST, FHIR_NONE, 0, 0},
    {SHAPE_COMPARTMENT, GET, FHIR_NONE, 0, 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const interaction_names[] = {
    [FHIR_NONE] = "none",
    [FHIR_READ] = "read",
    [FHIR_VREAD] = "vread",
    [FHIR_HISTORY_INSTANCE] = "history-instance",
    [FHIR_HISTORY_TYPE] = "history-type",
    [FHIR_HISTORY_SYSTEM] = "history-system",
    [FHIR_SEARCH_TYPE] = "search-type",
    [FHIR_SEARCH_SYSTEM] = "search-system",
    [FHIR_CREATE] = "create",
    [FHIR_UPDATE] = "update",
    [FHIR_PATCH] = "patch",
    [FHIR_DELETE] = "delete",
    [FHIR_CAPABILITIES] = "capabilities",
    [FHIR_DISCOVERY] = "discovery",
};

const char *interaction_name(enum interaction i)
{
    return interaction_names[i];
}

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
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (!is_alnum(c) && !slice_has_char(SLICE("/-._~$"), c))
            return false;
    }
    struct slice rest = slice_skip(path, 1), segment;
    while (slice_cut(&rest, '/', &segment))
        if (slice_is(segment, ".") || slice_is(segment, "..") ||
            (segment.n == 0 && rest.p != NULL)) /* a trailing slash is allowed */
            return false;
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
        *below = slice_skip(path, longest + 1);
    return found;
}

/* [A-Za-z0-9.-]{1,64} (http://hl7.org/fhir/R4/datatypes.html#id) */
static bool is_id(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '_' || s.p[i] == '~' || s.p[i] == '$')
            return false;
    return s.n >= 1 && s.n <= 64;
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

static enum shape instance_shape(const struct slice *segment, size_t count)
{
    if (count == 2)
        return SHAPE_INSTANCE;
    if (slice_is(segment[2], "_history")) {
        if (count == 3)
            return SHAPE_INSTANCE_HISTORY;
        return count == 4 && is_id(segment[3]) ? SHAPE_VERSION : SHAPE_OTHER;
    }
    if (count == 3 && slice_starts(segment[2], "$"))
        return SHAPE_OPERATION;
    return count == 3 && fhir_type_find(segment[2]) >= 0 ? SHAPE_COMPARTMENT : SHAPE_OTHER;
}

static enum shape type_shape(const struct slice *segment, size_t count, struct slice *id)
{
    if (count == 1)
        return SHAPE_TYPE;
    if (count == 2 && slice_is(segment[1], "_search"))
        return SHAPE_TYPE_SEARCH;
    if (count == 2 && slice_is(segment[1], "_history"))
        return SHAPE_TYPE_HISTORY;
    if (count == 2 && slice_starts(segment[1], "$"))
        return SHAPE_OPERATION;
    if (!is_id(segment[1]))
        return SHAPE_OTHER;
    *id = segment[1];
    return instance_shape(segment, count);
}

/* below: the canonical path behind the base and its slash. */
static enum shape shape_of(struct slice below, int *type, struct slice *id)
{
    static const struct {
        const char *name;
        enum shape shape;
    } system_level[] = {
        {"metadata", SHAPE_METADATA}, {"_history", SHAPE_HISTORY}, {"_search", SHAPE_SEARCH}};
    struct slice segment[MAX_SEGMENTS], rest = below, part;
    size_t count = 0;
    while (slice_cut(&rest, '/', &part)) {
        if (part.n == 0)
            continue; /* the trailing slash */
        if (count == MAX_SEGMENTS)
            return SHAPE_OTHER;
        segment[count++] = part;
    }
    *type = FHIR_TYPE_ANY;
    if (count == 0)
        return SHAPE_ROOT;
    if (slice_is(segment[0], ".well-known"))
        return count >= 2 ? well_known_shape(segment[1]) : SHAPE_OTHER;
    if (count == 1 && slice_starts(segment[0], "$"))
        return SHAPE_OPERATION;
    for (size_t i = 0; i < COUNT(system_level); i++)
        if (count == 1 && slice_is(segment[0], system_level[i].name))
            return system_level[i].shape;
    *type = fhir_type_find(segment[0]);
    return *type >= 0 ? type_shape(segment, count, id) : SHAPE_OTHER;
}

static enum err find_row(enum shape shape, struct slice method, const struct row **out)
{
    unsigned bit = 0;
    for (size_t i = 0; i < COUNT(methods); i++)
        if (slice_is(method, methods[i].name))
            bit = (unsigned)methods[i].method;
    if (shape == SHAPE_OTHER)
        return ERR_NOT_FHIR;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].shape == shape && (rows[i].methods & bit)) {
            *out = &rows[i];
            return ERR_OK;
        }
    return ERR_METHOD;
}

static void add_need(struct fhir_request *f, int type, unsigned actions)
{
    for (size_t i = 0; i < f->need_count; i++)
        if (f->needs[i].type == type) {
            f->needs[i].actions |= actions;
            return;
        }
    f->needs[f->need_count].type = type;
    f->needs[f->need_count].actions = actions;
    f->need_count++;
}

/* The search that decides whether a conditional create creates; *reaches_all when it can see more
 * than the type. */
static enum err check_condition(struct slice search, bool *reaches_all)
{
    struct query condition;
    enum err e =
        query_check(slice_starts(search, "?") ? slice_skip(search, 1) : search, &condition);
    if (e == ERR_OK)
        *reaches_all = condition.reaches_all;
    return e;
}

/*
 * What the interaction needs: the row's actions on the type, a search of all where that shows.  A
 * parameter that reaches other types may let a write reach them too: HAPI FHIR's _cascade=delete,
 * and its header.  X-Provenance creates one (http://hl7.org/fhir/R4/provenance.html#header).
 */
static enum err add_needs(const struct request *rq, const struct row *row, struct slice query,
                          struct fhir_request *out)
{
    unsigned actions = row->actions, writes = actions & (SCOPE_C | SCOPE_U | SCOPE_D);
    bool search_all = row->flags & HIDDEN_BODY;
    if ((row->flags & CONDITIONAL) && query.n == 0)
        return ERR_METHOD;
    if (row->interaction == FHIR_CREATE && rq->if_none_exist.p != NULL) {
        enum err e = check_condition(rq->if_none_exist, &search_all);
        if (e != ERR_OK)
            return e;
        actions |= SCOPE_S;
    }
    add_need(out, out->type, actions);
    if (search_all)
        add_need(out, FHIR_TYPE_ANY, SCOPE_S);
    if (writes != 0 && rq->provenance.p != NULL)
        add_need(out, fhir_type_find(SLICE("Provenance")), SCOPE_C);
    if (out->query.reaches_all || (writes != 0 && rq->cascade.p != NULL))
        add_need(out, FHIR_TYPE_ANY, SCOPE_S | writes);
    return ERR_OK;
}

enum err fhir_request_parse(const struct request *rq, const struct config *conf,
                            struct fhir_request *out)
{
    struct slice query = origin_form(rq->uri), path, below = SLICE_NONE;
    const struct row *row = NULL;
    *out = (struct fhir_request){.type = FHIR_TYPE_ANY};
    if (rq->duplicate || query.n == 0 || !slice_cut(&query, '?', &path))
        return ERR_TARGET;
    enum err e = query_check(query, &out->query);
    if (e != ERR_OK)
        return e;
    if (rq->method_override)
        return ERR_METHOD_OVERRIDE;
    if (!path_is_canonical(path))
        return ERR_TARGET;
    out->base = find_base(conf, path, &below);
    if (out->base == NULL)
        return ERR_OUTSIDE_BASE;
    e = find_row(shape_of(below, &out->type, &out->id), rq->method, &row);
    if (e != ERR_OK)
        return e;
    out->interaction = row->interaction;
    if (row->interaction == FHIR_NONE)
        return ERR_INTERACTION;
    out->open = (row->flags & OPEN) != 0;
    return out->open ? ERR_OK : add_needs(rq, row, query, out);
}
