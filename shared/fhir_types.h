/* The resource types of FHIR R4 (http://hl7.org/fhir/R4/resourcelist.html), numbered from 0. */
#ifndef FHIR_AUTH_FHIR_TYPES_H
#define FHIR_AUTH_FHIR_TYPES_H

#include "slice.h"

#define FHIR_TYPE_COUNT   147
#define FHIR_TYPE_ANY     (-1) /* every type, "*" */
#define FHIR_TYPE_UNKNOWN (-2)

/* Number of a type, by its exact name; FHIR_TYPE_UNKNOWN. */
int fhir_type_find(struct slice name);

/* Its name; "*" for FHIR_TYPE_ANY, "" for a number that is no type. */
const char *fhir_type_name(int type);

#endif
