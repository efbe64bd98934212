/*
 * The file line by line.  inih splits a line into key and value and takes comments off.  It tells
 * no line numbers and no headings, cuts long lines and joins indented ones, so next_line looks at
 * each line before inih does, and hands on only lines that ought to hold a key.
 */
#include "config_keys.h"

#include "utf8.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_FHIR_NAME 40

static const char *const sections[] = {"server", "store", "token-endpoint", "authorizer", "fhir"};
enum { SECTIONS = sizeof sections / sizeof sections[0], FHIR = SECTIONS - 1 };
enum { NO_SECTION = -1, UNKNOWN_SECTION = -2 };

struct reading {
    struct slice rest; /* of the file */
    int line;
    bool handed_on;           /* inih has this line, and has not called take_key yet */
    int section;              /* index, or one of the above */
    struct config_fhir *fhir; /* the current [fhir "…"] */
    char heading[64];         /* of the current section, for faults */
    int heading_line[SECTIONS];
    struct config *out;
    struct config_seen *seen;
    struct config_faults *faults;
};

void config_fault(struct config_faults *f, int line, const char *section, const char *key,
                  const char *fmt, ...)
{
    char text[4096];
    struct buf b = BUF(text);
    char message[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);

    buf_puts(&b, f->file);
    if (line > 0)
        buf_printf(&b, ":%d", line);
    buf_puts(&b, ": ");
    if (section != NULL)
        buf_printf(&b, "[%s] ", section);
    if (key != NULL)
        buf_printf(&b, "%s: ", key);
    buf_puts(&b, message);
    buf_putc(&b, '\n');
    buf_put(f->text, buf_slice(&b));
    f->any = true;
}

static bool in_section(const struct config_key *k, int section)
{
    return section >= 0 && strcmp(k->section, sections[section]) == 0;
}

static void *field_of(const struct reading *r, const struct config_key *k)
{
    return in_section(k, FHIR) ? (char *)r->fhir + k->offset : (char *)r->out + k->offset;
}

static void set_defaults(struct reading *r, bool of_fhir)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];
        char text[256];
        struct buf why = BUF(text);
        if (k->fallback == NULL || in_section(k, FHIR) != of_fhir)
            continue;
        if (k->read(k, slice_of(k->fallback), field_of(r, k), &why) != ERR_OK)
            config_fault(r->faults, 0, k->section, k->name, "default: %s", text);
    }
}

/* The known name that a mistyped one is near to, or NULL. */
static const char *nearest(struct slice typed, const char *const known[], size_t count)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t d = config_distance(typed, slice_of(known[i]));
        if (d < best_distance && d <= 2 && d * 2 <= strlen(known[i])) {
            best = known[i];
            best_distance = d;
        }
    }
    return best;
}

static void unknown_key(const struct reading *r, const char *name)
{
    const char *known[CONFIG_KEYS];
    size_t count = 0;
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (in_section(&config_keys[i], r->section))
            known[count++] = config_keys[i].name;
    const char *near = nearest(slice_of(name), known, count);
    if (near != NULL)
        config_fault(r->faults, r->line, r->heading, name, "is no key; did you mean %s?", near);
    else
        config_fault(r->faults, r->line, r->heading, name,
                     "is no key of this section; see fhir-auth.conf(5)");
}

/* inih's handler.  Its section is cut at 49 bytes, so next_line keeps the section. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    (void)section;
    r->handed_on = false;
    if (r->section == UNKNOWN_SECTION)
        return 1;
    if (r->section == NO_SECTION) {
        config_fault(r->faults, r->line, NULL, name, "stands before the first [section]; move it");
        return 1;
    }
    size_t i = 0;
    while (i < CONFIG_KEYS &&
           (!in_section(&config_keys[i], r->section) || strcmp(config_keys[i].name, name) != 0))
        i++;
    if (i == CONFIG_KEYS) {
        unknown_key(r, name);
        return 1;
    }
    const struct config_key *k = &config_keys[i];
    if (r->seen[i].line != 0) {
        config_fault(r->faults, r->line, r->heading, name, "was set in line %d; leave one out",
                     r->seen[i].line);
        return 1;
    }
    char text[1024];
    struct buf why = BUF(text);
    r->seen[i].line = r->line;
    r->seen[i].bad = k->read(k, slice_of(value), field_of(r, k), &why) != ERR_OK;
    if (r->seen[i].bad)
        config_fault(r->faults, r->line, r->heading, name, "%s", text);
    return 1;
}

/* Has the section all that it must hold? */
static void end_section(struct reading *r, int section, const char *heading, int line)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];
        if (in_section(k, section) && k->required && r->seen[i].line == 0)
            config_fault(r->faults, line, heading, k->name, "is missing; add it");
    }
}

