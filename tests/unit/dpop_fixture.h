/* DPoP proofs with any header and any claims, signed rightly. */
#ifndef FHIR_AUTH_DPOP_FIXTURE_H
#define FHIR_AUTH_DPOP_FIXTURE_H

#include "fixture.h"

#include "base64url.h"
#include "dpop.h"
#include "jws_signature.h"

#define PROOF_NOW 1800000000

/* The text with $K for the key's public form, $P for the private one. */
static inline struct slice proof_fill(const char *text, const struct jwk *key, struct arena *a)
{
    struct buf out = buf_in(a, 16384);
    for (; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == 'K')
            assert_int_equal(jwk_write_public(key, &out), ERR_OK);
        else if (text[0] == '$' && text[1] == 'P')
            assert_int_equal(jwk_write_private(key, &out), ERR_OK);
        else
            buf_putc(&out, *text);
        text += text[0] == '$';
    }
    assert_false(out.overflowed);
    return buf_slice(&out);
}

/* A compact JWS; header and claims may be any text. */
static inline struct slice proof_make(const char *alg, const struct jwk *key, const char *header,
                                      const char *claims, struct arena *a)
{
    unsigned char signature[JWS_MAX_SIGNATURE];
    size_t n = 0;
    struct buf out = buf_in(a, 24576);
    base64url_encode(proof_fill(header, key, a), &out);
    buf_putc(&out, '.');
    base64url_encode(slice_of(claims), &out);
    assert_true(
        jws_signature_make(jws_alg_find(slice_of(alg)), key, buf_slice(&out), signature, &n));
    buf_putc(&out, '.');
    base64url_encode((struct slice){(const char *)signature, n}, &out);
    assert_false(out.overflowed);
    return buf_slice(&out);
}

static inline struct jwk *proof_key(const char *alg)
{
    struct jwk *key;
    assert_int_equal(jwk_generate(alg, &key), ERR_OK);
    return key;
}

#endif
