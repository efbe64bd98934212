/* What the files of the keyring share: the keys of the store as this host sees them. */
#ifndef FHIR_AUTH_KEYRING_ROWS_H
#define FHIR_AUTH_KEYRING_ROWS_H

#include "key_file.h"
#include "keyring.h"

#define KEY_ROWS_MAX 256 /* published keys of all hosts; older ones are not looked at */

/* A key of the store, without its text. */
struct key_row {
    char kid[JWK_THUMBPRINT + 1];
    char alg[16];
    enum key_state state;
    int64_t created_at, activated_at, retired_at, expires_at;
    bool here; /* its private file is in our directory */
};

/* Newest first, as the store lists them; expired ones are left out. */
struct key_rows {
    struct key_directory dir;
    const char *use;
    int64_t now;
    size_t count;
    struct key_row rows[KEY_ROWS_MAX];
};

void key_rows_close(struct key_rows *all);
#define AUTO_ROWS(name)                                                                            \
    __attribute__((cleanup(key_rows_close))) struct key_rows name = {.dir = {.fd = -1}}

/* Without the directory no key is here. */
MUST_USE enum err key_rows_list(const struct keyring *k, struct key_rows *all, struct buf *fault);
MUST_USE enum err key_rows_load(const struct keyring *k, struct key_rows *all, struct buf *fault);
/*
 * The same, to change keys of this host: one process at a time.  ERR_EXISTS: another does, and we
 * are not to wait for it.
 */
MUST_USE enum err key_rows_lock(const struct keyring *k, bool wait, struct key_rows *all,
                                struct buf *fault);

/* Does it sign (or is encrypted for) now: active, or pending and its time has come? */
bool key_row_signs(const struct key_row *row, int64_t now);
/*
 * Since when it signs, to compare with others.  0 for one from the future: it began while the clock
 * was wrong, and must give way.
 */
int64_t key_row_began(const struct key_row *row, int64_t now);
/* Of this host, the one that began last, of equal ones the newest; NULL when none signs. */
const struct key_row *key_rows_signer(const struct key_rows *all);

MUST_USE enum err key_row_save(const struct keyring *k, const struct key_row *row,
                               struct buf *fault);
/* It is published until the last token that it was used for has expired. */
MUST_USE enum err key_row_retire(const struct keyring *k, struct key_row *row, struct buf *fault);

/*
 * Make a key: its file, then its row with this state, and with activated_at.  kid is filled in.
 */
MUST_USE enum err key_make(const struct keyring *k, const struct key_directory *dir,
                           enum key_state state, int64_t activated_at, char kid[JWK_THUMBPRINT + 1],
                           struct buf *fault);
/*
 * Remove the private file of a key that signs no more.  What was encrypted for a key must stay
 * readable until that expires, unless at_once.
 */
MUST_USE enum err key_file_retire(const struct keyring *k, const struct key_directory *dir,
                                  const char *kid, bool at_once, struct buf *fault);

/* Of ERR_OK too, so that a call to the store is one line. */
MUST_USE enum err key_store_result(const struct keyring *k, enum err e, struct buf *fault);

#endif
