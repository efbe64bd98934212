/* What is known of a token that has been verified. */
#ifndef FHIR_AUTH_TOKEN_H
#define FHIR_AUTH_TOKEN_H

#include "jwt.h"
#include "scope.h"

#define TOKEN_CONTEXTS 3 /* system, user, patient */
#define TOKEN_SLICES   (9 + JWT_MAX_AUDIENCES)

struct token {
    struct slice client_id, subject, scope, jti, issuer;
    struct slice patient;   /* id of the Patient in context; SLICE_NONE when there is none */
    struct slice fhir_user; /* SLICE_NONE when there is none */
    struct slice dpop_jkt; /* thumbprint of the key that it is bound to (RFC 9449), or SLICE_NONE */
    struct slice tls_x5t;  /* digest of the certificate, likewise (RFC 8705), or SLICE_NONE */
    struct slice audience[JWT_MAX_AUDIENCES];
    size_t audience_count;
    bool any_audience;  /* its audience was checked by a rule of its issuer, not of the FHIR base */
    int64_t expires_at; /* from then on it is refused; its issuer's clock skew is in it */
    int64_t verify_at;  /* from then on it is verified anew; 0: never */
    bool introspected;  /* its issuer was asked, and not a key */
    int64_t retry_after_s; /* of one that could not be verified now: when to try; 0: not known */
    struct scope_set granted[TOKEN_CONTEXTS]; /* by enum scope_context */
};

/* The facts of a claim set that has been checked; borrows its text.  clock_skew: seconds. */
void token_from_claims(const struct jwt_claims *c, int64_t clock_skew, struct token *out);

/* The same token with other scopes; borrows the list. */
void token_set_scope(struct token *t, struct slice scope);

/* From now on it counts no more, or has to be verified anew. */
bool token_is_over(const struct token *t, int64_t now);

/* All its slices in a fixed order, for moving their text; those of audience_count last. */
size_t token_slices(struct token *t, struct slice *fields[TOKEN_SLICES]);

#endif
