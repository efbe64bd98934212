#include "query_general.h"

#define MAX_FILTERS 8 /* in one _typeFilter */

static void add_any(struct query_reach *r)
{
    query_reach_type(r, FHIR_TYPE_ANY);
}

static bool has_any_of(struct slice s, const char *chars)
{
    for (; *chars != '\0'; chars++)
        if (slice_has_char(s, *chars))
            return true;
    return false;
}

/* ---- _include, _revinclude ---- */

/* Source:parameter[:Target], the value of _include and _revinclude. */
struct inclusion {
    int source;
    const struct fhir_targets *targets; /* never NULL */
    int target;                         /* FHIR_TYPE_ANY when none is named */
};

static bool parse_inclusion(const struct query_reach *r, struct slice value, struct inclusion *out)
{
    struct slice source, name, rest = value;
    struct inclusion i = {.target = FHIR_TYPE_ANY};
    if (!slice_cut(&rest, ':', &source) || !slice_cut(&rest, ':', &name))
        return false;
    i.source = query_reach_find_type(r, source);
    i.targets = query_reach_find_targets(r, i.source, name);
    if (i.targets == NULL)
        return false;
    if (rest.p != NULL) {
        i.target = query_reach_find_type(r, rest);
        if (!fhir_targets_have(i.targets, i.target))
            return false;
    }
    *out = i;
    return true;
}

static bool iterates(struct slice modifier)
{
    return slice_is(modifier, "iterate") || slice_is(modifier, "recurse");
}

static void add_include(struct query_reach *r, const struct query_use *use)
{
    struct inclusion i;
    if ((use->modifier.p != NULL && !iterates(use->modifier)) ||
        !parse_inclusion(r, use->value, &i)) {
        add_any(r);
        return;
    }
    if (i.source != use->type)
        query_reach_type(r, i.source);
    if (i.target != FHIR_TYPE_ANY)
        query_reach_type(r, i.target);
    else
        query_reach_targets(r, i.targets);
}

static void add_revinclude(struct query_reach *r, const struct query_use *use)
{
    struct inclusion i;
    bool again = iterates(use->modifier); /* from what is included: it may be of any type */
    if ((use->modifier.p != NULL && !again) || !parse_inclusion(r, use->value, &i) ||
        (!again && use->type != FHIR_TYPE_ANY && !fhir_targets_have(i.targets, use->type)))
        add_any(r);
    else
        query_reach_type(r, i.source);
}

static void add_contained(struct query_reach *r, const struct query_use *use)
{
    if (use->modifier.p != NULL || !slice_is(use->value, "false"))
        add_any(r);
}

/* R5 lets a sort follow references: only plain names of the type's own parameters are harmless. */
static void add_sort(struct query_reach *r, const struct query_use *use)
{
    if (use->modifier.p != NULL || use->value.p == NULL || has_any_of(use->value, ".:%"))
        add_any(r);
}

/* "$current-problems" and its like are lists that the server makes from anything. */
static void add_list(struct query_reach *r, const struct query_use *use)
{
    query_reach_named(r, "List");
    if (use->modifier.p != NULL || use->value.p == NULL || has_any_of(use->value, "$:%"))
        add_any(r);
}

static void add_in(struct query_reach *r, const struct query_use *use)
{
    if (use->modifier.p != NULL)
        add_any(r);
    query_reach_named(r, "CareTeam");
    query_reach_named(r, "Group");
    query_reach_named(r, "List");
}

/* Of the system: the types that are searched. */
static void add_type(struct query_reach *r, const struct query_use *use)
{
    struct slice rest = use->value, name;
    bool is_sole = use->modifier.p == NULL && use->value.p != NULL && !r->has_types;
    if (use->type != FHIR_TYPE_ANY) {
        if (use->type < 0 || use->modifier.p != NULL ||
            query_reach_find_type(r, use->value) != use->type)
            add_any(r);
        return;
    }
    r->has_types = true;
    if (!is_sole)
        add_any(r);
    while (slice_cut(&rest, ',', &name)) {
        int type = query_reach_find_type(r, name);
        query_reach_type(r, type >= 0 ? type : FHIR_TYPE_ANY);
    }
}

/* "Type?query" of bulk data; the query is not decoded again: a '%' in a name is not plain. */
static void add_filter(struct query_reach *r, struct slice filter)
{
    struct slice rest = filter, name, part;
    slice_cut(&rest, '?', &name);
    int type = query_reach_find_type(r, name);
    query_reach_type(r, type >= 0 && rest.p != NULL ? type : FHIR_TYPE_ANY);
    while (type >= 0 && slice_cut(&rest, '&', &part)) {
        struct slice pieces = part, value = part;
        slice_cut(&value, '=', &name);
        if (part.n > 0)
            query_reach_add(r, type, name, value);
        while (slice_has_char(part, ';') && slice_cut(&pieces, ';', &value)) {
            slice_cut(&value, '=', &name);
            if (name.n > 0)
                query_reach_add(r, type, name, value);
        }
    }
}

/*
 * Filters by commas; but a comma may also stand in a value.  Every one may begin a filter that goes
 * to the end, which is all that any reading can make of it.
 */
static void add_type_filter(struct query_reach *r, const struct query_use *use)
{
    struct slice from = use->value, rest = use->value, head;
    size_t filters = 0;
    if (use->modifier.p != NULL || use->value.p == NULL || r->in_filter ||
        !slice_has_char(use->value, '?')) {
        add_any(r);
        return;
    }
    r->in_filter = true;
    while (slice_cut(&rest, ',', &head)) {
        bool is_value = filters > 0 && !slice_has_char(head, '?');
        if (!is_value && ++filters > MAX_FILTERS)
            add_any(r);
        else if (!is_value)
            add_filter(r, from);
        from = rest;
    }
    r->in_filter = false;
}

static void add_everything(struct query_reach *r, const struct query_use *use)
{
    (void)use;
    add_any(r);
}

static const struct query_general table[] = {
    {"_id", NULL},
    {"_lastUpdated", NULL},
    {"_tag", NULL},
    {"_profile", NULL},
    {"_security", NULL},
    {"_source", NULL},
    {"_language", NULL},
    {"_text", NULL},
    {"_content", NULL},
    {"_count", NULL},
    {"_total", NULL},
    {"_summary", NULL},
    {"_elements", NULL},
    {"_format", NULL},
    {"_pretty", NULL},
    {"_score", NULL},
    {"_maxresults", NULL},
    {"_since", NULL}, /* of histories and bulk data */
    {"_until", NULL},
    {"_at", NULL},
    {"_outputFormat", NULL},
    {"_sort", add_sort},
    {"_contained", add_contained},
    {"_list", add_list},
    {"_in", add_in},
    {"_include", add_include},
    {"_revinclude", add_revinclude},
    {"_type", add_type},
    {"_typeFilter", add_type_filter},
    {"includeAssociatedData", add_everything}, /* of bulk data: Provenance and more */
};

const struct query_general *query_general_find(struct slice name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (slice_is(name, table[i].name))
            return &table[i];
    return NULL;
}
