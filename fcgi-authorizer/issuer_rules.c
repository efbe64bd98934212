#include "issuer_rules.h"

#include "jwt_scope.h"

/* The issuer's own audiences; without any the FHIR base's audience is checked by authorize(). */
static enum err check_audience(const struct config_issuer *issuer, const struct jwt_claims *c)
{
    if (slice_is(slice_of(issuer->audience), "any"))
        return ERR_OK;
    if (issuer->audience[0] == '\0')
        return c->aud_count > 0 ? ERR_OK : ERR_JWT_CLAIM;
    for (size_t i = 0; i < c->aud_count; i++)
        if (slice_list_has(slice_of(issuer->audience), c->aud[i]))
            return ERR_OK;
    return ERR_JWT_AUDIENCE;
}

/* Who the token is for: Keycloak and OpenID Connect call client_id azp. */
static enum err take_facts(const struct config_issuer *issuer, struct slice text,
                           const struct jwt_claims *claims, struct arena *a, struct token *out)
{
    struct jwt_claims c = *claims;
    if (c.client_id.n == 0)
        c.client_id = c.azp;
    if (c.sub.n == 0 && c.client_id.n == 0)
        return ERR_JWT_CLAIM;
    enum err e = jwt_scope(text, issuer->scope_claim, issuer->scope_map, a, &c.scope);
    if (e == ERR_OK) {
        token_from_claims(&c, issuer->clock_skew_s, out);
        out->any_audience = issuer->audience[0] != '\0';
    }
    return e;
}

enum err issuer_rules_take(const struct config_issuer *issuer, struct slice claims,
                           const struct jwt_claims *c, int64_t now, struct arena *a,
                           struct token *out)
{
    enum err e = jwt_check_time(c, now, issuer->clock_skew_s);
    if (e == ERR_OK)
        e = check_audience(issuer, c);
    return e == ERR_OK ? take_facts(issuer, claims, c, a, out) : e;
}
