#include "server_env.h"

#include <stddef.h>

enum { DECIDES = 1, RESPONDER_ONLY = 2 };

/* A client's own headers only ever make names that begin with HTTP_. */
static const struct {
    const char *name;
    size_t offset; /* of a struct slice in struct request */
    unsigned flags;
} variables[] = {
    {"REQUEST_METHOD", offsetof(struct request, method), DECIDES},
    {"REQUEST_URI", offsetof(struct request, uri), DECIDES},
    {"HTTP_AUTHORIZATION", offsetof(struct request, authorization), DECIDES},
    /* mod_rewrite renames the variable on shared hosting; see RewriteRule's E flag. */
    {"REDIRECT_HTTP_AUTHORIZATION", offsetof(struct request, authorization), RESPONDER_ONLY},
    {"CONTENT_TYPE", offsetof(struct request, content_type), 0},
    {"HTTP_ACCEPT", offsetof(struct request, accept), 0},
    {"HTTP_ACCEPT_LANGUAGE", offsetof(struct request, accept_language), 0},
    {"HTTP_IF_NONE_EXIST", offsetof(struct request, if_none_exist), 0},
    {"REMOTE_ADDR", offsetof(struct request, remote_addr), 0},
    {"UNIQUE_ID", offsetof(struct request, request_id), 0},
    {"HTTP_X_REQUEST_ID", offsetof(struct request, request_id), 0},
    {"REDIRECT_STATUS", offsetof(struct request, redirect_status), 0},
    {"REDIRECT_REQUEST_METHOD", offsetof(struct request, redirect_method), 0},
    {"REDIRECT_URL", offsetof(struct request, redirect_url), 0},
};

/* Headers by which some FHIR servers let a client replace the method. */
static const char *const overrides[] = {
    "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD", "HTTP_X_METHOD_OVERRIDE",
    "HTTP_X_HTTP_OVERRIDE",        "HTTP_X_METHOD",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct slice *field_of(struct request *rq, size_t offset)
{
    return (struct slice *)(void *)((char *)rq + offset);
}

/* True when the name is in the table. */
static bool take_variable(struct request *rq, struct slice name, struct slice value)
{
    for (size_t i = 0; i < COUNT(variables); i++) {
        if (!slice_is(name, variables[i].name))
            continue;
        if ((variables[i].flags & RESPONDER_ONLY) && rq->role == ROLE_AUTHORIZER)
            return true;
        struct slice *field = field_of(rq, variables[i].offset);
        if (field->p == NULL)
            *field = value;
        else if (variables[i].flags & DECIDES)
            rq->duplicate = true;
        return true;
    }
    return false;
}

void request_from_env(char **envp, enum role role, struct request *rq, size_t *content_length)
{
    uint64_t length = 0;
    *rq = (struct request){.role = role};
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        struct slice value = slice_of(envp[i]), name;
        if (!slice_cut(&value, '=', &name) || value.p == NULL || take_variable(rq, name, value))
            continue;
        if (slice_is(name, "CONTENT_LENGTH")) {
            if (value.n > 0 && !slice_to_u64(value, SIZE_MAX / 2, &length))
                rq->body_error = ERR_FORM;
        } else if (slice_is(name, "HTTPS")) {
            rq->https = rq->https || slice_is_nocase(value, "on");
        } else if (slice_is(name, "REQUEST_SCHEME")) {
            rq->https = rq->https || slice_is_nocase(value, "https");
        } else if (slice_starts(name, "HTTP_X_")) {
            for (size_t k = 0; k < COUNT(overrides); k++)
                rq->method_override = rq->method_override || slice_is(name, overrides[k]);
        }
    }
    *content_length = (size_t)length;
}

void request_wipe_env(char **envp)
{
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        struct slice value = slice_of(envp[i]), name;
        /* mod_fcgid adds a variable named after the header itself. */
        if (slice_cut(&value, '=', &name) && value.n > 0 &&
            (slice_is(name, "HTTP_AUTHORIZATION") || slice_is(name, "Authorization") ||
             slice_is(name, "REDIRECT_HTTP_AUTHORIZATION")))
            OPENSSL_cleanse(envp[i] + (value.p - envp[i]), value.n);
    }
}
