#include "fhir_tables.h"

bool fhir_param_find(int type, struct slice name, struct fhir_param *out)
{
    if (type < 0 || (size_t)type >= fhir_type_count)
        return false;
    size_t low = fhir_type_rows[type].params, high = fhir_type_rows[type + 1].params;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = fhir_name_order(name, fhir_param_rows[mid].name);
        if (order == 0) {
            *out = fhir_param_rows[mid].is;
            return true;
        }
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

bool fhir_targets_have(const struct fhir_targets *targets, int type)
{
    if (targets == NULL || type < 0)
        return false;
    for (size_t i = 0; i < targets->count; i++)
        if (targets->types[i] == type)
            return true;
    return targets->any;
}
