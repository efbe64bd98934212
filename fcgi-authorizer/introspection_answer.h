/* The answer of an introspection endpoint (RFC 7662 section 2.2) as facts of a token.  Pure. */
#ifndef FHIR_AUTH_INTROSPECTION_ANSWER_H
#define FHIR_AUTH_INTROSPECTION_ANSWER_H

#include "config.h"
#include "jwt.h"
#include "token.h"

/*
 * Is it an answer at all, and is the token active?  ERR_INTROSPECTION: no JSON object.
 * ERR_TOKEN_INACTIVE: one without "active":true.  ERR_MEMORY.
 */
MUST_USE enum err introspection_answer_active(struct slice answer);

/*
 * Of an active one: *c are its claims, *out the facts, by the issuer's rules (issuer_rules.h).
 * iss may be absent, else it must be the issuer's.  token_type DPoP needs cnf.  Without exp the
 * token counts for introspection_cache.  out->verify_at: never beyond exp, nor introspection_cache
 * from now. Text lies in the arena.  ERR_JWT_ISSUER, the errors of jwt_claims_parse and
 * issuer_rules_take.
 */
MUST_USE enum err introspection_answer_take(const struct config_issuer *issuer, struct slice answer,
                                            int64_t now, struct arena *a, struct jwt_claims *c,
                                            struct token *out);

#endif
