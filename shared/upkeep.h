/* The tasks of the housekeeper (housekeeper.h), one call a task; faults are logged here. */
#ifndef FHIR_AUTH_UPKEEP_H
#define FHIR_AUTH_UPKEEP_H

#include "config.h"
#include "store.h"

#define UPKEEP_EVERY_S    60  /* how often expired rows are looked for */
#define UPKEEP_ROWS       500 /* that one transaction deletes at most */
#define UPKEEP_REMINDER_S 86400

/* ERR_OK: this process is to purge now, by upkeep_purge until *more is false.  ERR_EXISTS. */
MUST_USE enum err upkeep_begin_purge(struct store *st, int64_t now);
MUST_USE enum err upkeep_purge(struct store *st, int64_t now, bool *more);

/*
 * The keys of this host, of both uses.  *next_at: nothing is to be done before, as far as is known.
 * ERR_STORE; any other trouble is in the log, once a day.
 */
MUST_USE enum err upkeep_keys(const struct config *conf, struct store *st, int64_t now,
                              int64_t *next_at);

#endif
