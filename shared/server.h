/*
 * The shell around both programs: takes requests from FastCGI (libfcgi) on several threads, or one
 * from the CGI environment, hands them to a function, and writes its answer in one piece.  The only
 * user of libfcgi.
 */
#ifndef FHIR_AUTH_SERVER_H
#define FHIR_AUTH_SERVER_H

#include "httpmsg.h"

struct worker; /* whatever the program keeps for one thread */

struct server {
    unsigned threads;
    size_t max_body_bytes; /* 0: bodies are never read */
    size_t arena_bytes;    /* memory of one request */
    void *context;         /* handed to the functions below */
    /* A thread's own state; NULL when memory is out. */
    struct worker *(*worker_new)(void *context);
    void (*worker_free)(struct worker *w);
    /* Fill *out, and tell of it: it is sent after that.  Leaving its status 0 answers 500. */
    void (*handle)(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out);
};

/* Standard input is a listening FastCGI socket, as a web server or spawn-fcgi hands it over. */
bool server_is_fastcgi(void);

/* Until SIGTERM; running requests are finished first.  Returns the exit status. */
int server_run_fastcgi(const struct server *s);

/* One request from the environment and standard input (RFC 3875).  Returns the exit status. */
int server_run_cgi(const struct server *s);

#endif
