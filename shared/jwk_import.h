/* The value of a JWK: its members checked and made an OpenSSL key. */
#ifndef FHIR_AUTH_JWK_IMPORT_H
#define FHIR_AUTH_JWK_IMPORT_H

#include "jwk.h"

/*
 * Fills pkey or oct, and is_private, of a key whose type and curve are known.  ERR_JWK_FORM (a
 * member missing, not canonical or of the wrong length; some private members but not all),
 * ERR_JWK_WEAK, ERR_MEMORY.
 */
MUST_USE enum err jwk_import(const struct json *object, struct jwk *key);

#endif
