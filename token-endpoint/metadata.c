#include "metadata.h"

#include "client_auth.h"
#include "dpop.h"

static void put_name(struct buf *out, const char *name)
{
    buf_puts(out, out->n > 0 && out->p[out->n - 1] != '{' ? "," : "");
    buf_json(out, slice_of(name));
    buf_putc(out, ':');
}

static void put_url(struct buf *out, const char *name, const struct config *conf, const char *path)
{
    char url[CONFIG_MAX_TEXT + 64];
    struct buf text = BUF(url);
    buf_printf(&text, "%s%s", conf->url, path);
    put_name(out, name);
    buf_json(out, buf_slice(&text));
}

static void put_list(struct buf *out, const char *name, const char *(*at)(size_t))
{
    put_name(out, name);
    buf_putc(out, '[');
    for (size_t i = 0; at(i) != NULL; i++) {
        buf_puts(out, i > 0 ? "," : "");
        buf_json(out, slice_of(at(i)));
    }
    buf_putc(out, ']');
}

static const char *capability_at(size_t i)
{
    static const char *const list[] = {"client-confidential-asymmetric",
                                       "client-confidential-symmetric", "permission-v1",
                                       "permission-v2"};
    return i < sizeof list / sizeof list[0] ? list[i] : NULL;
}

static const char *scope_at(size_t i)
{
    static const char *const list[] = {"system/*.cruds", "system/*.rs", "system/*.read",
                                       "system/*.write", "system/*.*"};
    return i < sizeof list / sizeof list[0] ? list[i] : NULL;
}

static const char *grant_type_at(size_t i)
{
    return i == 0 ? "client_credentials" : NULL;
}

/* There is no authorization endpoint; RFC 8414 demands the member and forbids an empty list. */
static const char *response_type_at(size_t i)
{
    return i == 0 ? "none" : NULL;
}

/* SMART demands it of every server; the client credentials grant does not use it. */
static const char *challenge_method_at(size_t i)
{
    return i == 0 ? "S256" : NULL;
}

/*
 * How clients authenticate; more: NULL, or what stands behind that.  RFC 8414 section 2 lets types
 * of access tokens stand among the methods of introspection.
 */
static void put_methods(const struct config *conf, const char *name, const char *more,
                        struct buf *out)
{
    put_name(out, name);
    buf_putc(out, '[');
    for (size_t i = 0; client_method_at(conf, i) != NULL; i++) {
        buf_puts(out, i > 0 ? "," : "");
        buf_json(out, slice_of(client_method_at(conf, i)));
    }
    if (more != NULL)
        buf_printf(out, ",\"%s\"", more);
    buf_putc(out, ']');
}

/* What both documents say. */
static void put_common(const struct config *conf, struct buf *out)
{
    put_url(out, "token_endpoint", conf, "/token");
    put_url(out, "jwks_uri", conf, "/jwks");
    put_url(out, "introspection_endpoint", conf, "/introspect");
    put_url(out, "revocation_endpoint", conf, "/revoke");
    put_list(out, "grant_types_supported", grant_type_at);
    put_list(out, "response_types_supported", response_type_at);
    put_methods(conf, "token_endpoint_auth_methods_supported", NULL, out);
    put_list(out, "token_endpoint_auth_signing_alg_values_supported", assertion_alg_at);
    put_list(out, "dpop_signing_alg_values_supported", dpop_alg_at);
    if (conf->endpoint_certificates) { /* RFC 8705 section 3.3 */
        put_name(out, "tls_client_certificate_bound_access_tokens");
        buf_puts(out, "true");
    }
    put_list(out, "scopes_supported", scope_at);
    put_list(out, "code_challenge_methods_supported", challenge_method_at);
}

void metadata_oauth(const struct config *conf, struct buf *out)
{
    buf_putc(out, '{');
    put_name(out, "issuer");
    buf_json(out, slice_of(conf->issuer));
    put_common(conf, out);
    put_methods(conf, "introspection_endpoint_auth_methods_supported", "Bearer", out);
    put_list(out, "introspection_endpoint_auth_signing_alg_values_supported", assertion_alg_at);
    put_name(out, "introspection_signing_alg_values_supported"); /* RFC 9701 section 7 */
    buf_putc(out, '[');
    buf_json(out, slice_of(conf->signing_alg));
    buf_putc(out, ']');
    put_methods(conf, "revocation_endpoint_auth_methods_supported", NULL, out);
    put_list(out, "revocation_endpoint_auth_signing_alg_values_supported", assertion_alg_at);
    buf_puts(out, "}\n");
}

void metadata_smart(const struct config *conf, struct buf *out)
{
    buf_putc(out, '{');
    put_common(conf, out);
    put_list(out, "capabilities", capability_at);
    buf_puts(out, "}\n");
}
