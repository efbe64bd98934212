#include "fhir_tables.h"

#include <string.h>

int fhir_name_order(struct slice a, struct slice b)
{
    size_t shorter = a.n < b.n ? a.n : b.n;
    int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

int fhir_type_find(struct slice name)
{
    size_t low = 0, high = fhir_type_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = fhir_name_order(name, fhir_type_rows[mid].name);
        if (order == 0)
            return (int)mid;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return FHIR_TYPE_UNKNOWN;
}

static bool is_type(int type)
{
    return type >= 0 && (size_t)type < fhir_type_count;
}

const char *fhir_type_name(int type)
{
    if (type == FHIR_TYPE_ANY)
        return "*";
    return is_type(type) ? fhir_type_rows[type].name.p : "";
}

bool fhir_type_in(int type, enum fhir_version version)
{
    return is_type(type) && (fhir_type_rows[type].versions & version) != 0;
}

bool fhir_id_is_valid(struct slice id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.'))
            return false;
    }
    return id.n > 0 && id.n <= 64;
}
