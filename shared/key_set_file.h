/* A JWK Set in a file: read at first use, and again when the file has changed. */
#ifndef FHIR_AUTH_KEY_SET_FILE_H
#define FHIR_AUTH_KEY_SET_FILE_H

#include "jws.h"

#define KEY_SET_FILE_MAX 1048576 /* bytes */

struct key_set_file;

/* path must outlive it.  NULL when memory is out. */
struct key_set_file *key_set_file_new(const char *path);
void key_set_file_free(struct key_set_file *f);

/*
 * Verify with the file's key for this token.  A change of its content or mode counts within a
 * second.  ERR_KEYS when the file cannot be used (logged once for each change): it is missing, no
 * key set, can be changed by group or others, or holds a secret key and is open to others.  Else as
 * jws_find_key and jws_verify.  For any thread.
 */
MUST_USE enum err key_set_file_verify(struct key_set_file *f, const struct jws *jws, int64_t now);

#endif
