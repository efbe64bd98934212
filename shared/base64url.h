/*
 * base64url without padding (RFC 4648 section 5, RFC 7515 section 2), and base64 for HTTP Basic.
 * Decoding is strict and canonical: no padding, white space, foreign alphabet or spare bits.
 */
#ifndef FHIR_AUTH_BASE64URL_H
#define FHIR_AUTH_BASE64URL_H

#include "buf.h"
#include "error.h"

#define BASE64URL_LENGTH(bytes) (((bytes)*4 + 2) / 3)

/* Into an arena; ERR_BASE64, ERR_TOO_LARGE.  *out is also NUL-terminated (the NUL not counted). */
MUST_USE enum err base64url_decode(struct slice text, struct arena *a, struct slice *out);

/* Standard alphabet, padding required (RFC 4648 section 4; RFC 7617 section 2). */
MUST_USE enum err base64_decode(struct slice text, struct arena *a, struct slice *out);

void base64url_encode(struct slice bytes, struct buf *out);
/* As base64_decode reads it. */
void base64_encode(struct slice bytes, struct buf *out);

#endif
