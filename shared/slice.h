/*
 * Borrowed bytes: a pointer and a length, passed by value, never freed through.
 * Untrusted input is only ever looked at through a slice; nothing here needs a terminating NUL.
 */
#ifndef FHIR_AUTH_SLICE_H
#define FHIR_AUTH_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

struct slice {
    const char *p; /* NULL: absent, which differs from empty */
    size_t n;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})

/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).n, ((s).p ? (s).p : "")

/* Inline, so that the length of a literal is known where it stands. */

/* The slice over a C string; NULL gives SLICE_NONE. */
static inline struct slice slice_of(const char *z)
{
    struct slice s = {z, 0};
    if (z != NULL)
        s.n = strlen(z);
    return s;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || (a.p != NULL && b.p != NULL && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool slice_is(struct slice a, const char *z)
{
    return slice_eq(a, slice_of(z));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

/* a without its first n bytes (all of them when it is shorter). */
static inline struct slice slice_skip(struct slice a, size_t n)
{
    if (n > a.n)
        n = a.n;
    return n == 0 ? a : (struct slice){a.p + n, a.n - n};
}

/* ASCII letters only; no locale. */
bool slice_is_nocase(struct slice a, const char *z);
bool slice_ends(struct slice a, const char *suffix);
bool slice_has_char(struct slice a, char c);

/* a without blanks and tabs at both ends. */
struct slice slice_trim(struct slice a);

/*
 * Cut *rest at the next sep: *head is what stands before it.  False when *rest is used up.
 * "a..b" cut at '.' yields "a", "", "b"; "" yields one empty part; SLICE_NONE yields none.
 */
bool slice_cut(struct slice *rest, char sep, struct slice *head);

/* Is the word, which is not empty, one of a list by blanks, to the letter? */
bool slice_list_has(struct slice list, struct slice word);

/* Strict decimal: digits only, no sign, no blank, no leading zero, at most max.  False otherwise.
 */
MUST_USE bool slice_to_u64(struct slice a, uint64_t max, uint64_t *out);

/* Every byte is printable ASCII (0x20 to 0x7e). */
bool slice_is_printable(struct slice a);

#endif
