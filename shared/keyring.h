/*
 * The private keys of this host: files KID.jwk of mode 0600 in the configured directory.  They
 * never leave it; the store holds the public half (store.h), so that every host knows the keys of
 * all. Keys of use "sig" sign tokens; keys of use "enc" decrypt those that were encrypted for the
 * gateway.
 *
 * States: a pending key is published but does not sign; once a time is set for it, it signs from
 * then on, whether or not anybody has noted that in the store yet; an active key of this host
 * signs; a retired key is published until the last token signed with it has expired (expires_at).
 * Of several the one signs that was to begin last.  For keys to encrypt with "signs" means: tokens
 * are encrypted for it; the file of a retired one stays until it expires.
 */
#ifndef FHIR_AUTH_KEYRING_H
#define FHIR_AUTH_KEYRING_H

#include "config.h"
#include "jwk.h"
#include "store.h"

struct keyring {
    const char *directory;
    struct store *store;
    const char *use;        /* "sig" or "enc": the keys that all below is about */
    const char *alg;        /* of new keys: "ES256" */
    int64_t publish_s;      /* how long a key is published before it signs; 0: no need to wait */
    int64_t rotate_every_s; /* 0: keyring_tend replaces no key */
    int64_t keep_retired_s; /* token lifetime and clock skew: how long a retired key is published */
    int64_t now;
};

/* As the configuration has it, for this use. */
struct keyring keyring_of(const struct config *conf, struct store *st, const char *use,
                          int64_t now);

/*
 * Make a key, write its file (as root: owned as the directory is), then publish it: active when
 * this host has no active one, else pending.  kid is filled in.  ERR_FILE (directory missing or
 * readable by others, or not writable), ERR_STORE, ERR_INTERNAL.  `fault` gets one line for a
 * person.
 */
MUST_USE enum err keyring_generate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1],
                                   struct buf *fault);

/*
 * Let this host's oldest pending key sign, or a new one when there is none: from the moment on at
 * which it has been published for publish_s, which may be now, and now when no other signs.  The
 * active key is retired then.  kid is that of the next key.  What a switch before this one left to
 * do is done too.
 */
MUST_USE enum err keyring_rotate(const struct keyring *k, char kid[JWK_THUMBPRINT + 1],
                                 struct buf *fault);

enum key_change { KEY_AS_IT_WAS, KEY_SCHEDULED, KEY_SWITCHED };

struct key_tended {
    enum key_change change;
    char kid[JWK_THUMBPRINT + 1]; /* of the key that changed */
    int64_t signs_from;
    int64_t next_at; /* nothing is to be done before, unless somebody else does something */
};

/*
 * Note in the store which key signs by now and retire the one before it; remove private files that
 * are needed no more; when the active key will soon be rotate_every_s old, set the time of the
 * next.  May be called by any process at any time.  ERR_EXISTS: another one does it just now.
 * Else errors as keyring_rotate.
 */
MUST_USE enum err keyring_tend(const struct keyring *k, struct key_tended *out, struct buf *fault);

/*
 * Stop signing with this key.  at_once: for a key that has leaked; it is unpublished now and every
 * token signed with it is refused.  The private file is removed.  ERR_NOT_FOUND.
 */
MUST_USE enum err keyring_retire(const struct keyring *k, struct slice kid, bool at_once,
                                 struct buf *fault);

/*
 * The key that signs now, with a file here.  *out is owned: jwk_free.  ERR_KEYS when there is none,
 * ERR_STORE.
 */
MUST_USE enum err keyring_signing_key(const struct keyring *k, struct jwk **out, struct buf *fault);

/*
 * The private key that decrypts for this kid: of use "enc", published, with a file here.  *out is
 * owned: jwk_free.  ERR_JWE_KEY when this host has none of that kid, ERR_KEYS, ERR_STORE.
 */
MUST_USE enum err keyring_decryption_key(const struct keyring *k, struct slice kid,
                                         struct jwk **out, struct buf *fault);

/* The public key of any host that tokens are encrypted for now.  ERR_KEYS, ERR_STORE. */
MUST_USE enum err keyring_encryption_key(const struct keyring *k, struct jwk **out,
                                         struct buf *fault);

#endif
