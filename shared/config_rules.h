/*
 * The lines of a [rules "name"] section: what the administrator says of single operations and paths
 * of a FHIR server.  Pure.
 *
 *     $everything = system/Patient.rs      an operation at any level
 *     Patient/$match = system/Patient.s    on a type and its instances
 *     $purge = deny
 *     GET,DELETE /bulkstatus/job = token   a path below the base; an asterisk as the last segment
 *                                          stands for one or more segments
 *     GET /?_getpages = token              the base itself, when the parameter is there
 *
 * Without methods a path is about GET, or about all methods when it is denied.
 */
#ifndef FHIR_AUTH_CONFIG_RULES_H
#define FHIR_AUTH_CONFIG_RULES_H

#include "buf.h"
#include "error.h"

#define CONFIG_MAX_RULES   128 /* of all sections */
#define CONFIG_MAX_PATTERN 128 /* bytes, with the NUL */
#define CONFIG_MAX_NEEDED  256

enum rule_kind { RULE_OPERATION, RULE_PATH, RULE_PARAMETER };
enum rule_verdict {
    RULE_DENY,
    RULE_OPEN,   /* no token is needed */
    RULE_TOKEN,  /* any valid token */
    RULE_SCOPES, /* a token with all of `needed` */
};

struct config_rule {
    int line;
    enum rule_kind kind;
    unsigned methods; /* of HTTP_* bits below; of an operation: GET and POST */
    int type;         /* of an operation; FHIR_TYPE_ANY: on any level and type */
    bool below;       /* of a path: "*" stood at its end */
    /* "$everything"; "/files", "/files/" before an asterisk, "" for the base; "_getpages" */
    char pattern[CONFIG_MAX_PATTERN];
    enum rule_verdict verdict;
    /*
     * SMART scopes, or words that the token must bear to the letter (such as the canonical URL of
     * an OperationDefinition), by blanks.
     */
    char needed[CONFIG_MAX_NEEDED];
};

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4, HTTP_PATCH = 8, HTTP_DELETE = 16 };

/* Bits of a method's name; HEAD counts as GET; 0 for any other. */
unsigned http_method_bit(struct slice name);

/* Read "PATTERN" and "VERDICT" of a line.  ERR_CONFIG, and *why: "what is wrong; how to mend it".
 */
MUST_USE enum err config_rule_parse(struct slice pattern, struct slice verdict,
                                    struct config_rule *out, struct buf *why);

/* The first of the rules that is about this operation ("$everything") on this type; NULL. */
const struct config_rule *config_rule_for_operation(const struct config_rule *rules, size_t count,
                                                    unsigned method, int type, struct slice name);

/*
 * The first that is about this path ("" or "/bulkstatus/1", canonical, behind the base) or, for the
 * base itself, a parameter of the query (as sent; its names are compared decoded).  NULL.  A slash
 * at the end of the path does not count, as in FHIR's own.
 */
const struct config_rule *config_rule_for_path(const struct config_rule *rules, size_t count,
                                               unsigned method, struct slice path,
                                               struct slice query);

#endif
