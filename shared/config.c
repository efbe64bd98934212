#include "config_keys.h"

#include "credential_file.h"
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES 65536

static config_checker check_log, check_store, check_key_dir, check_ca_file, check_events;
static config_checker check_secret, check_key;

#define IN(field) offsetof(struct config, field), sizeof(((struct config *)NULL)->field)
#define IN_FHIR(field)                                                                             \
    offsetof(struct config_fhir, field), sizeof(((struct config_fhir *)NULL)->field)

#define IN_ISSUER(field)                                                                           \
    offsetof(struct config_issuer, field), sizeof(((struct config_issuer *)NULL)->field)

/* clang-format off */
const struct config_key config_keys[] = {
    {"server", "threads", config_read_number, IN(threads),
     .fallback = "4", .min = "1", .max = "64"},
    {"server", "log", config_read_log_target, IN(log),
     .fallback = "stderr", .check = check_log},
    {"store", "path", config_read_path, IN(store_path),
     .fallback = "/var/lib/fhir-auth/fhir-auth.db", .check = check_store},
    {"store", "busy_timeout", config_read_milliseconds, IN(store_busy_timeout_ms),
     .fallback = "2s", .min = "100ms", .max = "30s"},
    {"token-endpoint", "issuer", config_read_url, IN(issuer),
     .required = true},
    {"token-endpoint", "url", config_read_url, IN(url),
     .fallback = NULL /* the issuer */},
    {"token-endpoint", "keys", config_read_path, IN(key_dir),
     .fallback = "/var/lib/fhir-auth/keys", .check = check_key_dir},
    {"token-endpoint", "signing_alg", config_read_signing_alg, IN(signing_alg),
     .fallback = "ES256"},
    {"token-endpoint", "format", config_read_format, IN(token_format),
     .fallback = "jwt"},
    {"token-endpoint", "encryption_alg", config_read_encryption_alg, IN(encryption_alg),
     .fallback = "ECDH-ES+A256KW"},
    {"token-endpoint", "encryption_enc", config_read_encryption_enc, IN(encryption_enc),
     .fallback = "A256GCM"},
    {"token-endpoint", "token_lifetime", config_read_seconds, IN(token_lifetime_s),
     .fallback = "300s", .min = "1s", .max = "1h"},
    {"token-endpoint", "rotate_every", config_read_seconds, IN(rotate_every_s),
     .fallback = "0s", .min = "0s", .max = "3650d"},
    {"token-endpoint", "publish_before_use", config_read_seconds, IN(publish_before_use_s),
     .fallback = "1h", .min = "1s", .max = "30d"},
    {"token-endpoint", "clock_skew", config_read_seconds, IN(clock_skew_s),
     .fallback = "30s", .min = "0s", .max = "5m"},
    {"token-endpoint", "max_body", config_read_bytes, IN(max_body_bytes),
     .fallback = "64k", .min = "1k", .max = "1m"},
    {"token-endpoint", "require_https", config_read_yes_no, IN(require_https),
     .fallback = "yes"},
    {"token-endpoint", "client_certificates", config_read_yes_no, IN(endpoint_certificates),
     .fallback = "no"},
    {"jwks", "ca_file", config_read_path_or_nothing, IN(ca_file),
     .fallback = "", .check = check_ca_file},
    {"jwks", "timeout", config_read_milliseconds, IN(jwks_timeout_ms),
     .fallback = "5s", .min = "100ms", .max = "60s"},
    {"jwks", "max_size", config_read_bytes, IN(jwks_max_bytes),
     .fallback = "64k", .min = "1k", .max = "1m"},
    {"jwks", "cache", config_read_seconds, IN(jwks_cache_s),
     .fallback = "5m", .min = "0s", .max = "24h"},
    {"jwks", "stale_if_error", config_read_seconds, IN(jwks_stale_if_error_s),
     .fallback = "24h", .min = "0s", .max = "7d"},
    {"jwks", "http_loopback", config_read_yes_no, IN(jwks_http_loopback),
     .fallback = "no"},
    {"jwks", "private_hosts", config_read_words_or_nothing, IN(jwks_private_hosts),
     .fallback = ""},
    {"authorizer", "realm", config_read_realm, IN(realm),
     .fallback = "fhir"},
    {"authorizer", "token_cache", config_read_number, IN(token_cache),
     .fallback = "10000", .min = "0", .max = "1000000"},
    {"authorizer", "clock_skew", config_read_seconds, IN(token_clock_skew_s),
     .fallback = "0s", .min = "0s", .max = "5m"},
    {"authorizer", "require_encryption", config_read_yes_no, IN(require_encryption),
     .fallback = "no"},
    {"authorizer", "client_certificates", config_read_yes_no, IN(authorizer_certificates),
     .fallback = "no"},
    {"dpop", "window", config_read_seconds, IN(dpop_window_s),
     .fallback = "60s", .min = "1s", .max = "10m"},
    {"dpop", "nonces", config_read_yes_no, IN(dpop_nonces),
     .fallback = "no"},
    {"throttle", "failed_logins", config_read_number, IN(failed_logins),
     .fallback = "10", .min = "0", .max = "1000"},
    {"throttle", "lock_time", config_read_seconds, IN(lock_time_s),
     .fallback = "5m", .min = "1s", .max = "24h"},
    {"throttle", "token_requests", config_read_number, IN(token_requests),
     .fallback = "600", .min = "0", .max = "1000000"},
    {"throttle", "refusals", config_read_number, IN(refusals),
     .fallback = "600", .min = "0", .max = "1000000"},
    {"throttle", "exempt", config_read_addresses, IN(exempt),
     .fallback = "127.0.0.1 ::1"},
    {"audit", "grants", config_read_number, IN(grants),
     .fallback = "1", .min = "0", .max = "1000000"},
    {"audit", "events", config_read_events, IN(audit_events),
     .fallback = "", .check = check_events},
    {"audit", "spool", config_read_path, IN(audit_spool),
     .fallback = "/var/lib/fhir-auth/spool"},
    {"audit", "spool_max", config_read_bytes, IN(audit_spool_max_bytes),
     .fallback = "64m", .min = "1m", .max = "1024m"},
    {"fhir", "base", config_read_url, IN_FHIR(base),
     .required = true},
    {"fhir", "audience", config_read_audience, IN_FHIR(audience),
     .fallback = NULL /* the base */},
    {"fhir", "version", config_read_fhir_version, IN_FHIR(version),
     .fallback = "R4"},
    {"fhir", "preflight", config_read_yes_no, IN_FHIR(preflight),
     .fallback = "no"},
    {"fhir", "open", config_read_open, 0, sizeof(struct config_fhir),
     .fallback = "metadata well-known"},
    {"fhir", "limits", config_read_limits, IN_FHIR(limits_to_backend),
     .fallback = "deny"},
    {"fhir", "bodies", config_read_bodies, IN_FHIR(bodies_to_backend),
     .fallback = "all"},
    {"fhir", "dpop", config_read_dpop, IN_FHIR(dpop_required),
     .fallback = "optional"},
    {"issuer", "issuer", config_read_issuer, IN_ISSUER(issuer),
     .required = true},
    {"issuer", "audience", config_read_audiences, IN_ISSUER(audience),
     .fallback = NULL /* the FHIR base's */},
    {"issuer", "keys", config_read_key_source, IN_ISSUER(keys),
     .required = true},
    {"issuer", "algorithms", config_read_algorithms, IN_ISSUER(algorithms),
     .fallback = "ES256 ES384 RS256 RS384 PS256 PS384 EdDSA"},
    {"issuer", "typ", config_read_words, IN_ISSUER(typ),
     .fallback = "at+jwt"},
    {"issuer", "scope_claim", config_read_words, IN_ISSUER(scope_claim),
     .fallback = "scope"},
    {"issuer", "clock_skew", config_read_seconds, IN_ISSUER(clock_skew_s),
     .fallback = "30s", .min = "0s", .max = "5m"},
    {"issuer", "introspection", config_read_endpoint, IN_ISSUER(introspection),
     .fallback = ""},
    {"issuer", "introspection_opaque", config_read_yes_no, IN_ISSUER(introspection_opaque),
     .fallback = "yes"},
    {"issuer", "introspection_client_id", config_read_words_or_nothing,
     IN_ISSUER(introspection_client_id), .fallback = ""},
    {"issuer", "introspection_secret_file", config_read_path_or_nothing,
     IN_ISSUER(introspection_secret_file), .fallback = "", .check = check_secret},
    {"issuer", "introspection_key_file", config_read_path_or_nothing,
     IN_ISSUER(introspection_key_file), .fallback = "", .check = check_key},
    {"issuer", "introspection_timeout", config_read_milliseconds,
     IN_ISSUER(introspection_timeout_ms), .fallback = "2s", .min = "100ms", .max = "30s"},
    {"issuer", "introspection_cache", config_read_seconds, IN_ISSUER(introspection_cache_s),
     .fallback = "60s", .min = "0s", .max = "1h"},
};
/* clang-format on */
_Static_assert(sizeof config_keys / sizeof config_keys[0] == CONFIG_KEYS, "CONFIG_KEYS is wrong");

