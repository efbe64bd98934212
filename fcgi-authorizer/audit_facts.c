#include "audit_facts.h"

#include "secret_shape.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool grants_anything(const struct scope_set *set)
{
    unsigned any = set->all_types;
    for (size_t i = 0; i < FHIR_TYPE_MAX; i++)
        any |= set->types[i];
    return any != 0 || set->has_constrained;
}

struct slice audit_patient(const struct audit_decision *d)
{
    const struct fhir_path *path = &d->asked->path;
    if (path->id.n > 0 && slice_is(slice_of(fhir_type_name(path->type)), "Patient"))
        return path->id;
    if (d->token != NULL && fhir_id_is_valid(d->token->patient) &&
        !grants_anything(&d->token->granted[SCOPE_SYSTEM]) &&
        !grants_anything(&d->token->granted[SCOPE_USER]))
        return d->token->patient;
    return SLICE_NONE;
}

struct slice audit_client(const struct audit_decision *d)
{
    if (d->token == NULL)
        return SLICE_NONE;
    return d->token->client_id.n > 0 ? d->token->client_id : d->token->subject;
}

bool audit_query_may_be_told(const struct audit_decision *d)
{
    static const char *const names[] = {"token", "secret", "assertion", "password"};
    struct slice query = d->asked->path.query, token = SLICE_NONE;
    enum auth_scheme scheme;
    if (d->asked_error != ERR_OK || query.n == 0 || secret_shaped(query))
        return false;
    for (size_t at = 0; at < query.n; at++)
        for (size_t i = 0; i < COUNT(names); i++) {
            struct slice there = {query.p + at, strlen(names[i])};
            if (there.n <= query.n - at && slice_is_nocase(there, names[i]))
                return false;
        }
    return http_token(d->request->authorization, &scheme, &token) != ERR_OK || token.n == 0 ||
           memmem(query.p, query.n, token.p, token.n) == NULL;
}
