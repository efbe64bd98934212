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

bool token_is_over(const struct token *t, int64_t now)
{
    return now >= t->expires_at || (t->verify_at != 0 && now >= t->verify_at);
}

size_t token_slices(struct token *t, struct slice *fields[TOKEN_SLICES])
{
    size_t n = 0;
    fields[n++] = &t->client_id;
    fields[n++] = &t->subject;
    fields[n++] = &t->scope;
    fields[n++] = &t->jti;
    fields[n++] = &t->issuer;
    fields[n++] = &t->patient;
    fields[n++] = &t->fhir_user;
    fields[n++] = &t->dpop_jkt;
    fields[n++] = &t->tls_x5t;
    for (size_t i = 0; i < t->audience_count; i++)
        fields[n++] = &t->audience[i];
    return n;
}
