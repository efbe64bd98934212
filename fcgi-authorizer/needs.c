#include "needs.h"

/* One need takes the place of all. */
static void become_every_type(struct needs *n, struct need last)
{
    for (size_t i = 0; i < n->count; i++)
        last.actions |= n->list[i].actions;
    last.type = FHIR_TYPE_ANY;
    n->list[0] = last;
    n->count = 1;
}

void needs_add(struct needs *n, int type, unsigned actions, struct slice cause)
{
    struct need new = {type, actions, cause};
    for (size_t i = 0; i < n->count; i++) {
        struct need *old = &n->list[i];
        if (old->type == type && (old->cause.p == NULL) == (cause.p == NULL)) {
            old->actions |= actions;
            return;
        }
    }
    if (n->count == NEEDS_MAX)
        become_every_type(n, new);
    else
        n->list[n->count++] = new;
}
