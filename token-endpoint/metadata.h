/* Discovery documents: RFC 8414 section 2 and SMART App Launch 2.2, "Conformance".  Pure. */
#ifndef FHIR_AUTH_METADATA_H
#define FHIR_AUTH_METADATA_H

#include "config.h"

/* For /.well-known/oauth-authorization-server. */
void metadata_oauth(const struct config *conf, struct buf *out);

/* For /.well-known/smart-configuration; names the same endpoints. */
void metadata_smart(const struct config *conf, struct buf *out);

#endif
