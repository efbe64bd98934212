/*
 * What this host proves itself with to others: a file with a secret, or one with a private key.
 * `fault` gets one line for a person, "what is wrong; how to mend it", without the file's content.
 */
#ifndef FHIR_AUTH_CREDENTIAL_FILE_H
#define FHIR_AUTH_CREDENTIAL_FILE_H

#include "jwk.h"

#include <sys/stat.h>

#define CREDENTIAL_MAX_SECRET 1024 /* bytes */

/* The file as it was when it was read, for credential_has_changed. */
struct credential_seen {
    struct stat st; /* all zero: there was none */
};

/*
 * One line of printable ASCII; a newline behind it does not count.  *n bytes of `out`, which the
 * caller wipes.  ERR_FILE: missing, no regular file, open to other users, empty, too long.
 */
MUST_USE enum err credential_read_secret(const char *path, char out[CREDENTIAL_MAX_SECRET],
                                         size_t *n, struct credential_seen *seen,
                                         struct buf *fault);

/* A private JWK that may sign.  *out is owned: jwk_free.  ERR_FILE likewise. */
MUST_USE enum err credential_read_key(const char *path, struct jwk **out,
                                      struct credential_seen *seen, struct buf *fault);

/* Is the file another than the one that was read? */
bool credential_has_changed(const char *path, const struct credential_seen *seen);

#endif
