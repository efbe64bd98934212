#include "introspection_answer.h"

#include "issuer_rules.h"

enum err introspection_answer_active(struct slice answer)
{
    struct json *document;
    bool active = false;
    enum err e = json_parse(answer, &document);
    if (e != ERR_OK)
        return e == ERR_JSON ? ERR_INTROSPECTION : e;
    if (json_kind(document) != JSON_OBJECT)
        e = ERR_INTROSPECTION;
    else if (!json_bool(json_member(document, "active"), &active) || !active)
        e = ERR_TOKEN_INACTIVE;
    json_free(document);
    return e;
}

/* RFC 9449 section 6.2: one that is bound to a key, and does not tell to which, is of no use. */
static enum err check_binding(struct slice answer, const struct jwt_claims *c)
{
    struct json *document;
    struct slice type;
    enum err e = json_parse(answer, &document);
    if (e != ERR_OK)
        return e;
    if (c->cnf_jkt.n == 0 && json_member_string(document, "token_type", &type) &&
        slice_is_nocase(type, "DPoP"))
        e = ERR_JWT_CLAIM;
    json_free(document);
    return e;
}

enum err introspection_answer_take(const struct config_issuer *issuer, struct slice answer,
                                   int64_t now, struct arena *a, struct jwt_claims *c,
                                   struct token *out)
{
    int64_t counts_until = now + (int64_t)issuer->introspection_cache_s;
    enum err e = jwt_claims_parse(answer, a, c);
    if (e == ERR_OK && c->iss.p != NULL && !slice_is(c->iss, issuer->issuer))
        e = ERR_JWT_ISSUER;
    if (e == ERR_OK)
        e = check_binding(answer, c);
    if (e != ERR_OK)
        return e;
    c->iss = slice_of(issuer->issuer);
    if (!c->has_exp) {
        c->has_exp = true;
        c->exp = counts_until + 1; /* this request passes even when nothing is cached */
    }
    e = issuer_rules_take(issuer, answer, c, now, a, out);
    if (e == ERR_OK)
        out->verify_at = c->exp < counts_until ? c->exp : counts_until;
    return e;
}