const char *config_path(void)
{
    const char *path = getenv("FHIR_AUTH_CONF");
    return path != NULL && path[0] != '\0' ? path : CONFIG_DEFAULT_PATH;
}

/* The directory that holds a file must be there; the file itself need not. */
static enum err check_parent(const char *path, struct buf *why)
{
    char parent[CONFIG_MAX_TEXT];
    const char *slash = strrchr(path, '/');
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    memcpy(parent, path, n);
    parent[n] = '\0';

    struct stat st;
    if (stat(parent, &st) != 0)
        buf_printf(why, "the directory %s cannot be used (%s); make it", parent, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        buf_printf(why, "%s is no directory; give a path below a directory", parent);
    else
        return ERR_OK;
    return ERR_FILE;
}

static enum err check_log(const char *path, struct buf *why)
{
    return path[0] == '/' ? check_parent(path, why) : ERR_OK;
}

static enum err check_store(const char *path, struct buf *why)
{
    enum err e = check_parent(path, why);
    if (e != ERR_OK)
        return e;
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        buf_printf(why, "%s is no regular file; give the path of the store's file", path);
        return ERR_FILE;
    }
    return ERR_OK;
}

/*
 * Only what is there is judged: the authorizer runs without keys, maybe as a user who cannot see
 * them, and the program that needs them says itself when they are missing.
 */
