/*
 * The one door to state: clients, their secrets, public signing keys, seen jti values, failed
 * logins, revocations, opaque tokens, cached documents.
 *
 * A struct store is one connection: it belongs to one thread at a time.  Any number of processes
 * may have the same store open.  Every function that touches it can fail with ERR_STORE (cannot be
 * opened, read or written, or stayed locked over the busy timeout); the caller then refuses.
 * store_fault tells the administrator what happened.  Times are seconds since 1970.
 */
#ifndef FHIR_AUTH_STORE_H
#define FHIR_AUTH_STORE_H

#include "arena.h"
#include "certificate.h"
#include "error.h"
#include "secret.h"

struct store;

/*
 * Open an existing store; ERR_STORE when the file is missing, over-readable (any permission for
 * others), of a newer schema, or no store.  An older schema is migrated.  *out is set even then,
 * for store_fault; store_close takes it.  ERR_MEMORY leaves it NULL.
 */
MUST_USE enum err store_open(const char *path, unsigned busy_timeout_ms, struct store **out);

/* The same, but make a missing store: mode 0600, owner as its directory's when root does it. */
MUST_USE enum err store_create(const char *path, unsigned busy_timeout_ms, struct store **out);
void store_close(struct store *st);

/* English, one line, no secrets: why the last call failed. */
const char *store_fault(const struct store *st);

/*
 * Still the file that its path names?  A store that was removed or replaced is reopened; ERR_STORE
 * when that fails.  Costs one stat(2).
 */
MUST_USE enum err store_refresh(struct store *st);

/*
 * A number that grows with every change of clients, keys or revocations, and with nothing else;
 * caches built on these compare it.  store_signal.h tells when it is worth asking.
 */
MUST_USE enum err store_epoch(struct store *st, int64_t *epoch);

/* ---- clients ---- */

/* The last two: by a certificate (RFC 8705 section 2), of a trusted CA or a known one. */
enum client_auth {
    CLIENT_SECRET,
    CLIENT_JWKS,
    CLIENT_JWKS_URI,
    CLIENT_TLS,
    CLIENT_TLS_SELF_SIGNED
};

struct client {
    const char *id;    /* [A-Za-z0-9._~-]{1,128} */
    const char *name;  /* UTF-8, at most 200 bytes */
    const char *scope; /* space-separated; what it may be granted */
    enum client_auth auth;
    const char *jwks;          /* JWK Set text; "" unless CLIENT_JWKS */
    const char *jwks_uri;      /* "" unless CLIENT_JWKS_URI */
    unsigned token_lifetime_s; /* 0: the configuration's */
    bool enabled;
    int64_t created_at, updated_at;
    int64_t tokens_valid_from;      /* tokens with an earlier iat are refused */
    bool dpop_required;             /* gets only tokens that are bound to its key (RFC 9449) */
    enum certificate_name tls_kind; /* of CLIENT_TLS: which name its certificate must bear */
    const char *tls_name; /* the name; of CLIENT_TLS_SELF_SIGNED digests (x5t#S256) by blanks */
    bool tls_bound;       /* gets only tokens that are bound to its certificate */
};

/* With its text, into the arena.  ERR_MEMORY when that is full. */
MUST_USE enum err store_client_copy(const struct client *from, struct arena *a, struct client *out);

/* Text of *out is copied into the arena.  ERR_NOT_FOUND; ERR_MEMORY when the arena is full. */
MUST_USE enum err store_client_get(struct store *st, struct slice id, struct arena *a,
                                   struct client *out);
/*
 * tokens_valid_from becomes created_at at least, and later than that when the id was taken before:
 * no token of its old holder lives again.  A token for the new one needs an iat of then or later.
 * ERR_EXISTS.
 */
MUST_USE enum err store_client_add(struct store *st, const struct client *c);
/* Replaces all but id and created_at; tokens_valid_from never goes back.  ERR_NOT_FOUND. */
MUST_USE enum err store_client_update(struct store *st, const struct client *c);
/* With its secrets and failed logins.  Its tokens are refused from then on.  ERR_NOT_FOUND. */
MUST_USE enum err store_client_remove(struct store *st, struct slice id);
/* In order of id; `each` returns false to stop.  The client is valid during the call only. */
MUST_USE enum err store_client_list(struct store *st, bool (*each)(const struct client *, void *),
                                    void *context);

