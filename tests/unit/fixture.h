/* What several unit tests need: cmocka, inputs that end where their memory ends, a configuration.
 */
#ifndef FHIR_AUTH_FIXTURE_H
#define FHIR_AUTH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A slice in a table; the text may hold NULs. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

/* A copy without a NUL in a block of exactly its size: the sanitizer sees any read beyond it. */
static inline struct slice exact_new(struct slice s)
{
    if (s.p == NULL)
        return SLICE_NONE;
    char *block = malloc(s.n);
    assert_non_null(block);
    memcpy(block, s.p, s.n);
    return (struct slice){block, s.n};
}

static inline void exact_free(struct slice *s)
{
    union {
        const char *read;
        void *block;
    } memory = {.read = s->p};
    free(memory.block);
}

#define EXACT(name, from) __attribute__((cleanup(exact_free))) struct slice name = exact_new(from)

/* An arena for one test. */
static inline struct arena arena_new(size_t cap)
{
    struct arena a;
    assert_true(arena_init(&a, cap));
    return a;
}

#define ARENA(name, cap) __attribute__((cleanup(arena_free))) struct arena name = arena_new(cap)

/* The bytes of the slice are those of the text; `line` is the row of the table that is tested. */
static inline void check_slice(int line, struct slice have, const char *want)
{
    if (!slice_is(have, want) || (have.p == NULL) != (want == NULL))
        fail_msg("line %d: \"%.*s\" rather than \"%s\"", line, SLICE_FMT(have),
                 want ? want : "(absent)");
}

static inline void check_err(int line, enum err have, enum err want)
{
    if (have != want)
        fail_msg("line %d: %s rather than %s", line, err_row(have)->name, err_row(want)->name);
}

static inline void check_true(int line, bool holds, const char *what)
{
    if (!holds)
        fail_msg("line %d: %s", line, what);
}

/* The rest of the configuration is as by default. */
static inline void config_of(const char *text, struct config *out)
{
    char faults[4096];
    struct buf b = BUF(faults);
    if (config_parse(slice_of(text), "test.conf", out, &b) != ERR_OK)
        fail_msg("%s", faults);
}

#define CONFIG_ONE_BASE                                                                            \
    "[token-endpoint]\n"                                                                           \
    "issuer = https://hospital.example/auth\n"                                                     \
    "[fhir \"main\"]\n"                                                                            \
    "base = https://hospital.example/fhir\n"

#endif
