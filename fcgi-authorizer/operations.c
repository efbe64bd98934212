#include "operations.h"

#include "query.h"

enum level { SYSTEM = 1, TYPE = 2, INSTANCE = 4 };

enum flags {
    BULK = 1,         /* system/ scopes only; _type narrows what is exported */
    NARROWED = 2,     /* _type narrows what is returned */
    BODY_IS_SAFE = 4, /* the body cannot reach more than the table says */
    WANDERS = 8,      /* goes from resource to resource: the one in the path does not limit it */
};

/* In place of a type: the one in the path, or every type when the path names none. */
#define ITS_TYPE "."
#define EVERY    "*"
#define RS       (SCOPE_R | SCOPE_S)

static const struct operation {
    const char *name;
    unsigned levels;
    const char *on; /* only on this type; NULL: on any */
    unsigned flags;
    struct {
        const char *type; /* NULL: no more */
        unsigned actions;
    } needs[3];
} table[] = {
    /* bulk data (HL7 Bulk Data Access 2.0, "Request flow") */
    {"$export", SYSTEM, NULL, BULK, {{EVERY, RS}}},
    {"$export", TYPE, "Patient", BULK, {{EVERY, RS}, {"Patient", RS}}},
    {"$export", INSTANCE, "Group", BULK, {{EVERY, RS}, {"Group", RS}, {"Patient", RS}}},
    /* what hangs together with a resource */
    {"$everything", TYPE | INSTANCE, NULL, NARROWED, {{EVERY, RS}, {ITS_TYPE, SCOPE_R}}},
    {"$document", TYPE | INSTANCE, "Composition", 0, {{EVERY, SCOPE_R}}},
    {"$docref", TYPE, "DocumentReference", 0, {{"DocumentReference", RS}}},
    {"$summary", TYPE | INSTANCE, "Patient", 0, {{EVERY, RS}}},
    {"$graph", INSTANCE, NULL, WANDERS, {{EVERY, SCOPE_R}}},
    {"$graphql", SYSTEM | INSTANCE, NULL, WANDERS, {{EVERY, RS}}},
    /* checks */
    {"$validate", TYPE | INSTANCE, NULL, BODY_IS_SAFE, {{ITS_TYPE, SCOPE_R}}},
    {"$meta", SYSTEM | TYPE | INSTANCE, NULL, BODY_IS_SAFE, {{ITS_TYPE, SCOPE_R}}},
    {"$meta-add", INSTANCE, NULL, BODY_IS_SAFE, {{ITS_TYPE, SCOPE_U}}},
    {"$meta-delete", INSTANCE, NULL, BODY_IS_SAFE, {{ITS_TYPE, SCOPE_U}}},
    /* terminology */
    {"$expand", TYPE | INSTANCE, "ValueSet", BODY_IS_SAFE, {{"ValueSet", RS}, {"CodeSystem", RS}}},
    {"$validate-code",
     TYPE | INSTANCE,
     "ValueSet",
     BODY_IS_SAFE,
     {{"ValueSet", RS}, {"CodeSystem", RS}}},
    {"$validate-code", TYPE | INSTANCE, "CodeSystem", BODY_IS_SAFE, {{"CodeSystem", RS}}},
    {"$lookup", TYPE, "CodeSystem", BODY_IS_SAFE, {{"CodeSystem", RS}}},
    {"$subsumes", TYPE | INSTANCE, "CodeSystem", BODY_IS_SAFE, {{"CodeSystem", RS}}},
    {"$find-matches", TYPE | INSTANCE, "CodeSystem", BODY_IS_SAFE, {{"CodeSystem", RS}}},
    {"$translate",
     TYPE | INSTANCE,
     "ConceptMap",
     BODY_IS_SAFE,
     {{"ConceptMap", RS}, {"ValueSet", RS}}},
    {"$closure", SYSTEM, NULL, BODY_IS_SAFE, {{"ConceptMap", RS}, {"CodeSystem", RS}}},
    {"$preferred-id", TYPE, "NamingSystem", BODY_IS_SAFE, {{"NamingSystem", RS}}},
    /* searches of a kind */
    {"$match", TYPE, "Patient", BODY_IS_SAFE, {{"Patient", SCOPE_S}}},
    {"$member-match", TYPE, "Patient", BODY_IS_SAFE, {{"Patient", SCOPE_S}, {"Coverage", SCOPE_S}}},
    {"$lastn", TYPE, "Observation", 0, {{"Observation", SCOPE_S}}},
    {"$stats", TYPE, "Observation", 0, {{"Observation", SCOPE_S}}},
    {"$find", TYPE, "List", 0, {{"List", SCOPE_S}}},
    /* conformance and definitions */
    {"$versions", SYSTEM, NULL, BODY_IS_SAFE, {{"CapabilityStatement", SCOPE_R}}},
    {"$conforms", TYPE, "CapabilityStatement", 0, {{"CapabilityStatement", RS}}},
    {"$implements", TYPE | INSTANCE, "CapabilityStatement", 0, {{"CapabilityStatement", RS}}},
    {"$subset", TYPE | INSTANCE, "CapabilityStatement", 0, {{"CapabilityStatement", RS}}},
    {"$snapshot", TYPE | INSTANCE, "StructureDefinition", 0, {{"StructureDefinition", RS}}},
    {"$questionnaire", TYPE | INSTANCE, "StructureDefinition", 0, {{"StructureDefinition", RS}}},
    /* claims */
    {"$submit", TYPE, "Claim", BODY_IS_SAFE, {{"Claim", SCOPE_C}}},
    {"$submit",
     TYPE,
     "CoverageEligibilityRequest",
     BODY_IS_SAFE,
     {{"CoverageEligibilityRequest", SCOPE_C}}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct operation *find(const struct fhir_path *p)
{
    unsigned level = p->type == FHIR_TYPE_ANY ? SYSTEM : p->id.p == NULL ? TYPE : INSTANCE;
    for (size_t i = 0; i < COUNT(table); i++)
        if (slice_is(p->operation, table[i].name) && (table[i].levels & level) &&
            (table[i].on == NULL || slice_is(slice_of(fhir_type_name(p->type)), table[i].on)))
            return &table[i];
    return NULL;
}

/* What is on every type may be narrowed to the types that _type lists. */
static enum err add_every(const struct fhir_path *p, const struct operation *op, unsigned actions,
                          bool narrowed, struct needs *needs)
{
    struct query q;
    if (!narrowed) {
        needs_add(needs, FHIR_TYPE_ANY, actions, op->flags & WANDERS ? p->operation : SLICE_NONE);
        return ERR_OK;
    }
    enum err e = query_check(p->query, FHIR_TYPE_ANY, p->base->version, &q);
    for (size_t i = 0; e == ERR_OK && i < q.reach.count; i++)
        needs_add(needs, q.reach.list[i].type, actions, q.reach.list[i].cause);
    return e;
}

enum err operation_needs(const struct fhir_path *path, unsigned method, struct needs *needs,
                         struct operation_facts *facts)
{
    const struct operation *op = find(path);
    if (op == NULL)
        return ERR_INTERACTION;
    *facts =
        (struct operation_facts){.system_only = (op->flags & BULK) != 0,
                                 .body_hidden = method == HTTP_POST && !(op->flags & BODY_IS_SAFE)};
    /* In a POST the _type that counts is in the body, out of sight. */
    bool narrowed = (op->flags & (BULK | NARROWED)) && method == HTTP_GET;
    facts->narrowed = narrowed;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < COUNT(op->needs) && op->needs[i].type != NULL; i++) {
        struct slice type = slice_of(op->needs[i].type);
        if (slice_is(type, EVERY))
            e = add_every(path, op, op->needs[i].actions, narrowed, needs);
        else
            needs_add(needs, slice_is(type, ITS_TYPE) ? path->type : fhir_type_find(type),
                      op->needs[i].actions, SLICE_NONE);
    }
    return e;
}
