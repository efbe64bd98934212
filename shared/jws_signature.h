/* Making and checking the signature of a JWS: the cryptography alone.  The key fits the algorithm.
 */
#ifndef FHIR_AUTH_JWS_SIGNATURE_H
#define FHIR_AUTH_JWS_SIGNATURE_H

#include "jws_alg.h"

struct jws_prepared;

/*
 * False for a wrong signature and when it cannot be checked.  p: what was prepared for this key, to
 * check (jws_prepared.h), or NULL.
 */
MUST_USE bool jws_signature_check(const struct jws_alg *alg, const struct jwk *key,
                                  struct jws_prepared *p, struct slice input,
                                  struct slice signature);

MUST_USE bool jws_signature_make(const struct jws_alg *alg, const struct jwk *key,
                                 struct slice input, unsigned char out[JWS_MAX_SIGNATURE],
                                 size_t *out_bytes);

/* The same; p: what was prepared for this key, to sign, or NULL. */
MUST_USE bool jws_signature_make_prepared(const struct jws_alg *alg, const struct jwk *key,
                                          struct jws_prepared *p, struct slice input,
                                          unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes);

#endif
