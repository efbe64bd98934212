#include "keyring.h"

#include "key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC_MAX 4096 /* bytes of a public key's JWK */
#define ROWS_MAX   256  /* published keys of all hosts; older ones are not looked at */

/* A key of the store, without its text. */
struct key_row {
    char kid[JWK_THUMBPRINT + 1];
    char alg[16];
    enum key_state state;
    int64_t created_at, activated_at, retired_at, expires_at;
    bool here; /* its private file is in our directory */
};

/* Newest first, as the store lists them. */
struct key_rows {
    struct key_directory dir;
    const char *use;
    int64_t now;
    size_t count;
    struct key_row rows[ROWS_MAX];
};

static void rows_close(struct key_rows *all)
{
    key_directory_close(&all->dir);
}
#define AUTO_ROWS(name)                                                                            \
    __attribute__((cleanup(rows_close))) struct key_rows name = {.dir = {.fd = -1}}

/* Other hosts write to the store too: a kid that is no thumbprint must not become a path. */
static bool row_collect(const struct store_key *key, void *context)
{
    struct key_rows *all = context;
    struct key_row *row = &all->rows[all->count];
    bool expired = key->expires_at != 0 && key->expires_at <= all->now;
    if (expired || strcmp(key->use, all->use) != 0 || !key_kid_is_thumbprint(slice_of(key->kid)) ||
        strlen(key->alg) >= sizeof row->alg)
        return true;
    *row = (struct key_row){
        .state = key->state,
        .created_at = key->created_at,
        .activated_at = key->activated_at,
        .retired_at = key->retired_at,
        .expires_at = key->expires_at,
        .here = key_file_exists(&all->dir, key->kid),
    };
    snprintf(row->kid, sizeof row->kid, "%s", key->kid);
    snprintf(row->alg, sizeof row->alg, "%s", key->alg);
    all->count++;
    return all->count < ROWS_MAX;
}

/* Of ERR_OK too, so that a call to the store is one line. */
static enum err store_result(const struct keyring *k, enum err e, struct buf *fault)
{
    if (e != ERR_OK)
        buf_printf(fault, "store: %s", e == ERR_STORE ? store_fault(k->store) : err_row(e)->text);
    return e;
}

static enum err rows_list(const struct keyring *k, struct key_rows *all, struct buf *fault)
{
    all->now = k->now;
    all->use = k->use;
    return store_result(k, store_key_list(k->store, row_collect, all), fault);
}

static enum err rows_load(const struct keyring *k, struct key_rows *all, struct buf *fault)
{
    enum err e = key_directory_open(k->directory, &all->dir, fault);
    return e == ERR_OK ? rows_list(k, all, fault) : e;
}

static enum err row_save(const struct keyring *k, const struct key_row *row, struct buf *fault)
{
    struct store_key key = {
        .kid = row->kid,
        .alg = row->alg,
        .use = k->use,
        .public_jwk = "",
        .state = row->state,
        .created_at = row->created_at,
        .activated_at = row->activated_at,
        .retired_at = row->retired_at,
        .expires_at = row->expires_at,
    };
    return store_result(k, store_key_update(k->store, &key), fault);
}

static enum err key_publish(const struct keyring *k, const struct jwk *key, enum key_state state,
                            struct buf *fault)
{
    char text[PUBLIC_MAX];
    struct buf b = BUF(text);
    if (jwk_write_public(key, &b) != ERR_OK || b.overflowed) {
        buf_printf(fault, "the public key cannot be written as text");
        return ERR_INTERNAL;
    }
    struct store_key row = {
        .kid = key->kid,
        .alg = k->alg,
        .use = k->use,
        .public_jwk = text,
        .state = state,
        .created_at = k->now,
        .activated_at = state == KEY_ACTIVE ? k->now : 0,
    };
    return store_result(k, store_key_add(k->store, &row), fault);
}

/* Its kid is an argument of commands, so it must not look like an option. */
static enum err key_new(const char *alg, struct jwk **out)
{
    struct jwk *key = NULL;
    enum err e;
    do {
        jwk_free(key);
        key = NULL;
        e = jwk_generate(alg, &key);
    } while (e == ERR_OK && key->kid[0] == '-');
    if (e == ERR_OK && !key_kid_is_thumbprint(slice_of(key->kid)))
        e = ERR_INTERNAL;
    if (e == ERR_OK)
        *out = key;
    else
        jwk_free(key);
    return e;
}

/* File first: a published key that nobody can sign with is worse than a file that nobody knows. */
static enum err key_make(const struct keyring *k, const struct key_directory *dir,
                         enum key_state state, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    struct jwk *key = NULL;
    enum err e = key_new(k->alg, &key);
    if (e != ERR_OK) {
        buf_printf(fault, "a key for %s cannot be made: %s", k->alg, err_row(e)->text);
        return e == ERR_MEMORY ? e : ERR_INTERNAL;
    }
    e = key_file_write(dir, key, fault);
    if (e == ERR_OK) {
        e = key_publish(k, key, state, fault);
        if (e != ERR_OK && key_file_remove(dir, key->kid, fault) != ERR_OK)
            e = ERR_FILE;
    }
    if (e == ERR_OK)
        memcpy(kid, key->kid, JWK_THUMBPRINT + 1);
    jwk_free(key);
    return e;
}

static bool signs_here(const struct key_row *row)
{
    return row->here && row->state == KEY_ACTIVE;
}

enum err keyring_generate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    AUTO_ROWS(all);
    enum key_state state = KEY_ACTIVE;
    enum err e = rows_load(k, &all, fault);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < all.count; i++)
        if (signs_here(&all.rows[i]))
            state = KEY_PENDING;
    return key_make(k, &all.dir, state, kid, fault);
}

