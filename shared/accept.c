#include "accept.h"

/* q as thousandths: 1000 when absent, 0 when malformed (RFC 9110 section 12.4.2). */
static int quality(struct slice parameters)
{
    struct slice rest = parameters, p;
    while (slice_cut(&rest, ';', &p)) {
        p = slice_trim(p);
        if (!slice_starts(p, "q=") && !slice_starts(p, "Q="))
            continue;
        p = slice_skip(p, 2);
        if (p.n == 0 || p.n > 5 || (p.p[0] != '0' && p.p[0] != '1') || (p.n > 1 && p.p[1] != '.'))
            return 0;
        int q = (p.p[0] - '0') * 1000, weight = 100;
        for (size_t i = 2; i < p.n; i++, weight /= 10) {
            if (p.p[i] < '0' || p.p[i] > '9')
                return 0;
            q += (p.p[i] - '0') * weight;
        }
        return q > 1000 ? 0 : q;
    }
    return 1000;
}

int accept_best(struct slice header, bool (*matches)(struct slice item))
{
    struct slice rest = header, item, value;
    int found = -1;
    while (slice_cut(&rest, ',', &item)) {
        slice_cut(&item, ';', &value);
        if (matches(slice_trim(value))) {
            int q = item.p ? quality(item) : 1000;
            found = q > found ? q : found;
        }
    }
    return found;
}
