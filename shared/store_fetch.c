/* Who fetches a document, and how it went. */
#include "store_internal.h"

#define COLUMNS "url, busy_until, next_at, fetched_at, fresh_until, failed_since, fault"

static enum err fetch_row(struct store *st, sqlite3_stmt *s, struct store_fetch *out)
{
    struct store_fetch f = {
        .url = store_text(s, 0),
        .busy_until = sqlite3_column_int64(s, 1),
        .next_at = sqlite3_column_int64(s, 2),
        .fetched_at = sqlite3_column_int64(s, 3),
        .fresh_until = sqlite3_column_int64(s, 4),
        .failed_since = sqlite3_column_int64(s, 5),
        .fault = store_text(s, 6),
    };
    if (f.url == NULL || f.fault == NULL)
        return store_failed(st);
    *out = f;
    return ERR_OK;
}

enum err store_fetch_get(struct store *st, struct slice url, struct arena *a,
                         struct store_fetch *out)
{
    sqlite3_stmt *s = NULL;
    struct store_fetch f = {.url = "", .fault = ""};
    bool row = false;
    enum err e =
        store_start(st, "SELECT " COLUMNS " FROM fetch WHERE url = ?1", PARAMS(TEXT(url)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK && row)
        e = fetch_row(st, s, &f);
    if (e == ERR_OK) {
        f.url = arena_dup(a, slice_of(f.url));
        f.fault = arena_dup(a, slice_of(f.fault));
        if (f.url == NULL || f.fault == NULL)
            e = ERR_MEMORY;
    }
    store_done(s);
    if (e == ERR_OK)
        *out = f;
    return e;
}

enum err store_fetch_begin(struct store *st, struct slice url, int64_t now, int64_t busy_until)
{
    int taken = 0;
    enum err e = store_run(
        st,
        "INSERT INTO fetch (url, busy_until) VALUES (?1, ?3)"
        " ON CONFLICT (url) DO UPDATE SET busy_until = excluded.busy_until"
        " WHERE (fetch.busy_until <= ?2 OR fetch.busy_until > ?4)"
        " AND (fetch.next_at <= ?2 OR fetch.next_at > ?4)",
        PARAMS(TEXT(url), INTEGER(now), INTEGER(busy_until), INTEGER(now + STORE_FETCH_AHEAD_S)),
        &taken);
    return e == ERR_OK && taken == 0 ? ERR_EXISTS : e;
}

enum err store_fetch_done(struct store *st, struct slice body, const struct store_fetch *fetch,
                          int64_t keep_until)
{
    struct slice url = slice_of(fetch->url);
    enum err e = store_begin(st);
    if (e != ERR_OK)
        return e;
    e = store_document_put(st, url, body, fetch->fetched_at, keep_until);
    if (e == ERR_OK)
        e = store_run(st,
                      "UPDATE fetch SET busy_until = 0, next_at = ?2, fetched_at = ?3,"
                      " fresh_until = ?4, failed_since = 0, fault = '' WHERE url = ?1",
                      PARAMS(TEXT(url), INTEGER(fetch->next_at), INTEGER(fetch->fetched_at),
                             INTEGER(fetch->fresh_until)),
                      NULL);
    return store_end(st, e);
}

enum err store_fetch_failed(struct store *st, struct slice url, int64_t now, int64_t next_at,
                            const char *fault)
{
    return store_run(st,
                     "UPDATE fetch SET busy_until = 0, next_at = ?3, fault = ?4,"
                     " failed_since = CASE failed_since WHEN 0 THEN ?2 ELSE failed_since END"
                     " WHERE url = ?1",
                     PARAMS(TEXT(url), INTEGER(now), INTEGER(next_at), TEXT(slice_of(fault))),
                     NULL);
}

enum err store_fetch_list(struct store *st, bool (*each)(const struct store_fetch *, void *),
                          void *context)
{
    sqlite3_stmt *s = NULL;
    bool row = true;
    enum err e = store_start(st, "SELECT " COLUMNS " FROM fetch ORDER BY url", NO_PARAMS, &s);
    if (e != ERR_OK)
        return e;
    while (e == ERR_OK && row) {
        struct store_fetch f;
        e = store_row(st, s, &row);
        if (e == ERR_OK && row)
            e = fetch_row(st, s, &f);
        if (e == ERR_OK && row)
            row = each(&f, context);
    }
    store_done(s);
    return e;
}
