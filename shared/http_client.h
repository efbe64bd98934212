/*
 * GET and POST over HTTPS with libcurl; the only user of libcurl, which is loaded at the first
 * fetch, so that a process that fetches nothing does not carry it. https only (see http_loopback),
 * certificate and host verified, no redirects, no proxy from the environment.
 */
#ifndef FHIR_AUTH_HTTP_CLIENT_H
#define FHIR_AUTH_HTTP_CLIENT_H

#include "arena.h"
#include "error.h"

struct http_get {
    const char *url;     /* https://… */
    const char *accept;  /* media type asked for */
    bool http_loopback;  /* http is taken too, if the host is 127.0.0.1, [::1] or localhost */
    bool public_only;    /* a private or local address is not connected to (RFC 6890) */
    const char *ca_file; /* "" for the system's certificates */
    unsigned timeout_ms; /* of the whole exchange; connecting may take half of it */
    size_t max_bytes;    /* a longer body fails; 0, of a POST: the answer's body is dropped */
};

/* Bytes of one header line with its name: of the longest secret, escaped and in base64. */
#define HTTP_MAX_HEADER 8192

struct http_answer {
    struct slice body; /* in the arena */
    struct slice head; /* of http_ask: header lines, each with its line end; in the arena */
    int status;        /* 0: no answer came */
    int64_t
        max_age_s; /* Cache-Control max-age; 0 for no-store or no-cache; -1 when it says nothing */
    char fault[256]; /* why it failed, for the log */
};

/*
 * ERR_HTTP: not https, no answer in time, TLS failure, a status other than 200, body too long.
 * ERR_MEMORY: it does not fit in the arena.  out->fault is set then.  Safe from any thread.
 */
MUST_USE enum err http_get(const struct http_get *what, struct arena *a, struct http_answer *out);

/*
 * A connection that is kept and used again for the same host, as long as both sides leave it open.
 * For one thread at a time.  NULL when memory is out.
 */
struct http_session;
struct http_session *http_session_new(void);
void http_session_free(struct http_session *s);

struct http_post {
    struct slice body;
    const char *content_type;
    const char *authorization; /* the header's value; NULL: none */
    bool any_success;          /* any 2xx is as good as 200 */
};

/* A request as nobody would tidy it up; each status is an answer. */
struct http_probe {
    const char *method;
    const char *target;        /* sent as it is (RFC 9112 section 3.2); NULL: the URL's */
    const char *authorization; /* the header's value; NULL: none */
    const char *form;          /* body, application/x-www-form-urlencoded; NULL: none */
    bool plain;                /* http is taken, for any host: nothing that is sent is secret */
};

/*
 * As http_get, with a body to send.  out->status tells refusals apart.  Copies of what was sent are
 * wiped here; those in libcurl's own buffers are not.
 */
MUST_USE enum err http_post(struct http_session *s, const struct http_get *what,
                            const struct http_post *post, struct arena *a, struct http_answer *out);

/*
 * Ask once, for what an administrator looks at.  A body that is too long is cut at max_bytes.
 * ERR_HTTP: no answer; ERR_MEMORY.  out->fault is set then.
 */
MUST_USE enum err http_ask(struct http_session *s, const struct http_get *what,
                           const struct http_probe *probe, struct arena *a,
                           struct http_answer *out);

#endif
