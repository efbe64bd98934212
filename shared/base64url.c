#include "base64url.h"

/* Value of a digit plus one; 0 for bytes that are no digit. */
#define LETTERS_AND_DIGITS                                                                         \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,        \
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, \
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23,            \
    ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,            \
    ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,            \
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,            \
    ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51,            \
    ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,            \
    ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62

static const unsigned char url_values[256] = {LETTERS_AND_DIGITS, ['-'] = 63, ['_'] = 64};
static const unsigned char standard_values[256] = {LETTERS_AND_DIGITS, ['+'] = 63, ['/'] = 64};

/* Digits only; padding is the callers' matter. */
static enum err decode(const unsigned char values[256], struct slice text, struct arena *a,
                       struct slice *out)
{
    if (text.n % 4 == 1)
        return ERR_BASE64;
    char *bytes = arena_alloc(a, text.n / 4 * 3 + 3);
    if (bytes == NULL)
        return ERR_TOO_LARGE;
    size_t n = 0;
    uint32_t bits = 0; /* those not yet written, in the low end */
    unsigned held = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned value = values[(unsigned char)text.p[i]];
        if (value == 0)
            return ERR_BASE64;
        bits = bits << 6 | (value - 1);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[n++] = (char)(unsigned char)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    /* Spare bits would give one value several spellings, and so one token several digests. */
    if (bits != 0)
        return ERR_BASE64;
    bytes[n] = '\0';
    *out = (struct slice){bytes, n};
    return ERR_OK;
}

enum err base64url_decode(struct slice text, struct arena *a, struct slice *out)
{
    return decode(url_values, text, a, out);
}

enum err base64_decode(struct slice text, struct arena *a, struct slice *out)
{
    if (text.n % 4 != 0)
        return ERR_BASE64;
    for (int i = 0; i < 2 && slice_ends(text, "="); i++)
        text.n--;
    return decode(standard_values, text, a, out);
}

static uint32_t octet(struct slice bytes, size_t i)
{
    return (unsigned char)bytes.p[i];
}

static void encode(const char digits[static 64], struct slice bytes, struct buf *out)
{
    size_t whole = bytes.n - bytes.n % 3, rest = bytes.n - whole;
    if (out->overflowed || BASE64URL_LENGTH(bytes.n) >= out->cap - out->n) {
        out->overflowed = true;
        return;
    }
    char *to = out->p + out->n;
    for (size_t i = 0; i < whole; i += 3) {
        uint32_t bits = octet(bytes, i) << 16 | octet(bytes, i + 1) << 8 | octet(bytes, i + 2);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = digits[bits >> 6 & 63];
        *to++ = digits[bits & 63];
    }
    if (rest > 0) {
        uint32_t bits = octet(bytes, whole) << 8 | (rest > 1 ? octet(bytes, whole + 1) : 0);
        *to++ = digits[bits >> 10];
        *to++ = digits[bits >> 4 & 63];
        if (rest > 1)
            *to++ = digits[bits << 2 & 63];
    }
    *to = '\0';
    out->n = (size_t)(to - out->p);
}

#define DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

void base64url_encode(struct slice bytes, struct buf *out)
{
    encode(DIGITS "-_", bytes, out);
}

void base64_encode(struct slice bytes, struct buf *out)
{
    encode(DIGITS "+/", bytes, out);
    buf_puts(out, bytes.n % 3 == 1 ? "==" : bytes.n % 3 == 2 ? "=" : "");
}
