#include "config_rules.h"

#include "fhir_types.h"
#include "form.h"
#include "scope.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Refuse: "what is wrong; how to mend it". */
#define REFUSE(why, ...) (buf_printf((why), __VA_ARGS__), ERR_CONFIG)

#define ALL_METHODS (HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE)

unsigned http_method_bit(struct slice name)
{
    static const struct {
        const char *name;
        enum http_method bit;
    } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_GET},    {"POST", HTTP_POST},
                   {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}};
    for (size_t i = 0; i < COUNT(methods); i++)
        if (slice_is(name, methods[i].name))
            return (unsigned)methods[i].bit;
    return 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What every server leaves as it is, in a path and in the name of a parameter. */
static bool is_canonical(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && !slice_has_char(SLICE("-._~$"), s.p[i]))
            return false;
    return s.n > 0 && !slice_is(s, ".") && !slice_is(s, "..");
}

static enum err put_pattern(struct slice text, struct config_rule *r, struct buf *why)
{
    if (text.n >= sizeof r->pattern)
        return REFUSE(why, "is longer than %zu bytes; shorten it", sizeof r->pattern - 1);
    memcpy(r->pattern, text.p, text.n);
    r->pattern[text.n] = '\0';
    return ERR_OK;
}

static bool is_operation(struct slice s)
{
    if (s.n < 2 || s.p[0] != '$' || !is_letter(s.p[1]))
        return false;
    for (size_t i = 2; i < s.n; i++)
        if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

/* $name, Type/$name */
static enum err parse_operation(struct slice text, struct config_rule *r, struct buf *why)
{
    struct slice rest = text, head;
    r->kind = RULE_OPERATION;
    r->methods = HTTP_GET | HTTP_POST;
    r->type = FHIR_TYPE_ANY;
    slice_cut(&rest, '/', &head);
    struct slice name = rest.p != NULL ? rest : head;
    if (!is_operation(name))
        return REFUSE(why, "is no pattern; write $name, Type/$name, METHODS /path or GET /?NAME");
    if (rest.p != NULL)
        r->type = fhir_type_find(head);
    if (r->type == FHIR_TYPE_UNKNOWN)
        return REFUSE(why, "\"%.*s\" is no resource type; mind capital letters", SLICE_FMT(head));
    return put_pattern(name, r, why);
}

/* GET,POST */
static enum err parse_methods(struct slice list, unsigned *out, struct buf *why)
{
    struct slice rest = list, word;
    unsigned methods = 0;
    while (slice_cut(&rest, ',', &word)) {
        unsigned bit = http_method_bit(word);
        if (bit == 0 || (methods & bit) != 0 || slice_is(word, "HEAD"))
            return REFUSE(why,
                          "\"%.*s\" is no list of methods; give some of GET,POST,PUT,PATCH,DELETE "
                          "with a comma between (GET stands for HEAD too)",
                          SLICE_FMT(list));
        methods |= bit;
    }
    *out = methods;
    return ERR_OK;
}

/* "/files", "/files/" and an asterisk, "/" for the base itself, which is "" behind the base. */
static enum err parse_path(struct slice path, struct config_rule *r, struct buf *why)
{
    struct slice rest = slice_skip(path, 1), segment;
    r->kind = RULE_PATH;
    if (rest.n == 0)
        return put_pattern(rest, r, why);
    while (!r->below && slice_cut(&rest, '/', &segment)) {
        r->below = slice_is(segment, "*") && rest.p == NULL;
        if (!r->below && !is_canonical(segment))
            return REFUSE(why, "has a path that can be written in two ways; use only letters, "
                               "digits and -._~$ between single slashes, and * only as the whole "
                               "last segment");
    }
    path.n -= r->below;
    return put_pattern(path, r, why);
}

/* GET /?NAME, of which `name` is what follows the question mark */
static enum err parse_parameter(struct slice name, struct config_rule *r, struct buf *why)
{
    r->kind = RULE_PARAMETER;
    if (r->methods != 0 && r->methods != HTTP_GET)
        return REFUSE(why, "a parameter decides only for GET; write GET /?NAME");
    r->methods = HTTP_GET;
    if (!is_canonical(name))
        return REFUSE(why, "has no name of one parameter; use only letters, digits and -._~$");
    return put_pattern(name, r, why);
}

/* The methods are left at 0 when none are given and the kind does not fix them. */
static enum err parse_pattern(struct slice text, struct config_rule *r, struct buf *why)
{
    struct slice rest = text, methods = SLICE_NONE;
    if (slice_has_char(text, ' '))
        slice_cut(&rest, ' ', &methods);
    if (!slice_starts(rest, "/"))
        return parse_operation(text, r, why);
    enum err e = methods.p != NULL ? parse_methods(methods, &r->methods, why) : ERR_OK;
    if (e != ERR_OK)
        return e;
    return slice_starts(rest, "/?") ? parse_parameter(slice_skip(rest, 2), r, why)
                                    : parse_path(rest, r, why);
}

/* A system/ scope, or something that is plainly no attempt at one. */
static bool is_needed_word(struct slice word)
{
    static const char *const contexts[] = {"system", "user", "patient"};
    struct scope parsed;
    struct slice rest = word, context;
    if (scope_parse(word,
                    &parsed)) /* which patient, and what constraint, is not for a rule to say */
        return parsed.context == SCOPE_SYSTEM && parsed.constraint.p == NULL;
    slice_cut(&rest, '/', &context);
    for (size_t i = 0; i < COUNT(contexts); i++)
        if (slice_is_nocase(context, contexts[i]))
            return false;
    return scope_valid_word(word) && (rest.p != NULL || slice_has_char(word, ':'));
}

static enum err parse_verdict(struct slice text, struct config_rule *r, struct buf *why)
{
    static const struct {
        const char *name;
        enum rule_verdict verdict;
    } verdicts[] = {{"deny", RULE_DENY}, {"open", RULE_OPEN}, {"token", RULE_TOKEN}};
    for (size_t i = 0; i < COUNT(verdicts); i++)
        if (slice_is(text, verdicts[i].name)) {
            r->verdict = verdicts[i].verdict;
            return ERR_OK;
        }
    struct slice rest = text, word;
    while (slice_cut(&rest, ' ', &word))
        if (!is_needed_word(word))
            return REFUSE(why,
                          "\"%.*s\" is no verdict; give deny, open, token, or scopes such as "
                          "system/*.rs with one blank between",
                          SLICE_FMT(word));
    if (text.n >= sizeof r->needed)
        return REFUSE(why, "the scopes are longer than %zu bytes; shorten them",
                      sizeof r->needed - 1);
    memcpy(r->needed, text.p, text.n);
    r->needed[text.n] = '\0';
    r->verdict = RULE_SCOPES;
    return ERR_OK;
}

/*
 * Does it lie where FHIR's own interactions do, or spread over all?  In any case of letters, since
 * some servers look at none.
 */
static bool is_of_fhir(const struct config_rule *r)
{
    static const char *const names[] = {"", "metadata", "_history", "_search"};
    struct slice rest = slice_skip(slice_of(r->pattern), 1), first;
    slice_cut(&rest, '/', &first);
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_is_nocase(first, names[i]))
            return true;
    for (int type = 0; type < FHIR_TYPE_MAX; type++)
        if (slice_is_nocase(first, fhir_type_name(type)))
            return true;
    return false;
}

