/*
 * The resource types of FHIR R4 and R5, numbered from 0 in alphabetic order
 * (http://hl7.org/fhir/R4/resourcelist.html, http://hl7.org/fhir/R5/resourcelist.html).
 * Generated from shared/fhir/ when the project is built.
 */
#ifndef FHIR_AUTH_FHIR_TYPES_H
#define FHIR_AUTH_FHIR_TYPES_H

#include "slice.h"

#define FHIR_TYPE_MAX     224  /* more than there are types */
#define FHIR_TYPE_ANY     (-1) /* every type, "*" */
#define FHIR_TYPE_UNKNOWN (-2)

enum fhir_version { FHIR_R4 = 1, FHIR_R5 = 2 }; /* bits */

/* Number of a type of any version, by its exact name; FHIR_TYPE_UNKNOWN. */
int fhir_type_find(struct slice name);

/* Its name; "*" for FHIR_TYPE_ANY, "" for a number that is no type. */
const char *fhir_type_name(int type);

/* [A-Za-z0-9.-]{1,64} (http://hl7.org/fhir/R4/datatypes.html#id) */
bool fhir_id_is_valid(struct slice id);

/* Does this version of FHIR have the type? */
bool fhir_type_in(int type, enum fhir_version version);

#endif
