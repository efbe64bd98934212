#include "query_field.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool query_decode(struct slice text, char *to, size_t cap, struct slice *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] == '+' ? ' ' : text.p[i];
        if (c == '%') {
            int high = text.n - i > 2 ? hex_value(text.p[i + 1]) : -1;
            int low = text.n - i > 2 ? hex_value(text.p[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (n < cap)
            to[n] = c;
        n++;
    }
    *out = n <= cap ? (struct slice){to, n} : SLICE_NONE;
    return true;
}

bool query_field_next(struct query_fields *it, struct query_field *out)
{
    struct slice field;
    do {
        out->piece = slice_cut(&it->pieces, ';', &field);
        if (!out->piece) {
            if (!slice_cut(&it->rest, '&', &field))
                return false;
            it->pieces = slice_has_char(field, ';') ? field : SLICE_NONE;
        }
    } while (field.n == 0);
    out->value = field;
    slice_cut(&out->value, '=', &out->sent);
    if (!query_decode(out->sent, out->space, sizeof out->space, &out->name) || out->name.p == NULL)
        it->error = ERR_QUERY;
    return it->error == ERR_OK;
}

struct slice query_base_name(struct slice name)
{
    struct slice base;
    slice_cut(&name, ':', &base);
    slice_cut(&base, '.', &name);
    return name;
}
