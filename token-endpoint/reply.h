/* The answers of the token endpoint as RFC 6749 sections 5.1 and 5.2 have them. */
#ifndef FHIR_AUTH_REPLY_H
#define FHIR_AUTH_REPLY_H

#include "httpmsg.h"

/* What nobody may keep; content_type is static. */
void reply_private(struct response *out, int status, const char *content_type, struct slice body);

/* The same for a JSON document. */
void reply_json(struct response *out, int status, struct slice body);

/* One that clients may keep for so long and scripts of any origin may read. */
void reply_public_json(struct response *out, struct slice body, unsigned max_age_s,
                       struct arena *a);

/*
 * {"error":…,"error_description":…} with the status of the error list.  `allow` is the Allow header
 * of a 405, retry_after_s the seconds that a 429 or 503 tells the client to wait (0: not known).
 * A 401 has one challenge: Bearer when the caller's access token did not do (RFC 6750 section 3),
 * else Basic.
 */
void reply_error(struct response *out, enum err why, const char *allow, int64_t retry_after_s,
                 struct arena *a);

#endif
