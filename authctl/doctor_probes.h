/*
 * What fhir-authctl doctor asks a web server from outside, and what each answer says of its
 * configuration.  Pure: the asking is in doctor.c.
 *
 * All probes are safe: they carry no credentials but the token that the administrator gives, and
 * where the authorizer is not asked they read one page of Patients at most, which is not kept.
 */
#ifndef FHIR_AUTH_DOCTOR_PROBES_H
#define FHIR_AUTH_DOCTOR_PROBES_H

#include "buf.h"
#include "slice.h"

/* By the Server header of its answers. */
enum web_server { WEB_UNKNOWN, WEB_APACHE, WEB_LIGHTTPD, WEB_NGINX, WEB_COUNT };

enum mistake {
    MISTAKE_NONE,
    MISTAKE_NO_ANSWER,
    MISTAKE_OPEN,
    MISTAKE_BYPASS,
    MISTAKE_ELSEWHERE,
    MISTAKE_NOT_ASKED,
    MISTAKE_NOT_FOUND,
    MISTAKE_PROGRAM,
    MISTAKE_UNAVAILABLE,
    MISTAKE_THROTTLED,
    MISTAKE_NO_HEADER,
    MISTAKE_CHALLENGE,
    MISTAKE_STATUS,
    MISTAKE_BODY,
    MISTAKE_VARIABLES,
    MISTAKE_FHIR_SERVER,
    MISTAKE_METADATA,
    MISTAKE_METADATA_CLOSED,
    MISTAKE_NO_DISCOVERY,
    MISTAKE_NO_SERVER_METADATA,
    MISTAKE_DISCOVERY,
    MISTAKE_TOKEN_ENDPOINT,
    MISTAKE_TOKEN_HEADER,
    MISTAKE_TOKEN_CACHE,
    MISTAKE_KEYS,
    MISTAKE_HEALTH,
    MISTAKE_PLAIN,
    MISTAKE_TOKEN,
    MISTAKE_UNSTEADY,
    MISTAKE_BASE,
    MISTAKE_OTHER_NAME,
    MISTAKE_NO_TLS,
    MISTAKE_NOT_OURS,
    MISTAKE_CONFIG,
    MISTAKE_COUNT
};

enum probe_place {
    AT_BASE,         /* the FHIR base with the target behind it */
    AT_SLASHED_BASE, /* with a second slash in front of the base's path */
    AT_CODED_BASE,   /* with the first letter of the base's path as %XX */
    AT_TOKEN,        /* the token endpoint's URL with the target behind it */
    AT_WELL_KNOWN,   /* the target with the issuer's path behind it (RFC 8414 section 3.1) */
    AT_PLAIN,        /* the FHIR base over http, port 80 */
    AT_PLAIN_TOKEN,  /* the token endpoint over http, port 80 */
};

enum probe_want {
    WANT_CHALLENGE,       /* 401 without an error code: there was no token */
    WANT_INVALID_TOKEN,   /* 401 */
    WANT_INVALID_REQUEST, /* 400 */
    WANT_SHUT,            /* any refusal that does not come from the FHIR server */
    WANT_METADATA,
    WANT_DISCOVERY,
    WANT_SERVER_METADATA,
    WANT_TOKEN_REFUSAL,   /* 400 or 401, an OAuth error in JSON, no-store */
    WANT_TOKEN_MALFORMED, /* the same, 400: the Authorization header has arrived */
    WANT_NOT_ALLOWED,     /* 405 */
    WANT_KEYS,
    WANT_HEALTH,
    WANT_NOT_PLAIN,
    WANT_PASS, /* with the administrator's token */
};

enum probe_auth { AUTH_NONE, AUTH_BAD_TOKEN, AUTH_TOKEN };

struct probe {
    const char *name;
    enum probe_place place;
    const char *method;
    const char *target; /* behind the place */
    enum probe_auth auth;
    const char *form; /* body; NULL: none */
    enum probe_want want;
};

/* A JWT that names no issuer: nobody is asked about it. */
#define DOCTOR_BAD_TOKEN "eyJkb2N0b3IiOnRydWUsImFsZyI6IkVTMjU2In0.e30.AAAA"

extern const struct probe doctor_probes[];
extern const size_t doctor_probe_count;

/* What is known of the site. */
struct site {
    struct slice token_url; /* where the configuration says that our /token is; absent: unknown */
    bool metadata_open;     /* by the configuration, or unknown */
    bool trusts_others;     /* tokens of other issuers count too, so that discovery may name them */
};

struct seen {
    int status;        /* 0: no answer */
    struct slice head; /* header lines, as http_ask gives them */
    struct slice body; /* maybe cut */
};

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_FAULT };

/* One value of a header that is not there is SLICE_NONE.  *count: how many there are; may be NULL.
 */
struct slice doctor_header(struct slice head, const char *name, size_t *count);

enum web_server doctor_web_server(struct slice head);
/* The token_endpoint of discovery; false when it is none. */
MUST_USE bool doctor_token_endpoint(const struct seen *seen, struct buf *out);

/* The answer of the server to a probe, judged. */
enum mistake doctor_judge(const struct probe *probe, const struct site *site,
                          const struct seen *seen);

enum doctor_level doctor_level(enum mistake m);
/* What it means, one sentence. */
const char *doctor_meaning(enum mistake m);
/* What to mend on this kind of server, naming the line of its example; "" when there is nothing. */
const char *doctor_remedy(enum mistake m, enum web_server server);
/* "Apache", …; "" for an unknown one. */
const char *doctor_server_name(enum web_server server);

#endif
