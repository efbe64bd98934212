#include "store_internal.h"

#define CLIENT_COLUMNS                                                                             \
    "id, name, scope, auth, jwks, jwks_uri, token_lifetime_s, enabled, created_at, updated_at, "   \
    "tokens_valid_from, dpop, tls, tls_kind, tls_name, tls_bound"

/*
 * How a client authenticates, as the columns auth and tls say it: a program that knows nothing of
 * tls must find no way to let such a client in.
 */
static int auth_column(enum client_auth auth)
{
    return auth < CLIENT_TLS ? (int)auth : (int)CLIENT_JWKS;
}

static int tls_column(enum client_auth auth)
{
    return auth < CLIENT_TLS ? 0 : (int)auth - CLIENT_JWKS_URI;
}

static bool read_auth(int auth, int tls, enum client_auth *out)
{
    if (auth < CLIENT_SECRET || auth > CLIENT_JWKS_URI || tls < 0 ||
        tls > CLIENT_TLS_SELF_SIGNED - CLIENT_JWKS_URI || (tls != 0 && auth != CLIENT_JWKS))
        return false;
    *out = tls == 0 ? (enum client_auth)auth : (enum client_auth)(tls + CLIENT_JWKS_URI);
    return true;
}

/* The texts of *out belong to the statement. */
static enum err client_row(struct store *st, sqlite3_stmt *s, struct client *out)
{
    struct client c = {
        .id = store_text(s, 0),
        .name = store_text(s, 1),
        .scope = store_text(s, 2),
        .jwks = store_text(s, 4),
        .jwks_uri = store_text(s, 5),
        .token_lifetime_s = (unsigned)sqlite3_column_int64(s, 6),
        .enabled = sqlite3_column_int(s, 7) == 1,
        .created_at = sqlite3_column_int64(s, 8),
        .updated_at = sqlite3_column_int64(s, 9),
        .tokens_valid_from = sqlite3_column_int64(s, 10),
        .dpop_required = sqlite3_column_int(s, 11) == 1,
        .tls_name = store_text(s, 14),
        .tls_bound = sqlite3_column_int(s, 15) == 1,
    };
    if (c.id == NULL || c.name == NULL || c.scope == NULL || c.jwks == NULL || c.jwks_uri == NULL ||
        c.tls_name == NULL)
        return store_failed(st);
    int auth = sqlite3_column_int(s, 3), tls = sqlite3_column_int(s, 12);
    int kind = sqlite3_column_int(s, 13);
    if (!read_auth(auth, tls, &c.auth) || kind < CERTIFICATE_SUBJECT || kind > CERTIFICATE_EMAIL)
        return store_refuse(st, "it is damaged: client %s has auth %d, tls %d, tls_kind %d", c.id,
                            auth, tls, kind);
    c.tls_kind = (enum certificate_name)kind;
    *out = c;
    return ERR_OK;
}

enum err store_client_copy(const struct client *from, struct arena *a, struct client *out)
{
    struct client c = *from;
    c.id = arena_dup(a, slice_of(from->id));
    c.name = arena_dup(a, slice_of(from->name));
    c.scope = arena_dup(a, slice_of(from->scope));
    c.jwks = arena_dup(a, slice_of(from->jwks));
    c.jwks_uri = arena_dup(a, slice_of(from->jwks_uri));
    c.tls_name = arena_dup(a, slice_of(from->tls_name));
    if (a->overflowed)
        return ERR_MEMORY;
    *out = c;
    return ERR_OK;
}

enum err store_client_get(struct store *st, struct slice id, struct arena *a, struct client *out)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st, "SELECT " CLIENT_COLUMNS " FROM client WHERE id = ?1",
                             PARAMS(TEXT(id)), &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    struct client c = {0};
    e = store_row(st, s, &row);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        e = client_row(st, s, &c);
    if (e == ERR_OK)
        e = store_client_copy(&c, a, out);
    store_done(s);
    return e;
}

enum err store_client_list(struct store *st, bool (*each)(const struct client *, void *),
                           void *context)
{
    sqlite3_stmt *s = NULL;
    enum err e =
        store_start(st, "SELECT " CLIENT_COLUMNS " FROM client ORDER BY id", NO_PARAMS, &s);
    if (e != ERR_OK)
        return e;
    bool row = true;
    while (e == ERR_OK && row) {
        struct client c = {0};
        e = store_row(st, s, &row);
        if (e == ERR_OK && row)
            e = client_row(st, s, &c);
        if (e == ERR_OK && row)
            row = each(&c, context);
    }
    store_done(s);
    return e;
}