/* ---- client secrets ---- */

enum secret_kind { SECRET_SHA256, SECRET_SCRYPT };

struct client_secret {
    int64_t id; /* of the row; filled by the store */
    enum secret_kind kind;
    unsigned char salt[16];
    struct secret hash; /* of salt and secret (SHA-256), or scrypt's output */
    int64_t created_at;
    int64_t expires_at; /* 0: never */
};

#define CLIENT_MAX_SECRETS 8

/* Those not expired at `now`, newest first.  No error when there are none. */
MUST_USE enum err store_secret_list(struct store *st, struct slice client_id, int64_t now,
                                    struct client_secret out[CLIENT_MAX_SECRETS], size_t *count);
/*
 * Add one; the client's others expire at others_expire_at unless they do so earlier (0: leave them
 * as they are; a time in the past ends them now).  Beyond CLIENT_MAX_SECRETS the oldest go.
 * ERR_NOT_FOUND for an unknown client.
 */
MUST_USE enum err store_secret_add(struct store *st, struct slice client_id,
                                   const struct client_secret *secret, int64_t others_expire_at);
/* Whether any secret of kind SECRET_SCRYPT exists. */
MUST_USE enum err store_has_scrypt(struct store *st, bool *out);

/* ---- public signing keys ---- */

enum key_state { KEY_PENDING, KEY_ACTIVE, KEY_RETIRED };

struct store_key {
    const char *kid; /* RFC 7638 thumbprint */
    const char *alg; /* "ES256" */
    const char *use; /* "sig" */
    const char *public_jwk;
    enum key_state state;
    int64_t created_at;
    int64_t activated_at; /* of a pending key: it is to sign from then on; 0: no time is set */
    int64_t retired_at;   /* 0: not yet */
    int64_t expires_at;   /* published until then; 0: no end yet */
};

/* ERR_EXISTS. */
MUST_USE enum err store_key_add(struct store *st, const struct store_key *key);
/*
 * Replaces state and times.  ERR_NOT_FOUND, also when another process has moved the key to a later
 * state meanwhile: a key never goes back.
 */
MUST_USE enum err store_key_update(struct store *st, const struct store_key *key);
MUST_USE enum err store_key_remove(struct store *st, struct slice kid);
/* When the next pending key is to become active, of any host; INT64_MAX: none is to. */
MUST_USE enum err store_key_next(struct store *st, int64_t now, int64_t *at);
/* Newest first, expired ones too. */
MUST_USE enum err store_key_list(struct store *st, bool (*each)(const struct store_key *, void *),
                                 void *context);

/* ---- once only ---- */

/*
 * Note a jti as used until expires_at.  ERR_JWT_REPLAY when it was noted before and has not
 * expired; atomic over all processes.  Stored as a digest of both parts.
 */
MUST_USE enum err store_jti_once(struct store *st, struct slice issuer, struct slice jti,
                                 int64_t expires_at, int64_t now);
/* Only look: ERR_JWT_REPLAY when it was noted and has not expired. */
MUST_USE enum err store_jti_seen(struct store *st, struct slice issuer, struct slice jti,
                                 int64_t now);

/* ---- what all processes share in secret ---- */

/* Random bytes under that name, made by whoever asks first.  ERR_INTERNAL. */
MUST_USE enum err store_shared_secret(struct store *st, const char *name, struct secret *out);

/* ---- failed client authentication ---- */

struct failed_logins {
    int64_t count;
    int64_t last_at; /* 0: none */
};

/*
 * Count one for this client id (known or not) from this address; *count: how many those are now.
 * When the last one is forget_s old they are forgotten, and this is the first; likewise when it
 * lies that far ahead: the clock was wrong then.  Bounded: old rows are dropped.
 */
MUST_USE enum err store_failed_login_add(struct store *st, struct slice client_id,
                                         struct slice address, int64_t now, int64_t forget_s,
                                         int64_t *count);
/* Of a client id from one address; all zero when there are none. */
MUST_USE enum err store_failed_login_at(struct store *st, struct slice client_id,
                                        struct slice address, struct failed_logins *out);
/* Of a client id over all addresses. */
MUST_USE enum err store_failed_login_get(struct store *st, struct slice client_id,
                                         struct failed_logins *out);
