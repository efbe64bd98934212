#include "query_field.h"

#include "fhir_params.h"

#define MAX_PARTS 16 /* of a constraint */
#define MAX_TIES  8  /* parameters of one query that may name its patient */

/* Does the whole value of a parameter say what it must? */
typedef bool (*value_test)(struct slice value, const void *must);

/*
 * Does the parameter stand in the query, in every reading of it, and pass the test every time?
 * With a modifier or as a chain it never does.
 */
static bool stands(struct slice text, struct slice name, value_test test, const void *must)
{
    char space[QUERY_MAX_VALUE];
    struct query_fields fields = {.rest = text};
    struct query_field f;
    struct slice value;
    bool is_there = false;
    while (query_field_next(&fields, &f)) {
        if (!slice_eq(query_base_name(f.name), name))
            continue;
        if (f.name.n != name.n || !query_decode(f.value, space, sizeof space, &value) ||
            value.p == NULL || !test(value, must))
            return false;
        is_there = is_there || !f.piece;
    }
    return is_there && fields.error == ERR_OK;
}

/* ---- the constraint of a scope ---- */

/* system|code is among the resources that have the code in any system. */
static bool is_within(struct slice value, struct slice alternative)
{
    struct slice code = value, system;
    if (slice_eq(value, alternative))
        return true;
    slice_cut(&code, '|', &system);
    return system.n > 0 && !slice_has_char(alternative, '|') && slice_eq(code, alternative);
}

static bool is_alternative(struct slice value, struct slice alternatives)
{
    struct slice one;
    while (slice_cut(&alternatives, ',', &one))
        if (one.n > 0 && is_within(value, one))
            return true;
    return false;
}

/*
 * Every one of the values is among the alternatives.  An escaped comma is not told from a comma: a
 * value with a '\\' is like no alternative.
 */
static bool are_alternatives(struct slice values, const void *must)
{
    const struct slice *alternatives = must;
    struct slice one;
    if (slice_has_char(*alternatives, '\\'))
        return false;
    while (slice_cut(&values, ',', &one))
        if (!is_alternative(one, *alternatives))
            return false;
    return true;
}

/* One parameter of the constraint. */
static bool part_is_implied(struct slice text, struct slice part)
{
    char space[QUERY_MAX_VALUE];
    struct slice alternatives;
    struct query_fields parts = {.rest = part};
    struct query_field must;
    return !slice_has_char(part, ';') && query_field_next(&parts, &must) && must.name.n > 0 &&
           query_base_name(must.name).n == must.name.n &&
           query_decode(must.value, space, sizeof space, &alternatives) &&
           stands(text, must.name, are_alternatives, &alternatives);
}

bool query_implies(struct slice text, struct slice constraint, struct slice *missing)
{
    struct slice rest = constraint, part;
    for (size_t n = 0; slice_cut(&rest, '&', &part); n++) {
        if (n < MAX_PARTS && part_is_implied(text, part))
            continue;
        if (missing != NULL)
            *missing = part;
        return false;
    }
    return true;
}

/* ---- one patient ---- */

/* How a parameter may name the patient: as "Patient/id", as "id". */
struct patient {
    struct slice id;
    bool typed, bare;
};

static bool is_patient(struct slice value, const void *must)
{
    static const char type[] = "Patient/";
    const struct patient *patient = must;
    if (patient->typed && slice_starts(value, type))
        return slice_eq(slice_skip(value, sizeof type - 1), patient->id);
    return patient->bare && slice_eq(value, patient->id);
}

/* Can the parameter name the patient?  Then *out says how. */
static bool can_name_patient(int type, enum fhir_version version, struct slice name,
                             struct patient *out)
{
    int patient = fhir_type_find(SLICE("Patient"));
    struct fhir_param p;
    if (type == patient) {
        /* Not link: what links to a patient is another Patient. */
        out->typed = false;
        out->bare = true;
        return slice_is(name, "_id");
    }
    if (!fhir_param_find(type, name, &p) || p.targets == NULL || !(p.of_patient & version))
        return false;
    out->typed = true;
    out->bare = p.targets->count == 1 && p.targets->types[0] == patient;
    return true;
}

bool query_is_of_patient(struct slice text, int type, enum fhir_version version, struct slice id)
{
    struct query_fields fields = {.rest = text};
    struct query_field f;
    struct patient patient = {.id = id};
    size_t ties = 0;
    if (!fhir_id_is_valid(id))
        return false;
    while (ties < MAX_TIES && query_field_next(&fields, &f)) {
        if (!can_name_patient(type, version, f.name, &patient))
            continue;
        ties++;
        if (stands(text, f.name, is_patient, &patient))
            return true;
    }
    return false;
}
