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

void buf_number(struct buf *b, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    buf_put(b, (struct slice){digits + at, sizeof digits - at});
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* How many bytes at the front stand for themselves, and are ASCII. */
static size_t plain_json(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

/* One that does not; returns its length. */
static size_t put_json_character(struct buf *b, struct slice s)
{
    static const char escape[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, letter */
    size_t length = utf8_length(s);
    unsigned char c = (unsigned char)s.p[0];
    const char *e = NULL;
    for (size_t k = 0; k + 1 < sizeof escape && e == NULL; k += 2)
        if (escape[k] == s.p[0])
            e = &escape[k + 1];
    if (length == 0)
        buf_puts(b, REPLACEMENT);
    else if (e != NULL)
        buf_printf(b, "\\%c", *e);
    else if (c < 0x20 || c == 0x7f)
        buf_printf(b, "\\u%04x", c);
    else
        buf_put(b, (struct slice){s.p, length});
    return length > 0 ? length : 1;
}

void buf_json(struct buf *b, struct slice s)
{
    buf_putc(b, '"');
    while (s.n > 0) {
        size_t plain = plain_json(s);
        buf_put(b, (struct slice){s.p, plain});
        s = slice_skip(s, plain);
        if (s.n > 0)
            s = slice_skip(s, put_json_character(b, s));
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

struct slice buf_finish(struct buf *b, struct arena *a)
{
    if (!b->overflowed) {
        b->cap = b->n + 1;
        arena_give_back(a, b->p + b->cap);
    }
    return buf_slice(b);
}
