/*
 * How this gateway proves itself to an introspection endpoint: with a secret (RFC 6749 section
 * 2.3.1) or a signed assertion (RFC 7523 section 2.2).  For all threads.
 */
#ifndef FHIR_AUTH_INTROSPECTION_LOGIN_H
#define FHIR_AUTH_INTROSPECTION_LOGIN_H

#include "config.h"

struct introspection_login;

/* issuer must outlive it.  NULL when memory is out. */
struct introspection_login *introspection_login_new(const struct config_issuer *issuer);
void introspection_login_free(struct introspection_login *login);

/*
 * Either *authorization, in the arena, becomes the value of that header, or the assertion is
 * appended to the form.  audience: of the assertion.  The file is read when it is first needed.
 * ERR_INTROSPECTION, *fault says why; ERR_MEMORY.
 */
MUST_USE enum err introspection_login_put(struct introspection_login *login, const char *audience,
                                          int64_t now, struct arena *a, struct buf *form,
                                          const char **authorization, struct buf *fault);

/* The endpoint has refused it: is there another file by now?  It is read anew then. */
MUST_USE bool introspection_login_renew(struct introspection_login *login);

#endif