static enum err check_key_dir(const char *path, struct buf *why)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return ERR_OK;
    if (!S_ISDIR(st.st_mode))
        buf_printf(why, "%s is no directory; give the directory of the signing keys", path);
    else if ((st.st_mode & S_IRWXO) != 0)
        buf_printf(why, "%s is open to all users; run chmod o-rwx %s", path, path);
    else
        return ERR_OK;
    return ERR_FILE;
}

static enum err check_events(const char *target, struct buf *why)
{
    return check_log(target, why); /* a URL is looked at when it is called */
}

static enum err check_ca_file(const char *path, struct buf *why)
{
    if (path[0] == '\0')
        return ERR_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0)
        buf_printf(why, "%s cannot be read (%s); give a PEM file of CA certificates", path,
                   strerror(errno));
    else if (!S_ISREG(st.st_mode))
        buf_printf(why, "%s is no regular file; give a PEM file of CA certificates", path);
    if (fd >= 0)
        close(fd);
    return S_ISREG(st.st_mode) ? ERR_OK : ERR_FILE;
}

static enum err check_secret(const char *path, struct buf *why)
{
    char secret[CREDENTIAL_MAX_SECRET];
    struct credential_seen seen;
    size_t n;
    if (path[0] == '\0')
        return ERR_OK;
    enum err e = credential_read_secret(path, secret, &n, &seen, why);
    OPENSSL_cleanse(secret, sizeof secret);
    return e;
}

static enum err check_key(const char *path, struct buf *why)
{
    struct jwk *key = NULL;
    struct credential_seen seen;
    enum err e = path[0] == '\0' ? ERR_OK : credential_read_key(path, &key, &seen, why);
    jwk_free(key);
    return e;
}

void config_check_files(const char *section, const char *heading, const void *item,
                        const struct config_seen seen[CONFIG_KEYS], struct config_faults *faults)
{
    for (size_t i = 0; i < CONFIG_KEYS && faults->look_at_files; i++) {
        const struct config_key *k = &config_keys[i];
        char text[CONFIG_MAX_TEXT * 2 + 256];
        struct buf why = BUF(text);
        if (k->check == NULL || seen[i].bad || strcmp(k->section, section) != 0)
            continue;
        if (k->check((const char *)item + k->offset, &why) != ERR_OK)
            config_fault(faults, seen[i].line, heading, k->name, "%s", text);
    }
}

/* The whole file into `text`; *n is left alone when it cannot be used. */
static void read_file(int fd, char *text, size_t cap, size_t *n, struct config_faults *faults)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        config_fault(faults, 0, NULL, NULL, "is no regular file; set FHIR_AUTH_CONF to one");
        return;
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        config_fault(faults, 0, NULL, NULL, "can be changed by other users; run chmod go-w %s",
                     faults->file);
    size_t used;
    if (!whole_file_read(fd, text, cap, &used))
        config_fault(faults, 0, NULL, NULL, "cannot be read (%s); mend that", strerror(errno));
    else if (used == cap)
        config_fault(faults, 0, NULL, NULL, "is larger than %d bytes; shorten it", MAX_FILE_BYTES);
    else
        *n = used;
}

enum err config_load(const char *path, struct config *out, struct buf *faults)
{
    struct config_faults f = {.file = path, .text = faults, .look_at_files = true};
    struct config_seen seen[CONFIG_KEYS] = {0};
    size_t n = SIZE_MAX;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        config_fault(&f, 0, NULL, NULL,
                     "cannot be opened (%s); set FHIR_AUTH_CONF to the file's path, else it is %s",
                     strerror(errno), CONFIG_DEFAULT_PATH);
        return ERR_CONFIG;
    }
    char *text = malloc(MAX_FILE_BYTES + 1);
    if (text == NULL)
        config_fault(&f, 0, NULL, NULL, "memory is out; free some");
    else
        read_file(fd, text, MAX_FILE_BYTES + 1, &n, &f);
    close(fd);
    if (n != SIZE_MAX)
        config_read_lines((struct slice){text, n}, out, &f, seen);
    free(text);
    return f.any ? ERR_CONFIG : ERR_OK;
}

enum err config_parse(struct slice text, const char *name, struct config *out, struct buf *faults)
{
    struct config_faults f = {.file = name, .text = faults};
    struct config_seen seen[CONFIG_KEYS] = {0};
    config_read_lines(text, out, &f, seen);
    return f.any ? ERR_CONFIG : ERR_OK;
}
