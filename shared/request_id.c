#include "request_id.h"

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

/* Each byte is given out once, and wiped; false when randomness is out. */
static bool take_random(struct request_ids *ids, unsigned char out[REQUEST_ID_RANDOM])
{
    if (ids->left < REQUEST_ID_RANDOM) {
        if (RAND_bytes(ids->pool, sizeof ids->pool) != 1)
            return false;
        ids->left = sizeof ids->pool;
    }
    ids->left -= REQUEST_ID_RANDOM;
    memcpy(out, ids->pool + ids->left, REQUEST_ID_RANDOM);
    OPENSSL_cleanse(ids->pool + ids->left, REQUEST_ID_RANDOM);
    return true;
}

struct slice request_id(struct request_ids *ids, struct slice given, struct arena *a)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[REQUEST_ID_RANDOM];
    if (is_usable(given))
        return given;
    char *text = arena_alloc(a, 2 * sizeof random);
    if (text == NULL || !take_random(ids, random))
        return SLICE_NONE;
    for (size_t i = 0; i < sizeof random; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 0xf];
    }
    return (struct slice){text, 2 * sizeof random};
}
