/*
 * What the commands of fhir-authctl share.
 *
 * A command is one row of the table in main.c.  It answers with an exit status and writes to
 * ctl->out, which main() prints only for STATUS_YES: on "no" nothing reaches standard output.
 */
#ifndef FHIR_AUTH_CTL_H
#define FHIR_AUTH_CTL_H

#include "arena.h"
#include "buf.h"
#include "config.h"
#include "error.h"
#include "store.h"

enum status {
    STATUS_YES = 0,   /* yes, or done */
    STATUS_NO = 1,    /* no; the reason is on standard error */
    STATUS_USAGE = 2, /* the command line, or a key file that cannot be read */
};

enum option {
    OPT_CA,
    OPT_DPOP,
    OPT_GRACE,
    OPT_ID,
    OPT_IMPORT_SECRET,
    OPT_JSON,
    OPT_JWKS,
    OPT_JWKS_URI,
    OPT_KEY,
    OPT_NAME,
    OPT_NOW,
    OPT_SCOPE,
    OPT_SECRET,
    OPT_TLS_BOUND,
    OPT_TLS_CERTIFICATE,
    OPT_TLS_SAN_DNS,
    OPT_TLS_SAN_EMAIL,
    OPT_TLS_SAN_IP,
    OPT_TLS_SAN_URI,
    OPT_TLS_SUBJECT,
    OPT_TOKEN_FILE,
    OPT_TOKEN_LIFETIME,
    OPT_USE,
    OPT_WARM,
    OPT_COUNT
};

struct ctl {
    const char *operand; /* NAME, ID, KID, METHOD or URL; NULL for commands without one */
    const char *second;  /* URI; NULL for commands with fewer than two operands */
    const char *options[OPT_COUNT]; /* NULL: not given; "" for one without a value */
    int64_t now;                    /* seconds since 1970 */
    struct arena arena;             /* wiped at the end */
    struct buf out;                 /* standard output to be; wiped at the end */
    bool tell_on_no;                /* on "no" it goes to standard error, and is not dropped */
    struct config config;           /* after ctl_config */
    struct store *store;            /* after ctl_store */
};

struct command {
    const char *noun, *verb;      /* verb NULL: the noun is the whole command */
    const char *operand, *second; /* their names in the usage; NULL: takes none */
    unsigned options;             /* bits OPT(…) */
    const char *arguments;        /* as the usage shows them */
    const char *help;
    enum status (*run)(struct ctl *c);
};

/* One line on standard error, control bytes escaped, with the program's name in front. */
void ctl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and STATUS_NO or STATUS_USAGE. */
enum status ctl_no(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
enum status ctl_misuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Read the configuration; its faults go to standard error. */
MUST_USE enum status ctl_config(struct ctl *c);
/* Open the store that the configuration names; create: make a missing one. */
MUST_USE enum status ctl_store(struct ctl *c, bool create);
/* Both, with a store that exists. */
MUST_USE enum status ctl_open(struct ctl *c);
/* STATUS_NO with the store's own words, or those of e. */
enum status ctl_store_no(struct ctl *c, enum err e);

/*
 * A whole file, "-" for standard input, into the arena.  STATUS_USAGE when it cannot be read or
 * holds more than cap bytes.
 */
MUST_USE enum status ctl_read_file(struct ctl *c, const char *path, size_t cap, struct slice *out);
/* A token from standard input, without one trailing LF or CRLF.  STATUS_NO when longer than cap. */
MUST_USE enum status ctl_read_token(struct ctl *c, size_t cap, struct slice *out);
/* text without one trailing LF or CRLF. */
struct slice ctl_chomp(struct slice text);

/* "90s", "5m", "24h", "7d" as seconds; false for anything else or more than max. */
MUST_USE bool ctl_duration(const char *text, uint64_t max, uint64_t *seconds);

enum status config_check(struct ctl *c);
enum status client_add(struct ctl *c);
enum status client_list(struct ctl *c);
enum status client_show(struct ctl *c);
enum status client_set(struct ctl *c);
enum status client_rotate_secret(struct ctl *c);
enum status client_disable(struct ctl *c);
enum status client_enable(struct ctl *c);
enum status client_remove(struct ctl *c);
enum status key_list(struct ctl *c);
enum status key_generate(struct ctl *c);
enum status key_rotate(struct ctl *c);
enum status key_retire(struct ctl *c);
enum status token_inspect(struct ctl *c);
enum status token_revoke(struct ctl *c);
enum status explain(struct ctl *c);
enum status doctor(struct ctl *c);
enum status jose_verify(struct ctl *c);
enum status jose_decrypt(struct ctl *c);

#endif
