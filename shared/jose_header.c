#include "jose_header.h"

enum err jose_header_string(const struct json *header, const char *name, size_t max, enum err bad,
                            struct arena *a, struct slice *out)
{
    const struct json *member = json_member(header, name);
    struct slice text;
    if (member == NULL) {
        *out = SLICE_NONE;
        return ERR_OK;
    }
    if (!json_string(member, &text) || text.n > max || !slice_is_printable(text))
        return bad;
    const char *copy = arena_dup(a, text);
    if (copy == NULL)
        return ERR_TOO_LARGE;
    *out = (struct slice){copy, text.n};
    return ERR_OK;
}
