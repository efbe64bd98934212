/*
 * What a command found, as aligned text for a person or as one JSON document (--json).  A person
 * sees times as UTC (RFC 3339) and control bytes escaped; JSON has seconds since 1970.
 */
#ifndef FHIR_AUTH_REPORT_H
#define FHIR_AUTH_REPORT_H

#include "ctl.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_TIME,     /* 0: none */
    FIELD_LIFETIME, /* seconds; 0: the default */
    FIELD_FLAG,
};

struct field {
    const char *name;  /* member of the JSON object */
    const char *title; /* for a person */
    enum field_kind kind;
    struct slice text;
    int64_t number;
};

#define REPORT_TEXT(json_name, person_title, value)                                                \
    ((struct field){(json_name), (person_title), FIELD_TEXT, (value), 0})
#define REPORT_NUMBER(json_name, person_title, field_kind_, value)                                 \
    ((struct field){(json_name), (person_title), (field_kind_), SLICE_NONE, (value)})

/* text as a terminal may show it: control bytes and bytes that are not UTF-8 as \xNN. */
void report_escape(struct buf *out, struct slice text);

/* "2026-11-24T18:00:00Z"; "-" for 0. */
void report_time(struct buf *out, int64_t t);

/* JSON: a comma when one is due, then "name": */
void report_name(struct buf *out, const char *name);
/* JSON: the members of an object, without its braces. */
void report_members(struct buf *out, const struct field *fields, size_t count);
/* Text: one aligned line a field. */
void report_lines(struct ctl *c, const struct field *fields, size_t count);
/* A JSON object or lines, as the options have it. */
void report_record(struct ctl *c, const struct field *fields, size_t count);

#define REPORT_COLUMNS 12

struct report_list {
    struct ctl *c;
    struct report_row *first, *last;
    size_t columns;
    size_t width[REPORT_COLUMNS]; /* characters */
};

/* A JSON array or a table; all rows have the same fields. */
void report_list_begin(struct report_list *list, struct ctl *c);
void report_list_add(struct report_list *list, const struct field *fields, size_t count);
/* none: what a person is told when there are no rows. */
void report_list_end(struct report_list *list, const char *none);

#endif
