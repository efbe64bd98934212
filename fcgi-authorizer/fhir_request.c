#include "fhir_request.h"

#include "operations.h"

enum row_flags {
    CONDITIONAL = 1, /* the query selects what is changed: it must be there, and is a search */
    HIDDEN_BODY = 2, /* what it does is in the body, out of sight: it may reach every type */
    SEARCHES = 4,    /* the query limits what is returned */
    ONLY_R5 = 8,
};

static const struct row {
    enum shape shape;
    unsigned methods;
    enum interaction interaction;
    unsigned actions; /* on the type that is searched */
    unsigned flags;
} rows[] = {
    {SHAPE_METADATA, HTTP_GET, FHIR_CAPABILITIES, 0, 0},
    {SHAPE_WELL_KNOWN, HTTP_GET, FHIR_DISCOVERY, 0, 0},
    {SHAPE_ROOT, HTTP_GET, FHIR_SEARCH_SYSTEM, SCOPE_S, SEARCHES},
    {SHAPE_ROOT, HTTP_POST, FHIR_BATCH, SCOPE_ALL, HIDDEN_BODY},
    {SHAPE_ROOT, HTTP_DELETE, FHIR_DELETE, SCOPE_D | SCOPE_S, CONDITIONAL},
    {SHAPE_SEARCH, HTTP_POST, FHIR_SEARCH_SYSTEM, SCOPE_S, HIDDEN_BODY},
    {SHAPE_HISTORY, HTTP_GET, FHIR_HISTORY_SYSTEM, SCOPE_S, 0},
    {SHAPE_TYPE, HTTP_GET, FHIR_SEARCH_TYPE, SCOPE_S, SEARCHES},
    {SHAPE_TYPE, HTTP_POST, FHIR_CREATE, SCOPE_C, 0},
    {SHAPE_TYPE, HTTP_PUT, FHIR_UPDATE, SCOPE_U | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE, HTTP_PATCH, FHIR_PATCH, SCOPE_U | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE, HTTP_DELETE, FHIR_DELETE, SCOPE_D | SCOPE_S, CONDITIONAL},
    {SHAPE_TYPE_SEARCH, HTTP_POST, FHIR_SEARCH_TYPE, SCOPE_S, HIDDEN_BODY},
    {SHAPE_TYPE_HISTORY, HTTP_GET, FHIR_HISTORY_TYPE, SCOPE_S, 0},
    {SHAPE_INSTANCE, HTTP_GET, FHIR_READ, SCOPE_R, 0},
    {SHAPE_INSTANCE, HTTP_PUT, FHIR_UPDATE, SCOPE_U, 0},
    {SHAPE_INSTANCE, HTTP_PATCH, FHIR_PATCH, SCOPE_U, 0},
    {SHAPE_INSTANCE, HTTP_DELETE, FHIR_DELETE, SCOPE_D, 0},
    {SHAPE_INSTANCE_HISTORY, HTTP_GET, FHIR_HISTORY_INSTANCE, SCOPE_R, 0},
    {SHAPE_INSTANCE_HISTORY, HTTP_DELETE, FHIR_DELETE_HISTORY, SCOPE_D, ONLY_R5},
    {SHAPE_VERSION, HTTP_GET, FHIR_VREAD, SCOPE_R, 0},
    {SHAPE_VERSION, HTTP_DELETE, FHIR_DELETE_HISTORY, SCOPE_D, ONLY_R5},
    {SHAPE_COMPARTMENT, HTTP_GET, FHIR_SEARCH_COMPARTMENT, SCOPE_S, SEARCHES},
    {SHAPE_COMPARTMENT_ALL, HTTP_GET, FHIR_SEARCH_COMPARTMENT, SCOPE_S, SEARCHES},
    {SHAPE_COMPARTMENT_SEARCH, HTTP_POST, FHIR_SEARCH_COMPARTMENT, SCOPE_S, HIDDEN_BODY},
    {SHAPE_OPERATION, HTTP_GET | HTTP_POST, FHIR_OPERATION, 0, 0},
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
    [FHIR_SEARCH_COMPARTMENT] = "search-compartment",
    [FHIR_SEARCH_SYSTEM] = "search-system",
    [FHIR_CREATE] = "create",
    [FHIR_UPDATE] = "update",
    [FHIR_PATCH] = "patch",
    [FHIR_DELETE] = "delete",
    [FHIR_DELETE_HISTORY] = "delete-history",
    [FHIR_BATCH] = "batch",
    [FHIR_OPERATION] = "operation",
    [FHIR_CAPABILITIES] = "capabilities",
    [FHIR_DISCOVERY] = "discovery",
    [FHIR_PREFLIGHT] = "preflight",
    [FHIR_PATH] = "path",
};

