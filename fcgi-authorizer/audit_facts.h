/* What there is to tell of a decision, for the log and for the AuditEvent.  Pure. */
#ifndef FHIR_AUTH_AUDIT_FACTS_H
#define FHIR_AUTH_AUDIT_FACTS_H

#include "authorize.h"
#include "httpmsg.h"

struct audit_decision {
    const struct request *request;
    struct slice request_id;
    const struct fhir_request *asked;
    enum err asked_error;      /* of fhir_request_parse */
    const struct token *token; /* NULL: none that has been verified */
    const struct decision *decision;
    struct slice gateway; /* how the gateway calls itself: its issuer */
    int64_t at_ms;        /* since 1970 */
    int64_t took_us;
};

/* The client, else the subject, of the token; empty when there is none. */
struct slice audit_client(const struct audit_decision *d);

/* Id of the Patient that the request names, or the only one that the token is good for. */
struct slice audit_patient(const struct audit_decision *d);

/* There is a query, it has been understood as a whole, and nothing secret can be seen in it. */
bool audit_query_may_be_told(const struct audit_decision *d);

#endif
