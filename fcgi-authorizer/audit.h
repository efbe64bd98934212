/*
 * What is told of each decision: one line in the log, and when configured a FHIR AuditEvent, in a
 * file or on its way to a FHIR server.  Nothing that fails here fails a request.
 */
#ifndef FHIR_AUTH_AUDIT_H
#define FHIR_AUTH_AUDIT_H

#include "audit_event.h"

struct audit;

/* conf must outlive it.  NULL: memory is out, or (logged) the file for events cannot be opened. */
struct audit *audit_new(const struct config *conf);
/* Events that are not sent yet stay in the spool. */
void audit_free(struct audit *a);

/* Safe from any thread.  The arena lends room for the event, and is then as it was. */
void audit_tell(struct audit *a, const struct audit_decision *d, struct arena *arena);

#endif
