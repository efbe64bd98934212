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
    /* Fill *out.  Leaving its status 0 answers 500. */
    void (*handle)(struct worker *w, const struct request *rq, struct arena *a,
                   struct response *out);
    /*
     * What is to be told of the request once its answer is composed, and before it is sent: who is
     * killed just then has told of more than was answered, not of less.  Called once for each call
     * of handle.  NULL: nothing.
     */
    void (*after)(struct worker *w, struct arena *a);
};

/* Standard input is a listening FastCGI socket, as a web server or spawn-fcgi hands it over. */
bool server_is_fastcgi(void);

/* Until SIGTERM; running requests are finished first.  Returns the exit status. */
int server_run_fastcgi(const struct server *s);

/* One request from the environment and standard input (RFC 3875).  Returns the exit status. */
int server_run_cgi(const struct server *s);

#endif
