/* Example values of the RFCs, tests/vectors/, as parsed JSON; run from the project's root. */
#ifndef FHIR_AUTH_VECTORS_H
#define FHIR_AUTH_VECTORS_H

#include "json.h"

#include <stdio.h>

/* Fails the test when the file is not there.  json_free. */
static inline struct json *vector_load(const char *file)
{
    static char text[16384];
    char path[128];
    struct json *document = NULL;
    snprintf(path, sizeof path, "tests/vectors/%s", file);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_int_equal(json_parse((struct slice){text, n}, &document), ERR_OK);
    return document;
}

static inline struct slice vector_text(const struct json *document, const char *name)
{
    struct slice text = SLICE_NONE;
    assert_true(json_member_string(document, name, &text));
    return text;
}

#endif
