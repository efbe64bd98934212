#include "query_general.h"

#define MAX_DEPTH 8

void query_reach_type(struct query_reach *r, int type)
{
    needs_add(r->needs, type, SCOPE_S, r->cause);
}

static void add_any(struct query_reach *r)
{
    query_reach_type(r, FHIR_TYPE_ANY);
}

void query_reach_named(struct query_reach *r, const char *type)
{
    query_reach_type(r, fhir_type_find(slice_of(type)));
}

void query_reach_targets(struct query_reach *r, const struct fhir_targets *targets)
{
    if (targets->any)
        add_any(r);
    for (size_t i = 0; i < targets->count; i++)
        query_reach_type(r, targets->types[i]);
}

int query_reach_find_type(const struct query_reach *r, struct slice name)
{
    int type = fhir_type_find(name);
    return fhir_type_in(type, r->version) ? type : FHIR_TYPE_UNKNOWN;
}

const struct fhir_targets *query_reach_find_targets(const struct query_reach *r, int type,
                                                    struct slice name)
{
    static const struct fhir_targets anywhere = {.any = true};
    struct fhir_param p;
    if (!fhir_param_find(type, name, &p) || p.targets == NULL)
        return NULL;
    return r->version == FHIR_R4 ? p.targets : &anywhere; /* the table is R4's */
}

static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '_')))
            return false;
    }
    return name.n > 0;
}

/* ---- modifiers (http://hl7.org/fhir/R5/search.html#modifiers) ---- */

/* What a parameter can be, as far as modifiers go. */
enum sort { VALUE, REFERENCE, NOT_KNOWN };

enum modifier {
    TYPE,    /* of a reference: which type the id is of */
    REFINE,  /* only the comparison */
    CLIMB,   /* of a reference: the hierarchy of its targets */
    MEMBERS, /* of a ValueSet; of a reference: of a CareTeam, a Group or a List */
};

static const struct {
    const char *name;
    enum modifier is;
} modifiers[] = {
    {"missing", REFINE}, {"exact", REFINE},         {"contains", REFINE},  {"not", REFINE},
    {"text", REFINE},    {"text-advanced", REFINE}, {"code-text", REFINE}, {"identifier", REFINE},
    {"of-type", REFINE}, {"above", CLIMB},          {"below", CLIMB},      {"in", MEMBERS},
    {"not-in", MEMBERS},
};

static enum modifier modifier_find(struct slice name)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++)
        if (slice_is(name, modifiers[i].name))
            return modifiers[i].is;
    return TYPE;
}

/* targets: of a reference, else NULL. */
static void add_modifier(struct query_reach *r, enum sort sort, const struct fhir_targets *targets,
                         struct slice name)
{
    enum modifier modifier = modifier_find(name);
    if (modifier == TYPE && (sort != REFERENCE || query_reach_find_type(r, name) < 0))
        add_any(r);
    if (modifier == CLIMB && sort == REFERENCE)
        query_reach_targets(r, targets);
    if (modifier == CLIMB && sort == NOT_KNOWN)
        add_any(r);
    if (modifier == MEMBERS)
        query_reach_named(r, "ValueSet");
    if (modifier == MEMBERS && sort != VALUE) {
        query_reach_named(r, "CareTeam");
        query_reach_named(r, "Group");
        query_reach_named(r, "List");
    }
}

/* ---- names ---- */

static void add_plain(struct query_reach *r, struct slice name, const struct query_use *use)
{
    const struct query_general *general = query_general_find(name);
    struct fhir_param p;
    if (general != NULL && general->look != NULL) {
        general->look(r, use);
    } else if (general == NULL && !is_plain_name(name)) {
        add_any(r);
    } else if (use->modifier.p != NULL) {
        const struct fhir_targets *targets = query_reach_find_targets(r, use->type, name);
        bool known = general != NULL || fhir_param_find(use->type, name, &p);
        enum sort sort = targets != NULL ? REFERENCE : known ? VALUE : NOT_KNOWN;
        add_modifier(r, sort, targets, use->modifier);
    }
}

/* A parameter of another type decides. */
static void add_link(struct query_reach *r, int type, struct slice name, struct slice value)
{
    query_reach_type(r, type);
    query_reach_add(r, type, name, value);
}

/* _has:Type:reference:parameter */
static void add_has(struct query_reach *r, struct slice name, struct slice value)
{
    struct slice rest = name, has, source, reference;
    slice_cut(&rest, ':', &has);
    if (!slice_cut(&rest, ':', &source) || !slice_cut(&rest, ':', &reference) || rest.p == NULL ||
        !is_plain_name(reference) || query_reach_find_type(r, source) < 0)
        add_any(r);
    else
        add_link(r, query_reach_find_type(r, source), rest, value);
}

/* reference.parameter, which may be a chain again if it is clear which type it goes on from */
static void add_chain(struct query_reach *r, int type, struct slice name, struct slice value)
{
    struct slice rest = name, base, named;
    slice_cut(&rest, '.', &named);
    slice_cut(&named, ':', &base);
    const struct fhir_targets *targets = query_reach_find_targets(r, type, base);
    int target = query_reach_find_type(r, named);
    if (targets == NULL) {
        add_any(r);
    } else if (named.p != NULL) {
        if (fhir_targets_have(targets, target))
            add_link(r, target, rest, value);
        else
            add_any(r);
    } else if (targets->any || (targets->count > 1 && slice_has_char(rest, '.'))) {
        add_any(r);
    } else {
        for (size_t i = 0; i < targets->count; i++)
            add_link(r, targets->types[i], rest, value);
    }
}

void query_reach_add(struct query_reach *r, int type, struct slice name, struct slice value)
{
    struct query_use use = {.type = type, .modifier = name, .value = value};
    struct slice base;
    slice_cut(&use.modifier, ':', &base);
    if (r->depth == MAX_DEPTH) {
        add_any(r);
        return;
    }
    r->depth++;
    if (slice_is(base, "_has"))
        add_has(r, name, value);
    else if (slice_has_char(name, '.'))
        add_chain(r, type, name, value);
    else
        add_plain(r, base, &use);
    r->depth--;
}
