#include "config_keys.h"

#include "jws.h"

#include <string.h>

/* Refuse: "what is wrong; how to mend it". */
#define REFUSE(why, ...) (buf_printf((why), __VA_ARGS__), ERR_CONFIG)

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit counts[] = {{"", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"k", 1024}, {"m", 1048576}, {NULL, 0}};
static const struct unit durations[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* A whole number and one of the units; 0 needs none. */
static bool measure(struct slice text, const struct unit *units, uint64_t *out)
{
    size_t digits = 0;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    struct slice unit = slice_skip(text, digits);
    uint64_t v;
    if (!slice_to_u64((struct slice){text.p, digits}, UINT32_MAX, &v))
        return false;
    if (v == 0 && unit.n == 0) {
        *out = 0;
        return true;
    }
    for (; units->name != NULL; units++) {
        if (slice_is(unit, units->name)) {
            *out = v * units->factor;
            return true;
        }
    }
    return false;
}

/* form says what is expected; per is how many of the units' base the field counts as one. */
static enum err read_measure(const struct config_key *key, struct slice value,
                             const struct unit *units, const char *form, unsigned per, void *field,
                             struct buf *why)
{
    uint64_t v, min, max;
    if (!measure(slice_of(key->min), units, &min) || !measure(slice_of(key->max), units, &max))
        return REFUSE(why, "the table of keys is wrong; report this");
    if (!measure(value, units, &v) || v % per != 0)
        return REFUSE(why, "\"%.*s\" is not %s; give one from %s to %s", SLICE_FMT(value), form,
                      key->min, key->max);
    if (v < min || v > max)
        return REFUSE(why, "\"%.*s\" is out of range; give %s to %s", SLICE_FMT(value), key->min,
                      key->max);
    *(unsigned *)field = (unsigned)(v / per);
    return ERR_OK;
}

enum err config_read_number(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    return read_measure(key, value, counts, "a whole number", 1, field, why);
}

enum err config_read_bytes(const struct config_key *key, struct slice value, void *field,
                           struct buf *why)
{
    return read_measure(key, value, sizes, "a size (a whole number, k or m behind it)", 1, field,
                        why);
}

enum err config_read_milliseconds(const struct config_key *key, struct slice value, void *field,
                                  struct buf *why)
{
    return read_measure(key, value, durations, "a duration (a whole number and ms, s, m, h or d)",
                        1, field, why);
}

enum err config_read_seconds(const struct config_key *key, struct slice value, void *field,
                             struct buf *why)
{
    return read_measure(key, value, durations,
                        "a duration in whole seconds (a whole number and s, m, h or d)", 1000,
                        field, why);
}

static enum err read_either(struct slice value, const char *yes, const char *no, bool *field,
                            struct buf *why)
{
    if (!slice_is(value, yes) && !slice_is(value, no))
        return REFUSE(why, "\"%.*s\" is neither %s nor %s; give one of them", SLICE_FMT(value), yes,
                      no);
    *field = slice_is(value, yes);
    return ERR_OK;
}

enum err config_read_yes_no(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    (void)key;
    return read_either(value, "yes", "no", field, why);
}

enum err config_read_limits(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    (void)key;
    return read_either(value, "backend", "deny", field, why);
}

enum err config_read_bodies(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    (void)key;
    return read_either(value, "backend", "all", field, why);
}

enum err config_read_dpop(const struct config_key *key, struct slice value, void *field,
                          struct buf *why)
{
    (void)key;
    return read_either(value, "required", "optional", field, why);
}

enum err config_read_fhir_version(const struct config_key *key, struct slice value, void *field,
                                  struct buf *why)
{
    bool r5;
    (void)key;
    enum err e = read_either(value, "R5", "R4", &r5, why);
    if (e == ERR_OK)
        *(enum fhir_version *)field = r5 ? FHIR_R5 : FHIR_R4;
    return e;
}

enum err config_read_open(const struct config_key *key, struct slice value, void *field,
                          struct buf *why)
{
    struct config_fhir *base = field;
    struct slice rest = value.n > 0 ? value : SLICE_NONE, word;
    bool metadata = false, well_known = false;
    (void)key;
    while (slice_cut(&rest, ' ', &word)) {
        metadata = metadata || slice_is(word, "metadata");
        well_known = well_known || slice_is(word, "well-known");
        if (!slice_is(word, "metadata") && !slice_is(word, "well-known"))
            return REFUSE(why,
                          "\"%.*s\" cannot be open; give metadata, well-known, both with one blank "
                          "between, or nothing",
                          SLICE_FMT(word));
    }
    base->metadata_open = metadata;
    base->well_known_open = well_known;
    return ERR_OK;
}

enum err config_put_text(const struct config_key *key, struct slice value, void *field,
                         struct buf *why)
{
    if (value.n >= key->size)
        return REFUSE(why, "is longer than %zu bytes; shorten it", key->size - 1);
    memcpy(field, value.p, value.n);
    ((char *)field)[value.n] = '\0';
    return ERR_OK;
}

enum err config_read_path(const struct config_key *key, struct slice value, void *field,
                          struct buf *why)
{
    if (!slice_starts(value, "/"))
        return REFUSE(why, "\"%.*s\" is no absolute path; begin it with /", SLICE_FMT(value));
    if (slice_ends(value, "/"))
        return REFUSE(why, "\"%.*s\" ends with a slash; leave it out", SLICE_FMT(value));
    return config_put_text(key, value, field, why);
}

enum err config_read_path_or_nothing(const struct config_key *key, struct slice value, void *field,
                                     struct buf *why)
{
    return value.n == 0 ? config_put_text(key, value, field, why)
                        : config_read_path(key, value, field, why);
}

enum err config_read_log_target(const struct config_key *key, struct slice value, void *field,
                                struct buf *why)
{
    if (slice_is(value, "stderr") || slice_is(value, "syslog"))
        return config_put_text(key, value, field, why);
    if (!slice_starts(value, "/"))
        return REFUSE(why,
                      "\"%.*s\" is no place to log to; give stderr, syslog or an absolute path",
                      SLICE_FMT(value));
    return config_read_path(key, value, field, why);
}

static void refuse_choice(struct slice value, const char *const *choices, size_t count,
                          const char *what, struct buf *why)
{
    buf_printf(why, "\"%.*s\" is no %s; give ", SLICE_FMT(value), what);
    for (size_t i = 0; i < count; i++)
        buf_printf(why, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", choices[i]);
}

/* One of a few names; `what` says what they name. */
static enum err read_choice(const struct config_key *key, struct slice value,
                            const char *const *choices, size_t count, const char *what, void *field,
                            struct buf *why)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(value, choices[i]))
            return config_put_text(key, value, field, why);
    refuse_choice(value, choices, count, what, why);
    return ERR_CONFIG;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum err config_read_signing_alg(const struct config_key *key, struct slice value, void *field,
                                 struct buf *why)
{
    static const char *const algs[] = {"ES256", "ES384", "RS256", "RS384"};
    return read_choice(key, value, algs, COUNT(algs), "algorithm to sign with", field, why);
}

enum err config_read_encryption_alg(const struct config_key *key, struct slice value, void *field,
                                    struct buf *why)
{
    static const char *const algs[] = {"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW",
                                       "RSA-OAEP-256"};
    return read_choice(key, value, algs, COUNT(algs), "algorithm to encrypt for a key with", field,
                       why);
}

enum err config_read_encryption_enc(const struct config_key *key, struct slice value, void *field,
                                    struct buf *why)
{
    static const char *const encs[] = {"A128GCM",       "A192GCM",       "A256GCM",
                                       "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"};
    return read_choice(key, value, encs, COUNT(encs), "algorithm to encrypt tokens with", field,
                       why);
}

enum err config_read_format(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    static const char *const formats[] = {
        [TOKEN_JWT] = "jwt", [TOKEN_ENCRYPTED_JWT] = "encrypted-jwt", [TOKEN_OPAQUE] = "opaque"};
    (void)key;
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (slice_is(value, formats[i])) {
            *(enum token_format *)field = (enum token_format)i;
            return ERR_OK;
        }
    }
    refuse_choice(value, formats, COUNT(formats), "format of tokens", why);
    return ERR_CONFIG;
}

