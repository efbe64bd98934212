#include "keyring_rows.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A process that signs may still hold a retired key for a moment. */
#define ROTATION_S 60

struct keyring keyring_of(const struct config *conf, struct store *st, const char *use, int64_t now)
{
    bool decrypts = strcmp(use, "enc") == 0;
    return (struct keyring){
        .directory = conf->key_dir,
        .store = st,
        .use = use,
        .alg = decrypts ? conf->encryption_alg : conf->signing_alg,
        .publish_s = conf->publish_before_use_s,
        .rotate_every_s = decrypts ? 0 : conf->rotate_every_s,
        .keep_retired_s = TOKEN_LIFETIME_MAX_S + ROTATION_S + (int64_t)conf->token_clock_skew_s,
        .now = now,
    };
}

enum err keyring_generate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    AUTO_ROWS(all);
    enum err e = key_rows_lock(k, true, &all, fault);
    if (e != ERR_OK)
        return e;
    bool first = key_rows_signer(&all) == NULL;
    return key_make(k, &all.dir, first ? KEY_ACTIVE : KEY_PENDING, first ? k->now : 0, kid, fault);
}

static enum err key_unpublish(const struct keyring *k, struct slice kid, struct buf *fault)
{
    return key_store_result(k, store_key_remove(k->store, kid), fault);
}

enum err keyring_retire(const struct keyring *k, struct slice kid, bool at_once, struct buf *fault)
{
    AUTO_ROWS(all);
    struct key_row *row = NULL;
    enum err e = key_rows_list(k, &all, fault);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < all.count && row == NULL; i++)
        if (slice_is(kid, all.rows[i].kid))
            row = &all.rows[i];
    if (row == NULL) {
        buf_printf(fault, "no published key has this kid");
        return ERR_NOT_FOUND;
    }
    e = at_once ? key_unpublish(k, kid, fault) : key_row_retire(k, row, fault);
    /* A key of another host: its file stays there, but signs no more without an active row. */
    if (e != ERR_OK || (access(k->directory, F_OK) != 0 && errno == ENOENT))
        return e;
    e = key_directory_open(k->directory, &all.dir, fault);
    return e == ERR_OK ? key_file_retire(k, &all.dir, row->kid, at_once, fault) : e;
}

/* Should the file of the newest be spoilt, the one before it serves on. */
static enum err signing_key(const struct keyring *k, struct jwk **out, struct buf *fault)
{
    AUTO_ROWS(all);
    size_t begin = fault->n;
    enum err e = key_rows_load(k, &all, fault);
    if (e != ERR_OK)
        return e == ERR_FILE ? ERR_KEYS : e;
    for (const struct key_row *row; (row = key_rows_signer(&all)) != NULL;) {
        fault->n = begin;
        e = key_file_read(&all.dir, row->kid, row->alg, out, fault);
        if (e == ERR_OK)
            return e;
        all.rows[row - all.rows].here = false;
    }
    if (fault->n == begin)
        buf_printf(fault, "no active signing key in %s; make one with: fhir-authctl key generate",
                   k->directory);
    return ERR_KEYS;
}

/* Tried twice: between the look into the store and the one at the file, a key may be retired. */
enum err keyring_signing_key(const struct keyring *k, struct jwk **out, struct buf *fault)
{
    size_t begin = fault->n;
    enum err e = signing_key(k, out, fault);
    if (e != ERR_KEYS)
        return e;
    fault->n = begin;
    return signing_key(k, out, fault);
}

enum err keyring_decryption_key(const struct keyring *k, struct slice kid, struct jwk **out,
                                struct buf *fault)
{
    AUTO_ROWS(all);
    enum err e = key_rows_load(k, &all, fault);
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
    int64_t began;
    struct jwk *found; /* owned */
};

static bool take_encryption_key(const struct store_key *row, void *context)
{
    struct encryption_key *search = context;
    struct key_row times = {.state = row->state, .activated_at = row->activated_at};
    struct jwk *key;
    bool expired = row->expires_at != 0 && row->expires_at <= search->k->now;
    int64_t began = key_row_began(&times, search->k->now);
    bool later = search->found == NULL || began > search->began;
    if (expired || !later || !key_row_signs(&times, search->k->now) ||
        strcmp(row->use, search->k->use) != 0 ||
        jwk_parse(slice_of(row->public_jwk), &key) != ERR_OK)
        return true;
    jwk_free(search->found);
    search->found = key;
    search->began = began;
    return true;
}

enum err keyring_encryption_key(const struct keyring *k, struct jwk **out, struct buf *fault)
{
    struct encryption_key search = {.k = k};
    enum err e = key_store_result(k, store_key_list(k->store, take_encryption_key, &search), fault);
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
