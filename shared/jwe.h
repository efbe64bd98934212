/*
 * Compact JWE (RFC 7516 section 7.1) with the algorithms of RFC 7518 sections 4 and 5 and RFC 8037.
 * As with JWS the key decides: the header's alg and enc must fit the key's type, curve, length and
 * alg.  RSA1_5 and PBES2 are no rows of the table; zip and crit are refused.
 *
 * A JWE proves nothing about its sender: anybody can encrypt to a public key.  What is inside must
 * be a JWS, and be verified, before it is believed (RFC 8725 section 3.2).
 */
#ifndef FHIR_AUTH_JWE_H
#define FHIR_AUTH_JWE_H

#include "arena.h"
#include "jwk.h"

#define JWE_MAX_BYTES 32768 /* of the compact form */
#define JWE_MAX_PARTY 256   /* bytes of apu and of apv, decoded */
#define JWE_MAX_TYPE  128   /* bytes of typ and of cty */

struct jwe_alg; /* a row of the table of key management, alg */
struct jwe_enc; /* a row of the table of content encryption, enc */

struct jwe {
    struct slice aad; /* the encoded header, as sent */
    /* decoded */
    struct slice header, encrypted_key, iv, ciphertext, tag;
    const struct jwe_alg *alg;
    const struct jwe_enc *enc;
    struct slice kid, typ, cty;   /* SLICE_NONE when absent */
    struct slice apu, apv;        /* decoded; SLICE_NONE when absent; for ECDH-ES */
    struct slice key_iv, key_tag; /* decoded; for AES-GCM key wrapping */
};

struct jwe_policy {
    bool rsa_oaep; /* take RSA-OAEP, whose hash is SHA-1, and not only RSA-OAEP-256 */
};

/*
 * Take the compact form apart, without cryptography.  Everything in *out borrows from compact or
 * from the arena.  ERR_JWE_FORM (not five parts, a header that is no object, a member missing, of
 * the wrong type or length, an IV, tag or encrypted key of the wrong length), ERR_BASE64, ERR_JSON,
 * ERR_JWE_ALG, ERR_JWE_ZIP, ERR_JWT_CRIT, ERR_TOO_LARGE.
 */
MUST_USE enum err jwe_parse(struct slice compact, struct arena *a, struct jwe *out);

/*
 * The key of a set for this token: by kid when the token has one (exactly one key must bear it);
 * without a kid, the only key that fits and may decrypt.  ERR_JWE_KEY.
 */
MUST_USE enum err jwe_find_key(const struct jwe *jwe, const struct jwk_set *set,
                               const struct jwk **out);

/*
 * ERR_JWE_ALG when alg or enc does not fit the key or the policy, ERR_JWK_USE; ERR_JWE for all
 * else that is wrong, be it the encrypted key, epk or the tag; ERR_TOO_LARGE, ERR_INTERNAL.  *out
 * lies in the arena; on error no plaintext stays there.
 */
MUST_USE enum err jwe_decrypt(const struct jwe *jwe, const struct jwk *key,
                              const struct jwe_policy *policy, struct arena *a, struct slice *out);

/*
 * Encrypt: header {"typ":typ,"cty":cty,"alg":alg,"enc":enc,"kid":kid of the key,…}; typ and cty may
 * be NULL.  Appends the compact form to out.  RSA-OAEP is not made.  With "dir" and A*GCMKW one key
 * may make 2^32 tokens at most (NIST SP 800-38D section 8.3).  ERR_JWE_ALG for a name that is
 * unknown or does not fit the key, ERR_JWK_USE, ERR_TOO_LARGE, ERR_INTERNAL.
 */
MUST_USE enum err jwe_encrypt(const char *alg, const char *enc, const struct jwk *key,
                              const char *typ, const char *cty, struct slice plaintext,
                              struct arena *scratch, struct buf *out);

#endif
