/* What somebody did in a span of time: one row a name, dropped when its span is over. */
#include "store_internal.h"

#define RATE_KEEP_ROWS 100000

/* The kind's digest has a fixed length, so no other pair of texts gives the same bytes. */
static enum err digest_of(const char *kind, struct slice name, struct secret *out)
{
    struct secret of_kind;
    enum err e = store_digest(slice_of(kind), &of_kind);
    struct slice prefix = {(const char *)of_kind.b, sizeof of_kind.b};
    return e == ERR_OK && !secret_digest(prefix, name, out) ? ERR_INTERNAL : e;
}

/* A statement that gives one row or none.  Stepped to its end: only there it is committed. */
static enum err run(struct store *st, const char *sql, const struct param *params, size_t count,
                    struct store_rate *out)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = store_start(st, sql, params, count, &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK && row) {
        *out = (struct store_rate){.total = sqlite3_column_int64(s, 0),
                                   .ends_at = sqlite3_column_int64(s, 1)};
        e = store_row(st, s, &row);
    }
    store_done(s);
    return e;
}

enum err store_rate_add(struct store *st, const struct store_span *span, struct slice name,
                        int64_t n, int64_t now, struct store_rate *out)
{
    struct secret digest;
    *out = (struct store_rate){0};
    enum err e = digest_of(span->kind, name, &digest);
    if (e != ERR_OK)
        return e;
    /* ?4: the end of a span that begins now; one that ends after ?6 began while the clock was
     * wrong.
     */
    return run(st,
               "INSERT INTO rate (digest, count, expires_at) VALUES (?1, ?2, ?4)"
               " ON CONFLICT (digest) DO UPDATE SET"
               " count = CASE WHEN expires_at <= ?3 OR expires_at > ?6 THEN ?2"
               " ELSE count + ?2 END,"
               " expires_at = CASE WHEN expires_at <= ?3 OR expires_at > ?6"
               " OR (?5 > 0 AND count + ?2 >= ?5) THEN ?4 ELSE expires_at END"
               " RETURNING count, expires_at",
               PARAMS(DIGEST(digest), INTEGER(n), INTEGER(now), INTEGER(now + span->window_s),
                      INTEGER(span->renew_at), INTEGER(now + 2 * span->window_s)),
               out);
}

enum err store_rate_get(struct store *st, const struct store_span *span, struct slice name,
                        int64_t now, struct store_rate *out)
{
    struct secret digest;
    *out = (struct store_rate){0};
    enum err e = digest_of(span->kind, name, &digest);
    if (e != ERR_OK)
        return e;
    return run(st,
               "SELECT count, expires_at FROM rate"
               " WHERE digest = ?1 AND expires_at > ?2 AND expires_at <= ?3",
               PARAMS(DIGEST(digest), INTEGER(now), INTEGER(now + 2 * span->window_s)), out);
}

enum err store_rate_bound(struct store *st)
{
    return store_run(st,
                     "DELETE FROM rate WHERE digest IN"
                     " (SELECT digest FROM rate ORDER BY expires_at DESC LIMIT -1 OFFSET ?1)",
                     PARAMS(INTEGER(RATE_KEEP_ROWS)), NULL);
}
