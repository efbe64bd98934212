#include "needs.h"

static struct need *find(struct needs *n, int type)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->list[i].type == type)
            return &n->list[i];
    return NULL;
}

void needs_add(struct needs *n, int type, unsigned actions, struct slice cause)
{
    if (type < 0)
        type = FHIR_TYPE_ANY; /* an unknown type could be any */
    struct need *need = find(n, type);
    /* The last place is kept for the need of every type. */
    if (need == NULL && type != FHIR_TYPE_ANY && n->count >= NEEDS_MAX - 1) {
        type = FHIR_TYPE_ANY;
        need = find(n, type);
    }
    if (need == NULL) {
        need = &n->list[n->count++];
        *need = (struct need){.type = type, .cause = cause};
    }
    need->actions |= actions;
}
