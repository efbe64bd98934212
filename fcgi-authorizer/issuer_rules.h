/* What an issuer of the configuration may say, whether in a JWT or in an introspection.  Pure. */
#ifndef FHIR_AUTH_ISSUER_RULES_H
#define FHIR_AUTH_ISSUER_RULES_H

#include "config.h"
#include "token.h"

/*
 * The facts of a claim set that is known to be the issuer's: its times, its audience, who it is
 * for, its scopes.  claims: its JSON text; *c: the same, read.  Text of *out lies in the arena and
 * where that of *c does.  ERR_JWT_CLAIM, ERR_JWT_EXPIRED, ERR_JWT_NOT_YET, ERR_JWT_AUDIENCE,
 * ERR_TOO_LARGE.
 */
MUST_USE enum err issuer_rules_take(const struct config_issuer *issuer, struct slice claims,
                                    const struct jwt_claims *c, int64_t now, struct arena *a,
                                    struct token *out);

#endif
