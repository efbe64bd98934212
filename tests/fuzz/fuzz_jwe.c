#include "fuzz.h"
#include "jwe.h"

#include "base64url.h"
#include "jwe_content.h"
#include "jwe_key.h"

#define ARENA_BYTES (1U << 20)

static const struct jwe_policy policy = {.rsa_oaep = true};

static const struct {
    const char *file, *alg;
} keys[] = {
    {"rfc7516-a3.json", "A128KW"},          {"rfc7520-5.5.json", "ECDH-ES"},
    {"rfc7520-5.4.json", "ECDH-ES+A128KW"}, {"rfc7520-5.6.json", "dir"},
    {"rfc7520-5.7.json", "A256GCMKW"},      {"cookbook-x25519.json", "ECDH-ES+A256KW"},
    {"rfc7516-a1.json", "RSA-OAEP-256"},
};
#define KEYS (sizeof keys / sizeof keys[0])
#define ENCS 6

static const struct jwk *key_at(size_t i)
{
    static struct jwk *loaded[KEYS];
    if (loaded[i % KEYS] == NULL)
        loaded[i % KEYS] = fuzz_key(keys[i % KEYS].file);
    return loaded[i % KEYS];
}

static struct slice with_bit_changed(struct slice s, size_t place, struct arena *a)
{
    char *copy = arena_dup(a, s);
    CHECK(copy != NULL && s.n > 0);
    copy[place / 8 % s.n] ^= (char)(1 << place % 8);
    return (struct slice){copy, s.n};
}

/* A token as it comes: where it opens, it does not with another tag, text or IV. */
static void take(struct slice compact, struct arena *a)
{
    struct jwe jwe;
    if (jwe_parse(compact, a, &jwe) != ERR_OK)
        return;
    CHECK(jwe.alg != NULL && jwe.enc != NULL && jwe.tag.n >= 16);
    for (size_t i = 0; i < KEYS; i++) {
        struct slice plaintext = SLICE_NONE;
        enum err e = jwe_decrypt(&jwe, key_at(i), &policy, a, &plaintext);
        CHECK((e == ERR_OK) == (plaintext.p != NULL));
        CHECK(e == ERR_OK || e == ERR_JWE || e == ERR_JWE_ALG || e == ERR_TOO_LARGE);
        if (e != ERR_OK)
            continue;
        CHECK(plaintext.n <= jwe.ciphertext.n);
        struct jwe changed = jwe;
        changed.tag = with_bit_changed(jwe.tag, jwe.ciphertext.n, a);
        CHECK(jwe_decrypt(&changed, key_at(i), &policy, a, &plaintext) == ERR_JWE);
        changed.tag = jwe.tag;
        changed.iv = with_bit_changed(jwe.iv, jwe.ciphertext.n, a);
        CHECK(jwe_decrypt(&changed, key_at(i), &policy, a, &plaintext) == ERR_JWE);
    }
}

static void put_compact(const struct slice parts[5], struct buf *b)
{
    for (size_t i = 0; i < 5; i++) {
        buf_puts(b, i > 0 ? "." : "");
        base64url_encode(parts[i], b);
    }
}

/* "p" header LF encrypted key LF IV LF tag LF ciphertext, not encoded. */
static void take_parts(struct slice input, struct arena *a)
{
    struct slice p[4] = {SLICE_NONE, SLICE_NONE, SLICE_NONE, SLICE_NONE};
    for (size_t i = 0; i < 4; i++)
        if (!slice_cut(&input, '\n', &p[i]))
            return;
    struct buf b = buf_in(a, 2 * (p[0].n + p[1].n + p[2].n + p[3].n + input.n) + 16);
    put_compact((const struct slice[5]){p[0], p[1], p[2], input, p[3]}, &b);
    take(buf_slice(&b), a);
}

/* "h" header: encrypted rightly, whatever else the header says, where there is no key to wrap. */
static void encrypt_any_header(struct slice header, struct arena *a)
{
    static const char zeros[32], text[16] = "sixteen bytes  ";
    unsigned char cek[JWE_MAX_CEK], out[sizeof text + JWE_MAX_BLOCK], tag[JWE_MAX_TAG];
    for (size_t i = 0; i < ENCS; i++) {
        const struct jwe_enc *enc = jwe_enc_find(slice_of(jwe_enc_at(i)));
        const struct slice plaintext = {text, sizeof text}, iv = {zeros, enc->iv_bytes};
        struct buf b = buf_in(a, 2 * header.n + 512);
        struct slice opened;
        struct jwe jwe;
        size_t n = 0;
        put_compact(
            (const struct slice[5]){header, SLICE(""), iv, plaintext, {zeros, enc->tag_bytes}}, &b);
        if (jwe_parse(buf_slice(&b), a, &jwe) != ERR_OK || jwe.enc != enc)
            continue;
        for (size_t k = 0; k < KEYS; k++) {
            if (!jwe_alg_fits(jwe.alg, enc, key_at(k)) || !jwe_key_unwrap(&jwe, key_at(k), cek))
                continue;
            CHECK(jwe_content_encrypt(enc, cek, jwe.aad, (const unsigned char *)zeros, plaintext,
                                      out, &n, tag));
            jwe.ciphertext = (struct slice){(const char *)out, n};
            jwe.tag = (struct slice){(const char *)tag, enc->tag_bytes};
            CHECK(jwe_decrypt(&jwe, key_at(k), &policy, a, &opened) == ERR_OK);
            CHECK(slice_eq(opened, plaintext));
        }
    }
}

/* "s" key enc place plaintext: opens to what it was; with one bit of it changed, never. */
static void encrypt_and_change(struct slice input, struct arena *a)
{
    if (input.n < 4)
        return;
    size_t which = (unsigned char)input.p[0] % KEYS;
    const char *enc = jwe_enc_at((unsigned char)input.p[1] % ENCS);
    size_t place = (size_t)((unsigned char)input.p[2] << 8 | (unsigned char)input.p[3]);
    const struct slice plaintext = slice_skip(input, 4);
    const struct jwk *key = key_at(which);
    struct buf b = buf_in(a, JWE_MAX_BYTES + 1);
    struct slice opened;
    struct jwe jwe;
    enum err e = jwe_encrypt(keys[which].alg, enc, key, "JWT", "JWT", plaintext, a, &b);
    CHECK(e == ERR_OK || e == ERR_TOO_LARGE || (e == ERR_JWE_ALG && key->type == JWK_OCT));
    if (e != ERR_OK)
        return;
    CHECK(jwe_parse(buf_slice(&b), a, &jwe) == ERR_OK);
    CHECK(jwe_decrypt(&jwe, key, &policy, a, &opened) == ERR_OK && slice_eq(opened, plaintext));
    b.p[place / 8 % b.n] ^= (char)(1 << place % 8);
    CHECK(jwe_parse(buf_slice(&b), a, &jwe) != ERR_OK ||
          jwe_decrypt(&jwe, key, &policy, a, &opened) != ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct {
        const char *letter;
        void (*run)(struct slice input, struct arena *a);
    } ways[] = {{"p", take_parts}, {"h", encrypt_any_header}, {"s", encrypt_and_change}};
    const struct slice input = {(const char *)data, n};
    struct arena a = fuzz_arena(ARENA_BYTES);
    void (*run)(struct slice input, struct arena * a) = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (slice_starts(input, ways[i].letter))
            run = ways[i].run;
    if (run != NULL)
        run(slice_skip(input, 1), &a);
    else
        take(input, &a);
    arena_free(&a);
    return 0;
}
