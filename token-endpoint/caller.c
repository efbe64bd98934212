#include "caller.h"

#include "grant.h"

/* A token that is bound to a certificate needs that one here too (RFC 8705 section 3). */
static enum err check_certificate(struct endpoint *ep, struct slice x5t)
{
    char shown[CERTIFICATE_DIGEST + 1];
    struct slice der;
    if (x5t.n == 0)
        return ERR_OK;
    enum err e = certificate_shown(ep->request, ep->conf->endpoint_certificates, ep->arena, &der);
    if (e == ERR_OK)
        e = certificate_digest(der, shown);
    if (e == ERR_OK && !slice_is(x5t, shown))
        e = ERR_TLS_BINDING;
    return e;
}

static bool has_client_credentials(const struct form *form)
{
    static const char *const names[] = {"client_secret", "client_assertion",
                                        "client_assertion_type"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (form_get(form, names[i]).p != NULL)
            return true;
    return false;
}

/*
 * The audience of the token is not looked at: it names FHIR servers, and no audience stands for
 * this endpoint.  The scope does: only its issuer grants it, and it opens nothing else.
 */
static enum err by_token(struct endpoint *ep, const struct form *form, struct slice token,
                         struct caller *out)
{
    struct jwt_claims claims;
    struct slice named = form_get(form, "client_id");
    ep->who = (struct authentication){.claimed = named, .method = "bearer"};
    if (has_client_credentials(form))
        return ERR_CLIENT_TWO_METHODS;
    enum err e = ep->who.reason = endpoint_check_token(ep, token, &claims);
    if (e != ERR_OK)
        return endpoint_blames_token(e) ? ERR_CALLER_TOKEN : e;
    ep->who.claimed = claims.client_id;
    if (named.p != NULL && !slice_eq(named, claims.client_id)) {
        ep->who.reason = ERR_CLIENT_MISMATCH;
        return ERR_CALLER_TOKEN;
    }
    if (claims.cnf_jkt.p != NULL) { /* bound to a key: it is no bearer token */
        ep->who.reason = ERR_DPOP_BEARER;
        return ERR_CALLER_TOKEN;
    }
    ep->who.reason = check_certificate(ep, claims.cnf_x5t);
    if (ep->who.reason != ERR_OK)
        return ERR_CALLER_TOKEN;
    if (!slice_list_has(claims.scope, SLICE(SCOPE_INTROSPECT)))
        return ERR_CALLER_SCOPE;
    *out = (struct caller){.client_id = claims.client_id, .may_introspect = true};
    return ERR_OK;
}

static enum err by_credentials(struct endpoint *ep, const struct form *form, struct caller *out)
{
    enum err e = endpoint_client(ep, form);
    if (e == ERR_OK)
        *out = (struct caller){.client_id = slice_of(ep->who.client.id),
                               .may_introspect = slice_list_has(slice_of(ep->who.client.scope),
                                                                SLICE(SCOPE_INTROSPECT))};
    return e;
}

enum err caller_identify(struct endpoint *ep, const struct form *form, struct caller *out)
{
    struct slice token;
    if (ep->request->duplicate)
        return ERR_AUTH_HEADER;
    enum err e = http_bearer(ep->request->authorization, &token);
    if (e == ERR_NO_TOKEN)
        return by_credentials(ep, form, out);
    if (e != ERR_OK) /* what is joined to a second header is malformed */
        return ERR_AUTH_HEADER;
    return by_token(ep, form, token, out);
}
