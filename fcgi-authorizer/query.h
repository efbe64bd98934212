/*
 * What the query of a FHIR request can reach.  Pure, no allocation.
 *
 * A search names its own type in the path, but some parameters reveal resources of other types, or
 * let their content be deduced: _include, _revinclude, _has, chains, _filter, _list, …  Each needs
 * a search of every type that it can reach, by the table of reference targets; what is not known to
 * stay within some types reaches every type.
 */
#ifndef FHIR_AUTH_QUERY_H
#define FHIR_AUTH_QUERY_H

#include "error.h"
#include "needs.h"

#define QUERY_MAX_NAME  256  /* bytes of one decoded parameter name */
#define QUERY_MAX_VALUE 2048 /* of a decoded value that is looked into */

struct query {
    struct slice text;   /* all of it, as sent */
    struct slice format; /* value of _format as sent; SLICE_NONE when absent */
    struct slice types;  /* value of _type as sent, for searches of the system and $export */
    struct needs reach;  /* SCOPE_S on each type that it can reveal */
};

/*
 * What a search finds of its own type is not in reach, unless a parameter leads back to that type:
 * then it reveals resources that the rest of the query does not limit.
 *
 * text: what follows '?', as sent; SLICE_NONE for none.  type: the type that is searched;
 * FHIR_TYPE_ANY at system level (there _type names the types, and reach holds one need for each, or
 * FHIR_TYPE_ANY without it).  version: of the FHIR server; the table of parameters is R4's, so for
 * R5 every reference may lead anywhere.
 * ERR_QUERY for a bad escape, a byte that a URL may not hold, or a name over QUERY_MAX_NAME;
 * ERR_TOKEN_IN_QUERY; ERR_METHOD_OVERRIDE for a parameter by which some servers replace the method.
 */
MUST_USE enum err query_check(struct slice text, int type, enum fhir_version version,
                              struct query *out);

/*
 * Does every result of this search satisfy the constraint of a scope ("category=laboratory&…", all
 * of them; SMART App Launch 2.2, "Finer-grained resource constraints")?  Only when the query itself
 * says so, parameter by parameter: each parameter of the constraint stands in the query, without a
 * modifier, and every time it stands there its values are among the constraint's.
 * What the server makes of a parameter that it does not know is not looked at here.
 * *missing, when not NULL: the first part of the constraint that the query does not satisfy.
 */
MUST_USE bool query_implies(struct slice text, struct slice constraint, struct slice *missing);

/*
 * Is the search limited to one patient by its own parameters: a parameter of the type's Patient
 * compartment (or _id, for Patient itself) with that patient as its only value, every time it
 * stands there?  version: of the FHIR server; an R5 server may ignore a parameter that only R4 has.
 * id: of the Patient.
 */
MUST_USE bool query_is_of_patient(struct slice text, int type, enum fhir_version version,
                                  struct slice id);

#endif
