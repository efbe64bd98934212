/*
 * All whose tokens are trusted: the token endpoint here, and the issuers of the configuration.  The
 * claim iss picks one before any cryptography; a token of anybody else costs nothing.  One issuer
 * may be asked about tokens that are no JWT.
 */
#ifndef FHIR_AUTH_ISSUERS_H
#define FHIR_AUTH_ISSUERS_H

#include "config.h"
#include "local_token.h"
#include "store.h"
#include "token.h"

#define ISSUERS_VERIFY_S 60 /* a token of another issuer is verified anew after so long */

struct issuers;

/* conf must outlive it.  NULL when memory is out.  For all threads. */
struct issuers *issuers_new(const struct config *conf);
void issuers_free(struct issuers *all);

/*
 * Verify an access token: a compact JWT, signed, or signed and then encrypted for a key of this
 * host; an opaque one that the store knows, which no rule on encryption concerns; or one that its
 * issuer is asked about: then it may be of any form, and encrypted for anybody.
 * local: the keys of the token endpoints here.  Text of *out lies in the arena; *out may be filled
 * even when the result is an error (out->issuer.p is NULL then if nothing is known).  Errors: those
 * of local_token.h, issuer_keys.h, envelope.h and introspection.h, ERR_JWT_ISSUER,
 * ERR_NOT_ENCRYPTED.  out->retry_after_s is set in any case.
 */
MUST_USE enum err issuers_check(struct issuers *all, const struct local_keys *local,
                                struct store *st, struct slice token, int64_t now, struct arena *a,
                                struct token *out);

#endif
