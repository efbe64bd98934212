#include "keyring_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define PUBLIC_MAX 4096 /* bytes of a public key's JWK */

void key_rows_close(struct key_rows *all)
{
    key_directory_close(&all->dir);
}

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
    return all->count < KEY_ROWS_MAX;
}

enum err key_store_result(const struct keyring *k, enum err e, struct buf *fault)
{
    if (e != ERR_OK)
        buf_printf(fault, "store: %s", e == ERR_STORE ? store_fault(k->store) : err_row(e)->text);
    return e;
}

enum err key_rows_list(const struct keyring *k, struct key_rows *all, struct buf *fault)
{
    all->now = k->now;
    all->use = k->use;
    return key_store_result(k, store_key_list(k->store, row_collect, all), fault);
}

enum err key_rows_load(const struct keyring *k, struct key_rows *all, struct buf *fault)
{
    enum err e = key_directory_open(k->directory, &all->dir, fault);
    return e == ERR_OK ? key_rows_list(k, all, fault) : e;
}

enum err key_rows_lock(const struct keyring *k, bool wait, struct key_rows *all, struct buf *fault)
{
    enum err e = key_directory_open(k->directory, &all->dir, fault);
    if (e != ERR_OK)
        return e;
    while (flock(all->dir.fd, LOCK_EX | (wait ? 0 : LOCK_NB)) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK)
            return ERR_EXISTS;
        buf_printf(fault, "key directory %s: cannot be locked: %s", k->directory, strerror(errno));
        return ERR_FILE;
    }
    return key_rows_list(k, all, fault);
}

bool key_row_signs(const struct key_row *row, int64_t now)
{
    bool due = row->state == KEY_PENDING && row->activated_at != 0 && row->activated_at <= now;
    return due || row->state == KEY_ACTIVE;
}

int64_t key_row_began(const struct key_row *row, int64_t now)
{
    return row->activated_at <= now ? row->activated_at : 0;
}

const struct key_row *key_rows_signer(const struct key_rows *all)
{
    const struct key_row *signer = NULL;
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].here && key_row_signs(&all->rows[i], all->now) &&
            (signer == NULL ||
             key_row_began(&all->rows[i], all->now) > key_row_began(signer, all->now)))
            signer = &all->rows[i];
    return signer;
}

enum err key_row_save(const struct keyring *k, const struct key_row *row, struct buf *fault)
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
    return key_store_result(k, store_key_update(k->store, &key), fault);
}

enum err key_row_retire(const struct keyring *k, struct key_row *row, struct buf *fault)
{
    if (row->state == KEY_RETIRED)
        return ERR_OK;
    row->state = KEY_RETIRED;
    row->retired_at = k->now;
    row->expires_at = k->now + k->keep_retired_s;
    return key_row_save(k, row, fault);
}

static enum err key_publish(const struct keyring *k, const struct jwk *key, enum key_state state,
                            int64_t activated_at, struct buf *fault)
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
        .activated_at = activated_at,
    };
    return key_store_result(k, store_key_add(k->store, &row), fault);
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
enum err key_make(const struct keyring *k, const struct key_directory *dir, enum key_state state,
                  int64_t activated_at, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    struct jwk *key = NULL;
    enum err e = key_new(k->alg, &key);
    if (e != ERR_OK) {
        buf_printf(fault, "a key for %s cannot be made: %s", k->alg, err_row(e)->text);
        return e == ERR_MEMORY ? e : ERR_INTERNAL;
    }
    e = key_file_write(dir, key, fault);
    if (e == ERR_OK) {
        e = key_publish(k, key, state, activated_at, fault);
        if (e != ERR_OK && key_file_remove(dir, key->kid, fault) != ERR_OK)
            e = ERR_FILE;
    }
    if (e == ERR_OK)
        memcpy(kid, key->kid, JWK_THUMBPRINT + 1);
    jwk_free(key);
    return e;
}

enum err key_file_retire(const struct keyring *k, const struct key_directory *dir, const char *kid,
                         bool at_once, struct buf *fault)
{
    bool decrypts = strcmp(k->use, "enc") == 0;
    return decrypts && !at_once ? ERR_OK : key_file_remove(dir, kid, fault);
}
