#include "secret_shape.h"

bool secret_shaped(struct slice s)
{
    size_t run = 0;
    for (size_t i = 0; i < s.n && run < SECRET_SHAPE_RUN; i++) {
        char c = s.p[i];
        bool one = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '-';
        run = one ? run + 1 : 0;
    }
    return run >= SECRET_SHAPE_RUN;
}
