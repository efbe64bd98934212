#include "store_internal.h"

static enum err key_row(struct store *st, sqlite3_stmt *s, struct store_key *out)
{
    struct store_key k = {
        .kid = store_text(s, 0),
        .alg = store_text(s, 1),
        .use = store_text(s, 2),
        .public_jwk = store_text(s, 3),
        .created_at = sqlite3_column_int64(s, 5),
        .activated_at = sqlite3_column_int64(s, 6),
        .retired_at = sqlite3_column_int64(s, 7),
        .expires_at = sqlite3_column_int64(s, 8),
    };
    if (k.kid == NULL || k.alg == NULL || k.use == NULL || k.public_jwk == NULL)
        return store_failed(st);
    int state = sqlite3_column_int(s, 4);
    if (state < KEY_PENDING || state > KEY_RETIRED)
        return store_refuse(st, "it is damaged: key %s has state %d", k.kid, state);
    k.state = (enum key_state)state;
    *out = k;
    return ERR_OK;
}

enum err store_key_add(struct store *st, const struct store_key *key)
{
    return store_change(
        st,
        "INSERT INTO signing_key (kid, alg, use, public_jwk, state, created_at,"
        " activated_at, retired_at, expires_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (kid) DO NOTHING",
        PARAMS(TEXT(slice_of(key->kid)), TEXT(slice_of(key->alg)), TEXT(slice_of(key->use)),
               TEXT(slice_of(key->public_jwk)), INTEGER(key->state), INTEGER(key->created_at),
               INTEGER(key->activated_at), INTEGER(key->retired_at), INTEGER(key->expires_at)),
        ERR_EXISTS);
}

enum err store_key_update(struct store *st, const struct store_key *key)
{
    return store_change(st,
                        "UPDATE signing_key SET state = ?2, created_at = ?3, activated_at = ?4,"
                        " retired_at = ?5, expires_at = ?6 WHERE kid = ?1 AND state <= ?2",
                        PARAMS(TEXT(slice_of(key->kid)), INTEGER(key->state),
                               INTEGER(key->created_at), INTEGER(key->activated_at),
                               INTEGER(key->retired_at), INTEGER(key->expires_at)),
                        ERR_NOT_FOUND);
}

enum err store_key_remove(struct store *st, struct slice kid)
{
    return store_change(st, "DELETE FROM signing_key WHERE kid = ?1", PARAMS(TEXT(kid)),
                        ERR_NOT_FOUND);
}

enum err store_key_next(struct store *st, int64_t now, int64_t *at)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st,
                             "SELECT min(activated_at) FROM signing_key"
                             " WHERE state = 0 AND activated_at > ?1",
                             PARAMS(INTEGER(now)), &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK)
        *at = sqlite3_column_type(s, 0) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(s, 0);
    store_done(s);
    return e;
}

enum err store_key_list(struct store *st, bool (*each)(const struct store_key *, void *),
                        void *context)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st,
                             "SELECT kid, alg, use, public_jwk, state, created_at, activated_at,"
                             " retired_at, expires_at FROM signing_key"
                             " ORDER BY created_at DESC, rowid DESC",
                             NO_PARAMS, &s);
    if (e != ERR_OK)
        return e;
    bool row = true;
    while (e == ERR_OK && row) {
        struct store_key k;
        e = store_row(st, s, &row);
        if (e == ERR_OK && row)
            e = key_row(st, s, &k);
        if (e == ERR_OK && row)
            row = each(&k, context);
    }
    store_done(s);
    return e;
}

enum err store_document_get(struct store *st, struct slice url, struct arena *a, struct slice *body,
                            int64_t *fetched_at, int64_t *expires_at)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st, "SELECT body, fetched_at, expires_at FROM document WHERE url = ?1",
                             PARAMS(TEXT(url)), &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK) {
        struct slice stored = {sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0)};
        const char *copy = arena_dup(a, stored);
        if (copy == NULL) {
            e = ERR_MEMORY;
        } else {
            *body = (struct slice){copy, stored.n};
            *fetched_at = sqlite3_column_int64(s, 1);
            *expires_at = sqlite3_column_int64(s, 2);
        }
    }
    store_done(s);
    return e;
}

enum err store_document_put(struct store *st, struct slice url, struct slice body,
                            int64_t fetched_at, int64_t expires_at)
{
    return store_run(st,
                     "INSERT INTO document (url, body, fetched_at, expires_at)"
                     " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (url) DO UPDATE SET"
                     " body = excluded.body, fetched_at = excluded.fetched_at,"
                     " expires_at = excluded.expires_at",
                     PARAMS(TEXT(url), BLOB(body), INTEGER(fetched_at), INTEGER(expires_at)), NULL);
}
