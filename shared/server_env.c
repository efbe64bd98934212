#include "server_env.h"

#include <stddef.h>

#define NAME(literal) sizeof(literal) - 1, (literal)

/* A client's own headers only ever make names that begin with HTTP_. */
static const struct {
    size_t length; /* of the name: most other names differ in it */
    const char *name;
    size_t offset; /* of a struct slice in struct request */
    bool decides;
} variables[] = {
    {NAME("REQUEST_METHOD"), offsetof(struct request, method), true},
    {NAME("REQUEST_URI"), offsetof(struct request, uri), true},
    {NAME("HTTP_AUTHORIZATION"), offsetof(struct request, authorization), true},
    {NAME("HTTP_DPOP"), offsetof(struct request, dpop), false},
    {NAME("SSL_CLIENT_CERT"), offsetof(struct request, certificate), true},
    {NAME("SSL_CLIENT_VERIFY"), offsetof(struct request, verified), true},
    {NAME("CONTENT_TYPE"), offsetof(struct request, content_type), false},
    {NAME("HTTP_ACCEPT"), offsetof(struct request, accept), false},
    {NAME("HTTP_ACCEPT_LANGUAGE"), offsetof(struct request, accept_language), false},
    {NAME("HTTP_IF_NONE_EXIST"), offsetof(struct request, if_none_exist), false},
    {NAME("HTTP_X_PROVENANCE"), offsetof(struct request, provenance), false},
    {NAME("HTTP_X_CASCADE"), offsetof(struct request, cascade), false},
    {NAME("REMOTE_ADDR"), offsetof(struct request, remote_addr), false},
    {NAME("UNIQUE_ID"), offsetof(struct request, unique_id), false},
    {NAME("HTTP_X_REQUEST_ID"), offsetof(struct request, request_id), false},
    {NAME("REDIRECT_STATUS"), offsetof(struct request, redirect_status), false},
    {NAME("REDIRECT_REQUEST_METHOD"), offsetof(struct request, redirect_method), false},
    {NAME("REDIRECT_URL"), offsetof(struct request, redirect_url), false},
    {NAME("FHIR_AUTH_MODE"), offsetof(struct request, auth_mode), true},
    {NAME("FHIR_AUTH_STATUS"), offsetof(struct request, auth_status), false},
    {NAME("FCGI_APACHE_ROLE"), offsetof(struct request, apache_role), false},
};

/* Headers by which some servers behind us let a client replace the method, or the URL. */
static const char *const overrides[] = {
    "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD", "HTTP_X_METHOD_OVERRIDE",
    "HTTP_X_HTTP_OVERRIDE",        "HTTP_X_METHOD",      "HTTP_X_ORIGINAL_URL",
    "HTTP_X_REWRITE_URL",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct slice *field_of(struct request *rq, size_t offset)
{
    return (struct slice *)(void *)((char *)rq + offset);
}

/* True when the name is in the table.  Only what is wanted is measured: most values are not. */
static bool take_variable(struct request *rq, struct slice name, const char *value)
{
    for (size_t i = 0; i < COUNT(variables); i++) {
        if (name.n != variables[i].length || memcmp(name.p, variables[i].name, name.n) != 0)
            continue;
        struct slice *field = field_of(rq, variables[i].offset);
        if (field->p == NULL)
            *field = slice_of(value);
        else if (variables[i].decides)
            rq->duplicate = true;
        else if (field == &rq->dpop) /* as a web server would have joined them: no proof */
            *field = SLICE(",");
        return true;
    }
    return false;
}

/* nginx knows no authorizer role: its configuration tells by FHIR_AUTH_MODE what is wanted. */
static enum pass pass_of(const struct request *rq)
{
    if (rq->role == ROLE_AUTHORIZER)
        return slice_is(rq->apache_role, "AUTHENTICATOR") ? PASS_DECIDE_AUTHNZ : PASS_DECIDE;
    if (rq->role != ROLE_RESPONDER)
        return PASS_NONE;
    if (slice_is(rq->auth_mode, "authorizer"))
        return PASS_AUTH_REQUEST;
    if (slice_is(rq->auth_mode, "deny"))
        return PASS_DENY;
    return rq->auth_mode.p == NULL && rq->redirect_status.p != NULL ? PASS_DENY_BODY : PASS_NONE;
}

void request_from_env(char **envp, enum role role, struct request *rq, size_t *content_length)
{
    uint64_t length = 0;
    struct slice renamed = SLICE_NONE;
    *rq = (struct request){.role = role};
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *equals = strchr(envp[i], '=');
        if (equals == NULL)
            continue;
        const char *value = equals + 1;
        struct slice name = {envp[i], (size_t)(equals - envp[i])};
        if (take_variable(rq, name, value))
            continue;
        if (slice_is(name, "CONTENT_LENGTH")) {
            if (value[0] != '\0' && !slice_to_u64(slice_of(value), SIZE_MAX / 2, &length))
                rq->body_error = ERR_FORM;
        } else if (slice_is(name, "REDIRECT_HTTP_AUTHORIZATION")) {
            renamed = slice_of(value);
        } else if (slice_is(name, "HTTPS")) {
            rq->https = rq->https || slice_is_nocase(slice_of(value), "on");
        } else if (slice_is(name, "REQUEST_SCHEME")) {
            rq->https = rq->https || slice_is_nocase(slice_of(value), "https");
        } else if (slice_starts(name, "HTTP_X_")) {
            for (size_t k = 0; k < COUNT(overrides); k++)
                rq->method_override = rq->method_override || slice_is(name, overrides[k]);
        }
    }
    /*
     * mod_rewrite renames the variable on shared hosting (RewriteRule's E flag), and may leave an
     * empty one of the old name.  No authorizer is asked by way of a rewritten URL.
     */
    if (role != ROLE_AUTHORIZER && rq->authorization.n == 0 && renamed.p != NULL)
        rq->authorization = renamed;
    if (rq->request_id.p == NULL)
        rq->request_id = rq->unique_id;
    rq->pass = pass_of(rq);
    *content_length = (size_t)length;
}

void request_wipe_env(char **envp)
{
    /* mod_fcgid adds a variable named after the header itself. */
    static const struct {
        size_t length;
        const char *name;
    } secret[] = {
        {NAME("HTTP_AUTHORIZATION=")},
        {NAME("Authorization=")},
        {NAME("REDIRECT_HTTP_AUTHORIZATION=")},
    };
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++)
        for (size_t k = 0; k < COUNT(secret); k++)
            if (envp[i][0] == secret[k].name[0] &&
                strncmp(envp[i], secret[k].name, secret[k].length) == 0)
                OPENSSL_cleanse(envp[i] + secret[k].length, strlen(envp[i] + secret[k].length));
}
