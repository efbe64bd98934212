#include "jwk.h"

#include "jwk_curve.h"
#include "jwk_import.h"
#include "jws_prepared.h"

#include <stdlib.h>

#define JWK_MAX_OPS 16 /* elements of key_ops; eight are registered */

enum { MAY_SIGN = 1, MAY_VERIFY = 2, MAY_ENCRYPT = 4, MAY_DECRYPT = 8 };

static const unsigned of_use[] = {
    [JWK_USE_ANY] = MAY_SIGN | MAY_VERIFY | MAY_ENCRYPT | MAY_DECRYPT,
    [JWK_USE_SIG] = MAY_SIGN | MAY_VERIFY,
    [JWK_USE_ENC] = MAY_ENCRYPT | MAY_DECRYPT,
};

/*
 * RFC 7517 section 4.3.  Libraries differ in whether a key for RSA-OAEP is there to encrypt or to
 * wrap, and one for ECDH-ES to unwrap or to derive: each of them will do.
 */
static const struct {
    const char *name;
    unsigned may;
} operations[] = {
    {"sign", MAY_SIGN},
    {"verify", MAY_VERIFY},
    {"encrypt", MAY_ENCRYPT},
    {"decrypt", MAY_DECRYPT},
    {"wrapKey", MAY_ENCRYPT},
    {"unwrapKey", MAY_DECRYPT},
    {"deriveKey", MAY_ENCRYPT | MAY_DECRYPT},
    {"deriveBits", MAY_ENCRYPT | MAY_DECRYPT},
};

/* An optional string, printable and not empty, into an array that is zero. */
static enum err read_label(const struct json *object, const char *name, char *out, size_t cap)
{
    const struct json *member = json_member(object, name);
    struct slice text;
    if (member == NULL)
        return ERR_OK;
    if (!json_string(member, &text) || text.n == 0 || text.n >= cap || !slice_is_printable(text))
        return ERR_JWK_FORM;
    memcpy(out, text.p, text.n);
    return ERR_OK;
}

static enum err read_type(const struct json *object, struct jwk *key)
{
    struct slice kty, crv;
    if (!json_member_string(object, "kty", &kty))
        return ERR_JWK_FORM;
    if (!jwk_type_find(kty, &key->type))
        return ERR_JWK_TYPE;
    if (key->type != JWK_EC && key->type != JWK_OKP)
        return ERR_OK;
    if (!json_member_string(object, "crv", &crv))
        return ERR_JWK_FORM;
    const struct jwk_curve *curve = jwk_curve_find(key->type, crv);
    if (curve == NULL)
        return ERR_JWK_TYPE;
    memcpy(key->curve, curve->name, strlen(curve->name));
    return ERR_OK;
}

static bool occurs_before(const struct json *array, const struct json *end, struct slice text)
{
    struct slice other;
    for (const struct json *v = json_first(array); v != end; v = json_next(v))
        if (json_string(v, &other) && slice_eq(text, other))
            return true;
    return false;
}

/* What the operations listed allow; *out is untouched when there is no such member. */
static enum err read_key_ops(const struct json *object, unsigned *out)
{
    const struct json *array = json_member(object, "key_ops");
    if (array == NULL)
        return ERR_OK;
    if (json_kind(array) != JSON_ARRAY || json_count(array) > JWK_MAX_OPS)
        return ERR_JWK_FORM;
    unsigned may = 0;
    for (const struct json *v = json_first(array); v != NULL; v = json_next(v)) {
        struct slice name;
        if (!json_string(v, &name) || occurs_before(array, v, name))
            return ERR_JWK_FORM;
        for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
            if (slice_is(name, operations[i].name))
                may |= operations[i].may;
    }
    *out = may;
    return ERR_OK;
}

/* RFC 7517 section 4.2 and 4.3: where both use and key_ops are there, they must agree. */
static enum err read_use(const struct json *object, struct jwk *key, unsigned *may)
{
    const struct json *member = json_member(object, "use");
    struct slice use;
    unsigned ops = of_use[JWK_USE_ANY];
    enum err e = read_key_ops(object, &ops);
    if (e != ERR_OK)
        return e;
    *may = ops;
    if (member == NULL) {
        bool sig = (ops & of_use[JWK_USE_SIG]) != 0, enc = (ops & of_use[JWK_USE_ENC]) != 0;
        if (sig != enc)
            key->use = sig ? JWK_USE_SIG : JWK_USE_ENC;
        return ERR_OK;
    }
    if (!json_string(member, &use))
        return ERR_JWK_FORM;
    if (slice_is(use, "sig"))
        key->use = JWK_USE_SIG;
    else if (slice_is(use, "enc"))
        key->use = JWK_USE_ENC;
    else
        return ERR_JWK_TYPE; /* a use that is registered elsewhere: as a kty that we do not know */
    bool listed = json_member(object, "key_ops") != NULL;
    return listed && (ops & ~of_use[key->use]) != 0 ? ERR_JWK_FORM : ERR_OK;
}

