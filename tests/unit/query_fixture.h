/* For the tests of what a query can reach. */
#ifndef FHIR_AUTH_QUERY_FIXTURE_H
#define FHIR_AUTH_QUERY_FIXTURE_H

#include "fixture.h"

#include "query.h"

/* type: its name; NULL is the system. */
static inline int type_named(const char *type)
{
    return type ? fhir_type_find(slice_of(type)) : FHIR_TYPE_ANY;
}

static inline int by_name(const void *a, const void *b)
{
    const struct need *x = a, *y = b;
    return strcmp(fhir_type_name(x->type), fhir_type_name(y->type));
}

/* The names of the types in their order, by blanks; "*" comes first. */
static inline void reach_text(const struct query *q, char *to, size_t cap)
{
    struct needs sorted = q->reach;
    struct buf text = buf_over(to, cap);
    qsort(sorted.list, sorted.count, sizeof sorted.list[0], by_name);
    for (size_t i = 0; i < sorted.count; i++) {
        assert_int_equal(sorted.list[i].actions, SCOPE_S);
        buf_printf(&text, "%s%s", i > 0 ? " " : "", fhir_type_name(sorted.list[i].type));
    }
    assert_false(text.overflowed);
}

/* The query is well formed and reaches these types. */
static inline void check_reach(int line, const char *type, enum fhir_version version,
                               const char *text, const char *want)
{
    EXACT(exact, slice_of(text));
    struct query q;
    char have[4096];
    check_err(line, query_check(exact, type_named(type), version, &q), ERR_OK);
    reach_text(&q, have, sizeof have);
    check_slice(line, slice_of(have), want);
}

struct reach_row {
    int line;
    const char *type; /* NULL: the system */
    const char *query, *reach;
};

static inline void check_reaches(const struct reach_row *rows, size_t count,
                                 enum fhir_version version)
{
    for (size_t i = 0; i < count; i++)
        check_reach(rows[i].line, rows[i].type, version, rows[i].query, rows[i].reach);
}

#endif
