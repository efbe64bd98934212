#include "jwt_scope.h"

#include "scope.h"

static const struct json *find(const struct json *v, struct slice path)
{
    struct slice part;
    char name[CONFIG_MAX_TEXT];
    while (slice_cut(&path, '.', &part)) {
        struct buf text = BUF(name);
        buf_put(&text, part);
        v = text.overflowed ? NULL : json_member(v, name);
    }
    return v;
}

static void add(struct slice scopes, struct buf *out)
{
    buf_puts(out, out->n > 0 ? " " : "");
    buf_put(out, scopes);
}

/* A list of scopes, as RFC 6749 section 3.3 has it. */
static enum err add_words(struct slice text, const struct config_scope_map *map, struct buf *out)
{
    struct slice word;
    while (scope_next(&text, &word)) {
        struct slice mapped = config_map_find(map, word);
        if (mapped.p == NULL && !scope_valid_word(word))
            return ERR_JWT_CLAIM;
        add(mapped.p != NULL ? mapped : word, out);
    }
    return ERR_OK;
}

/* One name of an array, often that of a role: it may have blanks and accents. */
static void add_name(struct slice name, const struct config_scope_map *map, struct buf *out)
{
    struct slice mapped = config_map_find(map, name);
    if (mapped.p != NULL)
        add(mapped, out);
    else if (scope_valid_word(name))
        add(name, out);
}

static enum err add_claim(const struct json *v, const struct config_scope_map *map, struct buf *out)
{
    struct slice text;
    if (v == NULL)
        return ERR_OK;
    if (json_string(v, &text))
        return add_words(text, map, out);
    if (json_kind(v) != JSON_ARRAY)
        return ERR_JWT_CLAIM;
    for (const struct json *each = json_first(v); each != NULL; each = json_next(each)) {
        if (!json_string(each, &text))
            return ERR_JWT_CLAIM;
        add_name(text, map, out);
    }
    return ERR_OK;
}

enum err jwt_scope(struct slice payload, const char *claims, const struct config_scope_map *map,
                   struct arena *a, struct slice *out)
{
    struct json *document;
    struct slice rest = slice_of(claims), path;
    struct buf text = buf_in(a, JWT_MAX_SCOPE + 1);
    if (text.overflowed)
        return ERR_TOO_LARGE;
    enum err e = json_parse(payload, &document);
    if (e != ERR_OK)
        return e;
    while (e == ERR_OK && slice_cut(&rest, ' ', &path))
        e = add_claim(find(document, path), map, &text);
    json_free(document);
    if (e == ERR_OK && text.overflowed)
        e = ERR_JWT_CLAIM;
    if (e == ERR_OK)
        *out = buf_slice(&text);
    return e;
}
