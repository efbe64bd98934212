/* Which key signs when: the schedule, and what follows when a time has come. */
#include "keyring_rows.h"

#include <string.h>

/* Times are whole seconds, which may lose one, and to make and publish a key takes a moment. */
#define MARGIN_S 2

/* So many published keys are too many for another by itself: key sets are bounded. */
#define SET_FULL (JWK_SET_MAX_KEYS / 2)

static bool waits_here(const struct key_row *row, int64_t now)
{
    return row->here && row->state == KEY_PENDING && !key_row_signs(row, now);
}

/* The next to sign.  NULL when none waits. */
static const struct key_row *oldest_waiting(const struct key_rows *all)
{
    const struct key_row *oldest = NULL;
    for (size_t i = 0; i < all->count; i++)
        if (waits_here(&all->rows[i], all->now))
            oldest = &all->rows[i];
    return oldest;
}

/* The one with a time. */
static const struct key_row *scheduled(const struct key_rows *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (waits_here(&all->rows[i], all->now) && all->rows[i].activated_at != 0)
            return &all->rows[i];
    return NULL;
}

static enum err check_file(const struct key_rows *all, const struct key_row *row, struct buf *fault)
{
    struct jwk *key = NULL;
    enum err e = key_file_read(&all->dir, row->kid, row->alg, &key, fault);
    jwk_free(key);
    return e;
}

/*
 * A retired key of another host's command, or one that has expired: its file goes.  Expired rows
 * stay in the store for a while, so that this host can do so.
 */
struct leftover {
    const struct keyring *k;
    const struct key_directory *dir;
    struct buf *fault;
    enum err result;
};

static bool remove_leftover(const struct store_key *key, void *context)
{
    struct leftover *l = context;
    bool expired = key->expires_at != 0 && key->expires_at <= l->k->now;
    if (strcmp(key->use, l->k->use) != 0 || !key_kid_is_thumbprint(slice_of(key->kid)) ||
        (key->state != KEY_RETIRED && !expired) || !key_file_exists(l->dir, key->kid))
        return true;
    l->result = key_file_retire(l->k, l->dir, key->kid, expired, l->fault);
    return l->result == ERR_OK;
}

static enum err remove_leftovers(const struct keyring *k, const struct key_rows *all,
                                 struct buf *fault)
{
    struct leftover l = {.k = k, .dir = &all->dir, .fault = fault};
    enum err e = key_store_result(k, store_key_list(k->store, remove_leftover, &l), fault);
    return e == ERR_OK ? l.result : e;
}

/* All that sign here but this one. */
static enum err retire_others(const struct keyring *k, struct key_rows *all, const char *kid,
                              struct buf *fault)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < all->count; i++) {
        struct key_row *row = &all->rows[i];
        if (!row->here || !key_row_signs(row, k->now) || strcmp(row->kid, kid) == 0)
            continue;
        e = key_row_retire(k, row, fault);
        if (e == ERR_OK)
            e = key_file_retire(k, &all->dir, row->kid, false, fault);
    }
    return e;
}

/* The time of a key has come: the store says so, too, and the one before it is retired. */
static enum err note_switch(const struct keyring *k, struct key_rows *all, struct key_tended *out,
                            struct buf *fault)
{
    const struct key_row *signer = key_rows_signer(all);
    enum err e = ERR_OK;
    if (signer == NULL)
        return e;
    if (signer->state == KEY_PENDING) {
        struct key_row active = *signer;
        active.state = KEY_ACTIVE;
        e = check_file(all, signer, fault);
        if (e == ERR_OK)
            e = key_row_save(k, &active, fault);
        if (e == ERR_OK) {
            all->rows[signer - all->rows] = active;
            out->change = KEY_SWITCHED;
            out->signs_from = active.activated_at;
            memcpy(out->kid, active.kid, sizeof out->kid);
        }
    }
    return e == ERR_OK ? retire_others(k, all, signer->kid, fault) : e;
}

