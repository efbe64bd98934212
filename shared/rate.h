/*
 * So many in a minute and no more: limits that all processes share by the store, without a write
 * for each request.
 *
 * A process counts in a table of its own, which all its threads share, and adds that to the store
 * with the first of a minute, then each sixteenth of the limit, and when it sees the limit reached.
 * So P processes together let through at most P times a sixteenth of the limit more than the limit;
 * of a limit below 32 nothing.  Who is over the limit is remembered, and costs no write until the
 * minute is over.  The minute begins with the first request.
 */
#ifndef FHIR_AUTH_RATE_H
#define FHIR_AUTH_RATE_H

#include "store.h"

#define RATE_WINDOW_S 60
#define RATE_ENTRIES                                                                               \
    1024 /* of the table: a full one forgets what was not added to the store yet                   \
          */

struct rates;

/* NULL when memory is out. */
struct rates *rates_new(void);
void rates_free(struct rates *r);

struct rate_limit {
    const char *kind; /* what is counted */
    unsigned limit;   /* in RATE_WINDOW_S; 0: any number */
};

/*
 * Count one for the name.  ERR_THROTTLED: it is beyond the limit, and *retry_after_s is the rest of
 * the minute.  r: NULL, as for a process that serves but one request: each goes to the store.
 * Errors of the store.
 */
MUST_USE enum err rate_count(struct rates *r, struct store *st, const struct rate_limit *l,
                             struct slice name, int64_t now, int64_t *retry_after_s);

/* Is the name beyond the limit?  Counts nothing; sees each refusal that a process has given. */
MUST_USE enum err rate_look(struct store *st, const struct rate_limit *l, struct slice name,
                            int64_t now, int64_t *retry_after_s);

#endif
