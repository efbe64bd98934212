/*
 * The body of a refusal: an OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html) in the
 * form and language that the client prefers.  Pure.
 */
#ifndef FHIR_AUTH_OUTCOME_H
#define FHIR_AUTH_OUTCOME_H

#include "buf.h"
#include "error.h"

struct outcome_form {
    bool xml;     /* application/fhir+xml rather than application/fhir+json */
    bool spanish; /* rather than English */
};

/*
 * _format (as sent, may be SLICE_NONE) wins over Accept (RFC 9110 section 12.5.1, with q-values);
 * JSON and English when nothing is said or both are alike.
 */
struct outcome_form outcome_negotiate(struct slice format, struct slice accept,
                                      struct slice accept_language);

const char *outcome_content_type(struct outcome_form form);

/*
 * One issue of severity error.  detail: more for a person, English, may be SLICE_NONE; request_id:
 * what the log line bears.
 */
void outcome_write(enum err why, struct outcome_form form, struct slice detail,
                   struct slice request_id, struct buf *out);

#endif
