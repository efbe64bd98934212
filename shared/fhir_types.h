/* The resource types of FHIR R4 (http://hl7.org/fhir/R4/resourcelist.html). */
#ifndef FHIR_AUTH_FHIR_TYPES_H
#define FHIR_AUTH_FHIR_TYPES_H

#include "slice.h"

/* The type's own static name, or NULL; case-sensitive. */
const char *fhir_type_find(struct slice name);

#endif
