#include "authorize.h"

void token_from_claims(const struct jwt_claims *c, struct token *out)
{
    *out = (struct token){.client_id = c->client_id,
                          .subject = c->sub,
                          .scope = c->scope,
                          .jti = c->jti,
                          .issuer = c->iss,
                          .audience_count = c->aud_count,
                          .expires_at = c->exp};
    for (size_t i = 0; i < c->aud_count; i++)
        out->audience[i] = c->aud[i];
    scope_set_compile(c->scope, &out->granted);
}

static struct decision deny(enum err why)
{
    return (struct decision){.why = why};
}

/* A refusal that does not depend on the token's content; ERR_OK when its content decides. */
static enum err before_token(const struct fhir_request *asked, enum err asked_error,
                             enum err presented)
{
    if (asked_error == ERR_TOKEN_IN_QUERY)
        return ERR_TOKEN_IN_QUERY;
    if (presented != ERR_OK)
        return presented;
    /* The scope question needs the token; whether the URL is FHIR at all does not. */
    if (asked_error != ERR_OK)
        return asked_error;
    return asked->base == NULL || asked->need_count == 0 ? ERR_INTERNAL : ERR_OK;
}

static bool is_open(const struct fhir_request *asked, enum err asked_error)
{
    return asked_error == ERR_OK && asked->open;
}

bool authorize_needs_token(const struct fhir_request *asked, enum err asked_error,
                           enum err presented)
{
    return !is_open(asked, asked_error) && before_token(asked, asked_error, presented) == ERR_OK;
}

static bool audience_fits(const struct token *token, const struct config_fhir *base)
{
    for (size_t i = 0; i < token->audience_count; i++)
        if (slice_is(token->audience[i], base->audience))
            return true;
    return false;
}

static void put_scope(struct buf *to, int type, unsigned actions)
{
    char letters[6];
    scope_letters(actions, letters);
    buf_printf(to, "%ssystem/%s.%s", to->n > 0 ? " " : "", fhir_type_name(type), letters);
}

/* The smallest scopes that cover all needs: what is needed of every type is not asked of one again.
 */
static void missing_scope(const struct fhir_request *asked, char out[DECISION_MAX_SCOPE])
{
    struct buf text = buf_over(out, DECISION_MAX_SCOPE);
    unsigned of_all = 0;
    for (size_t i = 0; i < asked->need_count; i++)
        if (asked->needs[i].type == FHIR_TYPE_ANY)
            of_all |= asked->needs[i].actions;
    for (size_t i = 0; i < asked->need_count; i++)
        if (asked->needs[i].type != FHIR_TYPE_ANY && (asked->needs[i].actions & ~of_all) != 0)
            put_scope(&text, asked->needs[i].type, asked->needs[i].actions & ~of_all);
    if (of_all != 0)
        put_scope(&text, FHIR_TYPE_ANY, of_all);
}

struct decision authorize(const struct fhir_request *asked, enum err asked_error,
                          enum err presented, const struct token *token, enum err checked,
                          const struct policy *policy)
{
    if (is_open(asked, asked_error))
        return (struct decision){.allow = true};
    enum err e = before_token(asked, asked_error, presented);
    if (e != ERR_OK)
        return deny(e);
    if (checked != ERR_OK || token == NULL)
        return deny(checked != ERR_OK ? checked : ERR_INTERNAL);
    if (policy->now - policy->clock_skew >= token->expires_at)
        return deny(ERR_JWT_EXPIRED);
    if (!audience_fits(token, asked->base))
        return deny(ERR_JWT_AUDIENCE);
    for (size_t i = 0; i < asked->need_count; i++)
        if (!scope_set_allows(&token->granted, asked->needs[i].type, asked->needs[i].actions)) {
            struct decision d = deny(ERR_SCOPE);
            missing_scope(asked, d.scope);
            return d;
        }
    return (struct decision){.allow = true};
}