const char *interaction_name(enum interaction i)
{
    return interaction_names[i];
}

/* The row of this shape and method; the methods of the shape are told when there is none. */
static enum err find_row(const struct fhir_path *p, unsigned method, const struct row **out,
                         unsigned *methods)
{
    *methods = 0;
    if (p->shape == SHAPE_OTHER)
        return ERR_NOT_FHIR;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].shape != p->shape || ((rows[i].flags & ONLY_R5) && p->base->version != FHIR_R5))
            continue;
        *methods |= rows[i].methods;
        if (rows[i].methods & method) {
            *out = &rows[i];
            return ERR_OK;
        }
    }
    return ERR_METHOD;
}

/* For an Allow header: these are the sets of methods that the rows make. */
static const char *allow_text(unsigned methods)
{
    static const struct {
        unsigned methods;
        const char *text;
    } sets[] = {
        {HTTP_GET, "GET, HEAD"},
        {HTTP_POST, "POST"},
        {HTTP_GET | HTTP_POST, "GET, HEAD, POST"},
        {HTTP_GET | HTTP_DELETE, "GET, HEAD, DELETE"},
        {HTTP_GET | HTTP_POST | HTTP_DELETE, "GET, HEAD, POST, DELETE"},
        {HTTP_GET | HTTP_PUT | HTTP_PATCH | HTTP_DELETE, "GET, HEAD, PUT, PATCH, DELETE"},
        {HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE,
         "GET, HEAD, POST, PUT, PATCH, DELETE"},
    };
    for (size_t i = 0; i < COUNT(sets); i++)
        if (sets[i].methods == methods)
            return sets[i].text;
    return NULL;
}

static bool is_open(const struct row *row, const struct config_fhir *base)
{
    return (row->interaction == FHIR_CAPABILITIES && base->metadata_open) ||
           (row->interaction == FHIR_DISCOVERY && base->well_known_open);
}

/* A rule of the configuration takes the place of what is built in. */
static enum err apply_rule(const struct config_rule *rule, struct fhir_request *out)
{
    struct slice rest = slice_of(rule->needed), word;
    struct scope s;
    out->rule = rule;
    out->open = rule->verdict == RULE_OPEN;
    out->token = true;
    if (rule->verdict == RULE_DENY)
        return ERR_RULE;
    /* Words that are no SMART scope are compared with the token's own by authorize(). */
    while (scope_next(&rest, &word))
        if (scope_parse(word, &s))
            needs_add(&out->needs, s.type, s.actions, SLICE_NONE);
    return ERR_OK;
}

/* A search in If-None-Exist decides whether a conditional create creates. */
static enum err add_condition(const struct request *rq, struct fhir_request *out)
{
    struct query condition;
    struct slice search = rq->if_none_exist;
    if (search.p == NULL)
        return ERR_OK;
    if (slice_starts(search, "?"))
        search = slice_skip(search, 1);
    enum err e = query_check(search, out->path.type, out->path.base->version, &condition);
    if (e != ERR_OK)
        return e;
    needs_add(&out->needs, out->path.type, SCOPE_S, SLICE_NONE);
    for (size_t i = 0; i < condition.reach.count; i++)
        needs_add(&out->needs, condition.reach.list[i].type, SCOPE_S, SLICE("If-None-Exist"));
    return ERR_OK;
}

/*
 * What the query reveals must be searchable.  A parameter that reaches other types may let a write
 * reach them too (HAPI FHIR's _cascade=delete, and its header); X-Provenance creates a resource of
 * its own (http://hl7.org/fhir/R4/provenance.html#header).
 */
static enum err add_reach(const struct request *rq, const struct row *row, struct fhir_request *out)
{
    unsigned writes = row->actions & (SCOPE_C | SCOPE_U | SCOPE_D);
    const struct needs *reach = &out->query.reach;
    /* Without a _type a search of the system reaches every type; other requests are no such search.
     */
    bool searches_system = !(row->flags & HIDDEN_BODY) && row->interaction != FHIR_OPERATION;
    for (size_t i = 0; i < reach->count; i++) {
        if (reach->list[i].cause.p == NULL && !searches_system)
            continue;
        needs_add(&out->needs, reach->list[i].type, SCOPE_S | writes, reach->list[i].cause);
    }
    if (writes != 0 && rq->cascade.p != NULL)
        needs_add(&out->needs, FHIR_TYPE_ANY, SCOPE_S | writes, SLICE("X-Cascade"));
    if (writes != 0 && rq->provenance.p != NULL)
        needs_add(&out->needs, fhir_type_find(SLICE("Provenance")), SCOPE_C, SLICE("X-Provenance"));
    return out->interaction == FHIR_CREATE ? add_condition(rq, out) : ERR_OK;
}

