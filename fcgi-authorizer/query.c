#include "query.h"

#include "fhir_types.h"

#include <string.h>

/* Search result parameters and those of every resource that concern the resource alone. */
static const char *const harmless[] = {
    "_id",     "_lastUpdated", "_tag",     "_profile",  "_security",
    "_source", "_count",       "_summary", "_elements", "_format",
    "_pretty", "_total",       "_since",   "_at",       "_sort",
};

/* Modifiers that only refine the comparison (http://hl7.org/fhir/R4/search.html#modifiers). */
static const char *const modifiers[] = {
    "missing", "exact", "contains", "not", "text", "above", "below", "identifier", "of-type",
};

static const struct {
    const char *name;
    enum err refusal;
} refused[] = {
    {"access_token", ERR_TOKEN_IN_QUERY},
    {"_method", ERR_METHOD_OVERRIDE},
    {"x-http-method-override", ERR_METHOD_OVERRIDE},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return at ? (int)(at - digits) : -1;
}

/*
 * Undo percent-encoding once, into at most cap bytes; only the length is counted when to is NULL.
 * False for a bad escape, %00 or too long a text.
 */
static bool decode(struct slice text, char *to, size_t cap, size_t *length)
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
        if (to != NULL && n == cap)
            return false;
        if (to != NULL)
            to[n] = c;
        n++;
    }
    *length = n;
    return true;
}

static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '_')))
            return false;
    }
    return name.n > 0;
}

static bool in_list(struct slice s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(s, list[i]))
            return true;
    return false;
}

/* R5 lets a sort follow references: only plain names of the type's own parameters are harmless. */
static bool sort_is_harmless(struct slice value)
{
    char decoded[256];
    size_t length;
    return decode(value, decoded, sizeof decoded, &length) &&
           memchr(decoded, '.', length) == NULL && memchr(decoded, ':', length) == NULL &&
           memchr(decoded, '%', length) == NULL;
}

/* Does the parameter stay within the type that is searched?  The name is decoded, the value not. */
static bool is_harmless(struct slice name, struct slice value)
{
    struct slice rest = name, base;
    slice_cut(&rest, ':', &base);
    if (rest.p != NULL && !in_list(rest, modifiers, COUNT(modifiers)) &&
        fhir_type_find(rest) == FHIR_TYPE_UNKNOWN)
        return false;
    if (slice_starts(base, "_") && !in_list(base, harmless, COUNT(harmless)))
        return false;
    if (!slice_starts(base, "_") && !is_plain_name(base))
        return false; /* a chain has a dot */
    return !slice_is(base, "_sort") || sort_is_harmless(value);
}

static enum err check_parameter(struct slice field, struct query *q)
{
    char decoded[QUERY_MAX_NAME];
    struct slice value = field, raw_name;
    size_t length, ignored;
    slice_cut(&value, '=', &raw_name);
    if (!decode(raw_name, decoded, sizeof decoded, &length) || !decode(value, NULL, 0, &ignored))
        return ERR_QUERY;
    struct slice name = {decoded, length};
    for (size_t i = 0; i < COUNT(refused); i++)
        if (slice_is_nocase(name, refused[i].name))
            return refused[i].refusal;
    if (slice_is(name, "_format") && q->format.p == NULL)
        q->format = value;
    if (!q->reaches_all && !is_harmless(name, value)) {
        q->reaches_all = true;
        q->first_such = raw_name;
    }
    return ERR_OK;
}

enum err query_check(struct slice query, struct query *out)
{
    struct query q = {.format = SLICE_NONE};
    struct slice rest = query, part, field;
    for (size_t i = 0; i < query.n; i++)
        if (query.p[i] < 0x21 || query.p[i] > 0x7e || query.p[i] == '#')
            return ERR_QUERY;
    while (slice_cut(&rest, '&', &part)) {
        /* Some servers take ';' as a separator too: both readings must be harmless. */
        while (slice_cut(&part, ';', &field)) {
            enum err e = field.n > 0 ? check_parameter(field, &q) : ERR_OK;
            if (e != ERR_OK)
                return e;
        }
    }
    *out = q;
    return ERR_OK;
}
