#include "jws.h"

#include "base64url.h"
#include "jose_header.h"
#include "jws_alg.h"
#include "jws_prepared.h"
#include "jws_signature.h"

#include <stdatomic.h>

static enum err read_header(const struct json *header, struct arena *a, struct jws *out)
{
    struct slice alg;
    if (json_kind(header) != JSON_OBJECT || !json_member_string(header, "alg", &alg))
        return ERR_JWT_FORM;
    /* RFC 7515 section 4.1.11, RFC 7797: no extension is understood here. */
    if (json_member(header, "crit") != NULL || json_member(header, "b64") != NULL)
        return ERR_JWT_CRIT;
    out->alg = jws_alg_find(alg);
    if (out->alg == NULL)
        return ERR_JWT_ALG;
    enum err e = jose_header_string(header, "kid", JWK_MAX_KID, ERR_JWT_FORM, a, &out->kid);
    if (e == ERR_OK)
        e = jose_header_string(header, "typ", JWS_MAX_BYTES, ERR_JWT_FORM, a, &out->typ);
    if (e == ERR_OK)
        e = jose_header_string(header, "jku", JWS_MAX_BYTES, ERR_JWT_FORM, a, &out->jku);
    return e;
}

enum err jws_parse(struct slice compact, struct arena *a, struct jws *out)
{
    if (compact.n > JWS_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct slice rest = compact, header, payload, signature;
    if (!slice_cut(&rest, '.', &header) || !slice_cut(&rest, '.', &payload) ||
        !slice_cut(&rest, '.', &signature) || rest.p != NULL)
        return ERR_JWT_FORM;
    struct jws jws = {.signing_input = {compact.p, compact.n - signature.n - 1}};
    struct json *document = NULL;
    enum err e = base64url_decode(header, a, &jws.header);
    if (e == ERR_OK)
        e = json_parse(jws.header, &document);
    if (e == ERR_OK)
        e = read_header(document, a, &jws);
    json_free(document);
    if (e == ERR_OK)
        e = base64url_decode(payload, a, &jws.payload);
    if (e == ERR_OK)
        e = base64url_decode(signature, a, &jws.signature);
    if (e == ERR_OK && signature.n == 0)
        e = ERR_JWT_FORM;
    if (e == ERR_OK)
        *out = jws;
    return e;
}

/*
 * Threads that check with one key at a time make something ready each; what the last one gives back
 * is kept.  It says nothing of the key: so a key that is const may lend it.
 */
static _Atomic(struct jws_prepared *) *lent_by(const struct jwk *key)
{
    return (_Atomic(struct jws_prepared *) *)(uintptr_t)&key->verifying;
}

static bool check(const struct jws *jws, const struct jwk *key)
{
    struct jws_prepared *p = NULL;
    bool lends = jws->alg->type == JWK_RSA || jws->alg->type == JWK_EC;
    if (lends)
        p = atomic_exchange(lent_by(key), NULL);
    if (lends && p == NULL)
        p = jws_prepared_new(); /* without it the check costs more */
    bool good = jws_signature_check(jws->alg, key, p, jws->signing_input, jws->signature);
    if (lends)
        jws_prepared_delete(atomic_exchange(lent_by(key), p));
    return good;
}

enum err jws_verify(const struct jws *jws, const struct jwk *key)
{
    if (!jws_alg_fits(jws->alg, key))
        return ERR_JWT_ALG;
    if (!key->may_verify)
        return ERR_JWK_USE;
    return check(jws, key) ? ERR_OK : ERR_JWT_SIGNATURE;
}

enum err jws_find_key(const struct jws *jws, const struct jwk_set *set, const struct jwk **out)
{
    const struct jwk *found = NULL;
    for (size_t i = 0; i < set->count; i++) {
        /* A key without a kid is not the key with the empty one. */
        bool named = set->keys[i]->kid[0] != '\0' && slice_is(jws->kid, set->keys[i]->kid);
        if (jws->kid.p != NULL && !named)
            continue;
        if (found != NULL)
            return ERR_JWT_KEY;
        found = set->keys[i];
    }
    if (found == NULL)
        return ERR_JWT_KEY;
    *out = found;
    return ERR_OK;
}

static void write_header(const struct jws_alg *alg, const struct jwk *key, const char *typ,
                         struct buf *out)
{
    buf_putc(out, '{');
    if (typ != NULL) {
        buf_puts(out, "\"typ\":");
        buf_json(out, slice_of(typ));
        buf_putc(out, ',');
    }
    buf_printf(out, "\"alg\":\"%s\"", alg->name);
    if (key->kid[0] != '\0') {
        buf_puts(out, ",\"kid\":");
        buf_json(out, slice_of(key->kid));
    }
    buf_putc(out, '}');
}

static enum err sign(const struct jws_alg *alg, const struct jwk *key, struct jws_prepared *p,
                     struct slice header, struct slice payload, struct buf *out)
{
    size_t start = out->n, n = 0;
    unsigned char signature[JWS_MAX_SIGNATURE];
    base64url_encode(header, out);
    buf_putc(out, '.');
    base64url_encode(payload, out);
    if (out->overflowed)
        return ERR_TOO_LARGE;
    if (!jws_signature_make_prepared(alg, key, p, slice_skip(buf_slice(out), start), signature, &n))
        return ERR_INTERNAL;
    buf_putc(out, '.');
    base64url_encode((struct slice){(const char *)signature, n}, out);
    return out->overflowed || out->n - start > JWS_MAX_BYTES ? ERR_TOO_LARGE : ERR_OK;
}

enum err jws_sign(const struct jws_alg *alg, const struct jwk *key, const char *typ,
                  struct slice payload, struct arena *scratch, struct buf *out)
{
    return jws_sign_prepared(alg, key, NULL, typ, payload, scratch, out);
}

enum err jws_sign_prepared(const struct jws_alg *alg, const struct jwk *key, struct jws_prepared *p,
                           const char *typ, struct slice payload, struct arena *scratch,
                           struct buf *out)
{
    if (!jws_alg_fits(alg, key))
        return ERR_JWT_ALG;
    if (!key->may_sign)
        return ERR_JWK_USE;
    struct buf header = buf_in(scratch, 64 + 6 * (strlen(key->kid) + (typ ? strlen(typ) : 0)));
    write_header(alg, key, typ, &header);
    if (header.overflowed || payload.n > JWS_MAX_BYTES || out->overflowed)
        return ERR_TOO_LARGE;
    size_t before = out->n;
    enum err e = sign(alg, key, p, buf_slice(&header), payload, out);
    if (e != ERR_OK) {
        out->n = before;
        out->p[before] = '\0';
    }
    return e;
}
