#include "buf.h"
#include "fuzz.h"
#include "json.h"
#include "utf8.h"

#include <math.h>

static void write_value(const struct json *v, struct buf *out);

static void write_members(const struct json *v, bool named, struct buf *out)
{
    size_t count = 0;
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        buf_puts(out, count++ > 0 ? "," : "");
        if (named) {
            struct slice name = json_name(m);
            char *z = malloc(name.n + 1);
            CHECK(z != NULL && !slice_has_char(name, '\0') && utf8_valid(name));
            memcpy(z, name.p, name.n);
            z[name.n] = '\0';
            CHECK(json_member(v, z) == m); /* no other of that name */
            free(z);
            buf_json(out, name);
            buf_putc(out, ':');
        }
        write_value(m, out);
    }
    CHECK(count == json_count(v) && count <= JSON_MAX_MEMBERS);
}

static void write_number(const struct json *v, struct buf *out)
{
    double number;
    int64_t whole;
    CHECK(json_number(v, &number) && isfinite(number));
    if (json_integer(v, &whole))
        CHECK((double)whole == number && whole <= INT64_C(1) << 53 && whole >= -(INT64_C(1) << 53));
    buf_printf(out, "%.17g", number);
}

static void write_value(const struct json *v, struct buf *out)
{
    struct slice text;
    bool truth;
    switch (json_kind(v)) {
    case JSON_NULL:
        buf_puts(out, "null");
        return;
    case JSON_BOOL:
        CHECK(json_bool(v, &truth));
        buf_puts(out, truth ? "true" : "false");
        return;
    case JSON_NUMBER:
        write_number(v, out);
        return;
    case JSON_STRING:
        CHECK(json_string(v, &text) && utf8_valid(text) && !slice_has_char(text, '\0'));
        buf_json(out, text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        buf_putc(out, json_kind(v) == JSON_ARRAY ? '[' : '{');
        write_members(v, json_kind(v) == JSON_OBJECT, out);
        buf_putc(out, json_kind(v) == JSON_ARRAY ? ']' : '}');
        return;
    }
    CHECK(false); /* a seventh kind */
}

/* What is taken can be written, is taken again, and is then written in the same way. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct json *document = NULL, *again = NULL;
    if (json_parse((struct slice){(const char *)data, n}, &document) != ERR_OK) {
        CHECK(document == NULL);
        return 0;
    }
    struct arena a = fuzz_arena(64 * n + 1024);
    struct buf first = buf_in(&a, 30 * n + 64), second = buf_in(&a, 30 * n + 64);
    write_value(document, &first);
    CHECK(!first.overflowed && json_parse(buf_slice(&first), &again) == ERR_OK);
    write_value(again, &second);
    CHECK(slice_eq(buf_slice(&first), buf_slice(&second)));
    json_free(document);
    json_free(again);
    arena_free(&a);
    return 0;
}
