#include "authorize.h"

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
    if (presented == ERR_NO_TOKEN && asked->path.base != NULL && asked->path.base->dpop_required)
        return ERR_DPOP_NO_TOKEN;
    if (presented != ERR_OK)
        return presented;
    /* The scope question needs the token; whether the URL is FHIR at all does not. */
    if (asked_error != ERR_OK)
        return asked_error;
    /* A request that needs nothing at all was not understood. */
    return asked->path.base == NULL || (asked->needs.count == 0 && !asked->token) ? ERR_INTERNAL
                                                                                  : ERR_OK;
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

static void put_scope(struct buf *to, enum scope_context context, int type, unsigned actions)
{
    char letters[6];
    scope_letters(actions, letters);
    buf_printf(to, "%s%s/%s.%s", to->n > 0 ? " " : "", scope_context_name(context),
               fhir_type_name(type), letters);
}

/* What it would take is told in the context that the token has. */
static enum scope_context context_of(const struct token *token, const struct fhir_request *asked)
{
    bool patient = token->granted[SCOPE_SYSTEM].has_other && token->patient.n > 0;
    return patient && !asked->system_only ? SCOPE_PATIENT : SCOPE_SYSTEM;
}

/* What all needs of a type together ask; a type may have two, by the request and by a parameter. */
static unsigned actions_on(const struct needs *needs, int type)
{
    unsigned actions = 0;
    for (size_t i = 0; i < needs->count; i++)
        if (needs->list[i].type == type)
            actions |= needs->list[i].actions;
    return actions;
}

static bool stood_before(const struct needs *needs, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (needs->list[k].type == needs->list[i].type)
            return true;
    return false;
}

/* The smallest scopes that cover all needs: what is needed of every type is not asked of one again.
 */
static void smallest_scope(const struct token *token, const struct fhir_request *asked,
                           char out[DECISION_MAX_SCOPE])
{
    const struct needs *needs = &asked->needs;
    struct buf text = buf_over(out, DECISION_MAX_SCOPE);
    enum scope_context context = context_of(token, asked);
    unsigned of_all = actions_on(needs, FHIR_TYPE_ANY), together = of_all;
    for (size_t i = 0; i < needs->count; i++) {
        int type = needs->list[i].type;
        unsigned actions = actions_on(needs, type) & ~of_all;
        together |= actions;
        if (type != FHIR_TYPE_ANY && actions != 0 && !stood_before(needs, i))
            put_scope(&text, context, type, actions);
    }
    if (of_all != 0)
        put_scope(&text, context, FHIR_TYPE_ANY, of_all);
    if (text.overflowed) { /* many types: one scope for all says it too */
        text = buf_over(out, DECISION_MAX_SCOPE);
        put_scope(&text, context, FHIR_TYPE_ANY, together);
    }
}

/* Words of a rule that are no SMART scopes; those that are stand among the needs. */
static bool bears_words_of_rule(const struct token *token, const struct config_rule *rule)
{
    struct slice rest = slice_of(rule != NULL ? rule->needed : ""), word;
    struct scope s;
    while (scope_next(&rest, &word))
        if (!scope_parse(word, &s) && !slice_list_has(token->scope, word))
            return false;
    return true;
}

static struct decision deny_scope(const struct token *token, const struct fhir_request *asked,
                                  enum err why)
{
    struct decision d = deny(why);
    struct buf text = BUF(d.scope);
    smallest_scope(token, asked, d.scope);
    if (asked->rule != NULL) /* the rule's own words */
        buf_puts(&text, asked->rule->needed);
    return d;
}

static struct decision check_scopes(const struct token *token, const struct fhir_request *asked)
{
    struct coverage c = {.why = ERR_SCOPE};
    struct decision d = {.allow = false};
    if (!bears_words_of_rule(token, asked->rule))
        return deny_scope(token, asked, ERR_SCOPE);
    for (size_t i = 0; i < asked->needs.count; i++)
        if (cover_need(token, asked, &asked->needs.list[i], &c) == COVER_NO) {
            d = deny_scope(token, asked, c.why);
            struct buf hint = BUF(d.hint);
            buf_puts(&hint, c.hint);
            return d;
        }
    struct buf limits = BUF(d.limits);
    buf_puts(&limits, asked->body_unseen ? "body" : "");
    buf_puts(&limits, limits.n > 0 && c.limits[0] != '\0' ? " " : "");
    buf_puts(&limits, c.limits);
    if (limits.overflowed)
        return deny_scope(token, asked, ERR_SCOPE);
    d.allow = true;
    return d;
}

struct decision authorize(const struct fhir_request *asked, enum err asked_error,
                          enum err presented, const struct token *token, enum err checked,
                          const struct possession *held, int64_t now)
{
    if (is_open(asked, asked_error))
        return (struct decision){.allow = true};
    enum err e = before_token(asked, asked_error, presented);
    if (e != ERR_OK)
        return deny(e);
    if (checked != ERR_OK || token == NULL)
        return deny(checked != ERR_OK ? checked : ERR_INTERNAL);
    if (now >= token->expires_at)
        return deny(ERR_JWT_EXPIRED);
    if (!token->any_audience && !audience_fits(token, asked->path.base))
        return deny(ERR_JWT_AUDIENCE);
    e = possession_check(token, asked->path.base, held);
    if (e != ERR_OK)
        return deny(e);
    return check_scopes(token, asked);
}
