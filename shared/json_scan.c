#include "json_scan.h"

#include "json.h"
#include "utf8.h"

/* Every function below moves *s behind what it has read, and returns false where it cannot. */

static bool scan_value(struct slice *s, unsigned depth);

static void skip_space(struct slice *s)
{
    while (s->n > 0 && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        *s = slice_skip(*s, 1);
}

static bool take(struct slice *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_digits(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && is_digit(s->p[n]))
        n++;
    *s = slice_skip(*s, n);
    return n > 0;
}

static bool scan_number(struct slice *s)
{
    size_t before = s->n;
    (void)take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            (void)take(s, '-');
        if (!take_digits(s))
            return false;
    }
    return before - s->n <= JSON_MAX_NUMBER;
}

static bool take_hex4(struct slice *s, unsigned *out)
{
    unsigned value = 0;
    if (s->n < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        char c = s->p[i];
        if (is_digit(c))
            value = value << 4 | (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value = value << 4 | (unsigned)(c - 'A' + 10);
        else
            return false;
    }
    *s = slice_skip(*s, 4);
    *out = value;
    return true;
}

/* Behind "\u". */
static bool scan_unicode_escape(struct slice *s)
{
    unsigned unit, low;
    if (!take_hex4(s, &unit) || unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return false;
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    return take(s, '\\') && take(s, 'u') && take_hex4(s, &low) && low >= 0xdc00 && low <= 0xdfff;
}

/* Behind a backslash. */
static bool scan_escape(struct slice *s)
{
    if (take(s, 'u'))
        return scan_unicode_escape(s);
    if (s->n == 0 || !slice_has_char(SLICE("\"\\/bfnrt"), *s->p))
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

/* Most of a text is this, so it goes fast. */
static void skip_plain(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= 0x20 && s->p[n] < 0x7f && s->p[n] != '"' && s->p[n] != '\\')
        n++;
    *s = slice_skip(*s, n);
}

static bool scan_string(struct slice *s)
{
    if (!take(s, '"'))
        return false;
    for (skip_plain(s); s->n > 0; skip_plain(s)) {
        if (take(s, '"'))
            return true;
        if (take(s, '\\')) {
            if (!scan_escape(s))
                return false;
            continue;
        }
        size_t length = utf8_length(*s);
        if (length == 0 || (unsigned char)*s->p < 0x20)
            return false;
        *s = slice_skip(*s, length);
    }
    return false;
}

/* Behind the opening bracket of an object (named) or an array. */
static bool scan_members(struct slice *s, unsigned depth, bool named)
{
    char close = named ? '}' : ']';
    if (depth > JSON_MAX_DEPTH)
        return false;
    skip_space(s);
    if (take(s, close))
        return true;
    for (size_t count = 1; count <= JSON_MAX_MEMBERS; count++) {
        if (named) {
            skip_space(s);
            if (!scan_string(s))
                return false;
            skip_space(s);
            if (!take(s, ':'))
                return false;
        }
        if (!scan_value(s, depth))
            return false;
        if (take(s, close))
            return true;
        if (!take(s, ','))
            return false;
    }
    return false;
}

static bool scan_word(struct slice *s, const char *word)
{
    if (!slice_starts(*s, word))
        return false;
    *s = slice_skip(*s, slice_of(word).n);
    return true;
}

/* With the white space on both sides.  depth: of the containers around it. */
static bool scan_value(struct slice *s, unsigned depth)
{
    bool ok;
    skip_space(s);
    if (take(s, '{'))
        ok = scan_members(s, depth + 1, true);
    else if (take(s, '['))
        ok = scan_members(s, depth + 1, false);
    else if (s->n > 0 && *s->p == '"')
        ok = scan_string(s);
    else
        ok =
            scan_word(s, "true") || scan_word(s, "false") || scan_word(s, "null") || scan_number(s);
    skip_space(s);
    return ok;
}

bool json_scan(struct slice text)
{
    return scan_value(&text, 0) && text.n == 0;
}