/* The moment from which a key may sign that was made at created_at. */
static int64_t published_at(const struct keyring *k, int64_t created_at)
{
    int64_t since = created_at < k->now ? created_at : k->now; /* the clock may have been wrong */
    int64_t from = since + k->publish_s + (k->publish_s > 0 ? MARGIN_S : 0);
    return from > k->now ? from : k->now;
}

/*
 * The oldest waiting key, or a new one, begins at not_before, or when it has been published for
 * long enough.  The next key signs before the last one stops, so that there is one at every moment.
 */
static enum err schedule(const struct keyring *k, struct key_rows *all, int64_t not_before,
                         struct key_tended *out, struct buf *fault)
{
    const struct key_row *oldest = oldest_waiting(all);
    bool alone = key_rows_signer(all) == NULL;
    int64_t from = alone ? k->now : published_at(k, oldest != NULL ? oldest->created_at : k->now);
    if (from < not_before)
        from = not_before;
    enum key_state state = from <= k->now ? KEY_ACTIVE : KEY_PENDING;
    enum err e;
    if (oldest == NULL) {
        e = key_make(k, &all->dir, state, from, out->kid, fault);
    } else {
        struct key_row next = *oldest;
        next.state = state;
        next.activated_at = from;
        e = check_file(all, oldest, fault);
        if (e == ERR_OK)
            e = key_row_save(k, &next, fault);
        if (e == ERR_OK)
            memcpy(out->kid, next.kid, sizeof out->kid);
    }
    if (e != ERR_OK)
        return e;
    out->change = state == KEY_ACTIVE ? KEY_SWITCHED : KEY_SCHEDULED;
    out->signs_from = from;
    return state == KEY_ACTIVE ? retire_others(k, all, out->kid, fault) : ERR_OK;
}

enum err keyring_rotate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1], struct buf *fault)
{
    AUTO_ROWS(all);
    struct key_tended done = {0};
    enum err e = key_rows_lock(k, true, &all, fault);
    if (e == ERR_OK)
        e = note_switch(k, &all, &done, fault);
    if (e == ERR_OK)
        e = schedule(k, &all, k->now, &done, fault);
    if (e == ERR_OK)
        e = remove_leftovers(k, &all, fault);
    if (e == ERR_OK)
        memcpy(kid, done.kid, sizeof done.kid);
    return e;
}

static enum err replace_in_time(const struct keyring *k, struct key_rows *all,
                                struct key_tended *out, struct buf *fault)
{
    const struct key_row *signer = key_rows_signer(all), *next = scheduled(all);
    if (signer == NULL || k->rotate_every_s == 0)
        return ERR_OK;
    if (out->change != KEY_AS_IT_WAS) { /* one change at a time, for the caller to log */
        out->next_at = k->now;
        return ERR_OK;
    }
    int64_t lead = k->publish_s + MARGIN_S, at = key_row_began(signer, k->now) + k->rotate_every_s;
    /* A time that lies farther ahead was set while the clock was wrong. */
    if (next != NULL && next->activated_at <= k->now + lead)
        return ERR_OK;
    if (at - lead > k->now) {
        out->next_at = at - lead;
        return ERR_OK;
    }
    if (next == NULL && all->count >= SET_FULL) {
        buf_printf(fault, "%zu keys are published already", all->count);
        return ERR_KEYS;
    }
    return schedule(k, all, at, out, fault);
}

enum err keyring_tend(const struct keyring *k, struct key_tended *out, struct buf *fault)
{
    AUTO_ROWS(all);
    struct key_tended done = {.next_at = INT64_MAX};
    enum err e = key_rows_lock(k, false, &all, fault);
    if (e == ERR_OK)
        e = note_switch(k, &all, &done, fault);
    if (e == ERR_OK)
        e = replace_in_time(k, &all, &done, fault);
    if (e == ERR_OK)
        e = remove_leftovers(k, &all, fault);
    const struct key_row *next = scheduled(&all);
    if (next != NULL && next->activated_at < done.next_at)
        done.next_at = next->activated_at;
    if (done.change == KEY_SCHEDULED)
        done.next_at = done.signs_from;
    *out = done;
    return e;
}
