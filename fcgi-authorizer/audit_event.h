/*
 * A decision as a FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html) that follows IHE's
 * Basic Audit Log Patterns 1.1.4 (https://profiles.ihe.net/ITI/BALP/).  Pure: no I/O, no clock.
 *
 * What it tells is the gateway's own part: outcome 0 is "was let through"; whether the FHIR server
 * then did it, the gateway does not know.
 */
#ifndef FHIR_AUTH_AUDIT_EVENT_H
#define FHIR_AUTH_AUDIT_EVENT_H

#include "audit_facts.h"

/* Room that the event of this decision fits into; bytes. */
size_t audit_event_room(const struct audit_decision *d);

/*
 * One line of JSON with its newline.  A query is told as its profile wants it, unless a token or a
 * secret may stand in it.  meta.profile names the profiles that the event satisfies.
 */
void audit_event_write(const struct audit_decision *d, struct buf *out);

#endif
