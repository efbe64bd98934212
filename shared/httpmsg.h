/*
 * An HTTP request as the two programs see it, its parsing, and the answer.  Plain data, no I/O: the
 * shell (server.h) fills and sends them.
 */
#ifndef FHIR_AUTH_HTTPMSG_H
#define FHIR_AUTH_HTTPMSG_H

#include "arena.h"
#include "buf.h"
#include "error.h"

enum role { ROLE_RESPONDER, ROLE_AUTHORIZER, ROLE_CGI };

/*
 * What fcgi-authorizer is asked for.  Servers that cannot carry a whole refusal ask a second time,
 * for the refusal only.
 */
enum pass {
    PASS_NONE,          /* called by a client itself */
    PASS_DECIDE,        /* authorizer role: mod_fcgid, lighttpd */
    PASS_DECIDE_AUTHNZ, /* authorizer role: mod_authnz_fcgi, which drops the Content-Type */
    PASS_AUTH_REQUEST,  /* nginx: responder role, no status but 200, 401 and 403 */
    PASS_DENY,          /* nginx, error_page: the refusal with its headers */
    PASS_DENY_BODY,     /* Apache, ErrorDocument: the headers of the first answer are in place */
};

/* How an access token is presented (RFC 6750 section 2.1, RFC 9449 section 7.1). */
enum auth_scheme { AUTH_BEARER, AUTH_DPOP };

/* Everything borrows from the web server's environment, valid until the answer is sent. */
struct request {
    enum role role;
    enum pass pass;
    struct slice method; /* REQUEST_METHOD as sent */
    struct slice uri;    /* REQUEST_URI: raw request target, maybe in absolute form */
    struct slice content_type;
    struct slice authorization; /* HTTP_AUTHORIZATION */
    struct slice dpop;          /* HTTP_DPOP; "," when there were two */
    struct slice certificate;   /* SSL_CLIENT_CERT: that of the client, in a form of the server's */
    struct slice verified;      /* SSL_CLIENT_VERIFY: "SUCCESS" when the server trusts it */
    struct slice accept;
    struct slice accept_language;
    struct slice remote_addr;
    struct slice request_id;      /* HTTP_X_REQUEST_ID, else UNIQUE_ID; may be absent */
    struct slice unique_id;       /* UNIQUE_ID: Apache's, the same on an internal redirect */
    struct slice redirect_status; /* REDIRECT_STATUS: set by Apache on an internal redirect */
    struct slice redirect_method; /* REDIRECT_REQUEST_METHOD */
    struct slice redirect_url;    /* REDIRECT_URL */
    struct slice auth_mode;       /* FHIR_AUTH_MODE: "authorizer" or "deny", set for nginx */
    struct slice auth_status;     /* FHIR_AUTH_STATUS: what the first pass answered, on nginx */
    struct slice apache_role;     /* FCGI_APACHE_ROLE */
    struct slice if_none_exist;   /* HTTP_IF_NONE_EXIST (conditional create) */
    struct slice provenance;      /* HTTP_X_PROVENANCE: a second resource to create */
    struct slice cascade;         /* HTTP_X_CASCADE: what refers to the resource goes with it */
    bool method_override;         /* X-HTTP-Method-Override, X-Original-URL or a like header */
    bool https;                   /* HTTPS is "on" or REQUEST_SCHEME is "https" */
    bool duplicate;               /* a variable that decides came twice */
    struct slice body;            /* responder and CGI roles only */
    enum err body_error;          /* ERR_OK, ERR_TOO_LARGE or ERR_FORM when it could not be read */
};

#define RESPONSE_MAX_HEADERS 24

struct response {
    int status; /* 0 until it is set; sent as 500 then */
    const char *content_type;
    struct slice body;
    size_t header_count;
    struct {
        const char *name;   /* static */
        struct slice value; /* printable ASCII; refused otherwise */
    } headers[RESPONSE_MAX_HEADERS];
};

/*
 * Add a header; the value must live until the answer is sent.  A value with a byte outside
 * printable ASCII, or one header too many, makes the whole answer a 500: nothing may be lost or
 * injected.
 */
void response_header(struct response *r, const char *name, struct slice value);

/* The whole answer as CGI text, "Status:" first.  False when it does not fit. */
MUST_USE bool response_text(const struct response *r, struct buf *out);

/*
 * The token of an Authorization header, and the scheme that it comes with; both stay untouched on
 * error.  ERR_NO_TOKEN when there is no header or another scheme; ERR_AUTH_HEADER when malformed;
 * ERR_TWO_TOKENS for two joined headers.
 */
MUST_USE enum err http_token(struct slice authorization, enum auth_scheme *scheme,
                             struct slice *token);

/* The same where only the scheme Bearer counts. */
MUST_USE enum err http_bearer(struct slice authorization, struct slice *token);

/*
 * User and password of a Basic header (RFC 7617), form-decoded as RFC 6749 section 2.3.1 has it.
 * ERR_NO_TOKEN when there is no header or another scheme; ERR_AUTH_HEADER.
 */
MUST_USE enum err http_basic(struct slice authorization, struct arena *a, struct slice *user,
                             struct slice *password);

#endif
