/* What has expired goes, a few rows at a time, and the file's log is kept from growing. */
#include "store_internal.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define DAY_S     86400
#define JTI_AMONG 16 /* jtis that are looked at for each one that may go */

/* ?1: now; ?2: rows. */
static const char *const purges[] = {
    "DELETE FROM revocation WHERE jti IN"
    " (SELECT jti FROM revocation WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM document WHERE rowid IN"
    " (SELECT rowid FROM document WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM client_secret WHERE id IN"
    " (SELECT id FROM client_secret WHERE expires_at <> 0 AND expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM opaque_token WHERE digest IN"
    " (SELECT digest FROM opaque_token WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM introspection WHERE digest IN"
    " (SELECT digest FROM introspection WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM rate WHERE digest IN"
    " (SELECT digest FROM rate WHERE expires_at <= ?1 LIMIT ?2)",
};

/* ?1: a day ago. */
static const char *const purges_late[] = {
    /* The host of a key removes its file first. */
    "DELETE FROM signing_key WHERE rowid IN"
    " (SELECT rowid FROM signing_key WHERE expires_at <> 0 AND expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM failed_login WHERE seq IN"
    " (SELECT seq FROM failed_login WHERE last_at <= ?1 LIMIT ?2)",
    "DELETE FROM breaker WHERE name IN"
    " (SELECT name FROM breaker WHERE open_until <> 0 AND open_until <= ?1 LIMIT ?2)",
    "DELETE FROM task WHERE name IN"
    " (SELECT name FROM task WHERE next_at <= ?1 LIMIT ?2)",
};

static enum err purge_list(struct store *st, const char *const list[], size_t count, int64_t before,
                           unsigned rows, bool *more)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        int gone = 0;
        e = store_run(st, list[i], PARAMS(INTEGER(before), INTEGER(rows)), &gone);
        *more = *more || (gone > 0 && (unsigned)gone == rows);
    }
    return e;
}

/* Behind those that were looked at and stay; *more unless there are none. */
static enum err sweep_on(struct store *st, unsigned stay, bool *more)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = store_start(
        st, "SELECT digest FROM jti WHERE digest >= ?1 ORDER BY digest LIMIT 1 OFFSET ?2",
        PARAMS(DIGEST(st->swept), INTEGER(stay)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    st->swept = (struct secret){.b = {0}};
    if (e == ERR_OK && row && sqlite3_column_bytes(s, 0) == sizeof st->swept.b) {
        memcpy(st->swept.b, sqlite3_column_blob(s, 0), sizeof st->swept.b);
        *more = true;
    }
    store_done(s);
    return e;
}

/*
 * No index has them by their ends: it would be written with each request.  So all are looked at, a
 * part with each call.
 */
static enum err sweep_jtis(struct store *st, int64_t now, unsigned rows, bool *more)
{
    unsigned among = rows < UINT_MAX / JTI_AMONG ? rows * JTI_AMONG : rows;
    int gone = 0;
    enum err e = store_jti_drop(st, &st->swept, among, rows, now, &gone);
    if (e == ERR_OK && (unsigned)gone < rows)
        return sweep_on(st, among - (unsigned)gone, more);
    *more = true;
    return e;
}

enum err store_purge(struct store *st, int64_t now, unsigned rows, bool *more)
{
    bool full = false;
    enum err e = purge_list(st, purges, sizeof purges / sizeof purges[0], now, rows, &full);
    if (e == ERR_OK)
        e = purge_list(st, purges_late, sizeof purges_late / sizeof purges_late[0], now - DAY_S,
                       rows, &full);
    if (e == ERR_OK)
        e = sweep_jtis(st, now, rows, &full);
    if (e == ERR_OK)
        e = store_rate_bound(st);
    if (e == ERR_OK && more != NULL)
        *more = full;
    return e;
}

enum err store_shorten_log(struct store *st, int64_t above_bytes)
{
    char name[PATH_MAX];
    struct stat sb;
    int n = snprintf(name, sizeof name, "%s-wal", st->path);
    if (st->db == NULL)
        return ERR_STORE;
    if (n < 0 || (size_t)n >= sizeof name || stat(name, &sb) != 0 || sb.st_size <= above_bytes)
        return ERR_OK;
    int code = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK || code == SQLITE_BUSY ? ERR_OK : store_failed(st);
}
