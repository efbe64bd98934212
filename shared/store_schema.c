#include "store_internal.h"

#define NUMBER_TEXT(n) #n
#define TEXT_OF(n)     NUMBER_TEXT(n)

/* Bytes 68-71 of the file tell it from the SQLite files of others; "fhir". */
#define APPLICATION_ID 1718118770

/*
 * Numbers of enums stand in the file: they must never change.  A step, once released, never changes
 * either: what comes later is a new step, and one that programs of the step before can live with,
 * since those may still be running.
 */
_Static_assert(CLIENT_SECRET == 0 && CLIENT_JWKS == 1 && CLIENT_JWKS_URI == 2, "as in the file");
_Static_assert(CLIENT_TLS == 3 && CLIENT_TLS_SELF_SIGNED == 4, "as in the file, with 2 to it");
_Static_assert(CERTIFICATE_SUBJECT == 0 && CERTIFICATE_EMAIL == 4, "as in the file");
_Static_assert(SECRET_SHA256 == 0 && SECRET_SCRYPT == 1, "as in the file");
_Static_assert(KEY_PENDING == 0 && KEY_ACTIVE == 1 && KEY_RETIRED == 2, "as in the file");

static const char step_1[] = "PRAGMA application_id = " TEXT_OF(
    APPLICATION_ID) ";"
                    "CREATE TABLE meta (epoch INTEGER NOT NULL) STRICT;"
                    "INSERT INTO meta VALUES (" SQL_NOW_MS ");"

                    "CREATE TABLE client ("
                    " id TEXT NOT NULL PRIMARY KEY"
                    "  CHECK (length(id) BETWEEN 1 AND 128 AND id NOT GLOB '*[^A-Za-z0-9._~-]*'),"
                    " name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 200),"
                    " scope TEXT NOT NULL,"
                    " auth INTEGER NOT NULL CHECK (auth BETWEEN 0 AND 2),"
                    " jwks TEXT NOT NULL,"
                    " jwks_uri TEXT NOT NULL,"
                    " token_lifetime_s INTEGER NOT NULL CHECK (token_lifetime_s BETWEEN 0 AND "
                    "4294967295),"
                    " enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
                    " created_at INTEGER NOT NULL,"
                    " updated_at INTEGER NOT NULL,"
                    " tokens_valid_from INTEGER NOT NULL) STRICT;"

                    /* Ids that were taken before: the tokens of their old holders must stay dead.
                     */
                    "CREATE TABLE removed_client ("
                    " id TEXT NOT NULL PRIMARY KEY,"
                    " tokens_valid_from INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

                    "CREATE TABLE client_secret ("
                    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                    " client_id TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,"
                    " kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 1),"
                    " salt BLOB NOT NULL CHECK (length(salt) = 16),"
                    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
                    " created_at INTEGER NOT NULL,"
                    " expires_at INTEGER NOT NULL) STRICT;"
                    "CREATE INDEX client_secret_client ON client_secret (client_id);"
                    "CREATE INDEX client_secret_scrypt ON client_secret (kind) WHERE kind = 1;"
                    "CREATE INDEX client_secret_expiry ON client_secret (expires_at) WHERE "
                    "expires_at <> 0;"

                    "CREATE TABLE signing_key ("
                    " kid TEXT NOT NULL PRIMARY KEY,"
                    " alg TEXT NOT NULL,"
                    " use TEXT NOT NULL,"
                    " public_jwk TEXT NOT NULL,"
                    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),"
                    " created_at INTEGER NOT NULL,"
                    " activated_at INTEGER NOT NULL,"
                    " retired_at INTEGER NOT NULL,"
                    " expires_at INTEGER NOT NULL) STRICT;"

                    "CREATE TABLE jti ("
                    " digest BLOB NOT NULL PRIMARY KEY,"
                    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                    "CREATE INDEX jti_expiry ON jti (expires_at);"

                    "CREATE TABLE failed_login ("
                    " seq INTEGER PRIMARY KEY,"
                    " client BLOB NOT NULL," /* SHA-256: the id may be any bytes */
                    " address BLOB NOT NULL,"
                    " count INTEGER NOT NULL,"
                    " last_at INTEGER NOT NULL,"
                    " UNIQUE (client, address)) STRICT;"
                    "CREATE INDEX failed_login_last ON failed_login (last_at);"

                    "CREATE TABLE revocation ("
                    " jti BLOB NOT NULL PRIMARY KEY,"
                    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                    "CREATE INDEX revocation_expiry ON revocation (expires_at);"

                    "CREATE TABLE document ("
                    " url TEXT NOT NULL PRIMARY KEY,"
                    " fetched_at INTEGER NOT NULL,"
                    " expires_at INTEGER NOT NULL,"
                    " body BLOB NOT NULL) STRICT;"
                    "CREATE INDEX document_expiry ON document (expires_at);"

                    "PRAGMA user_version = 1;";

static const char step_2[] = "CREATE TABLE fetch ("
                             " url TEXT NOT NULL PRIMARY KEY,"
                             " busy_until INTEGER NOT NULL,"
                             " next_at INTEGER NOT NULL DEFAULT 0,"
                             " fetched_at INTEGER NOT NULL DEFAULT 0,"
                             " fresh_until INTEGER NOT NULL DEFAULT 0,"
                             " failed_since INTEGER NOT NULL DEFAULT 0,"
                             " fault TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;"

                             "PRAGMA user_version = 2;";

