/* From a decision to the answer that the web server gets.  Pure. */
#ifndef FHIR_AUTH_ANSWER_H
#define FHIR_AUTH_ANSWER_H

#include "authorize.h"
#include "httpmsg.h"

struct answer_to {
    const struct request *request;
    const struct fhir_request *asked;
    const struct config *conf;
    struct slice request_id;
    enum auth_scheme scheme; /* with which the token came */
    struct slice dpop_nonce; /* for the header DPoP-Nonce; SLICE_NONE: none */
};

/*
 * 200 with the facts of the token (NULL on an open path) as Variable-* headers; always with
 * Variable-FHIR_AUTH: granted, by which a web server can tell that it was really asked.
 * Variable-REMOTE_USER is the client, for access logs and lighttpd's Forwarded header.
 * *out then refers to the texts of token and to a, and to nothing of d.
 */
void answer_grant(const struct token *token, const struct decision *d, struct arena *a,
                  struct response *out);

/*
 * The refusal that shared/error.h has for d->why, with its OperationOutcome, as to->request->pass
 * needs it.  *out then refers to a and to the nonce, and to nothing of d.
 */
void answer_deny(const struct answer_to *to, const struct decision *d, struct arena *a,
                 struct response *out);

#endif
