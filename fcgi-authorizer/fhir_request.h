/*
 * From an HTTP request to the FHIR interaction that it asks for, and what that needs.  Pure.
 */
#ifndef FHIR_AUTH_FHIR_REQUEST_H
#define FHIR_AUTH_FHIR_REQUEST_H

#include "fhir_path.h"
#include "httpmsg.h"
#include "query.h"

enum interaction {
    FHIR_NONE, /* not known, or no FHIR interaction */
    FHIR_READ,
    FHIR_VREAD,
    FHIR_HISTORY_INSTANCE,
    FHIR_HISTORY_TYPE,
    FHIR_HISTORY_SYSTEM,
    FHIR_SEARCH_TYPE,
    FHIR_SEARCH_COMPARTMENT,
    FHIR_SEARCH_SYSTEM,
    FHIR_CREATE,
    FHIR_UPDATE,
    FHIR_PATCH,
    FHIR_DELETE,
    FHIR_DELETE_HISTORY, /* R5 */
    FHIR_BATCH,          /* or transaction */
    FHIR_OPERATION,
    FHIR_CAPABILITIES, /* metadata */
    FHIR_DISCOVERY,    /* .well-known */
    FHIR_PREFLIGHT,    /* OPTIONS (CORS) */
    FHIR_PATH,         /* a path that a rule of the configuration is about */
};

/* "search-type" and so on, as http://hl7.org/fhir/restful-interaction names them. */
const char *interaction_name(enum interaction i);

struct fhir_request {
    struct fhir_path path;
    enum interaction interaction;
    bool open;                      /* needs no token */
    bool token;                     /* any valid token will do, besides the needs */
    const struct config_rule *rule; /* of the configuration, when one decided; else NULL */
    struct query query;
    struct needs needs; /* all of them */
    bool searches;      /* its query limits what it returns */
    bool system_only;   /* only unconstrained system/ scopes count */
    bool body_unseen;   /* the FHIR server must check what rides in the body */
    const char *allow;  /* with ERR_METHOD: the methods that there are, for a 405; NULL */
};

/*
 * rq's method, uri, method_override and the headers that make a FHIR server do more (if_none_exist,
 * provenance, cascade) are looked at.  *out borrows from rq and is set as far as is known even when
 * the request is refused: ERR_TARGET (also of a duplicate), ERR_OUTSIDE_BASE, ERR_NOT_FHIR,
 * ERR_METHOD, ERR_INTERACTION, ERR_RULE, ERR_METHOD_OVERRIDE, ERR_QUERY, ERR_TOKEN_IN_QUERY.
 */
MUST_USE enum err fhir_request_parse(const struct request *rq, const struct config *conf,
                                     struct fhir_request *out);

#endif
