/*
 * GET over HTTPS with libcurl; the only user of libcurl, which is loaded at the first fetch, so
 * that a process that fetches nothing does not carry it. https only, certificate and host verified,
 * no redirects, no proxy from the environment.
 */
#ifndef FHIR_AUTH_HTTP_CLIENT_H
#define FHIR_AUTH_HTTP_CLIENT_H

#include "arena.h"
#include "error.h"

struct http_get {
    const char *url;     /* https://… */
    const char *accept;  /* media type asked for */
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

#endif
