/* What an administrator says about a client, checked; for client add and client set. */
#ifndef FHIR_AUTH_REGISTRATION_H
#define FHIR_AUTH_REGISTRATION_H

#include "ctl.h"
#include "report.h"

/* [A-Za-z0-9._~-]{1,128} */
MUST_USE enum status registration_id(const char *id);
/* UTF-8 without control characters, 1 to 200 bytes. */
MUST_USE enum status registration_name(const char *name);

/* Apply the options that are given to *client, which stays as it is on refusal. */
MUST_USE enum status registration_apply(struct ctl *c, struct client *client);

/* The secret of --import-secret. */
MUST_USE enum status registration_import(struct ctl *c, struct client_secret *out);

/*
 * The certificate or the name of one that the options give, if they do; *client is left half-done
 * on refusal.
 */
MUST_USE enum status registration_tls(struct ctl *c, struct client *client);
/* How such a client is known, for a report. */
struct field registration_tls_field(const struct client *client);

#endif
