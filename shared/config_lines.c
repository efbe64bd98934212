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

enum { NO_SECTION = -1, UNKNOWN_SECTION = -2 };

struct reading {
    struct slice rest; /* of the file */
    int line;
    bool handed_on;   /* inih has this line, and has not called take_key yet */
    int section;      /* index of config_sections, or one of the above */
    void *item;       /* the current [fhir "…"], [rules "…"] or the like; else the config */
    char heading[80]; /* of the current section, for faults */
    int heading_line[CONFIG_SECTIONS];
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
    return section >= 0 && strcmp(k->section, config_sections[section].name) == 0;
}

/* The fields of the current section, and of no other, get their defaults. */
static void set_defaults(struct reading *r, int section)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];
        char text[256];
        struct buf why = BUF(text);
        if (k->fallback == NULL || !in_section(k, section))
            continue;
        if (k->read(k, slice_of(k->fallback), (char *)r->item + k->offset, &why) != ERR_OK)
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
    r->seen[i].bad = k->read(k, slice_of(value), (char *)r->item + k->offset, &why) != ERR_OK;
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
    config_check_files(config_sections[section].name, heading,
                       config_sections[section].named ? r->item : r->out, r->seen, r->faults);
}

/* Ends [fhir "…"] and the like: its keys may be set again in the next one. */
static void end_named(struct reading *r)
{
    if (r->section < 0 || !config_sections[r->section].named)
        return;
    end_section(r, r->section, r->heading, config_item_line(r->section, r->item));
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (in_section(&config_keys[i], r->section))
            r->seen[i] = (struct config_seen){0};
}

/* Begin [fhir "name"] or the like, of which `quoted` is what follows the kind. */
static void begin_named(struct reading *r, int section, struct slice quoted)
{
    const char *kind = config_sections[section].name;
    struct slice name = slice_skip(quoted, 2);
    name.n -= name.n > 0;
    char text[256];
    struct buf why = BUF(text);
    if (!slice_starts(quoted, " \"") || !slice_ends(quoted, "\"") || !config_is_name(name)) {
        config_fault(r->faults, r->line, NULL, NULL,
                     "[%s] has no valid name; write [%s \"name\"] with 1 to %d letters, digits, "
                     "- and _",
                     kind, kind, CONFIG_MAX_NAME);
        return;
    }
    void *item = config_item_add(r->out, section, name, r->line, &why);
    if (why.n > 0)
        config_fault(r->faults, r->line, NULL, NULL, "%s", text);
    if (item == NULL)
        return;
    r->item = item;
    r->section = section;
    snprintf(r->heading, sizeof r->heading, "%s \"%.*s\"", kind, SLICE_FMT(name));
    set_defaults(r, section);
}

/* The section that a heading's first word names; UNKNOWN_SECTION. */
static int find_section(struct slice word)
{
    for (int i = 0; i < CONFIG_SECTIONS; i++)
        if (slice_is(word, config_sections[i].name))
            return i;
    return UNKNOWN_SECTION;
}

static void unknown_section(const struct reading *r, struct slice name)
{
    const char *known[CONFIG_SECTIONS];
    for (size_t i = 0; i < CONFIG_SECTIONS; i++)
        known[i] = config_sections[i].name;
    const char *near = nearest(name, known, CONFIG_SECTIONS);
    if (near != NULL)
        config_fault(r->faults, r->line, NULL, NULL, "[%.*s] is no section; did you mean [%s]?",
                     SLICE_FMT(name), near);
    else
        config_fault(r->faults, r->line, NULL, NULL, "[%.*s] is no section; see fhir-auth.conf(5)",
                     SLICE_FMT(name));
}

static void begin_section(struct reading *r, struct slice name)
{
    struct slice rest = name, kind;
    end_named(r);
    r->section = UNKNOWN_SECTION;
    slice_cut(&rest, ' ', &kind);
    int i = find_section(kind);
    if (i >= 0 && config_sections[i].named) {
        begin_named(r, i, slice_skip(name, kind.n));
        return;
    }
    if (i < 0 || rest.p != NULL) {
        unknown_section(r, name);
        return;
    }
    if (r->heading_line[i] != 0)
        config_fault(r->faults, r->line, NULL, NULL,
                     "[%s] was begun in line %d; put all its keys there", config_sections[i].name,
                     r->heading_line[i]);
    else
        r->heading_line[i] = r->line;
    r->section = i;
    r->item = r->out;
    snprintf(r->heading, sizeof r->heading, "%s", config_sections[i].name);
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
        end_named(r);
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

/* Do the lines of the current section hold pairs rather than keys? */
static bool has_pairs(const struct reading *r)
{
    return r->section >= 0 && config_sections[r->section].pair != NULL;
}

/* A line without what follows a blank and a semicolon, as inih does it for keys. */
static struct slice without_comment(struct slice line)
{
    for (size_t n = 1; n < line.n; n++)
        if (line.p[n] == ';' && (line.p[n - 1] == ' ' || line.p[n - 1] == '\t'))
            return (struct slice){line.p, n};
    return line;
}

/*
 * A line of [scope-map "…"] or [rules "…"].  Not for inih, since either side may hold colons and
 * equals signs; the first one between blanks counts.
 */
static void take_pair(struct reading *r, struct slice whole)
{
    const struct config_section *section = &config_sections[r->section];
    struct slice line = without_comment(whole);
    char text[1024];
    struct buf why = BUF(text);
    size_t n = 0;
    while (n < line.n && !slice_starts(slice_skip(line, n), " = "))
        n++;
    struct slice left = slice_trim((struct slice){line.p, n});
    struct slice right = slice_trim(slice_skip(line, n + 3));
    if (n == line.n || left.n == 0)
        config_fault(r->faults, r->line, r->heading, NULL, "%s", section->form);
    else if (section->pair(r->out, r->item, r->line, left, right, &why) != ERR_OK)
        config_fault(r->faults, r->line, r->heading, NULL, "%.*s: %s", SLICE_FMT(left), text);
}

/* Why a line cannot be read: "what is wrong; how to mend it", or NULL. */
static const char *line_fault(struct slice line, size_t max, bool comment, bool pair)
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
    if (!pair && line.p[0] != '[' && n < line.n && line.p[n] == ':')
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
        const char *fault = line_fault(line, (size_t)num - 1, comment, has_pairs(r));
        if (fault != NULL) {
            config_fault(r->faults, r->line, NULL, NULL, "%s", fault);
        } else if (!comment && line.p[0] == '[') {
            take_heading(r, line);
        } else if (!comment && has_pairs(r)) {
            take_pair(r, line);
        } else if (!comment) {
            memcpy(str, line.p, line.n);
            str[line.n] = '\0';
            r->handed_on = true;
            return str;
        }
    }
    return NULL;
}

static void finish(struct reading *r)
{
    end_named(r);
    for (int i = 0; i < CONFIG_SECTIONS; i++)
        if (!config_sections[i].named)
            end_section(r, i, config_sections[i].name, r->heading_line[i]);
    config_settle(r->out, r->seen, r->faults);
}

/* FNV-1a.  OpenSSL would take its memory in this thread, and once more in the one that works. */
static uint64_t hash_of(struct slice text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < text.n; i++)
        hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3;
    return hash;
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
    out->text_hash = hash_of(text);
    r.item = out;
    for (int i = 0; i < CONFIG_SECTIONS; i++)
        if (!config_sections[i].named)
            set_defaults(&r, i);
    /* Every fault is noted by what inih calls; its result adds nothing. */
    (void)ini_parse_stream(next_line, &r, take_key, &r);
    finish(&r);
}
