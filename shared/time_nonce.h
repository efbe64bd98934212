/*
 * Nonces that are a MAC of the time, so that all processes that share the key agree without telling
 * each other: those that DPoP proofs may have to hold (RFC 9449 section 8), and that of hold.h.
 * Pure.
 */
#ifndef FHIR_AUTH_TIME_NONCE_H
#define FHIR_AUTH_TIME_NONCE_H

#include "secret.h"

#define TIME_NONCE_SLOT_S 300 /* a nonce is good for the rest of its slot and for the next one */
#define TIME_NONCE        43  /* base64url characters */

/* The nonce to give out at `now`, NUL-terminated.  False when the MAC fails. */
MUST_USE bool time_nonce_make(const struct secret *key, int64_t now, char out[TIME_NONCE + 1]);

/* Was this one given out in the slot of now, or in the one before? */
MUST_USE bool time_nonce_is_good(const struct secret *key, int64_t now, struct slice nonce);

#endif