/* Its keys may be set again in the next one. */
static void end_fhir(struct reading *r)
{
    if (r->section != FHIR)
        return;
    end_section(r, FHIR, r->heading, r->fhir->line);
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (in_section(&config_keys[i], FHIR))
            r->seen[i] = (struct config_seen){0};
}

static bool is_fhir_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return s.n > 0 && s.n <= MAX_FHIR_NAME;
}

/* Begin [fhir "name"], of which `quoted` is what follows "fhir". */
static void begin_fhir(struct reading *r, struct slice quoted)
{
    struct slice name = slice_skip(quoted, 2);
    name.n -= name.n > 0;
    if (!slice_starts(quoted, " \"") || !slice_ends(quoted, "\"") || !is_fhir_name(name)) {
        config_fault(
            r->faults, r->line, NULL, NULL,
            "[fhir] has no valid name; write [fhir \"name\"] with 1 to %d letters, digits, "
            "- and _",
            MAX_FHIR_NAME);
        return;
    }
    size_t n = r->out->fhir_count;
    if (n == CONFIG_MAX_BASES) {
        config_fault(r->faults, r->line, NULL, NULL, "more than %d [fhir] sections; leave some out",
                     CONFIG_MAX_BASES);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (slice_is(name, r->out->fhir[i].name))
            config_fault(r->faults, r->line, NULL, NULL,
                         "[fhir \"%s\"] was begun in line %d; give this one another name",
                         r->out->fhir[i].name, r->out->fhir[i].line);
    r->out->fhir_count = n + 1;
    r->fhir = &r->out->fhir[n];
    *r->fhir = (struct config_fhir){.line = r->line};
    memcpy(r->fhir->name, name.p, name.n);
    snprintf(r->heading, sizeof r->heading, "fhir \"%.*s\"", MAX_FHIR_NAME, r->fhir->name);
    r->section = FHIR;
    set_defaults(r, true);
}

static void begin_section(struct reading *r, struct slice name)
{
    end_fhir(r);
    r->section = UNKNOWN_SECTION;
    if (slice_is(name, "fhir") || slice_starts(name, "fhir ")) {
        begin_fhir(r, slice_skip(name, 4));
        return;
    }
    int i = 0;
    while (i < FHIR && !slice_is(name, sections[i]))
        i++;
    if (i == FHIR) {
        const char *near = nearest(name, sections, FHIR);
        if (near != NULL)
            config_fault(r->faults, r->line, NULL, NULL, "[%.*s] is no section; did you mean [%s]?",
                         SLICE_FMT(name), near);
        else
            config_fault(r->faults, r->line, NULL, NULL,
                         "[%.*s] is no section; see fhir-auth.conf(5)", SLICE_FMT(name));
        return;
    }
    if (r->heading_line[i] != 0)
        config_fault(r->faults, r->line, NULL, NULL,
                     "[%s] was begun in line %d; put all its keys there", sections[i],
                     r->heading_line[i]);
    else
        r->heading_line[i] = r->line;
    r->section = i;
    snprintf(r->heading, sizeof r->heading, "%s", sections[i]);
}

static void take_heading(struct reading *r, struct slice line)
{
    struct slice rest = slice_skip(line, 1);
    struct slice name = rest;
    if (slice_has_char(rest, ']'))
        slice_cut(&rest, ']', &name);
    else
        rest = SLICE("]");
    rest = slice_trim(rest);
    if (rest.n > 0 && rest.p[0] != ';' && rest.p[0] != '#') {
        end_fhir(r);
        r->section = UNKNOWN_SECTION;
        config_fault(r->faults, r->line, NULL, NULL,
                     "is no heading; write [section] alone in its line");
        return;
    }
    begin_section(r, name);
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return true;
    return false;
}

/* Why a line cannot be read: "what is wrong; how to mend it", or NULL. */
static const char *line_fault(struct slice line, size_t max, bool comment)
{
    if (has_control(line))
        return "holds a NUL or another control character; remove it";
    if (!utf8_valid(line))
        return "is not UTF-8; save the file in that encoding";
    if (comment)
        return NULL;
    if (line.n > max)
        return "is too long; a line has at most 199 bytes";
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return "begins with a blank; begin each line at the margin, and keep a value on one line";
    size_t n = 0; /* inih would take a colon too */
    while (n < line.n && line.p[n] != '=' && line.p[n] != ':')
        n++;
    if (line.p[0] != '[' && n < line.n && line.p[n] == ':')
        return "has a colon behind the key; write key = value";
    return NULL;
}

/* inih's reader: the next line that ought to hold a key, or NULL. */
static char *next_line(char *str, int num, void *user)
{
    struct reading *r = user;
    struct slice line;
    if (r->handed_on)
        config_fault(r->faults, r->line, NULL, NULL,
                     "is neither [section] nor key = value; mend it");
    r->handed_on = false;
    while (slice_cut(&r->rest, '\n', &line)) {
        r->line++;
        if (slice_ends(line, "\r"))
            line.n--;
        struct slice trimmed = slice_trim(line);
        bool comment = trimmed.n == 0 || trimmed.p[0] == ';' || trimmed.p[0] == '#';
        const char *fault = line_fault(line, (size_t)num - 1, comment);
        if (fault != NULL) {
            config_fault(r->faults, r->line, NULL, NULL, "%s", fault);
        } else if (!comment && line.p[0] == '[') {
            take_heading(r, line);
        } else if (!comment) {
            memcpy(str, line.p, line.n);
            str[line.n] = '\0';
            r->handed_on = true;
            return str;
        }
    }
    return NULL;
}

/* What one section lends to another, and what they must not share. */
static void finish(struct reading *r)
{
    struct config *c = r->out;
    end_fhir(r);
    for (int i = 0; i < FHIR; i++)
        end_section(r, i, sections[i], r->heading_line[i]);
    if (c->url[0] == '\0')
        memcpy(c->url, c->issuer, sizeof c->url);
    if (c->fhir_count == 0)
        config_fault(r->faults, 0, NULL, NULL, "no FHIR base; add a section [fhir \"name\"]");
    for (size_t i = 0; i < c->fhir_count; i++) {
        struct config_fhir *f = &c->fhir[i];
        if (f->audience[0] == '\0')
            memcpy(f->audience, f->base, sizeof f->audience);
        const char *host = strstr(f->base, "://");
        const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
        f->path = path != NULL ? path : f->base + strlen(f->base);
        for (size_t k = 0; k < i; k++)
            if (f->base[0] != '\0' && c->fhir[k].base[0] != '\0' &&
                strcmp(f->path, c->fhir[k].path) == 0)
                config_fault(r->faults, f->line, NULL, NULL,
                             "[fhir \"%s\"] has the path of [fhir \"%s\"] in line %d, and only the "
                             "path of a request tells them apart; give it another base",
                             f->name, c->fhir[k].name, c->fhir[k].line);
    }
}

void config_read_lines(struct slice text, struct config *out, struct config_faults *faults,
                       struct config_seen seen[CONFIG_KEYS])
{
    static const char bom[] = "\xef\xbb\xbf";
    struct reading r = {.rest = slice_starts(text, bom) ? slice_skip(text, 3) : text,
                        .section = NO_SECTION,
                        .out = out,
                        .seen = seen,
                        .faults = faults};
    *out = (struct config){0};
    struct buf file = BUF(out->file);
    buf_puts(&file, faults->file);
    if (file.overflowed)
        config_fault(faults, 0, NULL, NULL, "the path is too long; move the file");
    set_defaults(&r, false);
    /* Every fault is noted by what inih calls; its result adds nothing. */
    (void)ini_parse_stream(next_line, &r, take_key, &r);
    finish(&r);
}
