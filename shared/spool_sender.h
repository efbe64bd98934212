/*
 * The thread that posts what is in a spool to a FHIR server.  Each process has one; of all
 * processes one at a time sends.  Nobody ever waits for it but at the end of the process.
 *
 * An event that the server refuses for what it is (400, 409, 412, 413, 422) is dropped, and logged.
 * All else (no answer, 5xx, 429; 401, 403, 404 and the like, which are for the administrator to
 * mend) is tried again, after 1 s at first, at last every 60 s.
 */
#ifndef FHIR_AUTH_SPOOL_SENDER_H
#define FHIR_AUTH_SPOOL_SENDER_H

#include "spool.h"

struct spool_sender;

/*
 * spool, url (of the FHIR base's AuditEvent) and ca_file ("" for the system's) must outlive it.
 * All signals are blocked in the thread.  NULL: memory or threads are out.
 */
struct spool_sender *spool_sender_start(struct spool *spool, const char *url, const char *ca_file);

/* Waits for the event on its way, for SPOOL_SENDER_TIMEOUT_MS at most.  What is left stays. */
#define SPOOL_SENDER_TIMEOUT_MS 5000
void spool_sender_stop(struct spool_sender *s);

#endif