#define CLIENT_PARAMS 16

/* ?16, created_at, is for adding only. */
static void client_params(const struct client *c, struct param out[CLIENT_PARAMS])
{
    const struct param p[CLIENT_PARAMS] = {
        TEXT(slice_of(c->id)),        TEXT(slice_of(c->name)),
        TEXT(slice_of(c->scope)),     INTEGER(auth_column(c->auth)),
        TEXT(slice_of(c->jwks)),      TEXT(slice_of(c->jwks_uri)),
        INTEGER(c->token_lifetime_s), INTEGER(c->enabled),
        INTEGER(c->updated_at),       INTEGER(c->tokens_valid_from),
        INTEGER(c->dpop_required),    INTEGER(tls_column(c->auth)),
        INTEGER(c->tls_kind),         TEXT(slice_of(c->tls_name ? c->tls_name : "")),
        INTEGER(c->tls_bound),        INTEGER(c->created_at),
    };
    memcpy(out, p, sizeof p);
}

enum err store_client_add(struct store *st, const struct client *c)
{
    /*
     * iat has whole seconds: a token of the id's old holder may bear the very second in which it
     * was removed and added again, so a known id's tokens count from the next second on.
     */
    static const char sql[] =
        "INSERT INTO client (id, name, scope, auth, jwks, jwks_uri, token_lifetime_s, enabled,"
        " updated_at, tokens_valid_from, dpop, tls, tls_kind, tls_name, tls_bound, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, max(?10, ?16, coalesce("
        "  (SELECT max(tokens_valid_from, ?16) + 1 FROM removed_client WHERE id = ?1), 0)),"
        "  ?11, ?12, ?13, ?14, ?15, ?16)"
        " ON CONFLICT (id) DO NOTHING";
    struct param p[CLIENT_PARAMS];
    client_params(c, p);
    return store_change(st, sql, p, CLIENT_PARAMS, ERR_EXISTS);
}

enum err store_client_update(struct store *st, const struct client *c)
{
    /* Of two writers at once, the one with the older copy must not bring revoked tokens back. */
    static const char sql[] =
        "UPDATE client SET name = ?2, scope = ?3, auth = ?4, jwks = ?5, jwks_uri = ?6,"
        " token_lifetime_s = ?7, enabled = ?8, updated_at = ?9,"
        " tokens_valid_from = max(tokens_valid_from, ?10), dpop = ?11, tls = ?12,"
        " tls_kind = ?13, tls_name = ?14, tls_bound = ?15 WHERE id = ?1";
    struct param p[CLIENT_PARAMS];
    client_params(c, p);
    return store_change(st, sql, p, CLIENT_PARAMS - 1, ERR_NOT_FOUND);
}

static enum err remove_client(struct store *st, struct slice id, const struct secret *digest)
{
    enum err e = store_run(st,
                           "INSERT OR REPLACE INTO removed_client"
                           " SELECT id, tokens_valid_from FROM client WHERE id = ?1",
                           PARAMS(TEXT(id)), NULL);
    if (e == ERR_OK)
        e = store_run(st, "DELETE FROM failed_login WHERE client = ?1", PARAMS(DIGEST(*digest)),
                      NULL);
    int removed = 0;
    if (e == ERR_OK) /* its secrets go with it: ON DELETE CASCADE */
        e = store_run(st, "DELETE FROM client WHERE id = ?1", PARAMS(TEXT(id)), &removed);
    if (e == ERR_OK)
        e = removed == 0 ? ERR_NOT_FOUND : store_bump(st);
    return e;
}

enum err store_client_remove(struct store *st, struct slice id)
{
    struct secret digest;
    enum err e = store_digest(id, &digest);
    if (e == ERR_OK)
        e = store_begin(st);
    return e == ERR_OK ? store_end(st, remove_client(st, id, &digest)) : e;
}

