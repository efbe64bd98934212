#include "form.h"

#include "utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err percent_decode(struct slice text, bool plus_is_blank, struct arena *a, struct slice *out)
{
    char *to = arena_alloc(a, text.n + 1);
    if (to == NULL)
        return ERR_TOO_LARGE;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = text.n - i > 2 ? hex_value(text.p[i + 1]) : -1;
            int low = text.n - i > 2 ? hex_value(text.p[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return ERR_FORM;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '\0') {
            return ERR_FORM;
        }
        to[n++] = c;
    }
    to[n] = '\0';
    *out = (struct slice){to, n};
    return ERR_OK;
}

static enum err form_add(struct form *f, struct slice field, struct arena *a)
{
    struct slice rest = field, name, value = SLICE(""), raw;
    slice_cut(&rest, '=', &raw);
    enum err e = percent_decode(raw, true, a, &name);
    if (e == ERR_OK && rest.p != NULL)
        e = percent_decode(rest, true, a, &value);
    if (e != ERR_OK)
        return e;
    if (name.n == 0 || !utf8_valid(name) || !utf8_valid(value))
        return ERR_FORM;
    /* An empty value counts as omitted, but even so a name may not come twice. */
    if (!slice_is(name, "resource"))
        for (size_t i = 0; i < f->count; i++)
            if (slice_eq(f->fields[i].name, name))
                return ERR_FORM_DUPLICATE;
    if (f->count == FORM_MAX_FIELDS)
        return ERR_FORM;
    f->fields[f->count].name = name;
    f->fields[f->count].value = value.n > 0 ? value : SLICE_NONE;
    f->count++;
    return ERR_OK;
}

enum err form_parse(struct slice body, struct arena *a, struct form *out)
{
    struct slice rest = body, field;
    out->count = 0;
    while (slice_cut(&rest, '&', &field)) {
        if (field.n == 0)
            continue;
        enum err e = form_add(out, field, a);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

struct slice form_get(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (slice_is(f->fields[i].name, name))
            return f->fields[i].value;
    return SLICE_NONE;
}

void form_escape(struct slice value, struct buf *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == ' ')
            buf_putc(out, '+');
        else if (slice_has_char((struct slice){plain, sizeof plain - 1}, value.p[i]))
            buf_putc(out, value.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)value.p[i]);
    }
}

bool media_type_is(struct slice content_type, const char *type)
{
    struct slice rest = content_type, head;
    return slice_cut(&rest, ';', &head) && slice_is_nocase(slice_trim(head), type);
}
