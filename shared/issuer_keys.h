/*
 * The public keys of a trusted issuer: from a file, a URL, or the metadata that the issuer
 * publishes.
 *
 * One struct serves all threads of a process.  A set that was fetched lies in the store too, so
 * that a new process fetches nothing, and of all processes one fetches at a time (store.h):
 *  - before a set expires it is fetched anew in the background, and requests go on with the old
 * one;
 *  - a kid that the set does not have lets it be fetched anew, at most every ISSUER_KEYS_REFETCH_S;
 *  - while fetching fails the last good set serves for stale_if_error beyond its time.
 */
#ifndef FHIR_AUTH_ISSUER_KEYS_H
#define FHIR_AUTH_ISSUER_KEYS_H

#include "config.h"
#include "jws.h"
#include "store.h"

#define ISSUER_KEYS_REFETCH_S 30 /* seconds between two fetches for unknown kids */
#define ISSUER_KEYS_RETRY_S   5  /* seconds after a fetch that failed */
#define ISSUER_KEYS_MIN_S     60 /* a set is kept so long, whatever its Cache-Control says */

struct issuer_keys;

/* conf and issuer must outlive it; its keys are not "store".  NULL when memory is out. */
struct issuer_keys *issuer_keys_new(const struct config *conf, const struct config_issuer *issuer);
/* Waits for a fetch in the background: metadata in two places and the set, each at most timeout. */
void issuer_keys_free(struct issuer_keys *k);

/*
 * Verify with the issuer's key of that kid (or its only key).  May fetch, and so take as long as
 * three times the configured timeout; not while the last fetch failed, or when the key is known and
 * the set has not expired.  ERR_JWT_ALG (not accepted from this issuer), ERR_JWT_KEY (no such key),
 * ERR_KEYS (no usable set, or an unknown key while fetching fails), the errors of jws_verify;
 * ERR_STORE, ERR_MEMORY.
 */
MUST_USE enum err issuer_keys_verify(struct issuer_keys *k, struct store *st, const struct jws *jws,
                                     int64_t now);

/* The issuer's list has it; and a MAC is accepted only with keys from a file. */
bool issuer_keys_accept_alg(const struct config_issuer *issuer, const struct jws_alg *alg);

/*
 * Append the name under which a fetched set lies in the store (store_fetch_list): a word, a colon
 * and the URL of the set, or of the issuer whose metadata name it.  False for keys that are not
 * fetched.
 */
bool issuer_keys_document(const struct config_issuer *issuer, struct buf *out);

#endif
