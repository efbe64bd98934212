#include "slice.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_is_nocase(struct slice a, const char *z)
{
    if (a.n != strlen(z))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(z[i]))
            return false;
    return true;
}

bool slice_ends(struct slice a, const char *suffix)
{
    size_t n = strlen(suffix);
    return a.n >= n && (n == 0 || memcmp(a.p + (a.n - n), suffix, n) == 0);
}

bool slice_has_char(struct slice a, char c)
{
    return a.n > 0 && memchr(a.p, c, a.n) != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice a)
{
    while (a.n > 0 && is_blank(a.p[0]))
        a = slice_skip(a, 1);
    while (a.n > 0 && is_blank(a.p[a.n - 1]))
        a.n--;
    return a;
}

bool slice_cut(struct slice *rest, char sep, struct slice *head)
{
    if (rest->p == NULL)
        return false;
    const char *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
    if (at == NULL) {
        *head = *rest;
        *rest = SLICE_NONE;
        return true;
    }
    *head = (struct slice){rest->p, (size_t)(at - rest->p)};
    *rest = (struct slice){at + 1, rest->n - head->n - 1};
    return true;
}

bool slice_list_has(struct slice list, struct slice word)
{
    struct slice one;
    while (slice_cut(&list, ' ', &one))
        if (one.n > 0 && slice_eq(one, word))
            return true;
    return false;
}

bool slice_to_u64(struct slice a, uint64_t max, uint64_t *out)
{
    if (a.n == 0 || a.n > 20 || (a.n > 1 && a.p[0] == '0'))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(a.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

bool slice_is_printable(struct slice a)
{
    for (size_t i = 0; i < a.n; i++)
        if (a.p[i] < 0x20 || a.p[i] > 0x7e)
            return false;
    return true;
}
