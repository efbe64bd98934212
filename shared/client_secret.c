#include "client_secret.h"

#include "base64url.h"

_Static_assert(BASE64URL_LENGTH(SECRET_BYTES) == CLIENT_SECRET_TEXT, "a secret's text");

#define SALT_BYTES (sizeof((struct client_secret *)NULL)->salt)

/* RFC 7914 section 2; N and r take 128 * N * r = 32 MiB, and a little more is used besides. */
#define SCRYPT_N          (1 << 15)
#define SCRYPT_R          8
#define SCRYPT_P          1
#define SCRYPT_MAX_MEMORY (40 << 20)

static enum err scrypt(struct slice text, const unsigned char salt[SALT_BYTES], struct secret *out)
{
    int done = EVP_PBE_scrypt(text.p, text.n, salt, SALT_BYTES, SCRYPT_N, SCRYPT_R, SCRYPT_P,
                              SCRYPT_MAX_MEMORY, out->b, sizeof out->b);
    return done == 1 ? ERR_OK : ERR_MEMORY;
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