/* Those of a search of the system (http://hl7.org/fhir/R5/search.html#table). */
static bool is_search_parameter(struct slice name)
{
    static const char *const names[] = {
        "_id",    "_lastUpdated", "_tag",    "_profile", "_security",  "_source",
        "_text",  "_content",     "_list",   "_has",     "_type",      "_query",
        "_in",    "_language",    "_filter", "_include", "_summary",   "_revinclude",
        "_sort",  "_elements",    "_total",  "_graph",   "_contained", "_containedType",
        "_score", "_maxresults",  "_format", "_pretty",  "_count",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_is_nocase(name, names[i]))
            return true;
    return false;
}

/* The built-in needs of FHIR's interactions must not be replaced by accident. */
static enum err check_reach(const struct config_rule *r, struct buf *why)
{
    if (r->verdict == RULE_DENY)
        return ERR_OK;
    if (r->kind == RULE_PATH && is_of_fhir(r))
        return REFUSE(why, "could open FHIR's own interactions, which are decided by scopes; give "
                           "deny, or a path of another kind");
    if (r->kind == RULE_PARAMETER && is_search_parameter(slice_of(r->pattern)))
        return REFUSE(why, "could open every search, since it is one of FHIR's own parameters; "
                           "give deny, or a parameter that only your server has");
    if (r->kind == RULE_PARAMETER && r->verdict == RULE_OPEN)
        return REFUSE(why, "could open every search to everybody; give token, scopes or deny");
    return ERR_OK;
}

enum err config_rule_parse(struct slice pattern, struct slice verdict, struct config_rule *out,
                           struct buf *why)
{
    struct config_rule r = {.type = FHIR_TYPE_ANY};
    enum err e = parse_pattern(pattern, &r, why);
    if (e == ERR_OK)
        e = parse_verdict(verdict, &r, why);
    if (e == ERR_OK)
        e = check_reach(&r, why);
    if (e != ERR_OK)
        return e;
    if (r.methods == 0)
        r.methods = r.verdict == RULE_DENY ? ALL_METHODS : HTTP_GET;
    *out = r;
    return ERR_OK;
}

const struct config_rule *config_rule_for_operation(const struct config_rule *rules, size_t count,
                                                    unsigned method, int type, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].kind == RULE_OPERATION && (rules[i].methods & method) != 0 &&
            (rules[i].type == FHIR_TYPE_ANY || rules[i].type == type) &&
            slice_is(name, rules[i].pattern))
            return &rules[i];
    return NULL;
}

static bool is_named(struct slice field, const char *name)
{
    /* A name that does not fit in is longer than any pattern, even if each byte is escaped. */
    char block[3 * CONFIG_MAX_PATTERN + 16];
    struct arena a = {.base = block, .cap = sizeof block};
    struct slice rest = field, raw, decoded;
    slice_cut(&rest, '=', &raw);
    return percent_decode(raw, true, &a, &decoded) == ERR_OK && slice_is(decoded, name);
}

/* Servers differ in whether a semicolon separates too (HTML 4.01 appendix B.2.2). */
static bool has_parameter(struct slice query, const char *name)
{
    struct slice rest = query, fields, field;
    while (slice_cut(&rest, '&', &fields))
        while (slice_cut(&fields, ';', &field))
            if (is_named(field, name))
                return true;
    return false;
}

static bool fits(const struct config_rule *r, struct slice path, struct slice query)
{
    if (r->kind == RULE_PARAMETER)
        return path.n == 0 && has_parameter(query, r->pattern);
    if (r->kind != RULE_PATH)
        return false;
    return r->below ? slice_starts(path, r->pattern) && path.n > strlen(r->pattern)
                    : slice_is(path, r->pattern);
}

const struct config_rule *config_rule_for_path(const struct config_rule *rules, size_t count,
                                               unsigned method, struct slice path,
                                               struct slice query)
{
    path.n -= slice_ends(path, "/"); /* FHIR servers take "T/" for "T", and so does the core */
    for (size_t i = 0; i < count; i++)
        if ((rules[i].methods & method) != 0 && fits(&rules[i], path, query))
            return &rules[i];
    return NULL;
}
