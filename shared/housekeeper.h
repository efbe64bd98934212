/*
 * What a FastCGI process does off the path of requests, in one thread with a store connection of
 * its own: expired rows of the store are deleted a few at a time, and this host's keys change when
 * their time has come (keyring.h).  Of all processes one does it: the store and the directory of
 * the keys have locks for that.  Nothing happens before some seconds after the first request.
 */
#ifndef FHIR_AUTH_HOUSEKEEPER_H
#define FHIR_AUTH_HOUSEKEEPER_H

#include "config.h"

struct housekeeper;

/* tends_keys: this process makes tokens.  The configuration is borrowed.  NULL: memory is out. */
struct housekeeper *housekeeper_new(const struct config *conf, bool tends_keys);

/* With each request, from any thread: the first one starts the work. */
void housekeeper_wake(struct housekeeper *h);

/* Ends the thread after the small step that it may be at. */
void housekeeper_free(struct housekeeper *h);

/* One small step, now, without a thread: for a process that answers one request. */
void housekeeper_once(const struct config *conf, bool tends_keys);

#endif
