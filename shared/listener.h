/* The FastCGI socket that a program is started with. */
#ifndef FHIR_AUTH_LISTENER_H
#define FHIR_AUTH_LISTENER_H

#include <stdbool.h>

/*
 * Only one request at a time ever comes by it: it is one of mod_fcgid's sockets, which bear the
 * number of the process that started this one and a running number (fcgid_proc_unix.c).  Further
 * threads would only take turns there, each with a cold cache of the processor.
 */
bool listener_is_for_one(int fd);

/*
 * The next connection, from a peer that is allowed; the caller closes it.  -1: none, also when a
 * signal came, or another peer; errno is 0 if the next call may come at once.
 * allowed: addresses with commas between, of FCGI_WEB_SERVER_ADDRS (FastCGI section 3.2).  NULL,
 * or a peer on a Unix socket: anybody.
 */
int listener_accept(int fd, const char *allowed);

/* Something can be read from it, if only its end, within two seconds and before a signal comes. */
bool listener_has_spoken(int connection);

#endif
