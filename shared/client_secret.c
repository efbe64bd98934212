#include "client_secret.h"

#include "base64url.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

_Static_assert(BASE64URL_LENGTH(SECRET_BYTES) == CLIENT_SECRET_TEXT, "a secret's text");

#define SALT_BYTES (sizeof((struct client_secret *)NULL)->salt)

/* RFC 7914 section 2: 128 * N * r = 32 MiB, and a little for the rest. */
static enum err scrypt(struct slice text, const unsigned char salt[SALT_BYTES], struct secret *out)
{
    uint64_t n = 1 << 15, max_memory = 40 << 20;
    uint32_t r = 8, p = 1;
    unsigned char salt_copy[SALT_BYTES];
    memcpy(salt_copy, salt, sizeof salt_copy);
    /* The parameter type has no const; the password is only read. */
    union {
        const char *read;
        void *pass;
    } password = {.read = text.p != NULL ? text.p : ""};
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password.pass, text.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy, sizeof salt_copy),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &max_memory),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out->b, sizeof out->b, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok ? ERR_OK : ERR_MEMORY;
}

static enum err hash(enum secret_kind kind, struct slice text, const unsigned char salt[SALT_BYTES],
                     struct secret *out)
{
    if (kind == SECRET_SCRYPT)
        return scrypt(text, salt, out);
    struct slice s = {(const char *)salt, SALT_BYTES};
    return secret_digest(s, text, out) ? ERR_OK : ERR_MEMORY;
}

static enum err make(enum secret_kind kind, struct slice text, int64_t now,
                     struct client_secret *out)
{
    struct client_secret made = {.kind = kind, .created_at = now};
    if (RAND_bytes(made.salt, sizeof made.salt) != 1)
        return ERR_INTERNAL;
    enum err e = hash(kind, text, made.salt, &made.hash);
    if (e == ERR_OK)
        *out = made;
    secret_wipe(&made.hash);
    return e;
}

enum err client_secret_generate(int64_t now, char text[CLIENT_SECRET_TEXT + 1],
                                struct client_secret *out)
{
    struct secret random;
    if (!secret_random(&random))
        return ERR_INTERNAL;
    char made[CLIENT_SECRET_TEXT + 1];
    struct buf b = BUF(made);
    base64url_encode((struct slice){(const char *)random.b, sizeof random.b}, &b);
    secret_wipe(&random);
    enum err e = b.overflowed ? ERR_INTERNAL : make(SECRET_SHA256, buf_slice(&b), now, out);
    if (e == ERR_OK)
        memcpy(text, made, sizeof made);
    OPENSSL_cleanse(made, sizeof made);
    return e;
}

enum err client_secret_import(struct slice text, int64_t now, struct client_secret *out)
{
    if (text.n > CLIENT_SECRET_IMPORT_MAX)
        return ERR_TOO_LARGE;
    if (text.n < CLIENT_SECRET_IMPORT_MIN || !slice_is_printable(text))
        return ERR_FORM;
    return make(SECRET_SCRYPT, text, now, out);
}

enum err client_secret_check(struct slice text, const struct client_secret *secrets, size_t count,
                             bool equalise)
{
    bool match = false;
    bool scrypt_done = false;
    enum err failure = ERR_CLIENT_AUTH;
    for (size_t i = 0; i < count; i++) {
        struct secret candidate = {{0}};
        enum err e = hash(secrets[i].kind, text, secrets[i].salt, &candidate);
        if (e != ERR_OK)
            failure = e;
        else
            match |= secret_eq(&candidate, &secrets[i].hash);
        scrypt_done |= secrets[i].kind == SECRET_SCRYPT;
        secret_wipe(&candidate);
    }
    /*
     * HMAC, and so scrypt, fills a short key up with zero bytes: "x" and "x\0" hash alike.  No
     * secret has other bytes than printable ones, so a text that does is never right.
     */
    if (match && slice_is_printable(text))
        return ERR_OK;
    if (equalise && !scrypt_done) {
        const unsigned char salt[SALT_BYTES] = {0};
        struct secret unused = {{0}};
        enum err e = scrypt(text, salt, &unused);
        if (e != ERR_OK)
            failure = e;
        secret_wipe(&unused);
    }
    return failure;
}
