#include "fuzz.h"
#include "scope.h"

#define MAX_WORDS 64 /* that are looked at; a list may have more */

/* In the form of version 2 it is the same scope. */
static void write_then_parse(const struct scope *s, struct arena *a, size_t n)
{
    struct buf text = buf_in(a, n + 64);
    struct scope again;
    char letters[6];
    scope_letters(s->actions, letters);
    buf_printf(&text, "%s/%s.%s", scope_context_name(s->context), fhir_type_name(s->type), letters);
    if (s->constraint.p != NULL) {
        buf_putc(&text, '?');
        buf_put(&text, s->constraint);
    }
    CHECK(!text.overflowed && scope_parse(buf_slice(&text), &again) && !again.v1);
    CHECK(again.context == s->context && again.type == s->type && again.actions == s->actions);
    CHECK((again.constraint.p == NULL) == (s->constraint.p == NULL));
    CHECK(slice_eq(again.constraint, s->constraint));
    CHECK(scope_covers(s, &again) && scope_covers(&again, s));
}

static void check_scope(const struct scope *s, struct slice word, struct arena *a)
{
    struct scope none;
    CHECK(s->actions != 0 && (s->actions & ~(unsigned)SCOPE_ALL) == 0);
    CHECK(s->type == FHIR_TYPE_ANY || (s->type >= 0 && s->type < FHIR_TYPE_MAX));
    CHECK(s->constraint.p == NULL || s->constraint.n > 0);
    write_then_parse(s, a, word.n);
    /* A blank ends a scope, so none has one within; nor anything before its context. */
    struct buf longer = buf_in(a, word.n + 4);
    buf_putc(&longer, 'x');
    buf_put(&longer, word);
    CHECK(!scope_parse(buf_slice(&longer), &none));
    longer.n = 0;
    buf_put(&longer, word);
    buf_puts(&longer, " ");
    CHECK(!scope_parse(buf_slice(&longer), &none));
}

/* What covers another grants all that the other grants. */
static void covers_then_grants(const struct scope *have, const struct scope *want,
                               struct slice have_text)
{
    struct scope_set set;
    if (!scope_covers(have, want) || have->constraint.p != NULL)
        return;
    scope_set_compile(have_text, want->context, &set);
    CHECK(scope_set_allows(&set, want->type, want->actions));
}

/* What the words grant one by one is what the list grants. */
static void check_union(struct slice list, const struct scope *scopes, size_t count)
{
    for (int context = SCOPE_SYSTEM; context <= SCOPE_PATIENT; context++) {
        struct scope_set set;
        unsigned all = 0;
        scope_set_compile(list, (enum scope_context)context, &set);
        for (size_t i = 0; i < count; i++)
            if ((int)scopes[i].context == context && scopes[i].constraint.p == NULL &&
                scopes[i].type == FHIR_TYPE_ANY)
                all |= scopes[i].actions;
        CHECK(set.all_types == all);
        for (int type = 0; type < FHIR_TYPE_MAX; type++) {
            unsigned granted = all;
            for (size_t i = 0; i < count; i++)
                if ((int)scopes[i].context == context && scopes[i].constraint.p == NULL &&
                    scopes[i].type == type)
                    granted |= scopes[i].actions;
            for (unsigned action = 1; action <= SCOPE_S; action <<= 1)
                CHECK(scope_set_allows(&set, type, action) == ((granted & action) != 0));
        }
        CHECK(!scope_set_allows(&set, FHIR_TYPE_UNKNOWN, SCOPE_ALL) || all == SCOPE_ALL);
        CHECK(!scope_set_allows(&set, FHIR_TYPE_ANY, 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice list = {(const char *)data, n};
    struct slice rest = list, word, words[MAX_WORDS];
    struct scope scopes[MAX_WORDS];
    size_t count = 0;
    struct arena a = fuzz_arena(4 * n + MAX_WORDS * 256);
    while (scope_next(&rest, &word)) {
        CHECK(word.n > 0 && !slice_has_char(word, ' '));
        if (count == MAX_WORDS)
            break;
        if (!scope_parse(word, &scopes[count]))
            continue;
        check_scope(&scopes[count], word, &a);
        words[count++] = word;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            covers_then_grants(&scopes[i], &scopes[k], words[i]);
    if (count < MAX_WORDS)
        check_union(list, scopes, count);
    arena_free(&a);
    return 0;
}
