/*
 * A text under construction in memory that somebody else owns.  Never grows, never overruns: what
 * does not fit sets `overflowed`, which stays set, so a caller checks once at the end.
 */
#ifndef FHIR_AUTH_BUF_H
#define FHIR_AUTH_BUF_H

#include "arena.h"

struct buf {
    char *p; /* borrowed */
    size_t n;
    size_t cap; /* bytes; one is kept for a NUL */
    bool overflowed;
};

/* Over a caller's array.  BUF(array) below saves the size. */
struct buf buf_over(char *p, size_t cap);
#define BUF(array) buf_over((array), sizeof(array))

/* In an arena; when that is full the result is a buf that has overflowed. */
struct buf buf_in(struct arena *a, size_t cap);

void buf_put(struct buf *b, struct slice s);
static inline void buf_puts(struct buf *b, const char *z)
{
    buf_put(b, slice_of(z));
}
static inline void buf_putc(struct buf *b, char c)
{
    buf_put(b, (struct slice){&c, 1});
}
/* In decimal. */
void buf_number(struct buf *b, int64_t number);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes (RFC 8259 section 7).  Bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, struct slice s);
/* Text for XML content or attribute values; what XML 1.0 cannot hold becomes U+FFFD. */
void buf_xml(struct buf *b, struct slice s);

/* What was written, NUL-terminated behind its end. */
struct slice buf_slice(const struct buf *b);

/*
 * The same of a text that is complete and was the last to be given room in the arena: what it did
 * not need goes back.
 */
struct slice buf_finish(struct buf *b, struct arena *a);

#endif
