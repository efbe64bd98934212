#include "secret_shape.h"

static bool in_run(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool secret_shaped(struct slice s)
{
    for (size_t i = 0; i < s.n;) {
        size_t run = 0;
        while (run < s.n - i && in_run(s.p[i + run]))
            run++;
        if (run >= SECRET_SHAPE_RUN ||
            (run >= SECRET_SHAPE_JSON && slice_starts(slice_skip(s, i), "eyJ")))
            return true;
        i += run + 1;
    }
    return false;
}