/* The oldest pending key here becomes active, if it can sign; a new key when there is none. */
static enum err key_promote(const struct keyring *k, const struct key_rows *all,
                            char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    const struct key_row *oldest = NULL;
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].here && all->rows[i].state == KEY_PENDING)
            oldest = &all->rows[i];
    if (oldest == NULL)
        return key_make(k, &all->dir, KEY_ACTIVE, kid, fault);

    struct jwk *key = NULL;
    enum err e = key_file_read(&all->dir, oldest->kid, oldest->alg, &key, fault);
    jwk_free(key);
    if (e != ERR_OK)
        return e;
    struct key_row active = *oldest;
    active.state = KEY_ACTIVE;
    active.activated_at = k->now;
    e = row_save(k, &active, fault);
    if (e == ERR_OK)
        memcpy(kid, active.kid, sizeof active.kid);
    return e;
}

static enum err row_retire(const struct keyring *k, struct key_row *row, struct buf *fault)
{
    if (row->state == KEY_RETIRED)
        return ERR_OK;
    row->state = KEY_RETIRED;
    row->retired_at = k->now;
    row->expires_at = k->now + k->keep_retired_s;
    return row_save(k, row, fault);
}

/* What was encrypted for a key must stay readable until it expires; what signed is needed no more.
 */
static enum err file_retire(const struct keyring *k, const struct key_directory *dir,
                            const char *kid, bool at_once, struct buf *fault)
{
    bool decrypts = strcmp(k->use, "enc") == 0;
    return decrypts && !at_once ? ERR_OK : key_file_remove(dir, kid, fault);
}

/* The next key signs before the last one stops, so that there is one at every moment. */
enum err keyring_rotate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    AUTO_ROWS(all);
    char next[JWK_THUMBPRINT + 1];
    enum err e = rows_load(k, &all, fault);
    if (e == ERR_OK)
        e = key_promote(k, &all, next, fault);
    for (size_t i = 0; e == ERR_OK && i < all.count; i++) {
        struct key_row *row = &all.rows[i];
        if (!signs_here(row))
            continue;
        e = row_retire(k, row, fault);
        if (e == ERR_OK)
            e = file_retire(k, &all.dir, row->kid, false, fault);
    }
    if (e == ERR_OK)
        memcpy(kid, next, sizeof next);
    return e;
}

static enum err key_unpublish(const struct keyring *k, struct slice kid, struct buf *fault)
{
    return store_result(k, store_key_remove(k->store, kid), fault);
}

enum err keyring_retire(const struct keyring *k, struct slice kid, bool at_once, struct buf *fault)
{
    AUTO_ROWS(all);
    struct key_row *row = NULL;
    enum err e = rows_list(k, &all, fault);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < all.count && row == NULL; i++)
        if (slice_is(kid, all.rows[i].kid))
            row = &all.rows[i];
    if (row == NULL) {
        buf_printf(fault, "no published key has this kid");
        return ERR_NOT_FOUND;
    }
    e = at_once ? key_unpublish(k, kid, fault) : row_retire(k, row, fault);
    /* A key of another host: its file stays there, but signs no more without an active row. */
    if (e != ERR_OK || (access(k->directory, F_OK) != 0 && errno == ENOENT))
        return e;
    e = key_directory_open(k->directory, &all.dir, fault);
    return e == ERR_OK ? file_retire(k, &all.dir, row->kid, at_once, fault) : e;
}

enum err keyring_signing_key(const struct keyring *k, struct jwk **out, struct buf *fault)
{
    AUTO_ROWS(all);
    enum err e = rows_load(k, &all, fault);
    if (e != ERR_OK)
        return e == ERR_FILE ? ERR_KEYS : e;
    for (size_t i = 0; i < all.count; i++)
        if (signs_here(&all.rows[i]))
            return key_file_read(&all.dir, all.rows[i].kid, all.rows[i].alg, out, fault);
    buf_printf(fault, "no active signing key in %s; make one with: fhir-authctl key generate",
               k->directory);
    return ERR_KEYS;
}

enum err keyring_decryption_key(const struct keyring *k, struct slice kid, struct jwk **out,
                                struct buf *fault)
{
    AUTO_ROWS(all);
    enum err e = rows_load(k, &all, fault);
    if (e != ERR_OK)
        return e == ERR_FILE ? ERR_KEYS : e;
    for (size_t i = 0; i < all.count; i++)
        if (all.rows[i].here && slice_is(kid, all.rows[i].kid))
            return key_file_read(&all.dir, all.rows[i].kid, all.rows[i].alg, out, fault);
    buf_printf(fault, "no key in %s decrypts for this kid", k->directory);
    return ERR_JWE_KEY;
}

struct encryption_key {
    const struct keyring *k;
    struct jwk *found; /* owned */
};

static bool take_encryption_key(const struct store_key *row, void *context)
{
    struct encryption_key *search = context;
    bool expired = row->expires_at != 0 && row->expires_at <= search->k->now;
    if (expired || row->state != KEY_ACTIVE || strcmp(row->use, search->k->use) != 0)
        return true;
    return jwk_parse(slice_of(row->public_jwk), &search->found) != ERR_OK;
}

enum err keyring_encryption_key(const struct keyring *k, struct jwk **out, struct buf *fault)
{
    struct encryption_key search = {.k = k};
    enum err e = store_result(k, store_key_list(k->store, take_encryption_key, &search), fault);
    if (e != ERR_OK)
        return e;
    if (search.found == NULL) {
        buf_puts(fault, "no key to encrypt for; make one on the gateway's host with: "
                        "fhir-authctl key generate --use enc");
        return ERR_KEYS;
    }
    *out = search.found;
    return ERR_OK;
}
