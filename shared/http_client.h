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
    size_t max_bytes;    /* a longer body fails */
};

struct http_answer {
    struct slice body; /* in the arena */
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
 * Posts JSON to one URL again and again over a connection that is kept.  https, or http if the host
 * is this machine; otherwise as http_get.  For one thread.
 */
struct http_json_poster;

struct http_json_posted {
    int status;      /* of the answer; 0: there was none */
    char fault[256]; /* for the log, unless status is 2xx */
};

/*
 * All texts must outlive it.  content_type: also of the answer that is asked for.  timeout_ms: of
 * one exchange.  NULL: memory is out or libcurl cannot be loaded.
 */
struct http_json_poster *http_json_poster_new(const char *url, const char *content_type,
                                              const char *ca_file, unsigned timeout_ms);
void http_json_poster_free(struct http_json_poster *p);

/* ERR_OK: 2xx.  ERR_HTTP: anything else.  The body of the answer is dropped. */
MUST_USE enum err http_json_post(struct http_json_poster *p, struct slice body,
                                 struct http_json_posted *out);

#endif
