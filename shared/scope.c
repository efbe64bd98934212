#include "scope.h"

#include <string.h>

static const struct {
    const char *name;
    enum scope_context context;
} contexts[] = {{"system", SCOPE_SYSTEM}, {"user", SCOPE_USER}, {"patient", SCOPE_PATIENT}};

static const struct {
    char letter;
    enum scope_action action;
} letters[] = {
    {'c', SCOPE_C}, {'r', SCOPE_R}, {'u', SCOPE_U}, {'d', SCOPE_D}, {'s', SCOPE_S},
};

static const struct {
    const char *name;
    unsigned actions;
} v1_permissions[] = {
    {"read", SCOPE_R | SCOPE_S}, {"write", SCOPE_C | SCOPE_U | SCOPE_D}, {"*", SCOPE_ALL}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *scope_context_name(enum scope_context context)
{
    for (size_t i = 0; i < COUNT(contexts); i++)
        if (contexts[i].context == context)
            return contexts[i].name;
    return "";
}

/* The whole text must be used up: ".read-only" or ".rsXYZ" grant nothing, not a part. */
static bool parse_actions(struct slice text, unsigned *actions, bool *v1)
{
    for (size_t i = 0; i < COUNT(v1_permissions); i++)
        if (slice_is(text, v1_permissions[i].name)) {
            *actions = v1_permissions[i].actions;
            *v1 = true;
            return true;
        }
    unsigned found = 0;
    size_t at = 0;
    for (size_t i = 0; i < COUNT(letters); i++)
        if (at < text.n && text.p[at] == letters[i].letter) {
            found |= (unsigned)letters[i].action;
            at++;
        }
    *actions = found;
    *v1 = false;
    return found != 0 && at == text.n;
}

bool scope_parse(struct slice text, struct scope *out)
{
    struct scope s = {.constraint = SLICE_NONE};
    struct slice rest = text, head, context, type;
    if (!scope_valid_word(text) || !slice_cut(&rest, '?', &head))
        return false;
    if (rest.p != NULL) {
        if (rest.n == 0)
            return false;
        s.constraint = rest;
    }
    rest = head;
    if (!slice_cut(&rest, '/', &context) || !slice_cut(&rest, '.', &type) || rest.p == NULL)
        return false;

    bool known = false;
    for (size_t i = 0; i < COUNT(contexts); i++)
        if (slice_is(context, contexts[i].name)) {
            s.context = contexts[i].context;
            known = true;
        }
    s.type = slice_is(type, "*") ? FHIR_TYPE_ANY : fhir_type_find(type);
    if (!known || s.type == FHIR_TYPE_UNKNOWN || !parse_actions(rest, &s.actions, &s.v1))
        return false;
    *out = s;
    return true;
}

bool scope_next(struct slice *list, struct slice *word)
{
    while (slice_cut(list, ' ', word))
        if (word->n > 0)
            return true;
    return false;
}

bool scope_valid_word(struct slice word)
{
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (c < 0x21 || c > 0x7e || c == '"' || c == '\\')
            return false;
    }
    return word.n > 0;
}

bool scope_covers(const struct scope *have, const struct scope *want)
{
    bool same_constraint =
        have->constraint.p == NULL || (want->constraint.p != NULL && have->type == want->type &&
                                       slice_eq(have->constraint, want->constraint));
    return have->context == want->context &&
           (have->type == FHIR_TYPE_ANY || have->type == want->type) &&
           (want->actions & ~have->actions) == 0 && same_constraint;
}

void scope_set_compile(struct slice list, enum scope_context context, struct scope_set *out)
{
    struct slice rest = list, word;
    struct scope s;
    memset(out, 0, sizeof *out);
    while (scope_next(&rest, &word)) {
        if (!scope_parse(word, &s) || s.context != context)
            out->has_other = true;
        else if (s.constraint.p != NULL)
            out->has_constrained = true;
        else if (s.type == FHIR_TYPE_ANY)
            out->all_types |= (unsigned char)s.actions;
        else
            out->types[s.type] |= (unsigned char)s.actions;
    }
}

bool scope_set_allows(const struct scope_set *set, int type, unsigned actions)
{
    unsigned granted = set->all_types;
    if (type >= 0 && type < FHIR_TYPE_MAX)
        granted |= set->types[type];
    return actions != 0 && (actions & ~granted) == 0;
}

void scope_letters(unsigned actions, char out[6])
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(letters); i++)
        if (actions & (unsigned)letters[i].action)
            out[n++] = letters[i].letter;
    out[n] = '\0';
}
