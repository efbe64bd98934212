/*
 * The path of a FHIR request: which base it is below, and its shape.  Pure.
 *
 * It is taken from the raw request target and must have only one reading: every web server and FHIR
 * server decodes, merges and resolves differently, so whatever is encoded, doubled, dotted or
 * outside the characters of FHIR paths is refused (http://hl7.org/fhir/R4/http.html).
 */
#ifndef FHIR_AUTH_FHIR_PATH_H
#define FHIR_AUTH_FHIR_PATH_H

#include "config.h"

/* T is a resource type, C one that has a compartment. */
enum shape {
    SHAPE_OTHER,
    SHAPE_ROOT,               /* "" */
    SHAPE_METADATA,           /* metadata */
    SHAPE_WELL_KNOWN,         /* .well-known/NAME…, of a known name */
    SHAPE_HISTORY,            /* _history */
    SHAPE_SEARCH,             /* _search */
    SHAPE_TYPE,               /* T */
    SHAPE_TYPE_SEARCH,        /* T/_search */
    SHAPE_TYPE_HISTORY,       /* T/_history */
    SHAPE_INSTANCE,           /* T/id */
    SHAPE_INSTANCE_HISTORY,   /* T/id/_history */
    SHAPE_VERSION,            /* T/id/_history/vid */
    SHAPE_OPERATION,          /* $name, T/$name, T/id/$name */
    SHAPE_COMPARTMENT,        /* C/id/T */
    SHAPE_COMPARTMENT_ALL,    /* C/id/(asterisk) */
    SHAPE_COMPARTMENT_SEARCH, /* C/id/T/_search, C/id/_search */
};

struct fhir_path {
    const struct config_fhir *base; /* NULL when below none */
    struct slice below;             /* behind the base, with its leading slash; "" for the base */
    struct slice query;             /* behind '?'; SLICE_NONE when there is none */
    enum shape shape;
    int type;               /* the first segment's; FHIR_TYPE_ANY at system level */
    struct slice id;        /* SLICE_NONE when there is none */
    int searched;           /* of a compartment: the type that is searched; else as type */
    struct slice operation; /* "$name" */
};

/*
 * uri: the raw request target, maybe in absolute form.  *out borrows from it and is filled as far
 * as is known.  ERR_TARGET, ERR_OUTSIDE_BASE.  The query is cut off and not looked at.
 */
MUST_USE enum err fhir_path_parse(struct slice uri, const struct config *conf,
                                  struct fhir_path *out);

#endif
