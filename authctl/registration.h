/* What an administrator says about a client, checked; for client add and client set. */
#ifndef FHIR_AUTH_REGISTRATION_H
#define FHIR_AUTH_REGISTRATION_H

#include "ctl.h"

/* [A-Za-z0-9._~-]{1,128} */
MUST_USE enum status registration_id(const char *id);
/* UTF-8 without control characters, 1 to 200 bytes. */
MUST_USE enum status registration_name(const char *name);

/* Apply the options that are given to *client, which stays as it is on refusal. */
MUST_USE enum status registration_apply(struct ctl *c, struct client *client);

/* The secret of --import-secret. */
MUST_USE enum status registration_import(struct ctl *c, struct client_secret *out);

#endif
