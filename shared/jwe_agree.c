#include "jwe_agree.h"

#include "jwk_curve.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#define MAX_INFO (4 * 4 + 16 + 2 * JWE_MAX_PARTY) /* bytes: three lengths and texts, one number */

bool jwe_agree_secret(EVP_PKEY *own, EVP_PKEY *peer, unsigned char z[JWE_MAX_AGREED],
                      size_t *z_bytes)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t n = JWE_MAX_AGREED;
    unsigned any = 0;
    bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, z, &n) == 1;
    EVP_PKEY_CTX_free(ctx);
    for (size_t i = 0; ok && i < n; i++)
        any |= z[i];
    if (!ok || any == 0) { /* RFC 7748 section 6.1: a peer of small order */
        ERR_clear_error();
        return false;
    }
    *z_bytes = n;
    return true;
}

static void put_number(struct buf *b, size_t number)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        buf_putc(b, (char)(unsigned char)(number >> (shift - 8)));
}

static void put_text(struct buf *b, struct slice text)
{
    put_number(b, text.n);
    buf_put(b, text);
}

/* Concat KDF (RFC 7518 section 4.6.2), which is the one-step KDF of NIST SP 800-56C. */
static bool concat_kdf(unsigned char *z, size_t z_bytes, struct buf *info, unsigned char *out,
                       size_t out_bytes)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, z, z_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->p, info->n),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, out_bytes, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok)
        ERR_clear_error();
    return ok;
}

struct agreement {
    const struct jwe_alg *alg;
    const struct jwe_enc *enc;
    struct slice apu, apv;
};

static bool derive(const struct agreement *g, EVP_PKEY *own, EVP_PKEY *peer,
                   unsigned char out[JWE_MAX_CEK])
{
    bool direct = g->alg->way == JWE_AGREE;
    size_t n = direct ? g->enc->cek_bytes : g->alg->kek_bytes, z_bytes = 0;
    unsigned char z[JWE_MAX_AGREED];
    char text[MAX_INFO + 1];
    struct buf info = BUF(text);
    put_text(&info, slice_of(direct ? g->enc->name : g->alg->name));
    put_text(&info, g->apu);
    put_text(&info, g->apv);
    put_number(&info, n * 8);
    bool ok = !info.overflowed && jwe_agree_secret(own, peer, z, &z_bytes) &&
              concat_kdf(z, z_bytes, &info, out, n);
    OPENSSL_cleanse(z, sizeof z);
    return ok;
}

/* Before it is imported, which for an RSA key of the sender's choice would take its time. */
static bool is_public_of_same_curve(const struct json *epk, const struct jwk *key)
{
    struct slice kty, crv;
    return json_member_string(epk, "kty", &kty) && slice_is(kty, jwk_type_name(key->type)) &&
           json_member_string(epk, "crv", &crv) && slice_is(crv, key->curve) &&
           json_member(epk, "d") == NULL;
}

bool jwe_agree_recipient(const struct jwe *jwe, const struct jwk *key,
                         unsigned char out[JWE_MAX_CEK])
{
    const struct agreement g = {jwe->alg, jwe->enc, jwe->apu, jwe->apv};
    struct json *header = NULL;
    struct jwk *peer = NULL;
    if (json_parse(jwe->header, &header) != ERR_OK)
        return false;
    const struct json *epk = json_member(header, "epk");
    /* jwk_from_json checks that the point is on its curve: an answer for another one tells d. */
    bool ok = is_public_of_same_curve(epk, key) && jwk_from_json(epk, &peer) == ERR_OK &&
              derive(&g, key->pkey, peer->pkey, out);
    jwk_free(peer);
    json_free(header);
    return ok;
}

bool jwe_agree_sender(const struct jwe_alg *alg, const struct jwe_enc *enc, const struct jwk *key,
                      struct buf *header, unsigned char out[JWE_MAX_CEK])
{
    const struct agreement g = {.alg = alg, .enc = enc};
    const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
    struct jwk epk = {.type = key->type, .is_private = true};
    if (curve == NULL)
        return false;
    memcpy(epk.curve, key->curve, sizeof epk.curve);
    epk.pkey = key->type == JWK_EC ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->openssl)
                                   : EVP_PKEY_Q_keygen(NULL, NULL, curve->openssl);
    buf_puts(header, ",\"epk\":");
    bool ok = epk.pkey != NULL && jwk_write_public(&epk, header) == ERR_OK &&
              derive(&g, epk.pkey, key->pkey, out);
    EVP_PKEY_free(epk.pkey);
    if (!ok)
        ERR_clear_error();
    return ok;
}
