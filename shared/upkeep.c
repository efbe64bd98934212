#include "upkeep.h"

#include "keyring.h"
#include "log.h"

#define LOG_BYTES (8 * 1024 * 1024) /* of the store's own log, which SQLite begins anew at half */

enum err upkeep_begin_purge(struct store *st, int64_t now)
{
    return store_task_take(st, SLICE("purge"), now, now + UPKEEP_EVERY_S);
}

enum err upkeep_purge(struct store *st, int64_t now, bool *more)
{
    enum err e = store_purge(st, now, UPKEEP_ROWS, more);
    if (e == ERR_OK)
        e = store_shorten_log(st, LOG_BYTES);
    return e;
}

static void log_change(const struct key_tended *t, const char *use)
{
    static const char *const events[] = {
        [KEY_SCHEDULED] = "key-scheduled", [KEY_SWITCHED] = "key-switched"};
    if (t->change != KEY_AS_IT_WAS)
        LOG(LOG_LEVEL_INFO, events[t->change], LOG_TEXT("kid", slice_of(t->kid)),
            LOG_TEXT("use", slice_of(use)), LOG_NUMBER("signs_from", t->signs_from));
}

/* Tokens are still issued, so once a day will do, of all processes of this host. */
static void log_trouble(const struct config *conf, struct store *st, int64_t now,
                        const struct buf *fault)
{
    char text[CONFIG_MAX_TEXT + 32];
    struct buf task = BUF(text);
    buf_printf(&task, "key trouble in %s", conf->key_dir);
    if (store_task_take(st, buf_slice(&task), now, now + UPKEEP_REMINDER_S) != ERR_OK)
        return;
    LOG(LOG_LEVEL_ERROR, "keys-not-tended", LOG_TEXT("reason", buf_slice(fault)),
        LOG_TEXT("remedy", SLICE("mend that, or let the owner of the keys run "
                                 "`fhir-authctl key rotate` now and then, by cron(8) say")));
}

enum err upkeep_keys(const struct config *conf, struct store *st, int64_t now, int64_t *next_at)
{
    static const char *const uses[] = {"sig", "enc"};
    *next_at = INT64_MAX;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        char text[1024];
        struct buf fault = BUF(text);
        struct key_tended t = {.next_at = INT64_MAX};
        struct keyring k = keyring_of(conf, st, uses[i], now);
        enum err e = keyring_tend(&k, &t, &fault);
        log_change(&t, uses[i]);
        if (t.next_at < *next_at)
            *next_at = t.next_at;
        if (e == ERR_STORE)
            return e;
        if (e != ERR_OK && e != ERR_EXISTS) {
            log_trouble(conf, st, now, &fault);
            return ERR_OK;
        }
    }
    return ERR_OK;
}
