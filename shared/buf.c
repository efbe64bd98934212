#include "buf.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>

struct buf buf_over(char *p, size_t cap)
{
    struct buf b = {.p = p, .cap = cap};
    if (p == NULL || cap == 0)
        b.overflowed = true;
    else
        p[0] = '\0';
    return b;
}

struct buf buf_in(struct arena *a, size_t cap)
{
    return buf_over(arena_alloc(a, cap), cap);
}

void buf_put(struct buf *b, struct slice s)
{
    if (b->overflowed || s.n >= b->cap - b->n) {
        b->overflowed = true;
        return;
    }
    if (s.n > 0)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *z)
{
    buf_put(b, slice_of(z));
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, (struct slice){&c, 1});
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    if (b->overflowed)
        return;
    size_t room = b->cap - b->n;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(b->p + b->n, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room) {
        b->p[b->n] = '\0';
        b->overflowed = true;
        return;
    }
    b->n += (size_t)n;
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes that stand for themselves in JSON: printable ASCII, as nearly all are. */
static size_t plain_prefix(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

void buf_json(struct buf *b, struct slice s)
{
    static const char escape[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, letter */
    buf_putc(b, '"');
    for (size_t i = 0; i < s.n;) {
        size_t plain = plain_prefix(slice_skip(s, i));
        if (plain > 0) {
            buf_put(b, (struct slice){s.p + i, plain});
            i += plain;
            continue;
        }
        size_t len = utf8_length(slice_skip(s, i));
        unsigned char c = (unsigned char)s.p[i];
        const char *e = NULL;
        for (size_t k = 0; k + 1 < sizeof escape && e == NULL; k += 2)
            if (escape[k] == s.p[i])
                e = &escape[k + 1];
        if (len == 0)
            buf_puts(b, REPLACEMENT);
        else if (e != NULL)
            buf_printf(b, "\\%c", *e);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\u%04x", c);
        else
            buf_put(b, (struct slice){s.p + i, len});
        i += len ? len : 1;
    }
    buf_putc(b, '"');
}

/* U+FFFE and U+FFFF are characters, but none of XML 1.0 (section 2.2). */
static bool is_no_xml(const char *c, size_t length)
{
    return length == 3 && (memcmp(c, "\xef\xbf\xbe", 3) == 0 || memcmp(c, "\xef\xbf\xbf", 3) == 0);
}

void buf_xml(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_length(slice_skip(s, i));
        unsigned char c = (unsigned char)s.p[i];
        if (len == 0 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f ||
            is_no_xml(s.p + i, len))
            buf_puts(b, REPLACEMENT);
        else if (c == '&')
            buf_puts(b, "&amp;");
        else if (c == '<')
            buf_puts(b, "&lt;");
        else if (c == '>')
            buf_puts(b, "&gt;");
        else if (c == '"')
            buf_puts(b, "&quot;");
        else
            buf_put(b, (struct slice){s.p + i, len});
        i += len ? len : 1;
    }
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->n};
}
