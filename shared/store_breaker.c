/* Services that failed: when they may be asked again, and by whom. */
#include "store_internal.h"

#define LIMITS         TEXT_OF(STORE_BREAKER_FAILURES)
#define TEXT_OF(n)     NUMBER_TEXT(n)
#define NUMBER_TEXT(n) #n

enum err store_breaker_get(struct store *st, struct slice name, int64_t now,
                           struct store_breaker *out)
{
    sqlite3_stmt *s = NULL;
    struct store_breaker b = {0};
    bool row = false;
    enum err e = store_start(st, "SELECT failures, open_until FROM breaker WHERE name = ?1",
                             PARAMS(TEXT(name)), &s);
    if (e != ERR_OK)
        return e;
    e = store_row(st, s, &row);
    if (e == ERR_OK && row)
        b = (struct store_breaker){.failures = sqlite3_column_int64(s, 0),
                                   .open_until = sqlite3_column_int64(s, 1)};
    store_done(s);
    b.open = b.failures >= STORE_BREAKER_FAILURES;
    if (b.open && b.open_until > now && b.open_until <= now + STORE_BREAKER_AHEAD_S)
        b.wait_s = b.open_until - now;
    if (e == ERR_OK)
        *out = b;
    return e;
}

enum err store_breaker_probe(struct store *st, struct slice name, int64_t now, int64_t until)
{
    int taken = 0;
    enum err e = store_run(
        st,
        "UPDATE breaker SET open_until = ?3 WHERE name = ?1"
        " AND failures >= " LIMITS " AND (open_until <= ?2 OR open_until > ?4)",
        PARAMS(TEXT(name), INTEGER(now), INTEGER(until), INTEGER(now + STORE_BREAKER_AHEAD_S)),
        &taken);
    return e == ERR_OK && taken == 0 ? ERR_EXISTS : e;
}

enum err store_breaker_failed(struct store *st, struct slice name, bool probe, int64_t now)
{
    return store_run(st,
                     "INSERT INTO breaker (name, failures, open_until) VALUES (?1, 1, 0)"
                     " ON CONFLICT (name) DO UPDATE SET failures = failures + 1, open_until ="
                     " CASE WHEN failures + 1 < " LIMITS " THEN 0 ELSE ?2 + min(?3, ?4 <<"
                     " min(failures + 1 - " LIMITS ", 10)) END"
                     " WHERE ?5 OR failures < " LIMITS,
                     PARAMS(TEXT(name), INTEGER(now), INTEGER(STORE_BREAKER_MAX_S),
                            INTEGER(STORE_BREAKER_MIN_S), INTEGER(probe)),
                     NULL);
}

enum err store_breaker_clear(struct store *st, struct slice name)
{
    return store_run(st, "DELETE FROM breaker WHERE name = ?1", PARAMS(TEXT(name)), NULL);
}
