#include "jwt.h"

#define TIME_MAX 9007199254740992.0 /* 2^53: up to here each whole number has its own double */

/* Control characters, C1 included (U+0080 to U+009F: C2 80 to C2 9F in UTF-8). */
static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        unsigned char next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
            return true;
    }
    return false;
}

static enum err copy_string(const struct json *v, struct arena *a, struct slice *out)
{
    struct slice text;
    if (!json_string(v, &text) || has_control(text))
        return ERR_JWT_CLAIM;
    *out = (struct slice){arena_dup(a, text), text.n};
    return out->p ? ERR_OK : ERR_TOO_LARGE;
}

static enum err read_strings(const struct json *claims, struct arena *a, struct jwt_claims *out)
{
    const struct {
        const char *name;
        struct slice *out;
    } strings[] = {
        {"iss", &out->iss},
        {"sub", &out->sub},
        {"jti", &out->jti},
        {"client_id", &out->client_id},
        {"azp", &out->azp},
        {"patient", &out->patient},
        {"fhirUser", &out->fhir_user},
        {"scope", &out->scope},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        const struct json *v = json_member(claims, strings[i].name);
        /* Some issuers send scope as an array; whoever trusts them reads it with jwt_scope.h. */
        if (v != NULL && json_kind(v) == JSON_ARRAY && strings[i].out == &out->scope) {
            out->scope_is_array = true;
            continue;
        }
        enum err e = v ? copy_string(v, a, strings[i].out) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    return out->scope.n > JWT_MAX_SCOPE ? ERR_JWT_CLAIM : ERR_OK;
}

/* RFC 7519 section 4.1.3: one string or an array of them. */
static enum err read_audience(const struct json *v, struct arena *a, struct jwt_claims *out)
{
    if (v == NULL)
        return ERR_OK;
    if (json_kind(v) != JSON_ARRAY) {
        out->aud_count = 1;
        return copy_string(v, a, &out->aud[0]);
    }
    out->aud_is_array = true;
    if (json_count(v) == 0 || json_count(v) > JWT_MAX_AUDIENCES)
        return ERR_JWT_CLAIM;
    for (const struct json *each = json_first(v); each != NULL; each = json_next(each)) {
        enum err e = copy_string(each, a, &out->aud[out->aud_count++]);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* NumericDate (RFC 7519 section 2). */
static enum err read_times(const struct json *claims, struct jwt_claims *out)
{
    const struct {
        const char *name;
        bool *has;
        int64_t *out;
    } times[] = {
        {"exp", &out->has_exp, &out->exp},
        {"nbf", &out->has_nbf, &out->nbf},
        {"iat", &out->has_iat, &out->iat},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct json *v = json_member(claims, times[i].name);
        double seconds;
        if (v == NULL)
            continue;
        if (!json_number(v, &seconds) || !(seconds >= 0 && seconds <= TIME_MAX))
            return ERR_JWT_CLAIM;
        *times[i].has = true;
        *times[i].out = (int64_t)seconds;
    }
    return ERR_OK;
}

/*
 * What the holder of the token must prove (RFC 7800 section 3.1).  To take a token whose binding
 * cannot be checked would be to take it from anybody.
 */
static enum err read_confirmation(const struct json *cnf, struct arena *a, struct jwt_claims *out)
{
    const struct {
        const char *name;
        struct slice *out;
    } ways[] = {
        {"jkt", &out->cnf_jkt},
        {"x5t#S256", &out->cnf_x5t},
    };
    const struct json *each = json_first(cnf);
    if (cnf == NULL)
        return ERR_OK;
    if (json_kind(cnf) != JSON_OBJECT || each == NULL)
        return ERR_JWT_CLAIM;
    for (; each != NULL; each = json_next(each)) {
        size_t i = 0;
        while (i < sizeof ways / sizeof ways[0] && !slice_is(json_name(each), ways[i].name))
            i++;
        if (i == sizeof ways / sizeof ways[0])
            return ERR_JWT_CLAIM;
        enum err e = copy_string(each, a, ways[i].out);
        if (e != ERR_OK)
            return e;
        if (ways[i].out->n != JWT_SHA256) /* an empty one would bind to nothing */
            return ERR_JWT_CLAIM;
    }
    return ERR_OK;
}

enum err jwt_claims_parse(struct slice payload, struct arena *a, struct jwt_claims *out)
{
    struct json *document = NULL;
    struct jwt_claims claims = {0};
    enum err e = json_parse(payload, &document);
    if (e != ERR_OK)
        return e;
    if (json_kind(document) != JSON_OBJECT)
        e = ERR_JWT_CLAIM;
    if (e == ERR_OK)
        e = read_strings(document, a, &claims);
    if (e == ERR_OK)
        e = read_audience(json_member(document, "aud"), a, &claims);
    if (e == ERR_OK)
        e = read_times(document, &claims);
    if (e == ERR_OK)
        e = read_confirmation(json_member(document, "cnf"), a, &claims);
    json_free(document);
    if (e == ERR_OK)
        *out = claims;
    return e;
}

/* a + b, held at the ends of the range instead of wrapping. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

enum err jwt_check_time(const struct jwt_claims *c, int64_t now, int64_t skew)
{
    if (!c->has_exp)
        return ERR_JWT_CLAIM;
    if (now >= add(c->exp, skew))
        return ERR_JWT_EXPIRED;
    if ((c->has_nbf && c->nbf > add(now, skew)) || (c->has_iat && c->iat > add(now, skew)))
        return ERR_JWT_NOT_YET;
    return ERR_OK;
}

bool jwt_has_audience(const struct jwt_claims *c, struct slice audience)
{
    for (size_t i = 0; i < c->aud_count; i++)
        if (audience.n > 0 && slice_eq(c->aud[i], audience))
            return true;
    return false;
}

bool jwt_typ_is(struct slice typ, const char *name)
{
    static const struct slice prefix = {"application/", 12};
    if (typ.n > prefix.n && slice_is_nocase((struct slice){typ.p, prefix.n}, prefix.p))
        typ = slice_skip(typ, prefix.n);
    return typ.n > 0 && slice_is_nocase(typ, name);
}
