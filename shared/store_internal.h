/*
 * What the files of the SQLite store share: the connection, and the one way to run a statement.
 * Only store*.c include this, and with it sqlite3.h.
 */
#ifndef FHIR_AUTH_STORE_INTERNAL_H
#define FHIR_AUTH_STORE_INTERNAL_H

#include "store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define STORE_MAX_STATEMENTS 64
#define STORE_MAX_FAULT      1024

struct store {
    sqlite3 *db; /* NULL: closed, and every call is ERR_STORE */
    struct {
        const char *sql; /* a literal, found again by its address */
        sqlite3_stmt *prepared;
    } statements[STORE_MAX_STATEMENTS];
    size_t statement_count;
    dev_t device; /* of the file that was opened */
    ino_t inode;
    unsigned busy_timeout_ms;
    int64_t busy_since_us; /* of clock_us: when the wait for a lock began */
    uint64_t openings;     /* how often a file was opened */
    bool bumped;           /* the open transaction changes the epoch */
    struct secret swept;   /* the digest of the jti up to which store_purge has come */
    char fault[STORE_MAX_FAULT];
    char path[]; /* NUL-terminated */
};

/* ---- faults ---- */

/* Keep the fault "PATH: …" for store_fault.  Always ERR_STORE. */
MUST_USE enum err store_refuse(struct store *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same from the connection's last SQLite error. */
MUST_USE enum err store_failed(struct store *st);

/* ---- statements ---- */

enum param_type { PARAM_INTEGER, PARAM_TEXT, PARAM_BLOB };

struct param {
    enum param_type type;
    int64_t number;
    struct slice bytes; /* absent counts as empty */
};

#define INTEGER(v) ((struct param){.type = PARAM_INTEGER, .number = (int64_t)(v)})
#define TEXT(s)    ((struct param){.type = PARAM_TEXT, .bytes = (s)})
#define BLOB(s)    ((struct param){.type = PARAM_BLOB, .bytes = (s)})
#define DIGEST(d)  BLOB(((struct slice){(const char *)(d).b, sizeof(d).b}))

/* Values of ?1, ?2, … as the two arguments `params, count`. */
#define PARAMS(...)                                                                                \
    (const struct param[]){__VA_ARGS__},                                                           \
        sizeof((const struct param[]){__VA_ARGS__}) / sizeof(struct param)
#define NO_PARAMS NULL, 0

/*
 * Prepare sql, a string literal, on first use, and bind.  The bytes of params must outlive the run.
 * After ERR_OK: store_row until *row is false or enough is read, then store_done in any case.
 */
MUST_USE enum err store_start(struct store *st, const char *sql, const struct param *params,
                              size_t count, sqlite3_stmt **out);
MUST_USE enum err store_row(struct store *st, sqlite3_stmt *s, bool *row);
void store_done(sqlite3_stmt *s);

/* Run to the end.  *changes: rows inserted, updated or deleted; NULL when of no interest. */
MUST_USE enum err store_run(struct store *st, const char *sql, const struct param *params,
                            size_t count, int *changes);

/* A transaction that holds the write lock from its start. */
MUST_USE enum err store_begin(struct store *st);
/* Commit when e is ERR_OK, else roll back and hand e on. */
MUST_USE enum err store_end(struct store *st, enum err e);

/* Let the epoch grow, and when that is committed the signal; inside the transaction of the change.
 */
MUST_USE enum err store_bump(struct store *st);
/* store_run and store_bump in one transaction; `none` when the statement touched no row. */
MUST_USE enum err store_change(struct store *st, const char *sql, const struct param *params,
                               size_t count, enum err none);

/* Text of a column, never NULL unless memory is out; valid until the next store_row or store_done.
 */
const char *store_text(sqlite3_stmt *s, int column);

/* Plain SHA-256.  ERR_INTERNAL. */
MUST_USE enum err store_digest(struct slice data, struct secret *out);

/* As it is kept beside a failed login. */
static inline struct slice store_address(struct slice address)
{
    const size_t max = 64; /* bytes; more than any IP address with its zone */
    return (struct slice){address.p, address.n < max ? address.n : max};
}

/* Of so many seen jtis, in the order of their digests from there on, the outdated ones go. */
MUST_USE enum err store_jti_drop(struct store *st, const struct secret *from, unsigned among,
                                 unsigned rows, int64_t now, int *gone);

/* Part of store_purge: of too many rates those go that expire first. */
MUST_USE enum err store_rate_bound(struct store *st);

/* ---- schema ---- */

/* Milliseconds since 1970, for SQL. */
#define SQL_NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

/*
 * Bring the connection's file to the schema of this program and into WAL mode.  fresh: the file is
 * empty and is to become a store; else it must be one already.
 */
MUST_USE enum err store_migrate(struct store *st, bool fresh);

#endif
