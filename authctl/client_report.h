/* A client as a person or a script sees it. */
#ifndef FHIR_AUTH_CLIENT_REPORT_H
#define FHIR_AUTH_CLIENT_REPORT_H

#include "ctl.h"

/* secret: the text of a new one, shown this once; NULL for none. */
void client_report(struct ctl *c, const struct client *client, const char *secret);

/* STATUS_NO when there is no client of that id. */
MUST_USE enum status client_find(struct ctl *c, const char *id, struct client *out);

#endif
