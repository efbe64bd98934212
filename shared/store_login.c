/* Failed logins of a client by address; store_event.c counts them. */
#include "store_internal.h"

enum err store_failed_login_at(struct store *st, struct slice client_id, struct slice address,
                               struct failed_logins *out)
{
    struct secret client;
    sqlite3_stmt *s = NULL;
    bool row = false;
    *out = (struct failed_logins){0};
    enum err e = store_digest(client_id, &client);
    if (e == ERR_OK)
        e = store_start(st,
                        "SELECT count, last_at FROM failed_login"
                        " WHERE client = ?1 AND address = ?2",
                        PARAMS(DIGEST(client), BLOB(store_address(address))), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK && row)
        *out = (struct failed_logins){.count = sqlite3_column_int64(s, 0),
                                      .last_at = sqlite3_column_int64(s, 1)};
    store_done(s);
    return e;
}

enum err store_failed_login_clear_at(struct store *st, struct slice client_id, struct slice address)
{
    struct secret client;
    enum err e = store_digest(client_id, &client);
    return e == ERR_OK
               ? store_run(st, "DELETE FROM failed_login WHERE client = ?1 AND address = ?2",
                           PARAMS(DIGEST(client), BLOB(store_address(address))), NULL)
               : e;
}

enum err store_failed_login_list(struct store *st, struct slice client_id,
                                 bool (*each)(struct slice, const struct failed_logins *, void *),
                                 void *context)
{
    struct secret client;
    sqlite3_stmt *s = NULL;
    bool row = true;
    enum err e = store_digest(client_id, &client);
    if (e == ERR_OK)
        e = store_start(st, "SELECT address, count, last_at FROM failed_login WHERE client = ?1",
                        PARAMS(DIGEST(client)), &s);
    if (e != ERR_OK)
        return e;
    while ((e = store_row(st, s, &row)) == ERR_OK && row) {
        const char *address = sqlite3_column_blob(s, 0); /* before its length: it may convert */
        struct failed_logins failed = {.count = sqlite3_column_int64(s, 1),
                                       .last_at = sqlite3_column_int64(s, 2)};
        if (!each((struct slice){address, (size_t)sqlite3_column_bytes(s, 0)}, &failed, context))
            break;
    }
    store_done(s);
    return e;
}
