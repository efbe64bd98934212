/*
 * The grammar of JSON (RFC 8259) and nothing else: is this text one well-formed value?  Pure, keeps
 * nothing; what it lets through, cJSON reads as it is meant.
 */
#ifndef FHIR_AUTH_JSON_SCAN_H
#define FHIR_AUTH_JSON_SCAN_H

#include "slice.h"

#define JSON_MAX_NUMBER 63 /* characters; cJSON reads no more */

/*
 * False for anything that RFC 8259 forbids, a byte order mark, bytes that are not UTF-8, a NUL or a
 * lone surrogate written as an escape, a number of more than JSON_MAX_NUMBER characters, or more
 * than JSON_MAX_DEPTH levels or JSON_MAX_MEMBERS members (json.h).  Names are not compared here.
 */
MUST_USE bool json_scan(struct slice text);

#endif
