/* A verifier whose insides can be seen, and what is asked of it. */
#ifndef FHIR_AUTH_VERIFIER_FIXTURE_H
#define FHIR_AUTH_VERIFIER_FIXTURE_H

#include "site_fixture.h"

#include "store_internal.h"
#include "verifier.c" /* for its locks */

static inline enum err check_at(struct verifier *v, struct store **store, struct slice token,
                                int64_t now)
{
    ARENA(a, 65536);
    struct token out;
    EXACT(text, token);
    enum err e = verifier_check(v, store, text, now, &a, &out);
    if (e == ERR_OK) {
        check_slice(__LINE__, out.client_id, "a");
        check_slice(__LINE__, out.scope, "system/Patient.rs");
        assert_true(scope_set_allows(&out.granted[SCOPE_SYSTEM], fhir_type_find(SLICE("Patient")),
                                     SCOPE_R));
        assert_false(scope_set_allows(&out.granted[SCOPE_SYSTEM], FHIR_TYPE_ANY, SCOPE_R));
    }
    return e;
}

static inline int count_statement(unsigned kind, void *context, void *statement, void *text)
{
    (void)kind;
    (void)statement;
    (void)text;
    ++*(int *)context;
    return 0;
}

/* From now on *count is how many statements the store has been asked. */
static inline void count_statements(struct store *st, int *count)
{
    sqlite3_trace_v2(st->db, SQLITE_TRACE_STMT, count_statement, count);
}

#endif