static const char step_3[] = /* format = opaque: the claims of a token by the SHA-256 of its text */
    "CREATE TABLE opaque_token ("
    " digest BLOB NOT NULL PRIMARY KEY,"
    " claims BLOB NOT NULL,"
    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX opaque_token_expiry ON opaque_token (expires_at);"

    /* Answers of other issuers. */
    "CREATE TABLE introspection ("
    " digest BLOB NOT NULL PRIMARY KEY,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),"
    " answer BLOB NOT NULL,"
    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX introspection_expiry ON introspection (expires_at);"

    /* Of a service that failed: nobody asks it before open_until, then one at a time. */
    "CREATE TABLE breaker ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " failures INTEGER NOT NULL,"
    " open_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* What somebody did in a span of time that ends at expires_at. */
    "CREATE TABLE rate ("
    " digest BLOB NOT NULL PRIMARY KEY,"
    " count INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX rate_expiry ON rate (expires_at);"

    /* Work that one of all processes does now and then. */
    "CREATE TABLE task ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " next_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* Random bytes that all processes share. */
    "CREATE TABLE secret ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " value BLOB NOT NULL CHECK (length(value) = 32)) STRICT, WITHOUT ROWID;"

    "ALTER TABLE client ADD COLUMN"
    " dpop INTEGER NOT NULL DEFAULT 0 CHECK (dpop IN (0, 1));"
    /*
     * A client that logs in by certificate has auth = 1 and no key: older programs refuse it.
     * tls: 0 none, 1 CLIENT_TLS, 2 CLIENT_TLS_SELF_SIGNED.
     */
    "ALTER TABLE client ADD COLUMN"
    " tls INTEGER NOT NULL DEFAULT 0 CHECK (tls BETWEEN 0 AND 2);"
    "ALTER TABLE client ADD COLUMN"
    " tls_kind INTEGER NOT NULL DEFAULT 0 CHECK (tls_kind BETWEEN 0 AND 4);"
    "ALTER TABLE client ADD COLUMN tls_name TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE client ADD COLUMN"
    " tls_bound INTEGER NOT NULL DEFAULT 0 CHECK (tls_bound IN (0, 1));"

    "CREATE INDEX failed_login_address ON failed_login (address);"

    "PRAGMA user_version = 3;";

static const char step_4[] = /* each seen jti is written once, not twice */
    "DROP INDEX jti_expiry;"
    "PRAGMA user_version = 4;";

static const char *const steps[] = {step_1, step_2, step_3, step_4};
#define SCHEMA_VERSION (sizeof steps / sizeof steps[0])

struct answer {
    char text[24];
};

static int keep_first_column(void *answer, int columns, char **values, char **names)
{
    (void)names;
    struct answer *a = answer;
    struct slice v = slice_of(columns > 0 ? values[0] : NULL);
    if (v.n > 0 && v.n < sizeof a->text)
        memcpy(a->text, v.p, v.n + 1);
    return 0;
}

/* Once at the start only, so nothing is kept prepared. */
static enum err ask(struct store *st, const char *sql, struct answer *out)
{
    struct answer a = {""};
    if (sqlite3_exec(st->db, sql, keep_first_column, &a, NULL) != SQLITE_OK)
        return store_failed(st);
    *out = a;
    return ERR_OK;
}

static enum err schema_version(struct store *st, uint64_t *out)
{
    struct answer a;
    enum err e = ask(st, "PRAGMA user_version", &a);
    if (e != ERR_OK)
        return e;
    uint64_t version = 0;
    if (!slice_to_u64(slice_of(a.text), UINT32_MAX, &version))
        return store_refuse(st, "it is no store of fhir-auth (schema %s)", a.text);
    if (version > SCHEMA_VERSION)
        return store_refuse(st,
                            "it has schema %s, newer than this program's %zu: upgrade fhir-auth",
                            a.text, SCHEMA_VERSION);
    *out = version;
    return ERR_OK;
}

/* Inside a transaction: another process may have done it while this one waited for the lock. */
static enum err apply_steps(struct store *st)
{
    uint64_t version = 0;
    enum err e = schema_version(st, &version);
    for (; e == ERR_OK && version < SCHEMA_VERSION; version++)
        if (sqlite3_exec(st->db, steps[version], NULL, NULL, NULL) != SQLITE_OK)
            e = store_failed(st);
    return e;
}

static enum err check_application(struct store *st)
{
    struct answer a;
    enum err e = ask(st, "PRAGMA application_id", &a);
    if (e == ERR_OK && !slice_is(slice_of(a.text), TEXT_OF(APPLICATION_ID)))
        e = store_refuse(st, "it is no store of fhir-auth");
    return e;
}

#define PAUSE_MS 10

/*
 * Nothing to do but for a file that came back from a backup in another mode.  SQLite does not wait
 * for the lock that the change takes, so this does.
 */
static enum err enter_wal(struct store *st)
{
    struct answer mode = {""};
    unsigned waited_ms = 0;
    enum err e = ask(st, "PRAGMA journal_mode = WAL", &mode);
    while (sqlite3_errcode(st->db) == SQLITE_BUSY && waited_ms < st->busy_timeout_ms) {
        sqlite3_sleep(PAUSE_MS);
        waited_ms += PAUSE_MS;
        e = ask(st, "PRAGMA journal_mode = WAL", &mode);
    }
    if (e == ERR_OK && !slice_is(slice_of(mode.text), "wal"))
        e = store_refuse(st, "its file system does not support SQLite's WAL mode");
    return e;
}

enum err store_migrate(struct store *st, bool fresh)
{
    /* Before anything writes: a file of somebody else's is not touched. */
    enum err e = fresh ? ERR_OK : check_application(st);
    if (e != ERR_OK)
        return e;
    uint64_t version = 0;
    e = schema_version(st, &version);
    if (e == ERR_OK && version < SCHEMA_VERSION) {
        e = store_begin(st);
        if (e == ERR_OK)
            e = store_end(st, apply_steps(st));
    }
    return e == ERR_OK ? enter_wal(st) : e;
}
