/* The name of one request in logs and answers. */
#ifndef FHIR_AUTH_REQUEST_ID_H
#define FHIR_AUTH_REQUEST_ID_H

#include "arena.h"

/*
 * The web server's own id when it is 1 to 64 of [A-Za-z0-9._~@-] and looks like no token or secret;
 * else 16 random hexadecimal digits in the arena.  SLICE_NONE only when memory or randomness is
 * out.
 */
struct slice request_id(struct slice given, struct arena *a);

#endif