MUST_USE enum err store_failed_login_clear(struct store *st, struct slice client_id);
MUST_USE enum err store_failed_login_clear_at(struct store *st, struct slice client_id,
                                              struct slice address);
/* Those of a client id by address, which is valid during the call; `each` returns false to stop. */
MUST_USE enum err store_failed_login_list(struct store *st, struct slice client_id,
                                          bool (*each)(struct slice address,
                                                       const struct failed_logins *, void *),
                                          void *context);

/* ---- how often somebody did something ---- */

struct store_span {
    const char *kind; /* what is counted */
    int64_t window_s; /* from the first one on, and then anew */
    int64_t renew_at; /* from this total on each further one begins the window anew; 0: none does */
};

struct store_rate {
    int64_t total;   /* within the window */
    int64_t ends_at; /* of the window; 0: there is none */
};

/*
 * Count n for a name (a client id, an address); *out is what stands then.  Atomic over all
 * processes.  A window that ends more than two windows ahead began while the clock was wrong.
 * Bounded: store_purge drops what is over, and of too many those that end first.
 */
MUST_USE enum err store_rate_add(struct store *st, const struct store_span *span, struct slice name,
                                 int64_t n, int64_t now, struct store_rate *out);
/* What stands, without counting; all zero when nothing does. */
MUST_USE enum err store_rate_get(struct store *st, const struct store_span *span, struct slice name,
                                 int64_t now, struct store_rate *out);

/* ---- revocation ---- */

MUST_USE enum err store_revoke(struct store *st, struct slice jti, int64_t expires_at);
/*
 * Is a token of this client with this jti, issued at iat, still good?  ERR_TOKEN_REVOKED when it
 * was revoked, or its client is gone, disabled, or has tokens_valid_from after iat.
 */
MUST_USE enum err store_token_check(struct store *st, struct slice client_id, struct slice jti,
                                    int64_t iat);

/*
 * The same of one that another store may have issued: what this one does not know says nothing
 * against it.  A client that was removed here is known.
 */
MUST_USE enum err store_token_check_known(struct store *st, struct slice client_id,
                                          struct slice jti, int64_t iat);

/* Of a token of another issuer: ERR_TOKEN_REVOKED when its jti was revoked here. */
MUST_USE enum err store_jti_check(struct store *st, struct slice jti);

/* ---- opaque access tokens ---- */

/*
 * digest: SHA-256 of the token's text, which is not kept; claims: what a JWT in its place would
 * say.  No change of the epoch: nothing can be cached of a token that did not exist.
 */
MUST_USE enum err store_opaque_add(struct store *st, const struct secret *digest,
                                   struct slice claims, int64_t expires_at);
/*
 * The claims, in the arena, NUL-terminated.  An expired token is found too, until it is purged.
 * ERR_NOT_FOUND; ERR_MEMORY when the arena is full.
 */
MUST_USE enum err store_opaque_get(struct store *st, const struct secret *digest, struct arena *a,
                                   struct slice *claims);

/* ---- documents fetched over the network ---- */

/*
 * Body (in the arena, NUL-terminated) and times.  An expired one is found too, until it is purged.
 * ERR_NOT_FOUND; ERR_MEMORY when the arena is full.
 */
MUST_USE enum err store_document_get(struct store *st, struct slice url, struct arena *a,
                                     struct slice *body, int64_t *fetched_at, int64_t *expires_at);
MUST_USE enum err store_document_put(struct store *st, struct slice url, struct slice body,
                                     int64_t fetched_at, int64_t expires_at);

/*
 * ---- who fetches a document, and how it went ----
 *
 * Of all processes one fetches at a time, and not too often: it begins, fetches, and says how it
 * ended.  One that dies in between loses its turn at busy_until.  A time that lies more than
 * STORE_FETCH_AHEAD_S ahead was written while the clock was wrong: it counts as past.
 */
#define STORE_FETCH_AHEAD_S 3600

struct store_fetch {
    const char *url;
    int64_t busy_until;   /* somebody fetches it now; 0: nobody */
    int64_t next_at;      /* nobody may fetch it before */
    int64_t fetched_at;   /* the last good one; 0: never */
    int64_t fresh_until;  /* of the last good one */
    int64_t failed_since; /* 0: the last attempt was good */
    const char *fault;    /* of the last attempt; "" when it was good */
};

