/*
 * Client secrets: made here (256 random bits, kept as salted SHA-256: nothing to guess, cheap to
 * check) or chosen by an administrator and imported (kept as scrypt, RFC 7914, N=2^15 r=8 p=1).
 */
#ifndef FHIR_AUTH_CLIENT_SECRET_H
#define FHIR_AUTH_CLIENT_SECRET_H

#include "store.h"

#define CLIENT_SECRET_TEXT       43 /* base64url characters of 32 bytes */
#define CLIENT_SECRET_IMPORT_MIN 12 /* bytes of an imported secret */
#define CLIENT_SECRET_IMPORT_MAX 256

/* A new secret: its text, shown once and then wiped by the caller, and what the store keeps. */
MUST_USE enum err client_secret_generate(int64_t now, char text[CLIENT_SECRET_TEXT + 1],
                                         struct client_secret *out);

/*
 * ERR_TOO_LARGE or ERR_FORM when the text is not CLIENT_SECRET_IMPORT_MIN.._MAX printable ASCII
 * bytes.
 */
MUST_USE enum err client_secret_import(struct slice text, int64_t now, struct client_secret *out);

/*
 * Is this the text of one of the secrets?  ERR_OK or ERR_CLIENT_AUTH.  All are tried, in constant
 * time each.  equalise: some client of the store has an imported secret; a refusal then always
 * costs one scrypt, so that neither an unknown client (count 0) nor another kind shows in the time.
 * ERR_MEMORY when scrypt's 32 MiB are not to be had and none has matched.
 */
MUST_USE enum err client_secret_check(struct slice text, const struct client_secret *secrets,
                                      size_t count, bool equalise);

#endif
