/* What a client is granted for what it asks (RFC 6749 section 3.3, RFC 8707, SMART).  Pure. */
#ifndef FHIR_AUTH_GRANT_H
#define FHIR_AUTH_GRANT_H

#include "config.h"
#include "form.h"
#include "scope.h"

/* The scope that lets a client call the introspection endpoint. */
#define SCOPE_INTROSPECT "introspect"

/*
 * requested: the scope parameter; allowed: the client's registration.  *granted: the words asked
 * for, each once, as they were written.  All or nothing: ERR_SCOPE when a word exceeds the
 * registration, ERR_SCOPE_UNKNOWN when one is no scope of this server, ERR_SCOPE_MISSING when none
 * was asked.
 */
MUST_USE enum err grant_scope(struct slice requested, struct slice allowed, struct arena *a,
                              struct slice *granted);

/*
 * The audiences of the token as a JSON value: the `resource` parameters (RFC 8707), each of which
 * must be the audience or the base of a configured FHIR server, else all servers.
 * ERR_AUDIENCE_UNKNOWN.
 */
MUST_USE enum err grant_audience(const struct form *form, const struct config *conf,
                                 struct buf *out);

#endif
