#include "base64url.h"
#include "fuzz.h"

/* What decodes, encodes to itself: one value has one spelling. */
static void decode_then_encode(struct slice text, struct arena *a)
{
    struct slice bytes;
    if (base64url_decode(text, a, &bytes) != ERR_OK)
        return;
    struct buf again = buf_in(a, text.n + 1);
    CHECK(bytes.n <= text.n && bytes.p[bytes.n] == '\0');
    base64url_encode(bytes, &again);
    CHECK(!again.overflowed && slice_eq(buf_slice(&again), text));
}

/* Anything can be encoded, and decodes to itself. */
static void encode_then_decode(struct slice bytes, struct arena *a)
{
    struct buf text = buf_in(a, BASE64URL_LENGTH(bytes.n) + 1);
    struct slice again;
    base64url_encode(bytes, &text);
    CHECK(!text.overflowed && text.n == BASE64URL_LENGTH(bytes.n));
    CHECK(base64url_decode(buf_slice(&text), a, &again) == ERR_OK && slice_eq(again, bytes));
}

/* The other alphabet, and padding. */
static void decode_standard(struct slice text, struct arena *a)
{
    struct slice bytes;
    if (base64_decode(text, a, &bytes) != ERR_OK)
        return;
    struct buf again = buf_in(a, text.n + 4);
    base64url_encode(bytes, &again);
    for (size_t i = 0; i < again.n; i++)
        again.p[i] = (char)(again.p[i] == '-' ? '+' : again.p[i] == '_' ? '/' : again.p[i]);
    while (again.n % 4 != 0)
        buf_putc(&again, '=');
    CHECK(slice_eq(buf_slice(&again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice input = {(const char *)data, n};
    struct arena a = fuzz_arena(8 * n + 1024);
    decode_then_encode(input, &a);
    encode_then_decode(input, &a);
    decode_standard(input, &a);
    arena_free(&a);
    return 0;
}
