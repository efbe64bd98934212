#include "token.h"

/* SMART gives the bare id; some issuers write a reference. */
static struct slice patient_id(struct slice claim)
{
    return slice_starts(claim, "Patient/") ? slice_skip(claim, 8) : claim;
}

void token_set_scope(struct token *t, struct slice scope)
{
    t->scope = scope;
    for (int i = 0; i < TOKEN_CONTEXTS; i++)
        scope_set_compile(scope, (enum scope_context)i, &t->granted[i]);
}

void token_from_claims(const struct jwt_claims *c, int64_t clock_skew, struct token *out)
{
    *out = (struct token){.client_id = c->client_id,
                          .subject = c->sub,
                          .jti = c->jti,
                          .issuer = c->iss,
                          .patient = patient_id(c->patient),
                          .fhir_user = c->fhir_user,
                          .dpop_jkt = c->cnf_jkt,
                          .tls_x5t = c->cnf_x5t,
                          .audience_count = c->aud_count,
                          .expires_at = c->exp + clock_skew};
    for (size_t i = 0; i < c->aud_count; i++)
        out->audience[i] = c->aud[i];
    token_set_scope(out, c->scope);
}
