/* Which addresses and hosts are this machine's or a private network's. */
#ifndef FHIR_AUTH_ADDRESS_H
#define FHIR_AUTH_ADDRESS_H

#include "slice.h"

struct sockaddr;

/*
 * An IPv4 or IPv6 address that routers of the internet carry (RFC 6890): not loopback, private,
 * link-local, shared, multicast, documentation or otherwise reserved; an IPv4 address inside an
 * IPv6 one counts as itself.  False for any other family.
 */
bool address_is_public(const struct sockaddr *address);

/*
 * The host of an http or https URL, without port; brackets of IPv6 included.  SLICE_NONE for any
 * other URL and one with user information; empty when it has none or one in brackets is malformed.
 */
struct slice url_host(struct slice url);

/* The host is 127.0.0.1, [::1] or localhost. */
bool url_is_loopback(struct slice url);

#endif