static void set_may(unsigned may, struct jwk *key)
{
    const struct jwk_curve *curve = jwk_curve_find(key->type, slice_of(key->curve));
    may &= of_use[key->use];
    if (curve != NULL)
        may &= of_use[curve->use];
    if (!key->is_private)
        may &= ~(unsigned)(MAY_SIGN | MAY_DECRYPT);
    key->may_sign = (may & MAY_SIGN) != 0;
    key->may_verify = (may & MAY_VERIFY) != 0;
    key->may_encrypt = (may & MAY_ENCRYPT) != 0;
    key->may_decrypt = (may & MAY_DECRYPT) != 0;
}

static enum err read_key(const struct json *object, struct jwk *key)
{
    unsigned may = 0;
    enum err e = read_type(object, key);
    if (e == ERR_OK)
        e = read_use(object, key, &may);
    if (e == ERR_OK)
        e = read_label(object, "kid", key->kid, sizeof key->kid);
    if (e == ERR_OK)
        e = read_label(object, "alg", key->alg, sizeof key->alg);
    if (e == ERR_OK)
        e = jwk_import(object, key);
    set_may(may, key);
    return e;
}

enum err jwk_from_json(const struct json *object, struct jwk **out)
{
    if (json_kind(object) != JSON_OBJECT)
        return ERR_JWK_FORM;
    struct jwk *key = calloc(1, sizeof *key);
    if (key == NULL)
        return ERR_MEMORY;
    enum err e = read_key(object, key);
    if (e == ERR_OK)
        *out = key;
    else
        jwk_free(key);
    return e;
}

enum err jwk_parse(struct slice text, struct jwk **out)
{
    struct json *document = NULL;
    enum err e = json_parse(text, &document);
    if (e != ERR_OK)
        return e == ERR_JSON ? ERR_JWK_FORM : e;
    e = jwk_from_json(document, out);
    json_free(document);
    return e;
}

void jwk_free(struct jwk *key)
{
    if (key == NULL)
        return;
    jws_prepared_delete(key->verifying);
    EVP_PKEY_free(key->pkey);
    OPENSSL_clear_free(key->oct, key->oct_bytes);
    free(key);
}

static bool has_kid(const struct jwk_set *set, const char *kid)
{
    for (size_t i = 0; i < set->count; i++)
        if (kid[0] != '\0' && strcmp(set->keys[i]->kid, kid) == 0)
            return true;
    return false;
}

static enum err add_key(const struct json *object, struct jwk_set *set)
{
    struct jwk *key = NULL;
    enum err e = jwk_from_json(object, &key);
    if (e != ERR_OK)
        return e;
    if (has_kid(set, key->kid)) {
        jwk_free(key);
        return ERR_JWK_DUPLICATE;
    }
    set->keys[set->count++] = key;
    return ERR_OK;
}

static enum err read_set(const struct json *document, struct jwk_set *set)
{
    const struct json *keys = json_member(document, "keys");
    if (keys == NULL)
        return add_key(document, set);
    if (json_kind(keys) != JSON_ARRAY || json_count(keys) == 0 ||
        json_count(keys) > JWK_SET_MAX_KEYS)
        return ERR_JWK_FORM;
    for (const struct json *v = json_first(keys); v != NULL; v = json_next(v)) {
        enum err e = add_key(v, set);
        if (e != ERR_OK && e != ERR_JWK_TYPE)
            return e;
    }
    return set->count > 0 ? ERR_OK : ERR_JWK_TYPE;
}

enum err jwk_set_parse(struct slice text, struct jwk_set **out)
{
    struct json *document = NULL;
    enum err e = json_parse(text, &document);
    if (e != ERR_OK)
        return e;
    struct jwk_set *set = calloc(1, sizeof *set);
    e = set ? read_set(document, set) : ERR_MEMORY;
    if (e == ERR_OK)
        *out = set;
    else
        jwk_set_free(set);
    json_free(document);
    return e;
}

void jwk_set_free(struct jwk_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        jwk_free(set->keys[i]);
    free(set);
}
