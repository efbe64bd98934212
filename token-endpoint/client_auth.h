/*
 * How a client authenticates at the token endpoint: which method it used, and the rules of a signed
 * assertion.  Pure; the registry, keys and replay check are authenticate.h's.
 */
#ifndef FHIR_AUTH_CLIENT_AUTH_H
#define FHIR_AUTH_CLIENT_AUTH_H

#include "certificate.h"
#include "config.h"
#include "form.h"
#include "httpmsg.h"
#include "jws.h"
#include "jwt.h"

enum client_method {
    METHOD_SECRET_BASIC,
    METHOD_SECRET_POST,
    METHOD_PRIVATE_KEY_JWT,
    METHOD_TLS, /* these two only when the configuration takes client certificates */
    METHOD_TLS_SELF_SIGNED,
};

/* "client_secret_basic" and so on (RFC 8414 section 2). */
const char *client_method_name(enum client_method m);
/* Names of what the configuration takes, in order; NULL past the end. */
const char *client_method_at(const struct config *conf, size_t i);

struct credentials {
    enum client_method method; /* METHOD_TLS for both: the registration tells them apart */
    struct slice client_id;    /* METHOD_PRIVATE_KEY_JWT: of the form, often absent */
    struct slice secret;       /* of the two secret methods */
    struct slice assertion;    /* of METHOD_PRIVATE_KEY_JWT */
    struct slice certificate;  /* of METHOD_TLS: DER */
};

/*
 * Exactly one method (RFC 6749 section 2.3).  A certificate is one when there is no other: a client
 * may show one only to have its tokens bound to it.  ERR_CLIENT_NONE, ERR_CLIENT_TWO_METHODS,
 * ERR_CLIENT_MISMATCH (client_id beside a Basic header names another), ERR_CLIENT_ASSERTION_TYPE,
 * ERR_FORM_MISSING, ERR_AUTH_HEADER (a malformed header, or a scheme that is not Basic),
 * ERR_TLS_FORM, ERR_MEMORY.
 */
MUST_USE enum err credentials_find(const struct request *rq, const struct form *form,
                                   const struct config *conf, struct arena *a,
                                   struct credentials *out);

/* A client assertion that has been taken apart but not verified. */
struct assertion {
    struct jws jws;
    struct jwt_claims claims;
};

#define ASSERTION_MAX_LIFETIME 300 /* seconds; SMART App Launch 2.2, "Authentication JWT" */

/*
 * Everything that can be said without the client's registration: form, algorithm, typ, kid, iss =
 * sub, aud one of issuer and token endpoint, exp at most 5 minutes ahead, jti (RFC 7523 section 3).
 * now: seconds since 1970.  Errors: those of jws.h and jwt.h, ERR_JWT_SUBJECT, ERR_JWT_LIFETIME,
 * ERR_JWT_KEY (no kid), ERR_CLIENT_MISMATCH (the form's client_id is another).
 */
MUST_USE enum err assertion_check(const struct credentials *c, const struct config *conf,
                                  int64_t now, struct arena *a, struct assertion *out);

/* Names of the algorithms that an assertion may be signed with; NULL past the end. */
const char *assertion_alg_at(size_t i);

#endif