/* Text in the arena.  All zero when nothing is known of it. */
MUST_USE enum err store_fetch_get(struct store *st, struct slice url, struct arena *a,
                                  struct store_fetch *out);
/* ERR_OK: this process is to fetch it now.  ERR_EXISTS: somebody does, or it is too early. */
MUST_USE enum err store_fetch_begin(struct store *st, struct slice url, int64_t now,
                                    int64_t busy_until);
/* The body becomes the document of that URL, which is kept until keep_until. */
MUST_USE enum err store_fetch_done(struct store *st, struct slice body,
                                   const struct store_fetch *fetch, int64_t keep_until);
MUST_USE enum err store_fetch_failed(struct store *st, struct slice url, int64_t now,
                                     int64_t next_at, const char *fault);
MUST_USE enum err store_fetch_list(struct store *st,
                                   bool (*each)(const struct store_fetch *, void *), void *context);

/*
 * ---- answers of introspection endpoints ----
 *
 * By the SHA-256 of issuer and token.  At most STORE_INTROSPECTION_ROWS; beyond that those that
 * expire first go.
 */
#define STORE_INTROSPECTION_ROWS 100000

enum introspected_state {
    INTROSPECTED_ACTIVE,
    INTROSPECTED_INACTIVE,
    INTROSPECTED_FAILED /* there was no answer: nobody need wait for another failure at once */
};

struct introspected {
    enum introspected_state state;
    struct slice answer; /* JSON; empty unless active */
    int64_t expires_at;
};

/* Text in the arena.  ERR_NOT_FOUND when there is none, or it has expired. */
MUST_USE enum err store_introspection_get(struct store *st, const struct secret *digest,
                                          int64_t now, struct arena *a, struct introspected *out);
MUST_USE enum err store_introspection_put(struct store *st, const struct secret *digest,
                                          const struct introspected *what, int64_t now);

/*
 * ---- services that fail ----
 *
 * After STORE_BREAKER_FAILURES failures in a row nobody asks a service for STORE_BREAKER_MIN_S;
 * then one process at a time probes it, and each failed probe doubles the time, up to
 * STORE_BREAKER_MAX_S.  A time more than STORE_BREAKER_AHEAD_S ahead was written while the clock
 * was wrong: it counts as past.
 */
#define STORE_BREAKER_FAILURES 3
#define STORE_BREAKER_MIN_S    5
#define STORE_BREAKER_MAX_S    60
#define STORE_BREAKER_AHEAD_S  120

struct store_breaker {
    int64_t failures; /* in a row */
    int64_t open_until;
    bool open;      /* only a probe may ask */
    int64_t wait_s; /* and not before so long; 0: now */
};

/* All zero when nothing is known of it. */
MUST_USE enum err store_breaker_get(struct store *st, struct slice name, int64_t now,
                                    struct store_breaker *out);
/* ERR_OK: this process probes, and has until then.  ERR_EXISTS: another does, or it is too early.
 */
MUST_USE enum err store_breaker_probe(struct store *st, struct slice name, int64_t now,
                                      int64_t until);
/* A failure that was no probe counts only until the breaker has opened. */
MUST_USE enum err store_breaker_failed(struct store *st, struct slice name, bool probe,
                                       int64_t now);
MUST_USE enum err store_breaker_clear(struct store *st, struct slice name);

/* ---- housekeeping ---- */

/*
 * Of all processes one does a task, and no other does it before next_at (> now).  ERR_OK: this one.
 * ERR_EXISTS: not now.  A time that lies more than twice as far ahead was written while the clock
 * was wrong: it counts as past.
 */
MUST_USE enum err store_task_take(struct store *st, struct slice name, int64_t now,
                                  int64_t next_at);

/*
 * Delete what has expired at `now`, at most `rows` of each kind, each kind in a transaction of its
 * own.  Seen jtis are looked at by parts, one with each call of a connection.  *more: call again,
 * there may be more; NULL when of no interest.
 */
MUST_USE enum err store_purge(struct store *st, int64_t now, unsigned rows, bool *more);

/*
 * Readers and writers that always overlap keep the store's log (its -wal file) from being begun
 * anew.  When it is larger than above_bytes, make them wait for a moment and empty it, if they can
 * be had.
 */
MUST_USE enum err store_shorten_log(struct store *st, int64_t above_bytes);

#endif
