/* What happened and is forgotten in time: seen jti values, failed logins, revocations. */
#include "store_internal.h"

#define FAILED_LOGIN_KEEP_S    86400
#define FAILED_LOGIN_KEEP_ROWS 10000
#define FAILED_LOGIN_DROP_ROWS 100 /* at most so many outdated rows with each new one */
#define JTI_DROP_EVERY         4   /* with one in so many new jtis … */
#define JTI_DROP_AMONG         32  /* … the outdated ones go among so many from it on */

enum err store_jti_drop(struct store *st, const struct secret *from, unsigned among, unsigned rows,
                        int64_t now, int *gone)
{
    return store_run(st,
                     "DELETE FROM jti WHERE digest IN (SELECT digest FROM"
                     " (SELECT digest, expires_at FROM jti WHERE digest >= ?1"
                     " ORDER BY digest LIMIT ?2) WHERE expires_at <= ?4 LIMIT ?3)",
                     PARAMS(DIGEST(*from), INTEGER(among), INTEGER(rows), INTEGER(now)), gone);
}

/* The issuer's digest has a fixed length, so no other pair of texts gives the same bytes. */
static enum err jti_digest(struct slice issuer, struct slice jti, struct secret *out)
{
    struct secret of_issuer;
    enum err e = store_digest(issuer, &of_issuer);
    struct slice prefix = {(const char *)of_issuer.b, sizeof of_issuer.b};
    return e == ERR_OK && !secret_digest(prefix, jti, out) ? ERR_INTERNAL : e;
}

enum err store_jti_once(struct store *st, struct slice issuer, struct slice jti, int64_t expires_at,
                        int64_t now)
{
    struct secret digest;
    int noted = 0;
    enum err e = jti_digest(issuer, jti, &digest);
    if (e == ERR_OK)
        e = store_run(st,
                      "INSERT INTO jti (digest, expires_at) VALUES (?1, ?2)"
                      " ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at"
                      " WHERE jti.expires_at <= ?3",
                      PARAMS(DIGEST(digest), INTEGER(expires_at), INTEGER(now)), &noted);
    if (e == ERR_OK && noted == 0)
        return ERR_JWT_REPLAY;
    /*
     * Where each request brings one, they must go as fast as they come.  Those beside the new one
     * are mostly on its page of the file, which is written anyway.
     */
    if (e == ERR_OK && digest.b[0] % JTI_DROP_EVERY == 0)
        e = store_jti_drop(st, &digest, JTI_DROP_AMONG, JTI_DROP_AMONG, now, NULL);
    return e;
}

enum err store_jti_seen(struct store *st, struct slice issuer, struct slice jti, int64_t now)
{
    struct secret digest;
    sqlite3_stmt *s = NULL;
    bool seen = false;
    enum err e = jti_digest(issuer, jti, &digest);
    if (e == ERR_OK)
        e = store_start(st, "SELECT 1 FROM jti WHERE digest = ?1 AND expires_at > ?2",
                        PARAMS(DIGEST(digest), INTEGER(now)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &seen);
    if (e == ERR_OK && seen)
        e = ERR_JWT_REPLAY;
    store_done(s);
    return e;
}

static enum err drop_outdated_logins(struct store *st, int64_t now, unsigned rows)
{
    return store_run(st,
                     "DELETE FROM failed_login WHERE seq IN"
                     " (SELECT seq FROM failed_login WHERE last_at <= ?1 LIMIT ?2)",
                     PARAMS(INTEGER(now - FAILED_LOGIN_KEEP_S), INTEGER(rows)), NULL);
}

static enum err count_failed_login(struct store *st, const struct secret *client,
                                   struct slice address, int64_t now, int64_t forget_s,
                                   int64_t *count)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = store_start(
        st,
        "INSERT INTO failed_login (client, address, count, last_at)"
        " VALUES (?1, ?2, 1, ?3) ON CONFLICT (client, address)"
        " DO UPDATE SET count = CASE WHEN last_at <= ?3 - ?4"
        " OR last_at > ?3 + ?4 THEN 1 ELSE count + 1 END,"
        " last_at = excluded.last_at RETURNING count",
        PARAMS(DIGEST(*client), BLOB(store_address(address)), INTEGER(now), INTEGER(forget_s)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK)
        *count = sqlite3_column_int64(s, 0);
    store_done(s);
    return e;
}

static enum err add_failed_login(struct store *st, const struct secret *client,
                                 struct slice address, int64_t now, int64_t forget_s,
                                 int64_t *count)
{
    enum err e = count_failed_login(st, client, address, now, forget_s, count);
    /* seq has gaps, so this keeps that many rows or fewer, at no cost of counting them. */
    if (e == ERR_OK)
        e = store_run(st,
                      "DELETE FROM failed_login"
                      " WHERE seq <= (SELECT max(seq) FROM failed_login) - ?1",
                      PARAMS(INTEGER(FAILED_LOGIN_KEEP_ROWS)), NULL);
    return e == ERR_OK ? drop_outdated_logins(st, now, FAILED_LOGIN_DROP_ROWS) : e;
}

enum err store_failed_login_add(struct store *st, struct slice client_id, struct slice address,
                                int64_t now, int64_t forget_s, int64_t *count)
{
    struct secret client;
    *count = 0;
    enum err e = store_digest(client_id, &client);
    if (e == ERR_OK)
        e = store_begin(st);
    return e == ERR_OK ? store_end(st, add_failed_login(st, &client, address, now, forget_s, count))
                       : e;
}

static enum err failed_logins_of(struct store *st, const struct secret *client,
                                 struct failed_logins *out)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st,
                             "SELECT coalesce(sum(count), 0), coalesce(max(last_at), 0)"
                             " FROM failed_login WHERE client = ?1",
                             PARAMS(DIGEST(*client)), &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK)
        *out = (struct failed_logins){.count = sqlite3_column_int64(s, 0),
                                      .last_at = sqlite3_column_int64(s, 1)};
    store_done(s);
    return e;
}

