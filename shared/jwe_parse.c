#include "jwe.h"

#include "base64url.h"
#include "jose_header.h"
#include "jwe_alg.h"

/* An optional member in base64url, at most max bytes; SLICE_NONE when absent. */
static enum err header_octets(const struct json *header, const char *name, size_t max,
                              struct arena *a, struct slice *out)
{
    const struct json *member = json_member(header, name);
    struct slice text;
    if (member == NULL) {
        *out = SLICE_NONE;
        return ERR_OK;
    }
    if (!json_string(member, &text) || text.n > BASE64URL_LENGTH(max))
        return ERR_JWE_FORM;
    return base64url_decode(text, a, out);
}

/* What the key management needs (RFC 7518 sections 4.6.1 and 4.7.1). */
static enum err read_parameters(const struct json *header, struct arena *a, struct jwe *out)
{
    enum err e = ERR_OK;
    switch (out->alg->way) {
    case JWE_GCM_WRAP:
        e = header_octets(header, "iv", JWE_GCM_IV, a, &out->key_iv);
        if (e == ERR_OK)
            e = header_octets(header, "tag", JWE_GCM_TAG, a, &out->key_tag);
        if (e == ERR_OK && (out->key_iv.n != JWE_GCM_IV || out->key_tag.n != JWE_GCM_TAG))
            e = ERR_JWE_FORM;
        return e;
    case JWE_AGREE:
    case JWE_AGREE_WRAP:
        if (json_member(header, "epk") == NULL)
            return ERR_JWE_FORM;
        e = header_octets(header, "apu", JWE_MAX_PARTY, a, &out->apu);
        if (e == ERR_OK)
            e = header_octets(header, "apv", JWE_MAX_PARTY, a, &out->apv);
        return e;
    case JWE_DIRECT:
    case JWE_WRAP:
    case JWE_RSA:
        break;
    }
    return e;
}

static enum err read_header(const struct json *header, struct arena *a, struct jwe *out)
{
    struct slice alg, enc;
    if (json_kind(header) != JSON_OBJECT || !json_member_string(header, "alg", &alg) ||
        !json_member_string(header, "enc", &enc))
        return ERR_JWE_FORM;
    /* RFC 7516 section 4.1.13: no extension is understood here. */
    if (json_member(header, "crit") != NULL)
        return ERR_JWT_CRIT;
    /* A short token could hold a very long text (RFC 8725 section 3.6). */
    if (json_member(header, "zip") != NULL)
        return ERR_JWE_ZIP;
    out->alg = jwe_alg_find(alg);
    out->enc = jwe_enc_find(enc);
    if (out->alg == NULL || out->enc == NULL)
        return ERR_JWE_ALG;
    enum err e = jose_header_string(header, "kid", JWK_MAX_KID, ERR_JWE_FORM, a, &out->kid);
    if (e == ERR_OK)
        e = jose_header_string(header, "typ", JWE_MAX_TYPE, ERR_JWE_FORM, a, &out->typ);
    if (e == ERR_OK)
        e = jose_header_string(header, "cty", JWE_MAX_TYPE, ERR_JWE_FORM, a, &out->cty);
    return e == ERR_OK ? read_parameters(header, a, out) : e;
}

static bool encrypted_key_fits(const struct jwe *jwe)
{
    size_t n = jwe->encrypted_key.n;
    switch (jwe->alg->way) {
    case JWE_DIRECT:
    case JWE_AGREE:
        return n == 0;
    case JWE_WRAP:
    case JWE_AGREE_WRAP:
        return n == jwe->enc->cek_bytes + JWE_WRAP_MORE;
    case JWE_GCM_WRAP:
        return n == jwe->enc->cek_bytes;
    case JWE_RSA:
        return n > 0; /* as long as the modulus */
    }
    return false;
}

static bool lengths_fit(const struct jwe *jwe)
{
    if (jwe->iv.n != jwe->enc->iv_bytes || jwe->tag.n != jwe->enc->tag_bytes)
        return false;
    /* Whole blocks, and one of padding at least. */
    if (jwe->enc->digest != NULL && (jwe->ciphertext.n == 0 || jwe->ciphertext.n % 16 != 0))
        return false;
    return encrypted_key_fits(jwe);
}

/* header.key.iv.ciphertext.tag */
static bool split(struct slice compact, struct slice parts[5])
{
    for (size_t i = 0; i < 5; i++)
        if (!slice_cut(&compact, '.', &parts[i]))
            return false;
    return compact.p == NULL;
}

enum err jwe_parse(struct slice compact, struct arena *a, struct jwe *out)
{
    struct slice parts[5];
    if (compact.n > JWE_MAX_BYTES)
        return ERR_TOO_LARGE;
    if (!split(compact, parts))
        return ERR_JWE_FORM;
    struct jwe jwe = {.aad = parts[0]};
    struct slice *const decoded[5] = {&jwe.header, &jwe.encrypted_key, &jwe.iv, &jwe.ciphertext,
                                      &jwe.tag};
    struct json *document = NULL;
    enum err e = base64url_decode(parts[0], a, decoded[0]);
    if (e == ERR_OK)
        e = json_parse(jwe.header, &document);
    if (e == ERR_OK)
        e = read_header(document, a, &jwe);
    json_free(document);
    for (size_t i = 1; e == ERR_OK && i < 5; i++)
        e = base64url_decode(parts[i], a, decoded[i]);
    if (e == ERR_OK && !lengths_fit(&jwe))
        e = ERR_JWE_FORM;
    if (e == ERR_OK)
        *out = jwe;
    return e;
}
