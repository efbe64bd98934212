/*
 * The search parameters of FHIR R4, with the types that its references can lead to, and which of
 * them tie a resource to a patient (http://hl7.org/fhir/R4/searchparameter-registry.html,
 * http://hl7.org/fhir/R4/compartmentdefinition-patient.html).  Generated from shared/fhir/ when the
 * project is built.  Pure look-ups, no allocation.
 */
#ifndef FHIR_AUTH_FHIR_PARAMS_H
#define FHIR_AUTH_FHIR_PARAMS_H

#include "fhir_types.h"

enum fhir_param_kind {
    FHIR_PARAM_DATE,
    FHIR_PARAM_NUMBER,
    FHIR_PARAM_QUANTITY,
    FHIR_PARAM_REFERENCE,
    FHIR_PARAM_SPECIAL,
    FHIR_PARAM_STRING,
    FHIR_PARAM_TOKEN,
    FHIR_PARAM_URI,
    FHIR_PARAM_COMPOSITE,
};

struct fhir_targets {
    bool any; /* every type: no list */
    size_t count;
    const unsigned char *types; /* numbers, ascending */
};

struct fhir_param {
    enum fhir_param_kind kind;
    const struct fhir_targets *targets; /* of a reference; NULL for the other kinds */
    unsigned of_patient; /* FHIR_R4, FHIR_R5 bits: it ties the resource to one patient there */
};

/*
 * A parameter of a type, by its exact name without modifier.  False when R4 defines none of that
 * name for the type; parameters of every resource (_id, _tag, …) are not in the table.
 */
MUST_USE bool fhir_param_find(int type, struct slice name, struct fhir_param *out);

/* Is the reference target among them? */
bool fhir_targets_have(const struct fhir_targets *targets, int type);

#endif
