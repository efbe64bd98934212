/*
 * What OpenSSL makes ready for each signature, kept for the next one with the same key: it is a
 * tenth of the time of a signature on P-256.
 */
#ifndef FHIR_AUTH_JWS_PREPARED_H
#define FHIR_AUTH_JWS_PREPARED_H

#include "jws_alg.h"

/*
 * Of one thread, one key and one purpose; {0} to begin with, and made ready when it is first used,
 * and anew for another algorithm.  Freed before its key.
 */
struct jws_prepared {
    const struct jws_alg *alg;
    EVP_PKEY_CTX *pkey; /* owned, as are the next two */
    EVP_MD *digest_type;
    EVP_MD_CTX *digest;
};

void jws_prepared_free(struct jws_prepared *p);

/* NULL when memory is out; deleted with all that it holds. */
struct jws_prepared *jws_prepared_new(void);
void jws_prepared_delete(struct jws_prepared *p);

/* Of the key types that sign a digest, which all do but OKP and oct.  False when it fails. */
MUST_USE bool jws_prepared_sign(struct jws_prepared *p, const struct jws_alg *alg,
                                const struct jwk *key, struct slice input,
                                unsigned char out[JWS_MAX_SIGNATURE], size_t *out_bytes);
/* Likewise; of a wrong signature, too. */
MUST_USE bool jws_prepared_check(struct jws_prepared *p, const struct jws_alg *alg,
                                 const struct jwk *key, struct slice input,
                                 const unsigned char *signature, size_t signature_bytes);

/* RSASSA-PSS or PKCS #1, as the algorithm has it; nothing to do for the others. */
MUST_USE bool jws_set_padding(const struct jws_alg *alg, EVP_PKEY_CTX *ctx);

#endif
