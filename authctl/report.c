#include "report.h"

#include "utf8.h"

#include <inttypes.h>
#include <time.h>

struct report_row {
    struct report_row *next;
    struct slice cells[REPORT_COLUMNS];
};

/* C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey too. */
static bool is_control(struct slice character)
{
    unsigned char c = (unsigned char)character.p[0];
    return c < 0x20 || c == 0x7f ||
           (character.n == 2 && c == 0xc2 && (unsigned char)character.p[1] < 0xa0);
}

void report_escape(struct buf *out, struct slice text)
{
    while (text.n > 0) {
        size_t len = utf8_length(text);
        struct slice character = {text.p, len > 0 ? len : 1};
        if (len > 0 && !is_control(character))
            buf_put(out, character);
        else
            for (size_t i = 0; i < character.n; i++)
                buf_printf(out, "\\x%02x", (unsigned)(unsigned char)character.p[i]);
        text = slice_skip(text, character.n);
    }
}

void report_time(struct buf *out, int64_t t)
{
    struct tm tm;
    char text[32];
    time_t seconds = (time_t)t;
    if (t == 0)
        buf_putc(out, '-');
    else if (gmtime_r(&seconds, &tm) == NULL ||
             strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        buf_printf(out, "%" PRId64, t);
    else
        buf_puts(out, text);
}

static void field_text(struct buf *out, const struct field *f)
{
    switch (f->kind) {
    case FIELD_TEXT:
        report_escape(out, f->text);
        break;
    case FIELD_NUMBER:
        buf_printf(out, "%" PRId64, f->number);
        break;
    case FIELD_TIME:
        report_time(out, f->number);
        break;
    case FIELD_LIFETIME:
        if (f->number == 0)
            buf_puts(out, "default");
        else
            buf_printf(out, "%" PRId64 "s", f->number);
        break;
    case FIELD_FLAG:
        buf_puts(out, f->number ? "yes" : "no");
        break;
    }
}

static void field_json(struct buf *out, const struct field *f)
{
    switch (f->kind) {
    case FIELD_TEXT:
        buf_json(out, f->text);
        break;
    case FIELD_NUMBER:
        buf_printf(out, "%" PRId64, f->number);
        break;
    case FIELD_TIME:
    case FIELD_LIFETIME:
        if (f->number == 0)
            buf_puts(out, "null");
        else
            buf_printf(out, "%" PRId64, f->number);
        break;
    case FIELD_FLAG:
        buf_puts(out, f->number ? "true" : "false");
        break;
    }
}

void report_name(struct buf *out, const char *name)
{
    if (out->n > 0 && out->p[out->n - 1] != '{')
        buf_putc(out, ',');
    buf_printf(out, "\"%s\":", name);
}

void report_members(struct buf *out, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        report_name(out, fields[i].name);
        field_json(out, &fields[i]);
    }
}

static size_t characters(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void pad(struct buf *out, struct slice cell, size_t width)
{
    buf_put(out, cell);
    for (size_t n = characters(cell); n < width; n++)
        buf_putc(out, ' ');
}

void report_lines(struct ctl *c, const struct field *fields, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = characters(slice_of(fields[i].title));
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < count; i++) {
        pad(&c->out, slice_of(fields[i].title), width + 2);
        field_text(&c->out, &fields[i]);
        buf_putc(&c->out, '\n');
    }
}

void report_record(struct ctl *c, const struct field *fields, size_t count)
{
    if (c->options[OPT_JSON] == NULL) {
        report_lines(c, fields, count);
        return;
    }
    buf_putc(&c->out, '{');
    report_members(&c->out, fields, count);
    buf_puts(&c->out, "}\n");
}

void report_list_begin(struct report_list *list, struct ctl *c)
{
    *list = (struct report_list){.c = c};
    if (c->options[OPT_JSON] != NULL)
        buf_putc(&c->out, '[');
}

/* A full arena shows as an overflow of ctl->out, so that main() refuses to print a short list. */
static void row_add(struct report_list *list, const struct field *fields, size_t count, bool titles)
{
    struct arena *a = &list->c->arena;
    struct report_row *row = arena_alloc(a, sizeof *row);
    if (row == NULL || count > REPORT_COLUMNS) {
        list->c->out.overflowed = true;
        return;
    }
    *row = (struct report_row){0};
    for (size_t i = 0; i < count; i++) {
        struct buf cell = buf_in(a, titles ? 64 : 64 + 4 * fields[i].text.n);
        if (titles)
            buf_puts(&cell, fields[i].title);
        else
            field_text(&cell, &fields[i]);
        list->c->out.overflowed |= cell.overflowed;
        row->cells[i] = buf_slice(&cell);
        size_t n = characters(row->cells[i]);
        list->width[i] = n > list->width[i] ? n : list->width[i];
    }
    if (list->last == NULL)
        list->first = row;
    else
        list->last->next = row;
    list->last = row;
    list->columns = count;
}

void report_list_add(struct report_list *list, const struct field *fields, size_t count)
{
    struct buf *out = &list->c->out;
    if (list->c->options[OPT_JSON] == NULL) {
        if (list->first == NULL)
            row_add(list, fields, count, true);
        row_add(list, fields, count, false);
        return;
    }
    if (out->n > 0 && out->p[out->n - 1] != '[')
        buf_putc(out, ',');
    buf_putc(out, '{');
    report_members(out, fields, count);
    buf_putc(out, '}');
}

void report_list_end(struct report_list *list, const char *none)
{
    struct buf *out = &list->c->out;
    if (list->c->options[OPT_JSON] != NULL) {
        buf_puts(out, "]\n");
        return;
    }
    if (list->first == NULL)
        buf_printf(out, "%s\n", none);
    for (const struct report_row *row = list->first; row != NULL; row = row->next) {
        for (size_t i = 0; i + 1 < list->columns; i++)
            pad(out, row->cells[i], list->width[i] + 2);
        buf_put(out, row->cells[list->columns - 1]);
        buf_putc(out, '\n');
    }
}
