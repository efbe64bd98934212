/*
 * The arrays that shared/fhir/tables.awk writes from the tables beside it, for fhir_types.c and
 * fhir_params.c alone.
 */
#ifndef FHIR_AUTH_FHIR_TABLES_H
#define FHIR_AUTH_FHIR_TABLES_H

#include "fhir_params.h"

struct fhir_type_row {
    struct slice name;
    unsigned versions;     /* FHIR_R4, FHIR_R5 bits */
    unsigned short params; /* where those of the type begin; they end where the next type's begin */
};

struct fhir_param_row {
    struct slice name;
    struct fhir_param is;
};

/* In byte order of the names, in fhir_type_rows; in fhir_param_rows within each type. */
extern const size_t fhir_type_count;
extern const struct fhir_type_row fhir_type_rows[]; /* and one more, without a name, at the end */
extern const struct fhir_param_row fhir_param_rows[];

/* Less than, equal to or greater than 0: the order of the bytes of two names. */
int fhir_name_order(struct slice a, struct slice b);

#endif
