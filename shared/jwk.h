/*
 * JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) as OpenSSL keys.
 *
 * A key is checked when it is read: RSA at least 2048 and at most 8192 bits with an odd exponent
 * from 3 to 2^32; EC points on their curve; private parts that fit the public ones.  A key that
 * cannot be used is refused, never repaired.
 */
#ifndef FHIR_AUTH_JWK_H
#define FHIR_AUTH_JWK_H

#include "buf.h"
#include "error.h"
#include "json.h"

#include <openssl/evp.h>

#define JWK_MAX_KID      256
#define JWK_SET_MAX_KEYS 64
#define JWK_THUMBPRINT   43 /* base64url characters of a SHA-256 */

enum jwk_type { JWK_RSA, JWK_EC, JWK_OKP, JWK_OCT };
enum jwk_use { JWK_USE_ANY, JWK_USE_SIG, JWK_USE_ENC };

struct jws_prepared;

struct jwk {
    char kid[JWK_MAX_KID + 1]; /* "" when the key has none */
    enum jwk_type type;
    char curve[16];   /* crv: "P-256", "X25519", …; "" for RSA and oct */
    char alg[32];     /* "" when the key does not say */
    enum jwk_use use; /* from `use`, or from key_ops */
    bool may_verify;  /* curve, `use` and `key_ops` allow it, and the private half is there */
    bool may_sign;
    bool may_encrypt;
    bool may_decrypt;
    bool is_private;    /* holds d; always true for oct */
    EVP_PKEY *pkey;     /* owned; NULL for oct */
    unsigned char *oct; /* owned, wiped; NULL unless oct */
    size_t oct_bytes;
    /* What a check of a signature has made ready for the next one, while no thread uses it. */
    _Atomic(struct jws_prepared *) verifying; /* owned; NULL: nothing */
};

struct jwk_set {
    size_t count;
    struct jwk *keys[JWK_SET_MAX_KEYS]; /* owned */
};

/*
 * One key from a JSON object or text; *out is owned: jwk_free.  ERR_JWK_FORM (malformed JSON too,
 * and an RSA private key without p, q, dp, dq, qi or with oth), _TYPE (kty, crv or use unknown),
 * _WEAK, ERR_MEMORY.
 */
MUST_USE enum err jwk_from_json(const struct json *object, struct jwk **out);
MUST_USE enum err jwk_parse(struct slice text, struct jwk **out);
void jwk_free(struct jwk *key);

/*
 * A JWK Set, or a single JWK as a set of one.  Keys of an unknown kty or crv are passed over (RFC
 * 7517 section 5); any other bad key fails the whole set.  ERR_JWK_DUPLICATE when two keys share a
 * kid; ERR_JWK_FORM for no keys or more than JWK_SET_MAX_KEYS; ERR_JWK_TYPE when all were passed
 * over; ERR_JSON.
 */
MUST_USE enum err jwk_set_parse(struct slice text, struct jwk_set **out);
void jwk_set_free(struct jwk_set *set);

/*
 * New key for a JWS algorithm ("ES256", "RS256" with 3072 bits, "EdDSA" = Ed25519, ...), for the
 * key management of a JWE ("ECDH-ES+A256KW" and its like on P-256, "RSA-OAEP-256", "A256KW", ...)
 * or, to be used with "dir", for its content ("A256GCM", ...); kid is its thumbprint.
 * ERR_JWT_ALG for an unknown one and for "dir", ERR_MEMORY, ERR_INTERNAL.
 */
MUST_USE enum err jwk_generate(const char *alg, struct jwk **out);

/*
 * Append a JSON object.  The public form never holds a private member; ERR_JWK_TYPE for oct.
 * ERR_TOO_LARGE when it does not fit; out then ends where it did.
 */
MUST_USE enum err jwk_write_public(const struct jwk *key, struct buf *out);
/* The caller wipes the buffer.  ERR_JWK_USE for a key without a private half. */
MUST_USE enum err jwk_write_private(const struct jwk *key, struct buf *out);

/* RFC 7638, SHA-256, base64url, NUL-terminated. */
MUST_USE enum err jwk_thumbprint(const struct jwk *key, char out[JWK_THUMBPRINT + 1]);

#endif
