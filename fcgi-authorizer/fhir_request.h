/*
 * From an HTTP request to the FHIR interaction that it asks for, and what that needs.  Pure.
 *
 * The path is taken from the raw request target and must have only one reading: every web server
 * and FHIR server decodes, merges and resolves differently, so whatever is encoded, doubled, dotted
 * or outside the characters of FHIR paths is refused (http://hl7.org/fhir/R4/http.html).
 */
#ifndef FHIR_AUTH_FHIR_REQUEST_H
#define FHIR_AUTH_FHIR_REQUEST_H

#include "config.h"
#include "httpmsg.h"
#include "query.h"
#include "scope.h"

enum interaction {
    FHIR_NONE, /* not one that is open to tokens */
    FHIR_READ,
    FHIR_VREAD,
    FHIR_HISTORY_INSTANCE,
    FHIR_HISTORY_TYPE,
    FHIR_HISTORY_SYSTEM,
    FHIR_SEARCH_TYPE,
    FHIR_SEARCH_SYSTEM,
    FHIR_CREATE,
    FHIR_UPDATE,
    FHIR_PATCH,
    FHIR_DELETE,
    FHIR_CAPABILITIES, /* metadata */
    FHIR_DISCOVERY,    /* .well-known */
};

/* "search-type" and so on, as http://hl7.org/fhir/restful-interaction names them. */
const char *interaction_name(enum interaction i);

#define FHIR_MAX_NEEDS 3

struct fhir_need {
    int type; /* FHIR_TYPE_ANY: on every type */
    unsigned actions;
};

struct fhir_request {
    const struct config_fhir *base; /* whose path the request is below; NULL when none */
    enum interaction interaction;
    bool open; /* needs no token */
    int type;  /* FHIR_TYPE_ANY at system level */
    struct slice id;
    struct query query;
    size_t need_count;
    struct fhir_need needs[FHIR_MAX_NEEDS]; /* all of them */
};

/*
 * rq's method, uri, method_override and the headers that make a FHIR server do more (if_none_exist,
 * provenance, cascade) are looked at.  *out borrows from rq and is set as far as is known even when
 * the request is refused: ERR_TARGET (also of a duplicate), ERR_OUTSIDE_BASE, ERR_NOT_FHIR,
 * ERR_METHOD, ERR_INTERACTION, ERR_METHOD_OVERRIDE, ERR_QUERY, ERR_TOKEN_IN_QUERY.
 */
MUST_USE enum err fhir_request_parse(const struct request *rq, const struct config *conf,
                                     struct fhir_request *out);

#endif
