#include "jwe.h"

#include "base64url.h"
#include "jwe_content.h"
#include "jwe_key.h"

#include <openssl/rand.h>

static bool is_meant(const struct jwe *jwe, const struct jwk *key)
{
    if (jwe->kid.p == NULL)
        return jwe_alg_fits(jwe->alg, jwe->enc, key) && key->may_decrypt;
    /* A key without a kid is not the key with the empty one. */
    return key->kid[0] != '\0' && slice_is(jwe->kid, key->kid);
}

enum err jwe_find_key(const struct jwe *jwe, const struct jwk_set *set, const struct jwk **out)
{
    const struct jwk *found = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_meant(jwe, set->keys[i]))
            continue;
        if (found != NULL)
            return ERR_JWE_KEY;
        found = set->keys[i];
    }
    if (found == NULL)
        return ERR_JWE_KEY;
    *out = found;
    return ERR_OK;
}

/* cek stays when it is good, else it becomes other; without a branch on which. */
static void select_key(bool good, const unsigned char other[JWE_MAX_CEK],
                       unsigned char cek[JWE_MAX_CEK])
{
    const unsigned mask = 0U - (unsigned)good;
    for (size_t i = 0; i < JWE_MAX_CEK; i++)
        cek[i] = (unsigned char)((cek[i] & mask) | (other[i] & ~mask));
}

/*
 * RFC 7516 section 11.5: where the key cannot be had, a random one takes its place, so that a bad
 * encrypted key and a bad tag come to the same end by the same way.
 */
static bool decrypt(const struct jwe *jwe, const struct jwk *key,
                    const unsigned char random[JWE_MAX_CEK], unsigned char *text, size_t *n)
{
    unsigned char cek[JWE_MAX_CEK] = {0};
    bool had = jwe_key_unwrap(jwe, key, cek);
    select_key(had, random, cek);
    bool opened =
        jwe_content_decrypt(jwe->enc, cek, jwe->aad, jwe->iv, jwe->ciphertext, jwe->tag, text, n);
    OPENSSL_cleanse(cek, sizeof cek);
    return had && opened;
}

enum err jwe_decrypt(const struct jwe *jwe, const struct jwk *key, const struct jwe_policy *policy,
                     struct arena *a, struct slice *out)
{
    if (!jwe_alg_fits(jwe->alg, jwe->enc, key) ||
        (jwe_alg_is_legacy(jwe->alg) && !policy->rsa_oaep))
        return ERR_JWE_ALG;
    if (!key->may_decrypt)
        return ERR_JWK_USE;
    unsigned char random[JWE_MAX_CEK];
    size_t n = 0, room = jwe->ciphertext.n + JWE_MAX_BLOCK;
    unsigned char *text = arena_alloc(a, room);
    if (text == NULL)
        return ERR_TOO_LARGE;
    if (RAND_priv_bytes(random, sizeof random) != 1)
        return ERR_INTERNAL;
    if (!decrypt(jwe, key, random, text, &n)) {
        OPENSSL_cleanse(text, room);
        return ERR_JWE;
    }
    *out = (struct slice){(const char *)text, n};
    return ERR_OK;
}

static void put_text(struct buf *out, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    buf_puts(out, out->n > 1 ? ",\"" : "\"");
    buf_puts(out, name);
    buf_puts(out, "\":");
    buf_json(out, slice_of(value));
}

static void put_part(struct buf *out, const void *bytes, size_t n)
{
    buf_putc(out, '.');
    base64url_encode((struct slice){bytes, n}, out);
}

/* Everything behind the header, which out already ends with. */
static enum err put_content(const struct jwe_enc *enc, const struct jwe_wrapped *wrapped,
                            struct slice aad, struct slice plaintext, struct arena *scratch,
                            struct buf *out)
{
    unsigned char iv[JWE_MAX_IV], tag[JWE_MAX_TAG];
    size_t n = 0;
    unsigned char *text = arena_alloc(scratch, plaintext.n + JWE_MAX_BLOCK);
    if (text == NULL)
        return ERR_TOO_LARGE;
    if (RAND_bytes(iv, (int)enc->iv_bytes) != 1 ||
        !jwe_content_encrypt(enc, wrapped->cek, aad, iv, plaintext, text, &n, tag))
        return ERR_INTERNAL;
    put_part(out, wrapped->key, wrapped->key_bytes);
    put_part(out, iv, enc->iv_bytes);
    put_part(out, text, n);
    put_part(out, tag, enc->tag_bytes);
    return out->overflowed ? ERR_TOO_LARGE : ERR_OK;
}

static enum err encrypt(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key,
                        struct slice plaintext, struct arena *scratch, struct buf *header,
                        struct buf *out)
{
    struct jwe_wrapped wrapped;
    size_t start = out->n;
    enum err e = jwe_key_wrap(alg, enc, key, header, &wrapped) ? ERR_OK : ERR_INTERNAL;
    buf_putc(header, '}');
    base64url_encode(buf_slice(header), out);
    if (header->overflowed || out->overflowed)
        e = ERR_TOO_LARGE;
    if (e == ERR_OK)
        e = put_content(enc, &wrapped, slice_skip(buf_slice(out), start), plaintext, scratch, out);
    OPENSSL_cleanse(&wrapped, sizeof wrapped);
    return e == ERR_OK && out->n - start > JWE_MAX_BYTES ? ERR_TOO_LARGE : e;
}

enum err jwe_encrypt(const char *alg, const char *enc, const struct jwk *key, const char *typ,
                     const char *cty, struct slice plaintext, struct arena *scratch,
                     struct buf *out)
{
    const struct jwe_alg *alg_row = jwe_alg_find(slice_of(alg));
    const struct jwe_enc *enc_row = jwe_enc_find(slice_of(enc));
    if (alg_row == NULL || enc_row == NULL || jwe_alg_is_legacy(alg_row) ||
        !jwe_alg_fits(alg_row, enc_row, key))
        return ERR_JWE_ALG;
    if (!key->may_encrypt)
        return ERR_JWK_USE;
    if (plaintext.n > JWE_MAX_BYTES || out->overflowed)
        return ERR_TOO_LARGE;
    struct buf header = buf_in(scratch, 1024 + 6 * (JWK_MAX_KID + 2 * JWE_MAX_TYPE));
    buf_putc(&header, '{');
    put_text(&header, "typ", typ);
    put_text(&header, "cty", cty);
    put_text(&header, "alg", alg);
    put_text(&header, "enc", enc);
    put_text(&header, "kid", key->kid);
    size_t before = out->n;
    enum err e = encrypt(alg_row, enc_row, key, plaintext, scratch, &header, out);
    if (e != ERR_OK) {
        out->n = before;
        out->p[before] = '\0';
    }
    return e;
}
