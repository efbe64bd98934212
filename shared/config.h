/*
 * fhir-auth.conf: read once at the start, then constant.  The keys, their ranges and defaults are
 * one table in config.c; fhir-auth.conf(5) describes them.
 */
#ifndef FHIR_AUTH_CONFIG_H
#define FHIR_AUTH_CONFIG_H

#include "buf.h"
#include "config_rules.h"
#include "error.h"
#include "fhir_types.h"

#define CONFIG_DEFAULT_PATH  "/etc/fhir-auth/fhir-auth.conf"
#define TOKEN_LIFETIME_MAX_S 3600 /* of token_lifetime, and of a client's own */

#define CONFIG_MAX_TEXT    512 /* bytes of one value, with its NUL */
#define CONFIG_MAX_BASES   16
#define CONFIG_MAX_ISSUERS 16
#define CONFIG_MAX_MAP     4096 /* bytes of all names and scopes of one [scope-map "…"] */

/* One [fhir "name"] section. */
struct config_fhir {
    char name[64];
    int line;                       /* where the section begins */
    char base[CONFIG_MAX_TEXT];     /* public URL without trailing slash */
    char audience[CONFIG_MAX_TEXT]; /* default: base */
    const char *path;               /* path part of base, points into it; "" for the root */
    enum fhir_version version;
    bool preflight;         /* OPTIONS passes without a token */
    bool metadata_open;     /* metadata passes without a token */
    bool well_known_open;   /* .well-known passes without a token */
    bool limits_to_backend; /* what a limited scope cannot be decided for goes on, with the limit */
    bool bodies_to_backend; /* what rides in a body is for the FHIR server to check */
    bool dpop_required;     /* only tokens that are bound to a key (RFC 9449) */
    size_t rule_count;
    const struct config_rule
        *rules; /* those of [rules "name"], in order; point into struct config */
};

/* One [rules "name"] section. */
struct config_rules {
    char name[64]; /* of the FHIR base that it is for */
    int line;
    size_t first, count; /* its rules, in config.rules */
};

/* One [scope-map "name"] section: an organisation's own names for SMART scopes. */
struct config_scope_map {
    char name[64]; /* of the issuer that it is for */
    int line;
    size_t used;
    char text[CONFIG_MAX_MAP]; /* pairs of NUL-terminated texts: their name, our scopes */
};

enum token_format { TOKEN_JWT, TOKEN_ENCRYPTED_JWT, TOKEN_OPAQUE };

/* One [issuer "name"] section: whose tokens are trusted besides those of the token endpoint here.
 */
struct config_issuer {
    char name[64];
    int line;
    char issuer[CONFIG_MAX_TEXT];      /* the iss of its tokens */
    char audience[CONFIG_MAX_TEXT];    /* one of these, by blanks; "any"; "": of the FHIR base */
    char keys[CONFIG_MAX_TEXT];        /* "store", "discovery", "introspection", a path or a URL */
    char algorithms[CONFIG_MAX_TEXT];  /* by blanks */
    char typ[CONFIG_MAX_TEXT];         /* accepted typ of its tokens, by blanks */
    char scope_claim[CONFIG_MAX_TEXT]; /* "scope", "scp", "realm_access.roles", … */
    unsigned clock_skew_s;
    char introspection[CONFIG_MAX_TEXT]; /* its endpoint: "discovery" or a URL; "": none */
    bool introspection_opaque;           /* tokens that are no JWT are sent there */
    char introspection_client_id[CONFIG_MAX_TEXT];
    char introspection_secret_file[CONFIG_MAX_TEXT]; /* one of these two is set, the other "" */
    char introspection_key_file[CONFIG_MAX_TEXT];
    unsigned introspection_timeout_ms;
    unsigned introspection_cache_s;           /* 0: each request asks anew */
    const struct config_scope_map *scope_map; /* NULL: none; points into struct config */
};

struct config {
    char file[CONFIG_MAX_TEXT];
    uint64_t text_hash; /* two configurations of this host differ in it; no cryptography */
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
    enum token_format token_format;
    char encryption_alg[24]; /* of new keys for encryption: JWE alg */
    char encryption_enc[24]; /* JWE enc of tokens */
    unsigned token_lifetime_s;
    unsigned rotate_every_s;       /* age at which a signing key is replaced; 0: never by itself */
    unsigned publish_before_use_s; /* how long a key is in the key set before it signs */
    unsigned clock_skew_s;         /* of clients' assertions */
    unsigned max_body_bytes;
    bool require_https;
    bool endpoint_certificates; /* client_certificates: what the web server tells of them counts */
    /* [jwks]: key sets fetched over the network */
    char ca_file[CONFIG_MAX_TEXT]; /* "" for the system's certificates */
    unsigned jwks_timeout_ms;
    unsigned jwks_max_bytes;
    unsigned jwks_cache_s;          /* at most so long is a set kept */
    unsigned jwks_stale_if_error_s; /* and so long beyond that while it cannot be fetched */
    bool jwks_http_loopback;        /* http is taken for this machine */
    char jwks_private_hosts[CONFIG_MAX_TEXT]; /* by blanks: may have a private address */
    /* [authorizer] */
    char realm[128];
    unsigned token_cache;         /* entries; 0 turns it off */
    unsigned token_clock_skew_s;  /* clock_skew */
    bool require_encryption;      /* a token that is only signed is refused */
    bool authorizer_certificates; /* client_certificates, likewise */
    /* [dpop]: proofs of possession, here and at the token endpoint */
    unsigned dpop_window_s; /* how far iat of a proof may lie from now, on both sides */
    bool dpop_nonces;       /* a proof must hold a nonce of this site */
    /* [throttle] */
    unsigned failed_logins; /* of a client from one address until it is locked there; 0: never */
    unsigned lock_time_s;
    unsigned token_requests;      /* of one client in a minute; 0: any number */
    unsigned refusals;            /* of one client by the authorizer, likewise */
    char exempt[CONFIG_MAX_TEXT]; /* addresses by blanks that are never throttled */
    /* [audit] */
    unsigned grants;                    /* of so many granted requests one is logged; 0: none */
    char audit_events[CONFIG_MAX_TEXT]; /* FHIR AuditEvents: "", an absolute path or a URL */
    char audit_spool[CONFIG_MAX_TEXT];  /* directory of those that still have to be sent */
    unsigned audit_spool_max_bytes;
    /* [fhir "…"] */
    size_t fhir_count;
    struct config_fhir fhir[CONFIG_MAX_BASES];
    /* [issuer "…"], [scope-map "…"] */
    size_t issuer_count;
    struct config_issuer issuers[CONFIG_MAX_ISSUERS];
    size_t scope_map_count;
    struct config_scope_map scope_maps[CONFIG_MAX_ISSUERS];
    /* [rules "…"]: each section's rules stand together */
    size_t rules_count;
    struct config_rules rules_of[CONFIG_MAX_BASES];
    size_t rule_count;
    struct config_rule rules[CONFIG_MAX_RULES];
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

/* Our scopes for an organisation's own name; SLICE_NONE when the map is NULL or has none. */
struct slice config_map_find(const struct config_scope_map *map, struct slice name);

/* The same from memory, without looking at files that the configuration names; for tests and
 * fuzzing. */
MUST_USE enum err config_parse(struct slice text, const char *name, struct config *out,
                               struct buf *faults);

#endif
