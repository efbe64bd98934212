/*
 * Does a text that nobody vouches for look as if a token, a secret or an assertion stood in it?
 * People paste them where they do not belong (a path, a user name), and from there they must not
 * get into a log.  Pure.
 */
#ifndef FHIR_AUTH_SECRET_SHAPE_H
#define FHIR_AUTH_SECRET_SHAPE_H

#include "slice.h"

#define SECRET_SHAPE_RUN  43 /* 256 bits in base64url: what our secrets and a token's parts have */
#define SECRET_SHAPE_JSON 16 /* of a token's header or claims: base64url of {" is eyJ */

/*
 * SECRET_SHAPE_RUN or more characters of [A-Za-z0-9_-] in a row, or SECRET_SHAPE_JSON that begin
 * with eyJ.
 */
bool secret_shaped(struct slice s);

#endif
