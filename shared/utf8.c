#include "utf8.h"

/* RFC 3629 section 4: for each range of lead bytes, the length and the range of the second byte. */
static const struct {
    unsigned char first_min, first_max, second_min, second_max;
    size_t length;
} forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_length(struct slice s)
{
    const unsigned char *u = (const unsigned char *)s.p;
    if (s.n == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (u[0] < forms[i].first_min || u[0] > forms[i].first_max)
            continue;
        if (s.n < forms[i].length || u[1] < forms[i].second_min || u[1] > forms[i].second_max)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (u[k] < 0x80 || u[k] > 0xbf)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static struct slice skip_ascii(struct slice s)
{
    size_t n = 0;
    while (n < s.n && (unsigned char)s.p[n] < 0x80)
        n++;
    return slice_skip(s, n);
}

bool utf8_valid(struct slice s)
{
    for (s = skip_ascii(s); s.n > 0; s = skip_ascii(s)) {
        size_t len = utf8_length(s);
        if (len == 0)
            return false;
        s = slice_skip(s, len);
    }
    return true;
}