static enum err secret_row(struct store *st, sqlite3_stmt *s, struct client_secret *out)
{
    struct client_secret c = {
        .id = sqlite3_column_int64(s, 0),
        .kind = sqlite3_column_int(s, 1) == SECRET_SCRYPT ? SECRET_SCRYPT : SECRET_SHA256,
        .created_at = sqlite3_column_int64(s, 4),
        .expires_at = sqlite3_column_int64(s, 5),
    };
    const void *salt = sqlite3_column_blob(s, 2);
    const void *hash = sqlite3_column_blob(s, 3);
    if (salt == NULL || hash == NULL || sqlite3_column_bytes(s, 2) != sizeof c.salt ||
        sqlite3_column_bytes(s, 3) != sizeof c.hash.b)
        return store_refuse(st, "it is damaged, or memory is out: a client secret is unreadable");
    memcpy(c.salt, salt, sizeof c.salt);
    memcpy(c.hash.b, hash, sizeof c.hash.b);
    *out = c;
    secret_wipe(&c.hash);
    return ERR_OK;
}

enum err store_secret_list(struct store *st, struct slice client_id, int64_t now,
                           struct client_secret out[CLIENT_MAX_SECRETS], size_t *count)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st,
                             "SELECT id, kind, salt, hash, created_at, expires_at"
                             " FROM client_secret WHERE client_id = ?1"
                             " AND (expires_at = 0 OR expires_at > ?2)"
                             " ORDER BY created_at DESC, id DESC",
                             PARAMS(TEXT(client_id), INTEGER(now)), &s);
    if (e != ERR_OK)
        return e;
    struct client_secret found[CLIENT_MAX_SECRETS];
    size_t n = 0;
    bool row = true;
    while (e == ERR_OK && row && n < CLIENT_MAX_SECRETS) {
        e = store_row(st, s, &row);
        if (e == ERR_OK && row)
            e = secret_row(st, s, &found[n]);
        if (e == ERR_OK && row)
            n++;
    }
    store_done(s);
    if (e == ERR_OK) {
        memcpy(out, found, n * sizeof found[0]);
        *count = n;
    }
    OPENSSL_cleanse(found, sizeof found);
    return e;
}

static enum err add_secret(struct store *st, struct slice client_id,
                           const struct client_secret *secret, int64_t others_expire_at)
{
    enum err e = ERR_OK;
    if (others_expire_at != 0)
        e = store_run(st,
                      "UPDATE client_secret SET expires_at = ?2 WHERE client_id = ?1"
                      " AND (expires_at = 0 OR expires_at > ?2)",
                      PARAMS(TEXT(client_id), INTEGER(others_expire_at)), NULL);
    int added = 0;
    struct slice salt = {(const char *)secret->salt, sizeof secret->salt};
    if (e == ERR_OK)
        e = store_run(st,
                      "INSERT INTO client_secret"
                      " (client_id, kind, salt, hash, created_at, expires_at)"
                      " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM client WHERE id = ?1",
                      PARAMS(TEXT(client_id), INTEGER(secret->kind), BLOB(salt),
                             DIGEST(secret->hash), INTEGER(secret->created_at),
                             INTEGER(secret->expires_at)),
                      &added);
    if (e == ERR_OK && added == 0)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK) /* what has expired by now goes first, then the oldest */
        e = store_run(
            st,
            "DELETE FROM client_secret WHERE id IN (SELECT id FROM client_secret"
            " WHERE client_id = ?1"
            " ORDER BY expires_at = 0 OR expires_at > ?2 DESC, created_at DESC, id DESC"
            " LIMIT -1 OFFSET ?3)",
            PARAMS(TEXT(client_id), INTEGER(secret->created_at), INTEGER(CLIENT_MAX_SECRETS)),
            NULL);
    return e == ERR_OK ? store_bump(st) : e;
}

enum err store_secret_add(struct store *st, struct slice client_id,
                          const struct client_secret *secret, int64_t others_expire_at)
{
    enum err e = store_begin(st);
    if (e != ERR_OK)
        return e;
    return store_end(st, add_secret(st, client_id, secret, others_expire_at));
}

enum err store_has_scrypt(struct store *st, bool *out)
{
    sqlite3_stmt *s = NULL;
    enum err e =
        store_start(st, "SELECT 1 FROM client_secret WHERE kind = 1 LIMIT 1", NO_PARAMS, &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK)
        *out = row;
    store_done(s);
    return e;
}
