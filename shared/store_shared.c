/* Secrets that all processes share: made once, then only read. */
#include "store_internal.h"

static enum err find_secret(struct store *st, struct slice name, struct secret *out)
{
    sqlite3_stmt *s = NULL;
    enum err e =
        store_start(st, "SELECT value FROM secret WHERE name = ?1", PARAMS(TEXT(name)), &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    const void *value = e == ERR_OK && row ? sqlite3_column_blob(s, 0) : NULL;
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    else if (e == ERR_OK && (value == NULL || sqlite3_column_bytes(s, 0) != sizeof out->b))
        e = store_refuse(st, "it is damaged, or memory is out: a shared secret is unreadable");
    else if (e == ERR_OK)
        memcpy(out->b, value, sizeof out->b);
    store_done(s);
    return e;
}

enum err store_shared_secret(struct store *st, const char *name, struct secret *out)
{
    struct slice wanted = slice_of(name);
    struct secret fresh;
    enum err e = find_secret(st, wanted, out);
    if (e != ERR_NOT_FOUND)
        return e;
    if (!secret_random(&fresh))
        return ERR_INTERNAL;
    /* Of two that make one at once the first wins, and both then read that one. */
    e = store_run(st, "INSERT INTO secret (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                  PARAMS(TEXT(wanted), DIGEST(fresh)), NULL);
    secret_wipe(&fresh);
    if (e == ERR_OK)
        e = find_secret(st, wanted, out);
    return e == ERR_NOT_FOUND ? ERR_INTERNAL : e;
}
