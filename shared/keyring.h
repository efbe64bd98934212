/*
 * The private keys of this host: files KID.jwk of mode 0600 in the configured directory.  They
 * never leave it; the store holds the public half (store.h), so that every host knows the keys of
 * all. Keys of use "sig" sign tokens; keys of use "enc" decrypt those that were encrypted for the
 * gateway.
 *
 * States: a pending key is published but does not sign; one active key of this host signs; a
 * retired key is published until the last token signed with it has expired (expires_at).  For keys
 * to encrypt with "signs" means: tokens are encrypted for it; the file of a retired one stays until
 * then.
 */
#ifndef FHIR_AUTH_KEYRING_H
#define FHIR_AUTH_KEYRING_H

#include "jwk.h"
#include "store.h"

struct keyring {
    const char *directory;
    struct store *store;
    const char *use;        /* "sig" or "enc": the keys that all below is about */
    const char *alg;        /* of new keys: "ES256" */
    int64_t keep_retired_s; /* token lifetime and clock skew: how long a retired key is published */
    int64_t now;
};

/*
 * Make a key, write its file (as root: owned as the directory is), then publish it: active when
 * this host has no active one, else pending.  kid is filled in.  ERR_FILE (directory missing or
 * readable by others, or not writable), ERR_STORE, ERR_INTERNAL.  `fault` gets one line for a
 * person.
 */
MUST_USE enum err keyring_generate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1],
                                   struct buf *fault);

/*
 * Retire this host's active key and let its oldest pending key sign, or a new one when there is
 * none.  kid is that of the key that signs now.
 */
MUST_USE enum err keyring_rotate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1],
                                 struct buf *fault);

/*
 * Stop signing with this key.  at_once: for a key that has leaked; it is unpublished now and every
 * token signed with it is refused.  The private file is removed.  ERR_NOT_FOUND.
 */
MUST_USE enum err keyring_retire(const struct keyring *k, struct slice kid, bool at_once,
                                 struct buf *fault);

/*
 * The key that signs: active in the store and with a file here, newest first.  *out is owned:
 * jwk_free.  ERR_KEYS when there is none, ERR_STORE.
 */
MUST_USE enum err keyring_signing_key(const struct keyring *k, struct jwk **out, struct buf *fault);

/*
 * The private key that decrypts for this kid: of use "enc", published, with a file here.  *out is
 * owned: jwk_free.  ERR_JWE_KEY when this host has none of that kid, ERR_KEYS, ERR_STORE.
 */
MUST_USE enum err keyring_decryption_key(const struct keyring *k, struct slice kid,
                                         struct jwk **out, struct buf *fault);

/* The public key of any host that tokens are encrypted for, newest first.  ERR_KEYS, ERR_STORE. */
MUST_USE enum err keyring_encryption_key(const struct keyring *k, struct jwk **out,
                                         struct buf *fault);

#endif
