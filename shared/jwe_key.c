#include "jwe_key.h"

#include "base64url.h"
#include "jwe_agree.h"
#include "jwe_content.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

static const unsigned char *octets(struct slice s)
{
    return (const unsigned char *)s.p;
}

static struct slice slice_over(const unsigned char *p, size_t n)
{
    return (struct slice){(const char *)p, n};
}

/* ---- AES key wrapping (RFC 7518 section 4.4) ---- */

static bool aes_wrap(const struct jwe_alg *alg, const unsigned char *kek, bool wrap,
                     struct slice in, unsigned char *out, size_t out_bytes)
{
    unsigned char result[JWE_MAX_CEK + 2 * JWE_WRAP_MORE];
    int n = 0;
    if (in.n > JWE_MAX_CEK + JWE_WRAP_MORE)
        return false;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, alg->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx != NULL)
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool ok = cipher != NULL && ctx != NULL &&
              EVP_CipherInit_ex2(ctx, cipher, kek, NULL, wrap ? 1 : 0, NULL) == 1 &&
              EVP_CipherUpdate(ctx, result, &n, octets(in), (int)in.n) == 1 &&
              (size_t)n == out_bytes;
    if (ok)
        memcpy(out, result, out_bytes);
    OPENSSL_cleanse(result, sizeof result);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok;
}

/* ---- AES-GCM key wrapping (RFC 7518 section 4.7) ---- */

static struct jwe_enc gcm_of(const struct jwe_alg *alg)
{
    return (struct jwe_enc){.name = alg->name,
                            .cek_bytes = alg->kek_bytes,
                            .iv_bytes = JWE_GCM_IV,
                            .tag_bytes = JWE_GCM_TAG,
                            .cipher = alg->cipher};
}

static bool gcm_unwrap(const struct jwe *jwe, const struct jwk *key, unsigned char cek[JWE_MAX_CEK])
{
    const struct jwe_enc gcm = gcm_of(jwe->alg);
    unsigned char result[JWE_MAX_CEK + JWE_MAX_BLOCK];
    size_t n = 0;
    if (jwe->encrypted_key.n != jwe->enc->cek_bytes ||
        !jwe_content_decrypt(&gcm, key->oct, SLICE(""), jwe->key_iv, jwe->encrypted_key,
                             jwe->key_tag, result, &n))
        return false;
    memcpy(cek, result, n);
    OPENSSL_cleanse(result, sizeof result);
    return true;
}

static void put_member(struct buf *header, const char *name, struct slice bytes)
{
    buf_printf(header, ",\"%s\":\"", name);
    base64url_encode(bytes, header);
    buf_putc(header, '"');
}

static bool gcm_wrap(const struct jwe_alg *alg, const struct jwk *key, struct slice cek,
                     struct buf *header, struct jwe_wrapped *out)
{
    const struct jwe_enc gcm = gcm_of(alg);
    unsigned char iv[JWE_MAX_IV], tag[JWE_MAX_TAG];
    if (RAND_bytes(iv, (int)gcm.iv_bytes) != 1 ||
        !jwe_content_encrypt(&gcm, key->oct, SLICE(""), iv, cek, out->key, &out->key_bytes, tag))
        return false;
    put_member(header, "iv", slice_over(iv, gcm.iv_bytes));
    put_member(header, "tag", slice_over(tag, gcm.tag_bytes));
    return true;
}

/* ---- RSAES-OAEP (RFC 7518 section 4.3) ---- */

static bool set_oaep(EVP_PKEY_CTX *ctx, const struct jwe_alg *alg)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, alg->digest, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, alg->digest, NULL) == 1;
}

