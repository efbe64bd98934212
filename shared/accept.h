/*
 * What a client prefers: Accept, Accept-Language and their like (RFC 9110 sections 12.4.2 and
 * 12.5).  Pure.
 */
#ifndef FHIR_AUTH_ACCEPT_H
#define FHIR_AUTH_ACCEPT_H

#include "slice.h"

/*
 * The best weight, in thousandths, among the items of the list that match; -1 when none does.
 * `matches` gets an item without its parameters.  0 is "not acceptable", and so is a malformed
 * weight.
 */
int accept_best(struct slice header, bool (*matches)(struct slice item));

#endif
