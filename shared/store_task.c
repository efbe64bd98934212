/* Work that one of all processes does now and then. */
#include "store_internal.h"

enum err store_task_take(struct store *st, struct slice name, int64_t now, int64_t next_at)
{
    int taken = 0;
    enum err e = store_run(
        st,
        "INSERT INTO task (name, next_at) VALUES (?1, ?3)"
        " ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at"
        " WHERE task.next_at <= ?2 OR task.next_at > ?4",
        PARAMS(TEXT(name), INTEGER(now), INTEGER(next_at), INTEGER(next_at + (next_at - now))),
        &taken);
    return e == ERR_OK && taken == 0 ? ERR_EXISTS : e;
}
