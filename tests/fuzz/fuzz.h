/*
 * What the fuzz targets share.  A target is one function; libFuzzer calls it with inputs that it
 * makes up, replay.c with those of the corpus.  Run from the project's root.
 */
#ifndef FHIR_AUTH_FUZZ_H
#define FHIR_AUTH_FUZZ_H

#include "arena.h"
#include "config.h"
#include "jwk.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold for every input; else the process ends, and libFuzzer keeps the input. */
#define CHECK(holds)                                                                               \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds);                            \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline struct arena fuzz_arena(size_t cap)
{
    struct arena a;
    CHECK(arena_init(&a, cap));
    return a;
}

/* A key of the RFCs, tests/vectors/FILE. */
static inline struct jwk *fuzz_key(const char *file)
{
    char path[128], text[16384];
    struct json *document = NULL;
    struct jwk *key = NULL;
    snprintf(path, sizeof path, "tests/vectors/%s", file);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    CHECK(json_parse((struct slice){text, n}, &document) == ERR_OK);
    CHECK(jwk_from_json(json_member(document, "key"), &key) == ERR_OK);
    json_free(document);
    return key;
}

/* A configuration that has no faults. */
static inline void fuzz_configure(struct slice text, struct config *out)
{
    char faults[4096];
    struct buf why = BUF(faults);
    CHECK(config_parse(text, "fuzz.conf", out, &why) == ERR_OK);
}

#endif
