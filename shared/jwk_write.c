#include "jwk.h"

#include "base64url.h"
#include "jwk_curve.h"
#include "secret.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#define MAX_TEXT 2048 /* bytes of a thumbprint's JSON: the longest member and its names */

/* Big-endian, EC padded to the length of the field, RSA without leading zeros.  0 on failure. */
static size_t number_bytes(const struct jwk *key, const struct jwk_part *part,
                           unsigned char out[JWK_MAX_PART_BYTES])
{
    const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
    BIGNUM *value = NULL;
    int n = 0;
    if (EVP_PKEY_get_bn_param(key->pkey, part->param, &value) == 1) {
        int wanted = curve ? (int)curve->bytes : BN_num_bytes(value);
        n = wanted <= JWK_MAX_PART_BYTES ? BN_bn2binpad(value, out, wanted) : 0;
    }
    BN_clear_free(value);
    return n > 0 ? (size_t)n : 0;
}

/* The value of a member, as octets.  0 when the key has none. */
static size_t part_bytes(const struct jwk *key, const struct jwk_part *part,
                         unsigned char out[JWK_MAX_PART_BYTES])
{
    size_t n = 0;
    switch (key->type) {
    case JWK_RSA:
    case JWK_EC:
        return number_bytes(key, part, out);
    case JWK_OKP:
        return EVP_PKEY_get_octet_string_param(key->pkey, part->param, out, JWK_MAX_PART_BYTES,
                                               &n) == 1
                   ? n
                   : 0;
    case JWK_OCT:
        if (key->oct_bytes > JWK_MAX_PART_BYTES)
            return 0;
        memcpy(out, key->oct, key->oct_bytes);
        return key->oct_bytes;
    }
    return 0;
}

/* "name":"value", after a comma unless it is the first.  Nothing when the value is empty. */
static void put_text(struct buf *out, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    if (!slice_ends(buf_slice(out), "{"))
        buf_putc(out, ',');
    buf_json(out, slice_of(name));
    buf_putc(out, ':');
    buf_json(out, slice_of(value));
}

static bool put_part(struct buf *out, const struct jwk *key, const struct jwk_part *part)
{
    unsigned char bytes[JWK_MAX_PART_BYTES];
    size_t n = part_bytes(key, part, bytes);
    if (!slice_ends(buf_slice(out), "{"))
        buf_putc(out, ',');
    buf_printf(out, "\"%s\":\"", part->name);
    base64url_encode((struct slice){(const char *)bytes, n}, out);
    buf_putc(out, '"');
    OPENSSL_cleanse(bytes, sizeof bytes);
    return n > 0;
}

static enum err write_key(const struct jwk *key, bool with_private, struct buf *out)
{
    static const char *const uses[] = {
        [JWK_USE_ANY] = "", [JWK_USE_SIG] = "sig", [JWK_USE_ENC] = "enc"};
    size_t count, before = out->n;
    const struct jwk_part *part = jwk_parts(key->type, &count);
    bool ok = true;
    buf_putc(out, '{');
    put_text(out, "kty", jwk_type_name(key->type));
    put_text(out, "use", uses[key->use]);
    put_text(out, "alg", key->alg);
    put_text(out, "kid", key->kid);
    put_text(out, "crv", key->curve);
    for (size_t i = 0; i < count; i++)
        if (with_private || !part[i].is_private)
            ok = put_part(out, key, &part[i]) && ok;
    buf_putc(out, '}');
    if (ok && !out->overflowed)
        return ERR_OK;
    ERR_clear_error();
    if (out->p != NULL && before < out->cap) {
        OPENSSL_cleanse(out->p + before, out->n - before);
        out->n = before;
        out->p[before] = '\0';
    }
    return ok ? ERR_TOO_LARGE : ERR_INTERNAL;
}

enum err jwk_write_public(const struct jwk *key, struct buf *out)
{
    return key->type == JWK_OCT ? ERR_JWK_TYPE : write_key(key, false, out);
}

enum err jwk_write_private(const struct jwk *key, struct buf *out)
{
    return key->is_private ? write_key(key, true, out) : ERR_JWK_USE;
}

static bool put_member(struct buf *out, const struct jwk *key, const char *name)
{
    size_t count;
    const struct jwk_part *part = jwk_parts(key->type, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(part[i].name, name) == 0)
            return put_part(out, key, &part[i]);
    put_text(out, name, strcmp(name, "kty") == 0 ? jwk_type_name(key->type) : key->curve);
    return true;
}

/* RFC 7638 section 3.2 and RFC 8037 section 2: these members, in this order, and nothing else. */
static const char *const required[][5] = {
    [JWK_RSA] = {"e", "kty", "n"},
    [JWK_EC] = {"crv", "kty", "x", "y"},
    [JWK_OKP] = {"crv", "kty", "x"},
    [JWK_OCT] = {"k", "kty"},
};

enum err jwk_thumbprint(const struct jwk *key, char out[JWK_THUMBPRINT + 1])
{
    char text[MAX_TEXT];
    struct buf json = BUF(text);
    struct secret digest;
    bool ok = true;
    buf_putc(&json, '{');
    for (size_t i = 0; required[key->type][i] != NULL; i++)
        ok = put_member(&json, key, required[key->type][i]) && ok;
    buf_putc(&json, '}');
    ok = ok && !json.overflowed && secret_digest(SLICE_NONE, buf_slice(&json), &digest);
    OPENSSL_cleanse(text, sizeof text);
    if (!ok)
        return ERR_INTERNAL;
    struct buf result = buf_over(out, JWK_THUMBPRINT + 1);
    base64url_encode((struct slice){(const char *)digest.b, sizeof digest.b}, &result);
    return ERR_OK;
}
