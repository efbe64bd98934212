/*
 * Writes of all threads of a process, by one of them at a time: what the others bring while it
 * commits goes together into the next transaction.  So no thread of this process waits for SQLite's
 * lock while another holds it, and the pages that the one connection keeps stay good from one
 * transaction to the next.
 */
#ifndef FHIR_AUTH_STORE_GROUP_H
#define FHIR_AUTH_STORE_GROUP_H

#include "store.h"

struct store_group;

/* Opens nothing yet.  NULL when memory is out. */
struct store_group *store_group_new(const char *path, unsigned busy_timeout_ms);
/* Nobody runs anything in it any more. */
void store_group_free(struct store_group *g);

/* Begins no transaction of its own.  Any error but ERR_STORE means that it has written nothing. */
typedef enum err store_work(struct store *st, void *context);

/*
 * Do the work, and return what it returned once its transaction is committed.  ERR_STORE: that
 * could not be, or other work in it failed so; nothing of it was kept.  From any thread.
 */
MUST_USE enum err store_group_run(struct store_group *g, store_work *work, void *context);

#endif
