/* From the variables of FastCGI or CGI (RFC 3875 section 4.1) to a struct request. */
#ifndef FHIR_AUTH_SERVER_ENV_H
#define FHIR_AUTH_SERVER_ENV_H

#include "httpmsg.h"

/*
 * envp: "NAME=value" strings, NULL-terminated; *rq borrows from them.  The first of two equal names
 * wins; when it is one that decides, rq->duplicate is set and the request must be refused; two
 * proofs make one that is none.
 * *content_length: CONTENT_LENGTH, 0 when absent; ERR_FORM in rq->body_error when it is no number.
 */
void request_from_env(char **envp, enum role role, struct request *rq, size_t *content_length);

/* Overwrite the value of HTTP_AUTHORIZATION and its like once the answer is composed. */
void request_wipe_env(char **envp);

#endif
