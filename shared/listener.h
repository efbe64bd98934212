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

#endif
