/*
 * fhir-auth.conf: read once at the start, then constant.  The keys, their ranges and defaults are
 * one table in config.c; fhir-auth.conf(5) describes them.
 */
#ifndef FHIR_AUTH_CONFIG_H
#define FHIR_AUTH_CONFIG_H

#include "buf.h"
#include "error.h"

#define CONFIG_DEFAULT_PATH "/etc/fhir-auth/fhir-auth.conf"
#define CONFIG_MAX_TEXT     512 /* bytes of one value, with its NUL */
#define CONFIG_MAX_BASES    16

/* One [fhir "name"] section. */
struct config_fhir {
    char name[64];
    int line;                       /* where the section begins */
    char base[CONFIG_MAX_TEXT];     /* public URL without trailing slash */
    char audience[CONFIG_MAX_TEXT]; /* default: base */
    const char *path;               /* path part of base, points into it; "" for the root */
};

struct config {
    char file[CONFIG_MAX_TEXT];
    /* [server] */
    unsigned threads;
    char log[CONFIG_MAX_TEXT]; /* "stderr", "syslog" or an absolute path */
    /* [store] */
    char store_path[CONFIG_MAX_TEXT];
    unsigned store_busy_timeout_ms;
    /* [token-endpoint] */
    char issuer[CONFIG_MAX_TEXT]; /* https URL without query or fragment; required */
    char url[CONFIG_MAX_TEXT]; /* public URL that /token, /jwks, … are below; default: issuer */
    char key_dir[CONFIG_MAX_TEXT];
    char signing_alg[16];
    unsigned token_lifetime_s;
    unsigned clock_skew_s; /* of clients' assertions */
    unsigned max_body_bytes;
    bool require_https;
    char ca_file[CONFIG_MAX_TEXT]; /* "" for the system's certificates */
    unsigned jwks_timeout_ms;
    unsigned jwks_max_bytes;
    unsigned jwks_cache_s; /* at most so long is a client's key set kept */
    /* [authorizer] */
    char realm[128];
    unsigned token_cache;        /* entries; 0 turns it off */
    unsigned token_clock_skew_s; /* clock_skew */
    /* [fhir "…"] */
    size_t fhir_count;
    struct config_fhir fhir[CONFIG_MAX_BASES];
};

/*
 * The path from FHIR_AUTH_CONF, else CONFIG_DEFAULT_PATH.
 */
const char *config_path(void);

/*
 * Read and check a file.  All faults are appended to `faults`, one line each: file, line, key, what
 * is wrong and how to mend it.  ERR_CONFIG when there was any; *out is then not to be used.
 */
MUST_USE enum err config_load(const char *path, struct config *out, struct buf *faults);

/* The same from memory, without looking at files that the configuration names; for tests and
 * fuzzing. */
MUST_USE enum err config_parse(struct slice text, const char *name, struct config *out,
                               struct buf *faults);

#endif
