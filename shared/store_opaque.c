/* Access tokens that say nothing themselves: their claims, by the digest of their text. */
#include "store_internal.h"

enum err store_opaque_add(struct store *st, const struct secret *digest, struct slice claims,
                          int64_t expires_at)
{
    return store_run(st,
                     "INSERT INTO opaque_token (digest, claims, expires_at) VALUES (?1, ?2, ?3)",
                     PARAMS(DIGEST(*digest), BLOB(claims), INTEGER(expires_at)), NULL);
}

enum err store_opaque_get(struct store *st, const struct secret *digest, struct arena *a,
                          struct slice *claims)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = store_start(st, "SELECT claims FROM opaque_token WHERE digest = ?1",
                             PARAMS(DIGEST(*digest)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK) {
        const char *bytes = sqlite3_column_blob(s, 0); /* before its length, as SQLite has it */
        struct slice found = {bytes, (size_t)sqlite3_column_bytes(s, 0)};
        *claims = (struct slice){arena_dup(a, found), found.n};
        e = claims->p != NULL ? ERR_OK : ERR_MEMORY;
    }
    store_done(s);
    return e;
}
