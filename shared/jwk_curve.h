/* The curves and the members of keys: what reading and writing a JWK both go by. */
#ifndef FHIR_AUTH_JWK_CURVE_H
#define FHIR_AUTH_JWK_CURVE_H

#include "jwk.h"

#define JWK_MAX_PARTS      8    /* members of a key that hold its value */
#define JWK_MAX_PART_BYTES 1024 /* of one: an RSA modulus of 8192 bits */

struct jwk_curve {
    const char *name; /* crv */
    enum jwk_type type;
    enum jwk_use use;           /* what it is for; JWK_USE_ANY for both */
    const char *openssl;        /* name of the group, or of the key type for OKP */
    size_t bytes;               /* of a coordinate, of a private value, of an OKP key */
    const unsigned char *order; /* of the group, big-endian, `bytes` long; NULL for OKP */
};

/* RFC 7518 section 6.2.1.1, RFC 8037 section 2.  NULL for one that is not supported. */
const struct jwk_curve *jwk_curve_find(enum jwk_type type, struct slice crv);

/*
 * Is this OKP public key a point of small order?  Anybody can sign for such a key, and knows the
 * secret that X25519 agrees on with it.
 */
bool jwk_curve_small_order(const struct jwk_curve *curve, struct slice point);

struct jwk_part {
    const char *name;  /* of the member */
    const char *param; /* OpenSSL's name of the value; NULL for oct */
    bool is_private;
};

/* The members of a type of key (RFC 7518 section 6, RFC 8037 section 2), public ones first. */
const struct jwk_part *jwk_parts(enum jwk_type type, size_t *count);

/* kty.  False for an unknown name. */
MUST_USE bool jwk_type_find(struct slice kty, enum jwk_type *out);
const char *jwk_type_name(enum jwk_type type);

#endif
