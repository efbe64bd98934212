#include "store_internal.h"
#include "store_signal.h"

#include <stdarg.h>
#include <stdio.h>

enum err store_refuse(struct store *st, const char *fmt, ...)
{
    int n = snprintf(st->fault, sizeof st->fault, "%s: ", st->path);
    size_t used = n > 0 && (size_t)n < sizeof st->fault ? (size_t)n : 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(st->fault + used, sizeof st->fault - used, fmt, ap);
    va_end(ap);
    /* A damaged file can put anything into SQLite's messages; the fault stays one line. */
    for (char *p = st->fault; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return ERR_STORE;
}

static const struct {
    int code;
    const char *text;
} causes[] = {
    {SQLITE_BUSY, "another process keeps it locked"},
    {SQLITE_LOCKED, "another process keeps it locked"},
    {SQLITE_CORRUPT, "it is damaged: restore it from a backup"},
    {SQLITE_NOTADB, "it is no store of fhir-auth"},
    {SQLITE_FULL, "the disk is full"},
    {SQLITE_READONLY, "this user may not write to it, to its -wal and -shm files or its directory"},
    {SQLITE_CANTOPEN, "this user cannot open it, its -wal and -shm files or its directory"},
    {SQLITE_IOERR, "the disk failed"},
};

enum err store_failed(struct store *st)
{
    int code = sqlite3_extended_errcode(st->db);
    const char *text = "SQLite failed";
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].code == (code & 0xff))
            text = causes[i].text;
    return store_refuse(st, "%s (SQLite %d: %s)", text, code, sqlite3_errmsg(st->db));
}

static enum err prepared(struct store *st, const char *sql, sqlite3_stmt **out)
{
    if (st->db == NULL)
        return ERR_STORE; /* the fault says since when and why */
    for (size_t i = 0; i < st->statement_count; i++) {
        if (st->statements[i].sql == sql) {
            *out = st->statements[i].prepared;
            return ERR_OK;
        }
    }
    if (st->statement_count == STORE_MAX_STATEMENTS)
        return store_refuse(st, "more than %d statements", STORE_MAX_STATEMENTS);
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        return store_failed(st);
    st->statements[st->statement_count].sql = sql;
    st->statements[st->statement_count].prepared = s;
    st->statement_count++;
    *out = s;
    return ERR_OK;
}

static int bind(sqlite3_stmt *s, int i, const struct param *v)
{
    const char *p = v->bytes.p != NULL ? v->bytes.p : "";
    switch (v->type) {
    case PARAM_INTEGER:
        return sqlite3_bind_int64(s, i, v->number);
    case PARAM_TEXT:
        return sqlite3_bind_text64(s, i, p, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    case PARAM_BLOB:
        return sqlite3_bind_blob64(s, i, p, v->bytes.n, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

enum err store_start(struct store *st, const char *sql, const struct param *params, size_t count,
                     sqlite3_stmt **out)
{
    sqlite3_stmt *s = NULL;
    enum err e = prepared(st, sql, &s);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (bind(s, (int)i + 1, &params[i]) != SQLITE_OK) {
            e = store_failed(st);
            store_done(s);
            return e;
        }
    }
    *out = s;
    return ERR_OK;
}

enum err store_row(struct store *st, sqlite3_stmt *s, bool *row)
{
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return store_failed(st);
    *row = code == SQLITE_ROW;
    return ERR_OK;
}

void store_done(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

enum err store_run(struct store *st, const char *sql, const struct param *params, size_t count,
                   int *changes)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st, sql, params, count, &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK && changes != NULL)
        *changes = sqlite3_changes(st->db);
    store_done(s);
    return e;
}

enum err store_begin(struct store *st)
{
    st->bumped = false;
    return store_run(st, "BEGIN IMMEDIATE", NO_PARAMS, NULL);
}

enum err store_end(struct store *st, enum err e)
{
    if (e == ERR_OK)
        e = store_run(st, "COMMIT", NO_PARAMS, NULL);
    /* Not through store_run: the fault that led here must stay. SQLite may have rolled back itself.
     */
    if (e != ERR_OK && sqlite3_get_autocommit(st->db) == 0)
        sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    if (e == ERR_OK && st->bumped)
        store_signal_raise(st->path);
    return e;
}

enum err store_bump(struct store *st)
{
    st->bumped = true;
    /* By the clock, so that a store restored from a backup never comes back to a number it had. */
    return store_run(st, "UPDATE meta SET epoch = max(epoch + 1, " SQL_NOW_MS ")", NO_PARAMS, NULL);
}

enum err store_change(struct store *st, const char *sql, const struct param *params, size_t count,
                      enum err none)
{
    enum err e = store_begin(st);
    if (e != ERR_OK)
        return e;
    int changes = 0;
    e = store_run(st, sql, params, count, &changes);
    if (e == ERR_OK)
        e = changes == 0 ? none : store_bump(st);
    return store_end(st, e);
}

const char *store_text(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

enum err store_digest(struct slice data, struct secret *out)
{
    return secret_digest(SLICE_NONE, data, out) ? ERR_OK : ERR_INTERNAL;
}
