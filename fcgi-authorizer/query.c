#include "query_field.h"
#include "query_reach.h"

static const struct {
    const char *name;
    enum err refusal;
} refused[] = {
    {"access_token", ERR_TOKEN_IN_QUERY},
    {"_method", ERR_METHOD_OVERRIDE},
    {"x-http-method-override", ERR_METHOD_OVERRIDE},
};

static enum err check_name(struct slice name)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (slice_is_nocase(name, refused[i].name))
            return refused[i].refusal;
    return ERR_OK;
}

static enum err check_field(const struct query_field *f, int type, struct query_reach *reach,
                            struct query *q)
{
    char space[QUERY_MAX_VALUE];
    struct slice value;
    if (!query_decode(f->value, space, sizeof space, &value))
        return ERR_QUERY;
    enum err e = check_name(f->name);
    if (e != ERR_OK)
        return e;
    if (slice_is(f->name, "_format") && q->format.p == NULL)
        q->format = f->value;
    if (slice_is(f->name, "_type") && !f->piece && q->types.p == NULL)
        q->types = f->value;
    reach->cause = f->sent;
    query_reach_add(reach, type, f->name, value);
    return ERR_OK;
}

enum err query_check(struct slice text, int type, enum fhir_version version, struct query *out)
{
    struct query q = {.text = text, .format = SLICE_NONE, .types = SLICE_NONE};
    struct query_reach reach = {.needs = &q.reach, .version = version};
    struct query_fields fields = {.rest = text};
    struct query_field f;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x21 || text.p[i] > 0x7e || text.p[i] == '#')
            return ERR_QUERY;
    bool names_types = false;
    while (query_field_next(&fields, &f)) {
        enum err e = check_field(&f, type, &reach, &q);
        names_types = names_types || (slice_is(f.name, "_type") && !f.piece);
        if (e != ERR_OK)
            return e;
    }
    if (fields.error != ERR_OK)
        return fields.error;
    if (type == FHIR_TYPE_ANY && !names_types)
        needs_add(&q.reach, FHIR_TYPE_ANY, SCOPE_S, SLICE_NONE);
    *out = q;
    return ERR_OK;
}