static bool rsa_unwrap(const struct jwe *jwe, const struct jwk *key, unsigned char cek[JWE_MAX_CEK])
{
    unsigned char result[JWK_MAX_PART_BYTES];
    size_t n = sizeof result;
    int modulus_bytes = EVP_PKEY_get_size(key->pkey);
    if (modulus_bytes <= 0 || jwe->encrypted_key.n != (size_t)modulus_bytes)
        return false; /* RFC 8017 section 7.1.2 */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool ok =
        ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx, jwe->alg) &&
        EVP_PKEY_decrypt(ctx, result, &n, octets(jwe->encrypted_key), jwe->encrypted_key.n) == 1 &&
        n == jwe->enc->cek_bytes;
    if (ok)
        memcpy(cek, result, n);
    OPENSSL_cleanse(result, sizeof result);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool rsa_wrap(const struct jwe_alg *alg, const struct jwk *key, struct slice cek,
                     struct jwe_wrapped *out)
{
    size_t n = sizeof out->key;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx, alg) &&
              EVP_PKEY_encrypt(ctx, out->key, &n, octets(cek), cek.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        out->key_bytes = n;
    return ok;
}

/* ---- all of them ---- */

static bool agree_unwrap(const struct jwe *jwe, const struct jwk *key,
                         unsigned char cek[JWE_MAX_CEK])
{
    unsigned char kek[JWE_MAX_CEK];
    bool ok = jwe_agree_recipient(jwe, key, kek) &&
              aes_wrap(jwe->alg, kek, false, jwe->encrypted_key, cek, jwe->enc->cek_bytes);
    OPENSSL_cleanse(kek, sizeof kek);
    return ok;
}

static bool unwrap(const struct jwe *jwe, const struct jwk *key, unsigned char cek[JWE_MAX_CEK])
{
    switch (jwe->alg->way) {
    case JWE_DIRECT:
        memcpy(cek, key->oct, jwe->enc->cek_bytes);
        return true;
    case JWE_WRAP:
        return aes_wrap(jwe->alg, key->oct, false, jwe->encrypted_key, cek, jwe->enc->cek_bytes);
    case JWE_GCM_WRAP:
        return gcm_unwrap(jwe, key, cek);
    case JWE_RSA:
        return rsa_unwrap(jwe, key, cek);
    case JWE_AGREE:
        return jwe_agree_recipient(jwe, key, cek);
    case JWE_AGREE_WRAP:
        return agree_unwrap(jwe, key, cek);
    }
    return false;
}

bool jwe_key_unwrap(const struct jwe *jwe, const struct jwk *key, unsigned char cek[JWE_MAX_CEK])
{
    bool ok = unwrap(jwe, key, cek);
    ERR_clear_error();
    return ok;
}

static bool agree_wrap(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key,
                       struct slice cek, struct buf *header, struct jwe_wrapped *out)
{
    unsigned char kek[JWE_MAX_CEK];
    out->key_bytes = cek.n + JWE_WRAP_MORE;
    bool ok = jwe_agree_sender(alg, enc, key, header, kek) &&
              aes_wrap(alg, kek, true, cek, out->key, out->key_bytes);
    OPENSSL_cleanse(kek, sizeof kek);
    return ok;
}

static bool wrap(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key,
                 struct buf *header, struct jwe_wrapped *out)
{
    const struct slice cek = slice_over(out->cek, enc->cek_bytes);
    out->key_bytes = 0;
    if (alg->way != JWE_DIRECT && alg->way != JWE_AGREE &&
        RAND_priv_bytes(out->cek, (int)enc->cek_bytes) != 1)
        return false;
    switch (alg->way) {
    case JWE_DIRECT:
        memcpy(out->cek, key->oct, enc->cek_bytes);
        return true;
    case JWE_WRAP:
        out->key_bytes = cek.n + JWE_WRAP_MORE;
        return aes_wrap(alg, key->oct, true, cek, out->key, out->key_bytes);
    case JWE_GCM_WRAP:
        return gcm_wrap(alg, key, cek, header, out);
    case JWE_RSA:
        return rsa_wrap(alg, key, cek, out);
    case JWE_AGREE:
        return jwe_agree_sender(alg, enc, key, header, out->cek);
    case JWE_AGREE_WRAP:
        return agree_wrap(alg, enc, key, cek, header, out);
    }
    return false;
}

bool jwe_key_wrap(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key,
                  struct buf *header, struct jwe_wrapped *out)
{
    bool ok = wrap(alg, enc, key, header, out);
    ERR_clear_error();
    return ok;
}