enum err store_failed_login_get(struct store *st, struct slice client_id, struct failed_logins *out)
{
    struct secret client;
    enum err e = store_digest(client_id, &client);
    return e == ERR_OK ? failed_logins_of(st, &client, out) : e;
}

enum err store_failed_login_clear(struct store *st, struct slice client_id)
{
    struct secret client;
    struct failed_logins failed = {0};
    enum err e = store_digest(client_id, &client);
    if (e == ERR_OK) /* most logins have nothing to clear, and a look takes no lock */
        e = failed_logins_of(st, &client, &failed);
    if (e != ERR_OK || failed.count == 0)
        return e;
    return store_run(st, "DELETE FROM failed_login WHERE client = ?1", PARAMS(DIGEST(client)),
                     NULL);
}

enum err store_revoke(struct store *st, struct slice jti, int64_t expires_at)
{
    return store_change(st,
                        "INSERT INTO revocation (jti, expires_at) VALUES (?1, ?2)"
                        " ON CONFLICT (jti) DO UPDATE SET"
                        " expires_at = max(expires_at, excluded.expires_at)",
                        PARAMS(BLOB(jti), INTEGER(expires_at)), ERR_INTERNAL);
}

enum err store_token_check(struct store *st, struct slice client_id, struct slice jti, int64_t iat)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st,
                             "SELECT 1 FROM client WHERE id = ?1 AND enabled = 1"
                             " AND tokens_valid_from <= ?3"
                             " AND NOT EXISTS (SELECT 1 FROM revocation WHERE jti = ?2)",
                             PARAMS(TEXT(client_id), BLOB(jti), INTEGER(iat)), &s);
    if (e != ERR_OK)
        return e;
    bool good = false;
    e = store_row(st, s, &good);
    if (e == ERR_OK && !good)
        e = ERR_TOKEN_REVOKED;
    store_done(s);
    return e;
}

/* A row of the statement tells that the token is revoked. */
static enum err refuse_if_found(struct store *st, const char *sql, const struct param *params,
                                size_t count)
{
    sqlite3_stmt *s = NULL;
    bool revoked = false;
    enum err e = store_start(st, sql, params, count, &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &revoked);
    if (e == ERR_OK && revoked)
        e = ERR_TOKEN_REVOKED;
    store_done(s);
    return e;
}

enum err store_token_check_known(struct store *st, struct slice client_id, struct slice jti,
                                 int64_t iat)
{
    return refuse_if_found(st,
                           "SELECT 1 FROM revocation WHERE jti = ?2"
                           " UNION ALL SELECT 1 FROM client WHERE id = ?1"
                           " AND (enabled = 0 OR tokens_valid_from > ?3)"
                           " UNION ALL SELECT 1 FROM removed_client WHERE id = ?1"
                           " AND NOT EXISTS (SELECT 1 FROM client WHERE id = ?1)",
                           PARAMS(TEXT(client_id), BLOB(jti), INTEGER(iat)));
}

enum err store_jti_check(struct store *st, struct slice jti)
{
    return refuse_if_found(st, "SELECT 1 FROM revocation WHERE jti = ?1", PARAMS(BLOB(jti)));
}