enum err config_read_url(const struct config_key *key, struct slice value, void *field,
                         struct buf *why)
{
    const char *fault = config_url_fault(value);
    if (fault != NULL)
        return REFUSE(why, "\"%.*s\" %s", SLICE_FMT(value), fault);
    return config_put_text(key, value, field, why);
}

/* Tokens are told apart by it to the letter, and some issuers have a slash at the end. */
enum err config_read_issuer(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    struct slice url = value;
    url.n -= slice_ends(url, "/");
    const char *fault = config_url_fault(url);
    if (fault != NULL)
        return REFUSE(why, "\"%.*s\" %s", SLICE_FMT(value), fault);
    return config_put_text(key, value, field, why);
}

/* It stands between quotes in WWW-Authenticate (RFC 9110 section 11.5), without escapes. */
enum err config_read_realm(const struct config_key *key, struct slice value, void *field,
                           struct buf *why)
{
    if (value.n == 0 || !slice_is_printable(value) || slice_has_char(value, '"') ||
        slice_has_char(value, '\\'))
        return REFUSE(why, "\"%.*s\" is no realm; give printable ASCII without \" and \\",
                      SLICE_FMT(value));
    return config_put_text(key, value, field, why);
}

enum err config_read_audience(const struct config_key *key, struct slice value, void *field,
                              struct buf *why)
{
    if (value.n == 0 || !slice_is_printable(value) || slice_has_char(value, ' '))
        return REFUSE(why, "\"%.*s\" is no audience; give printable ASCII without blanks",
                      SLICE_FMT(value));
    return config_put_text(key, value, field, why);
}

