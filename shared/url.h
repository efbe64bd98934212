/* Paths of URLs, and whether two name the same resource (RFC 3986 section 6.2).  Pure, no memory.
 */
#ifndef FHIR_AUTH_URL_H
#define FHIR_AUTH_URL_H

#include "slice.h"

/* From the slash behind the authority of an absolute URL on; its empty end when there is none. */
struct slice url_path(struct slice url);

/*
 * Of two absolute http or https URLs: the same but for the case of scheme, host and percent-encoded
 * bytes, bytes that need not be encoded, a port that is the scheme's own, and an empty path.  Query
 * and fragment do not count (RFC 9449 section 4.3).  False for what is no such URL: also one with
 * user information, or a percent sign that encodes nothing.  Dot segments are not resolved.
 */
bool url_same(struct slice a, struct slice b);

#endif
