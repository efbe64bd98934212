/*
 * Events as JSON lines, one write(2) each, to standard error, a file or syslog.  Values are escaped
 * and cut at LOG_MAX_VALUE bytes.  Tokens, secrets and assertions are never passed here.
 */
#ifndef FHIR_AUTH_LOG_H
#define FHIR_AUTH_LOG_H

#include "error.h"
#include "slice.h"

#define LOG_MAX_VALUE 512
#define LOG_MAX_LINE  8192

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

struct log_field {
    const char *name; /* a plain word; NULL: a field to leave out */
    struct slice text;
    int64_t number;
    bool is_number;
};

/* A text that is absent (SLICE_NONE) leaves its field out. */
#define LOG_TEXT(field_name, value) ((struct log_field){.name = (field_name), .text = (value)})
#define LOG_NUMBER(field_name, value)                                                              \
    ((struct log_field){.name = (field_name), .number = (int64_t)(value), .is_number = true})

/*
 * Once at the start.  target: "stderr", "syslog" or an absolute path (appended to, made with mode
 * 0640, followed when it is rotated: append_file.h).  ERR_FILE when that cannot be opened; events
 * go to standard error until then.
 */
MUST_USE enum err log_open(const char *program, const char *target);

/* One line: time, level, program, event, then the fields.  Safe from any thread. */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG(level, event, ...)                                                                     \
    log_event((level), (event), (const struct log_field[]){__VA_ARGS__},                           \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