/*
 * What rides in a body is out of sight: it may reach every type, and of a search within a patient
 * what belongs to others too, unless the FHIR server is trusted to check it.
 */
static void add_hidden(struct fhir_request *out, unsigned actions)
{
    if (out->path.base->bodies_to_backend)
        out->body_unseen = true;
    else
        needs_add(&out->needs, FHIR_TYPE_ANY, actions, SLICE("body"));
}

static enum err add_operation(unsigned method, struct fhir_request *out, bool *narrowed)
{
    struct operation_facts facts;
    enum err e = operation_needs(&out->path, method, &out->needs, &facts);
    if (e != ERR_OK)
        return e;
    out->system_only = facts.system_only;
    *narrowed = facts.narrowed;
    if (facts.body_hidden) {
        unsigned actions = 0;
        for (size_t i = 0; i < out->needs.count; i++)
            actions |= out->needs.list[i].actions;
        add_hidden(out, actions);
    }
    return ERR_OK;
}

/* The type whose parameters the query holds. */
static int queried_type(const struct fhir_request *r)
{
    /* The _type of bulk data and the like is not a search: operations.c looks at it. */
    return r->path.shape == SHAPE_OPERATION ? r->path.type : r->path.searched;
}

static enum err add_needs(const struct request *rq, unsigned method, const struct row *row,
                          struct fhir_request *out)
{
    const struct fhir_path *p = &out->path;
    if ((row->flags & CONDITIONAL) && p->query.n == 0) {
        out->allow = "GET, HEAD, POST";
        return ERR_METHOD;
    }
    if (row->interaction == FHIR_OPERATION) {
        bool narrowed;
        enum err e = add_operation(method, out, &narrowed);
        if (e != ERR_OK || narrowed)
            return e;
    } else {
        if (p->searched != FHIR_TYPE_ANY)
            needs_add(&out->needs, p->searched, row->actions, SLICE_NONE);
        if (row->flags & HIDDEN_BODY)
            add_hidden(out, row->actions);
    }
    out->searches = (row->flags & SEARCHES) != 0;
    out->token = out->body_unseen;
    return add_reach(rq, row, out);
}

static const struct config_rule *find_rule(const struct fhir_path *p, unsigned method)
{
    const struct config_fhir *base = p->base;
    const struct config_rule *rule =
        config_rule_for_path(base->rules, base->rule_count, method, p->below, p->query);
    if (rule == NULL && p->shape == SHAPE_OPERATION)
        rule =
            config_rule_for_operation(base->rules, base->rule_count, method, p->type, p->operation);
    return rule;
}

/* The path is known to be canonical and below a base. */
static enum err classify(const struct request *rq, struct fhir_request *out)
{
    const struct row *row = NULL;
    unsigned method = http_method_bit(rq->method), methods;
    if (slice_is(rq->method, "OPTIONS") && out->path.base->preflight) {
        out->interaction = FHIR_PREFLIGHT;
        out->open = true;
        return ERR_OK;
    }
    const struct config_rule *rule = find_rule(&out->path, method);
    if (rule != NULL) {
        out->interaction = out->path.shape == SHAPE_OPERATION ? FHIR_OPERATION : FHIR_PATH;
        return apply_rule(rule, out);
    }
    enum err e = find_row(&out->path, method, &row, &methods);
    if (e == ERR_METHOD)
        out->allow = allow_text(methods);
    if (e != ERR_OK)
        return e;
    out->interaction = row->interaction;
    out->open = is_open(row, out->path.base);
    if (out->open)
        return ERR_OK;
    if (row->interaction == FHIR_CAPABILITIES || row->interaction == FHIR_DISCOVERY) {
        out->token = true;
        return ERR_OK;
    }
    return add_needs(rq, method, row, out);
}

enum err fhir_request_parse(const struct request *rq, const struct config *conf,
                            struct fhir_request *out)
{
    *out = (struct fhir_request){0};
    enum err at_path = fhir_path_parse(rq->uri, conf, &out->path);
    enum fhir_version version = out->path.base != NULL ? out->path.base->version : FHIR_R4;
    enum err e = query_check(out->path.query, queried_type(out), version, &out->query);
    if (e != ERR_OK)
        return e;
    if (rq->duplicate)
        return ERR_TARGET;
    if (rq->method_override)
        return ERR_METHOD_OVERRIDE;
    return at_path == ERR_OK ? classify(rq, out) : at_path;
}
