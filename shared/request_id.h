/* The name of one request in logs and answers. */
#ifndef FHIR_AUTH_REQUEST_ID_H
#define FHIR_AUTH_REQUEST_ID_H

#include "arena.h"

#define REQUEST_ID_RANDOM 8 /* bytes of one */

/* Random bytes for the next ids; zero at first.  Of one thread alone. */
struct request_ids {
    unsigned char pool[64 * REQUEST_ID_RANDOM];
    size_t left; /* bytes of it, from the front, that are not used yet */
};

/*
 * The web server's own id when it is 1 to 64 of [A-Za-z0-9._~@-] and looks like no token or secret;
 * else 16 random hexadecimal digits in the arena.  SLICE_NONE only when memory or randomness is
 * out.
 */
struct slice request_id(struct request_ids *ids, struct slice given, struct arena *a);

#endif
