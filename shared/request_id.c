#include "request_id.h"

#include "buf.h"
#include "secret_shape.h"

#include <openssl/rand.h>

static bool is_usable(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || strchr("._~@-", c) == NULL))
            return false;
    }
    return s.n >= 1 && s.n <= 64 && !secret_shaped(s);
}

struct slice request_id(struct slice given, struct arena *a)
{
    unsigned char random[8];
    if (is_usable(given))
        return given;
    struct buf text = buf_in(a, 2 * sizeof random + 1);
    if (RAND_bytes(random, sizeof random) != 1)
        return SLICE_NONE;
    for (size_t i = 0; i < sizeof random; i++)
        buf_printf(&text, "%02x", random[i]);
    return buf_slice(&text);
}
