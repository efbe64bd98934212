/* Percent-encoding and HTML forms, as OAuth uses them.  Pure. */
#ifndef FHIR_AUTH_FORM_H
#define FHIR_AUTH_FORM_H

#include "arena.h"
#include "buf.h"
#include "error.h"

/*
 * Decode one percent-encoded text; '+' becomes a blank when plus_is_blank.  ERR_FORM for a bad
 * escape or %00; ERR_TOO_LARGE.  *out is NUL-terminated.
 */
MUST_USE enum err percent_decode(struct slice text, bool plus_is_blank, struct arena *a,
                                 struct slice *out);

#define FORM_MAX_FIELDS 64

struct form {
    size_t count;
    struct {
        struct slice name, value;
    } fields[FORM_MAX_FIELDS];
};

/*
 * application/x-www-form-urlencoded (RFC 6749 appendix B).  Empty values are dropped, as RFC 6749
 * section 3.2 wants.  ERR_FORM (bad escape, NUL, bad UTF-8, too many fields), ERR_FORM_DUPLICATE
 * (any name twice but `resource`, RFC 8707), ERR_TOO_LARGE.
 */
MUST_USE enum err form_parse(struct slice body, struct arena *a, struct form *out);
/* SLICE_NONE when absent. */
struct slice form_get(const struct form *f, const char *name);

/* Append a value, escaped for such a form (RFC 6749 appendix B). */
void form_escape(struct slice value, struct buf *out);

/* The media type without parameters equals `type`, in any case. */
bool media_type_is(struct slice content_type, const char *type);

#endif
