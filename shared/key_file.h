/*
 * Private keys as files KID.jwk of mode 0600 in one directory; keyring.h decides which of them
 * signs. `fault` gets one line for a person, without key text.
 */
#ifndef FHIR_AUTH_KEY_FILE_H
#define FHIR_AUTH_KEY_FILE_H

#include "jwk.h"

struct key_directory {
    const char *path;
    int fd; /* -1: not open */
};

/* ERR_FILE: missing, open to others or writable by its group.  Closed by key_directory_close. */
MUST_USE enum err key_directory_open(const char *path, struct key_directory *out,
                                     struct buf *fault);
void key_directory_close(struct key_directory *dir);

/* 43 characters of base64url: safe as a file name. */
bool key_kid_is_thumbprint(struct slice kid);

/* False too when the directory is not open. */
bool key_file_exists(const struct key_directory *dir, const char *kid);

/* Whole or not at all, also after a power cut.  As root: owned as the directory is.  ERR_FILE. */
MUST_USE enum err key_file_write(const struct key_directory *dir, const struct jwk *key,
                                 struct buf *fault);

/*
 * The private key with this thumbprint, for this algorithm; *out is owned: jwk_free.  ERR_KEYS when
 * the file cannot be read, is open to others, or holds another key.
 */
MUST_USE enum err key_file_read(const struct key_directory *dir, const char *kid, const char *alg,
                                struct jwk **out, struct buf *fault);

/* A file that is not there is fine.  ERR_FILE. */
MUST_USE enum err key_file_remove(const struct key_directory *dir, const char *kid,
                                  struct buf *fault);

#endif
