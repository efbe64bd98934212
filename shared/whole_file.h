/* A file of bounded size, read to its end. */
#ifndef FHIR_AUTH_WHOLE_FILE_H
#define FHIR_AUTH_WHOLE_FILE_H

#include "slice.h"

/*
 * Up to `cap` bytes into `to`, and how many into *n; with *n == cap there may be more.  False with
 * errno, and *n is what had come until then.  A signal does not end it.
 */
MUST_USE bool whole_file_read(int fd, char *to, size_t cap, size_t *n);

#endif
