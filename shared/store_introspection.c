/* What other issuers said of tokens, shared by all processes. */
#include "store_internal.h"

_Static_assert(INTROSPECTED_ACTIVE == 0 && INTROSPECTED_INACTIVE == 1 && INTROSPECTED_FAILED == 2,
               "as in the file");

/* Digests are spread evenly: what holds for those with the same first byte holds for all. */
#define ROWS_OF_BYTE (STORE_INTROSPECTION_ROWS / 256)
#define DROP_ROWS    100 /* at most so many outdated rows with each new one */

static enum err answer_row(struct store *st, sqlite3_stmt *s, struct arena *a,
                           struct introspected *out)
{
    const void *text = sqlite3_column_blob(s, 1);
    size_t n = (size_t)sqlite3_column_bytes(s, 1);
    if (text == NULL && n > 0)
        return store_failed(st);
    struct slice answer = text != NULL ? (struct slice){text, n} : SLICE("");
    const char *copy = arena_dup(a, answer);
    *out = (struct introspected){.state = (enum introspected_state)sqlite3_column_int(s, 0),
                                 .answer = {copy, answer.n},
                                 .expires_at = sqlite3_column_int64(s, 2)};
    return copy != NULL ? ERR_OK : ERR_MEMORY;
}

enum err store_introspection_get(struct store *st, const struct secret *digest, int64_t now,
                                 struct arena *a, struct introspected *out)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = store_start(st,
                             "SELECT state, answer, expires_at FROM introspection"
                             " WHERE digest = ?1 AND expires_at > ?2",
                             PARAMS(DIGEST(*digest), INTEGER(now)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK)
        e = row ? answer_row(st, s, a, out) : ERR_NOT_FOUND;
    store_done(s);
    return e;
}

/* Room for one more among those with this first byte: those that expire first go. */
static enum err make_room(struct store *st, const struct secret *digest, int64_t now)
{
    struct secret first = {{digest->b[0]}}, last;
    memset(last.b, 0xff, sizeof last.b);
    last.b[0] = digest->b[0];
    enum err e = store_run(st,
                           "DELETE FROM introspection WHERE digest IN"
                           " (SELECT digest FROM introspection WHERE expires_at <= ?1 LIMIT ?2)",
                           PARAMS(INTEGER(now), INTEGER(DROP_ROWS)), NULL);
    if (e == ERR_OK)
        e = store_run(st,
                      "DELETE FROM introspection WHERE digest IN"
                      " (SELECT digest FROM introspection WHERE digest BETWEEN ?1 AND ?2"
                      " ORDER BY expires_at DESC LIMIT -1 OFFSET ?3)",
                      PARAMS(DIGEST(first), DIGEST(last), INTEGER(ROWS_OF_BYTE - 1)), NULL);
    return e;
}

enum err store_introspection_put(struct store *st, const struct secret *digest,
                                 const struct introspected *what, int64_t now)
{
    enum err e = store_begin(st);
    if (e != ERR_OK)
        return e;
    e = make_room(st, digest, now);
    if (e == ERR_OK)
        e = store_run(st,
                      "INSERT INTO introspection (digest, state, answer, expires_at)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (digest) DO UPDATE SET"
                      " state = excluded.state, answer = excluded.answer,"
                      " expires_at = excluded.expires_at",
                      PARAMS(DIGEST(*digest), INTEGER(what->state), BLOB(what->answer),
                             INTEGER(what->expires_at)),
                      NULL);
    return store_end(st, e);
}
