/*
 * The introspection endpoint of one issuer: where it is, and one question to it over HTTP (RFC 7662
 * section 2).  Connections are kept.  For all threads; whoever asks sees to how often.
 */
#ifndef FHIR_AUTH_INTROSPECTION_ENDPOINT_H
#define FHIR_AUTH_INTROSPECTION_ENDPOINT_H

#include "config.h"
#include "store.h"

#define INTROSPECTION_MAX_ANSWER 32768 /* bytes; a longer one fails */

struct introspection_endpoint;

/* conf and issuer must outlive it; issuer->introspection is set.  NULL when memory is out. */
struct introspection_endpoint *introspection_endpoint_new(const struct config *conf,
                                                          const struct config_issuer *issuer);
void introspection_endpoint_free(struct introspection_endpoint *ep);

/* Memory that one question takes. */
size_t introspection_endpoint_arena(const struct config *conf, struct slice token);

/*
 * *answer, in the arena, is the body of an answer with status 200; *status is 0 when none came.
 * Takes introspection_timeout at most, the discovery of the endpoint and a second login included.
 * ERR_INTROSPECTION, *fault says why and holds no secret; ERR_STORE, ERR_MEMORY.
 */
MUST_USE enum err introspection_endpoint_ask(struct introspection_endpoint *ep, struct store *st,
                                             struct slice token, int64_t now, struct arena *a,
                                             struct slice *answer, int *status, struct buf *fault);

#endif
