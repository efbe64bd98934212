/*
 * The table of keys, and what config.c, config_lines.c and config_values.c share.  Everybody else
 * includes config.h.
 */
#ifndef FHIR_AUTH_CONFIG_KEYS_H
#define FHIR_AUTH_CONFIG_KEYS_H

#include "config.h"

#define CONFIG_KEYS 63

/*
 * Read one value into its field, which stays untouched on error: ERR_CONFIG, and *why says "what is
 * wrong; how to mend it".
 */
struct config_key;
typedef enum err config_reader(const struct config_key *key, struct slice value, void *field,
                               struct buf *why);

/* Look at the file that a path names; ERR_FILE, and *why as above. */
typedef enum err config_checker(const char *path, struct buf *why);

struct config_key {
    const char *section;
    const char *name;
    config_reader *read;
    size_t offset; /* of the field in struct config, struct config_fhir or struct config_issuer */
    size_t size;   /* of the field */
    const char *fallback; /* as it would stand in the file; NULL: required, or filled from others */
    const char *min, *max; /* likewise; of numbers, durations and sizes */
    bool required;
    config_checker *check; /* NULL: names no file */
};

extern const struct config_key config_keys[CONFIG_KEYS];

/* Where faults go: lines of text, each beginning with the file's name. */
struct config_faults {
    const char *file;
    struct buf *text;
    bool any;
    bool look_at_files; /* those that the configuration names too */
};

#define CONFIG_MAX_NAME 40 /* bytes of the name in [fhir "name"] */

enum config_section_number {
    CONFIG_SERVER,
    CONFIG_STORE,
    CONFIG_TOKEN_ENDPOINT,
    CONFIG_JWKS,
    CONFIG_AUTHORIZER,
    CONFIG_DPOP,
    CONFIG_THROTTLE,
    CONFIG_AUDIT,
    CONFIG_FHIR,
    CONFIG_RULES,
    CONFIG_ISSUER,
    CONFIG_SCOPE_MAP,
    CONFIG_SECTIONS
};

/* A line LEFT = RIGHT of an item; ERR_CONFIG, and *why as above. */
typedef enum err config_pair(struct config *c, void *item, int line, struct slice left,
                             struct slice right, struct buf *why);

struct config_section {
    const char *name;
    bool named;        /* [fhir "name"]: there may be several */
    config_pair *pair; /* it holds pairs rather than keys; NULL: keys */
    const char *form;  /* of its pairs, for faults */
};

extern const struct config_section config_sections[CONFIG_SECTIONS];

/* [A-Za-z0-9_-]{1,CONFIG_MAX_NAME} */
bool config_is_name(struct slice s);
/*
 * A new item of a named section.  *why says what is wrong, if something is; NULL when there is no
 * room for it.
 */
void *config_item_add(struct config *c, int section, struct slice name, int line, struct buf *why);
int config_item_line(int section, const void *item);

config_reader config_read_number;
config_reader config_read_seconds;      /* a duration into seconds */
config_reader config_read_milliseconds; /* a duration into milliseconds */
config_reader config_read_bytes;
config_reader config_read_yes_no;
config_reader config_read_url;
config_reader config_read_issuer; /* a URL that may end with a slash */
config_reader config_read_path;   /* absolute */
config_reader config_read_path_or_nothing;
config_reader config_read_log_target;
config_reader config_read_signing_alg;
config_reader config_read_format;
config_reader config_read_encryption_alg;
config_reader config_read_encryption_enc;
config_reader config_read_realm;
config_reader config_read_audience;
config_reader config_read_audiences; /* words, or "any" alone */
config_reader config_read_words;     /* printable ASCII, by single blanks */
config_reader config_read_words_or_nothing;
config_reader config_read_key_source;
config_reader config_read_algorithms;
config_reader config_read_endpoint; /* empty, discovery or a URL */
config_reader config_read_addresses;
config_reader config_read_events; /* empty, a path or a URL */
config_reader config_read_fhir_version;
config_reader config_read_open; /* into the struct config_fhir itself */
config_reader config_read_limits;
config_reader config_read_bodies;
config_reader config_read_dpop;

/* The value as it stands into a field of text. */
config_reader config_put_text;

/*
 * NULL for https://host[:port][/path] in the one way in which we want it written (RFC 3986 section
 * 6.2), or "what is wrong; how to mend it".  http is taken for this machine only.
 */
const char *config_url_fault(struct slice url);

/* Bytes to insert, delete or replace to turn one name into the other; SIZE_MAX for long names. */
size_t config_distance(struct slice a, struct slice b);

/* line 0, section NULL and key NULL are left out. */
void config_fault(struct config_faults *f, int line, const char *section, const char *key,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

struct config_seen {
    int line; /* where the key was set; 0: nowhere */
    bool bad; /* its value was refused */
};

/* After the last line: what one section lends to another, and what they must not share. */
void config_settle(struct config *c, const struct config_seen seen[CONFIG_KEYS],
                   struct config_faults *faults);
/* The files that the keys of a section name; its item as in struct config. */
void config_check_files(const char *section, const char *heading, const void *item,
                        const struct config_seen seen[CONFIG_KEYS], struct config_faults *faults);

/* config_parse, telling also for each row of config_keys where it was set. */
void config_read_lines(struct slice text, struct config *out, struct config_faults *faults,
                       struct config_seen seen[CONFIG_KEYS]);

#endif
