#include "fuzz.h"
#include "jws.h"

#include "base64url.h"
#include "jws_signature.h"

#define ARENA_BYTES (1U << 19)

static const char *const files[] = {"rfc7515-a1.json", "rfc7515-a2.json", "rfc7515-a3.json",
                                    "rfc7515-a4.json", "rfc8037-a4.json"};
static const char *const algs[] = {"HS256", "RS256", "ES256", "ES512", "EdDSA"};
#define KEYS (sizeof files / sizeof files[0])

static const struct jwk *key_at(size_t i)
{
    static struct jwk *keys[KEYS];
    if (keys[i % KEYS] == NULL)
        keys[i % KEYS] = fuzz_key(files[i % KEYS]);
    return keys[i % KEYS];
}

/* A token as it comes: right or not, no changed signature is right for the same text. */
static void take(struct slice compact, struct arena *a)
{
    struct jws jws;
    if (jws_parse(compact, a, &jws) != ERR_OK)
        return;
    CHECK(jws.alg != NULL && jws.signature.n > 0);
    for (size_t i = 0; i < KEYS; i++) {
        if (jws_verify(&jws, key_at(i)) != ERR_OK)
            continue;
        struct jws changed = jws;
        char *signature = arena_dup(a, jws.signature);
        CHECK(signature != NULL);
        signature[jws.signature.n / 2] ^= 1;
        changed.signature.p = signature;
        CHECK(jws_verify(&changed, key_at(i)) == ERR_JWT_SIGNATURE);
    }
}

/* "p" header LF payload: signed rightly, whatever the header says; verified when it is taken. */
static void sign_any_header(struct slice input, struct arena *a)
{
    struct slice header = SLICE_NONE;
    struct buf b = buf_in(a, 2 * input.n + 2048);
    unsigned char signature[JWS_MAX_SIGNATURE];
    struct jws jws;
    size_t n = 0;
    (void)slice_cut(&input, '\n', &header);
    base64url_encode(header, &b);
    buf_putc(&b, '.');
    base64url_encode(input, &b);
    size_t signed_n = b.n;
    buf_puts(&b, ".AAAA");
    if (jws_parse(buf_slice(&b), a, &jws) != ERR_OK)
        return;
    for (size_t i = 0; i < KEYS; i++) {
        if (!jws_alg_fits(jws.alg, key_at(i)))
            continue;
        b.n = signed_n;
        CHECK(jws_signature_make(jws.alg, key_at(i), buf_slice(&b), signature, &n));
        buf_putc(&b, '.');
        base64url_encode((struct slice){(const char *)signature, n}, &b);
        enum err e = jws_parse(buf_slice(&b), a, &jws);
        CHECK(e == ERR_OK || e == ERR_TOO_LARGE);
        CHECK(e != ERR_OK || jws_verify(&jws, key_at(i)) == ERR_OK);
    }
}

/* "s" key place payload: signed, verified; with one bit of it changed, never verified. */
static void sign_and_change(struct slice input, struct arena *a)
{
    if (input.n < 3)
        return;
    size_t which = (unsigned char)input.p[0] % KEYS;
    size_t place = (size_t)((unsigned char)input.p[1] << 8 | (unsigned char)input.p[2]);
    struct slice payload = slice_skip(input, 3);
    const struct jwk *key = key_at(which);
    struct buf b = buf_in(a, JWS_MAX_BYTES + 1);
    struct jws jws;
    enum err e = jws_sign(jws_alg_find(slice_of(algs[which])), key, "JWT", payload, a, &b);
    CHECK(e == ERR_OK || e == ERR_TOO_LARGE);
    if (e != ERR_OK)
        return;
    CHECK(jws_parse(buf_slice(&b), a, &jws) == ERR_OK && jws_verify(&jws, key) == ERR_OK);
    CHECK(slice_eq(jws.payload, payload));
    b.p[place / 8 % b.n] ^= (char)(1 << place % 8);
    CHECK(jws_parse(buf_slice(&b), a, &jws) != ERR_OK || jws_verify(&jws, key) != ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice input = {(const char *)data, n};
    struct arena a = fuzz_arena(ARENA_BYTES);
    if (slice_starts(input, "p"))
        sign_any_header(slice_skip(input, 1), &a);
    else if (slice_starts(input, "s"))
        sign_and_change(slice_skip(input, 1), &a);
    else
        take(input, &a);
    arena_free(&a);
    return 0;
}
