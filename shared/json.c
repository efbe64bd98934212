#include "json.h"

#include "json_scan.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: up to here each whole number has its own double */

/* struct json is never defined: outside this file a cJSON node goes by that name. */
static const cJSON *node(const struct json *v)
{
    return (const cJSON *)v;
}

static const struct json *opaque(const cJSON *v)
{
    return (const struct json *)v;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting, since comparing all pairs would let a short text cost much.  Escapes are undone here. */
static bool has_duplicate(const cJSON *object)
{
    const char *names[JSON_MAX_MEMBERS];
    size_t n = 0;
    for (const cJSON *m = object->child; m != NULL && n < JSON_MAX_MEMBERS; m = m->next)
        names[n++] = m->string;
    if (n < 2)
        return false;
    // cppcheck-suppress uninitvar ; it does not see that only the first n, which are set, are read
    qsort(names, n, sizeof names[0], compare_names);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return true;
    return false;
}

/* What the grammar cannot tell.  As deep as JSON_MAX_DEPTH at most. */
static bool is_sound(const cJSON *v)
{
    if (cJSON_IsNumber(v) && !isfinite(v->valuedouble))
        return false;
    if (cJSON_IsObject(v) && has_duplicate(v))
        return false;
    for (const cJSON *m = v->child; m != NULL; m = m->next)
        if (!is_sound(m))
            return false;
    return true;
}

static void wipe(cJSON *v)
{
    if (v->valuestring != NULL)
        OPENSSL_cleanse(v->valuestring, strlen(v->valuestring));
    for (cJSON *m = v->child; m != NULL; m = m->next)
        wipe(m);
}

void json_free(struct json *document)
{
    if (document == NULL)
        return;
    wipe((cJSON *)document);
    cJSON_Delete((cJSON *)document);
}

enum err json_parse(struct slice text, struct json **out)
{
    if (!json_scan(text))
        return ERR_JSON;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
    if (root == NULL)
        return ERR_MEMORY;
    if (!is_sound(root)) {
        json_free((struct json *)root);
        return ERR_JSON;
    }
    *out = (struct json *)root;
    return ERR_OK;
}

enum json_kind json_kind(const struct json *v)
{
    if (cJSON_IsObject(node(v)))
        return JSON_OBJECT;
    if (cJSON_IsArray(node(v)))
        return JSON_ARRAY;
    if (cJSON_IsString(node(v)))
        return JSON_STRING;
    if (cJSON_IsNumber(node(v)))
        return JSON_NUMBER;
    return cJSON_IsBool(node(v)) ? JSON_BOOL : JSON_NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (!cJSON_IsObject(node(object)))
        return NULL;
    return opaque(cJSON_GetObjectItemCaseSensitive(node(object), name));
}

const struct json *json_first(const struct json *container)
{
    return container ? opaque(node(container)->child) : NULL;
}

const struct json *json_next(const struct json *v)
{
    return v ? opaque(node(v)->next) : NULL;
}

struct slice json_name(const struct json *member)
{
    return member ? slice_of(node(member)->string) : SLICE_NONE;
}

size_t json_count(const struct json *container)
{
    size_t n = 0;
    for (const struct json *v = json_first(container); v != NULL; v = json_next(v))
        n++;
    return n;
}

bool json_string(const struct json *v, struct slice *out)
{
    if (!cJSON_IsString(node(v)))
        return false;
    *out = slice_of(node(v)->valuestring);
    return true;
}

bool json_number(const struct json *v, double *out)
{
    if (!cJSON_IsNumber(node(v)))
        return false;
    *out = node(v)->valuedouble;
    return true;
}

bool json_integer(const struct json *v, int64_t *out)
{
    double d;
    if (!json_number(v, &d) || d < -EXACT_MAX || d > EXACT_MAX || (double)(int64_t)d != d)
        return false;
    *out = (int64_t)d;
    return true;
}

bool json_bool(const struct json *v, bool *out)
{
    if (!cJSON_IsBool(node(v)))
        return false;
    *out = cJSON_IsTrue(node(v));
    return true;
}

bool json_member_string(const struct json *object, const char *name, struct slice *out)
{
    return json_string(json_member(object, name), out);
}
