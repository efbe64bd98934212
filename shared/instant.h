/* A moment as text: RFC 3339 in UTC with milliseconds, which is also FHIR's instant.  Pure. */
#ifndef FHIR_AUTH_INSTANT_H
#define FHIR_AUTH_INSTANT_H

#include "buf.h"

/* ms: milliseconds since 1970, not negative, before the year 10000. */
void instant_put(struct buf *b, int64_t ms);

#endif
