/*
 * Reading JSON strictly, over cJSON; the only user of cJSON.
 *
 * cJSON alone takes duplicate member names, trailing text, bad UTF-8, "01" and 1e400, cuts strings
 * at \u0000 and compares names without case.  json_parse refuses all of these first (RFC 8259; RFC
 * 7515 section 4 forbids duplicate names in headers, RFC 7519 section 4 in claims).
 */
#ifndef FHIR_AUTH_JSON_H
#define FHIR_AUTH_JSON_H

#include "error.h"
#include "slice.h"

#define JSON_MAX_DEPTH   16
#define JSON_MAX_MEMBERS 512 /* of one object, or elements of one array */

struct json; /* a value inside a parsed document */

/*
 * Parse a whole document.  *out is owned by the caller: json_free.  ERR_JSON for anything that RFC
 * 8259 forbids, for a duplicate name, a NUL in a string, a number outside a double's range, or more
 * than the bounds above; ERR_MEMORY.
 */
MUST_USE enum err json_parse(struct slice text, struct json **out);
/* Frees a document from json_parse; its strings are wiped first. NULL is fine. */
void json_free(struct json *document);

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
enum json_kind json_kind(const struct json *v);

/* Member by exact name, or NULL when object is NULL, no object, or has none. */
const struct json *json_member(const struct json *object, const char *name);
/* Members or elements in order: json_first(v), then json_next(each); NULL at the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *v);
/* Name of a member found by json_first or json_next. */
struct slice json_name(const struct json *member);
size_t json_count(const struct json *container);

/*
 * False when v is NULL or of another kind; *out is then untouched.  Strings borrow from the
 * document.
 */
MUST_USE bool json_string(const struct json *v, struct slice *out);
/* Integers from -2^53 to 2^53 only; 1.0 counts as an integer, 1.5 does not. */
MUST_USE bool json_integer(const struct json *v, int64_t *out);
/* Always finite. */
MUST_USE bool json_number(const struct json *v, double *out);
MUST_USE bool json_bool(const struct json *v, bool *out);

/* Short for json_string(json_member(object, name), out). */
MUST_USE bool json_member_string(const struct json *object, const char *name, struct slice *out);

#endif
