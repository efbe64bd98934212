#include "jwe_content.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

static const unsigned char *octets(struct slice s)
{
    return (const unsigned char *)s.p;
}

/* All of it at once: true when OpenSSL is content at every step, which includes GCM's tag. */
static bool crypt(EVP_CIPHER_CTX *ctx, struct slice aad, struct slice in, unsigned char *out,
                  size_t *out_bytes)
{
    int n = 0, last = 0;
    if (in.n > JWE_MAX_BYTES || aad.n > JWE_MAX_BYTES)
        return false;
    if (aad.n > 0 && EVP_CipherUpdate(ctx, NULL, &n, octets(aad), (int)aad.n) != 1)
        return false;
    n = 0;
    if (in.n > 0 && EVP_CipherUpdate(ctx, out, &n, octets(in), (int)in.n) != 1)
        return false;
    if (EVP_CipherFinal_ex(ctx, out + n, &last) != 1)
        return false;
    *out_bytes = (size_t)n + (size_t)last;
    return true;
}

static EVP_CIPHER_CTX *cipher_new(const struct jwe_enc *enc, const unsigned char *key,
                                  const unsigned char *iv, bool encrypt)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, enc->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (cipher == NULL || ctx == NULL ||
        EVP_CipherInit_ex2(ctx, cipher, key, iv, encrypt ? 1 : 0, NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher);
    return ctx;
}

/* ---- AES-GCM (RFC 7518 section 5.3): OpenSSL's default IV has the 12 bytes that are asked ---- */

static bool gcm_decrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                        struct slice iv, struct slice ciphertext, struct slice tag,
                        unsigned char *out, size_t *out_bytes)
{
    unsigned char copy[JWE_GCM_TAG]; /* OpenSSL's parameter is not const */
    memcpy(copy, tag.p, sizeof copy);
    EVP_CIPHER_CTX *ctx = cipher_new(enc, cek, octets(iv), false);
    bool ok = ctx != NULL &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof copy, copy) == 1 &&
              crypt(ctx, aad, ciphertext, out, out_bytes);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool gcm_encrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                        const unsigned char *iv, struct slice plaintext, unsigned char *out,
                        size_t *out_bytes, unsigned char *tag)
{
    EVP_CIPHER_CTX *ctx = cipher_new(enc, cek, iv, true);
    bool ok = ctx != NULL && crypt(ctx, aad, plaintext, out, out_bytes) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, JWE_GCM_TAG, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/* ---- AES-CBC with HMAC (RFC 7518 section 5.2): MAC key first, then encryption key ---- */

static bool cbc_tag(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                    struct slice iv, struct slice ciphertext, unsigned char tag[JWE_MAX_TAG])
{
    unsigned char full[EVP_MAX_MD_SIZE], aad_bits[8];
    size_t n = 0;
    uint64_t bits = (uint64_t)aad.n * 8;
    for (size_t i = 0; i < sizeof aad_bits; i++)
        aad_bits[i] = (unsigned char)(bits >> (56 - 8 * i));

    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    char digest[16];
    struct buf name = BUF(digest); /* OpenSSL's parameter is not const */
    buf_puts(&name, enc->digest);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool ok = ctx != NULL && EVP_MAC_init(ctx, cek, enc->cek_bytes / 2, params) == 1 &&
              EVP_MAC_update(ctx, octets(aad), aad.n) == 1 &&
              EVP_MAC_update(ctx, octets(iv), iv.n) == 1 &&
              EVP_MAC_update(ctx, octets(ciphertext), ciphertext.n) == 1 &&
              EVP_MAC_update(ctx, aad_bits, sizeof aad_bits) == 1 &&
              EVP_MAC_final(ctx, full, &n, sizeof full) == 1 && n >= enc->tag_bytes;
    if (ok)
        memcpy(tag, full, enc->tag_bytes);
    OPENSSL_cleanse(full, sizeof full);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok;
}

static bool cbc_decrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                        struct slice iv, struct slice ciphertext, struct slice tag,
                        unsigned char *out, size_t *out_bytes)
{
    unsigned char right[JWE_MAX_TAG];
    bool ok = cbc_tag(enc, cek, aad, iv, ciphertext, right) &&
              CRYPTO_memcmp(right, tag.p, enc->tag_bytes) == 0;
    OPENSSL_cleanse(right, sizeof right); /* the right one, where a forger sent another */
    if (!ok)
        return false; /* before anything is decrypted: its padding would be an oracle */
    EVP_CIPHER_CTX *ctx = cipher_new(enc, cek + enc->cek_bytes / 2, octets(iv), false);
    ok = ctx != NULL && crypt(ctx, SLICE_NONE, ciphertext, out, out_bytes);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool cbc_encrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                        const unsigned char *iv, struct slice plaintext, unsigned char *out,
                        size_t *out_bytes, unsigned char *tag)
{
    size_t n = 0;
    EVP_CIPHER_CTX *ctx = cipher_new(enc, cek + enc->cek_bytes / 2, iv, true);
    bool ok = ctx != NULL && crypt(ctx, SLICE_NONE, plaintext, out, &n) &&
              cbc_tag(enc, cek, aad, (struct slice){(const char *)iv, enc->iv_bytes},
                      (struct slice){(const char *)out, n}, tag);
    EVP_CIPHER_CTX_free(ctx);
    if (ok)
        *out_bytes = n;
    return ok;
}

bool jwe_content_decrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                         struct slice iv, struct slice ciphertext, struct slice tag,
                         unsigned char *out, size_t *out_bytes)
{
    if (iv.n != enc->iv_bytes || tag.n != enc->tag_bytes || ciphertext.n > JWE_MAX_BYTES)
        return false;
    bool ok = enc->digest == NULL ? gcm_decrypt(enc, cek, aad, iv, ciphertext, tag, out, out_bytes)
                                  : cbc_decrypt(enc, cek, aad, iv, ciphertext, tag, out, out_bytes);
    if (!ok) {
        OPENSSL_cleanse(out, ciphertext.n + JWE_MAX_BLOCK);
        ERR_clear_error();
    }
    return ok;
}

bool jwe_content_encrypt(const struct jwe_enc *enc, const unsigned char *cek, struct slice aad,
                         const unsigned char *iv, struct slice plaintext, unsigned char *out,
                         size_t *out_bytes, unsigned char tag[JWE_MAX_TAG])
{
    bool ok = enc->digest == NULL ? gcm_encrypt(enc, cek, aad, iv, plaintext, out, out_bytes, tag)
                                  : cbc_encrypt(enc, cek, aad, iv, plaintext, out, out_bytes, tag);
    if (!ok)
        ERR_clear_error();
    return ok;
}