size_t config_distance(struct slice a, struct slice b)
{
    enum { LONGEST = 40 };
    size_t row[LONGEST + 1]; /* Levenshtein: of a's first i bytes to b's first k */
    if (a.n > LONGEST || b.n > LONGEST)
        return SIZE_MAX;
    for (size_t k = 0; k <= b.n; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.n; k++) {
            size_t replaced = diagonal + (a.p[i - 1] != b.p[k - 1]);
            size_t shorter = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b.n];
}

enum err config_read_words(const struct config_key *key, struct slice value, void *field,
                           struct buf *why)
{
    struct slice rest = value, word;
    while (slice_cut(&rest, ' ', &word))
        if (word.n == 0 || !slice_is_printable(word))
            return REFUSE(why, "\"%.*s\" is no list; give printable ASCII with one blank between",
                          SLICE_FMT(value));
    return config_put_text(key, value, field, why);
}

enum err config_read_audiences(const struct config_key *key, struct slice value, void *field,
                               struct buf *why)
{
    struct slice rest = value, word;
    while (slice_cut(&rest, ' ', &word))
        if (slice_is(word, "any") && word.n < value.n)
            return REFUSE(why, "any stands among others; leave it out, or the others");
    return config_read_words(key, value, field, why);
}

enum err config_read_words_or_nothing(const struct config_key *key, struct slice value, void *field,
                                      struct buf *why)
{
    return value.n == 0 ? config_put_text(key, value, field, why)
                        : config_read_words(key, value, field, why);
}

enum err config_read_key_source(const struct config_key *key, struct slice value, void *field,
                                struct buf *why)
{
    if (slice_is(value, "store") || slice_is(value, "discovery") ||
        slice_is(value, "introspection"))
        return config_put_text(key, value, field, why);
    if (slice_starts(value, "/"))
        return config_read_path(key, value, field, why);
    if (slice_starts(value, "https://") || slice_starts(value, "http://"))
        return config_read_url(key, value, field, why);
    return REFUSE(
        why,
        "\"%.*s\" is no source of keys; give discovery, store, the https URL of a key set, "
        "the absolute path of one, or introspection",
        SLICE_FMT(value));
}

enum err config_read_algorithms(const struct config_key *key, struct slice value, void *field,
                                struct buf *why)
{
    struct slice rest = value, word;
    while (slice_cut(&rest, ' ', &word))
        if (jws_alg_find(word) == NULL)
            return REFUSE(why, "\"%.*s\" is no signature algorithm; give names such as ES256 RS256",
                          SLICE_FMT(word));
    return config_put_text(key, value, field, why);
}
