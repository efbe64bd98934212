/* The sections of the file: which there are, the named ones, and what ties them together. */
#include "config_keys.h"

#include "scope.h"
#include "url.h"

#include <string.h>

static config_pair add_rule, add_mapping;

const struct config_section config_sections[CONFIG_SECTIONS] = {
    [CONFIG_SERVER] = {.name = "server"},
    [CONFIG_STORE] = {.name = "store"},
    [CONFIG_TOKEN_ENDPOINT] = {.name = "token-endpoint"},
    [CONFIG_JWKS] = {.name = "jwks"},
    [CONFIG_AUTHORIZER] = {.name = "authorizer"},
    [CONFIG_DPOP] = {.name = "dpop"},
    [CONFIG_THROTTLE] = {.name = "throttle"},
    [CONFIG_AUDIT] = {.name = "audit"},
    [CONFIG_FHIR] = {.name = "fhir", .named = true},
    [CONFIG_RULES] = {.name = "rules",
                      .named = true,
                      .pair = add_rule,
                      .form = "is no rule; write PATTERN = VERDICT"},
    [CONFIG_ISSUER] = {.name = "issuer", .named = true},
    [CONFIG_SCOPE_MAP] = {.name = "scope-map",
                          .named = true,
                          .pair = add_mapping,
                          .form = "is no mapping; write NAME = SCOPES"},
};

bool config_is_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return s.n > 0 && s.n <= CONFIG_MAX_NAME;
}

/* Where the items of a named section are kept, whatever their type. */
static const struct items {
    size_t first, count; /* offsets in struct config */
    size_t size, max;
    size_t name, line; /* offsets in an item */
} items[CONFIG_SECTIONS] = {
#define ITEMS(type, array, counter)                                                                \
    {                                                                                              \
        offsetof(struct config, array), offsetof(struct config, counter), sizeof(struct type),     \
            sizeof(((struct config *)NULL)->array) / sizeof(struct type),                          \
            offsetof(struct type, name), offsetof(struct type, line)                               \
    }
    [CONFIG_FHIR] = ITEMS(config_fhir, fhir, fhir_count),
    [CONFIG_RULES] = ITEMS(config_rules, rules_of, rules_count),
    [CONFIG_ISSUER] = ITEMS(config_issuer, issuers, issuer_count),
    [CONFIG_SCOPE_MAP] = ITEMS(config_scope_map, scope_maps, scope_map_count),
};

int config_item_line(int section, const void *item)
{
    int line;
    memcpy(&line, (const char *)item + items[section].line, sizeof line);
    return line;
}

void *config_item_add(struct config *c, int section, struct slice name, int line, struct buf *why)
{
    const struct items *all = &items[section];
    const char *kind = config_sections[section].name;
    char *item = (char *)c + all->first;
    size_t count;
    memcpy(&count, (char *)c + all->count, sizeof count);
    if (count == all->max) {
        buf_printf(why, "more than %zu [%s] sections; leave some out", all->max, kind);
        return NULL;
    }
    for (size_t i = 0; i < count; i++, item += all->size)
        if (slice_is(name, item + all->name))
            buf_printf(why, "[%s \"%s\"] was begun in line %d; %s", kind, item + all->name,
                       config_item_line(section, item),
                       config_sections[section].pair != NULL ? "put all its lines there"
                                                             : "give this one another name");
    memset(item, 0, all->size);
    memcpy(item + all->name, name.p, name.n);
    memcpy(item + all->line, &line, sizeof line);
    count++;
    memcpy((char *)c + all->count, &count, sizeof count);
    return item;
}

/* The pattern for the same requests as another's, or for some of them. */
static bool same_pattern(const struct config_rule *a, const struct config_rule *b)
{
    return a->kind == b->kind && (a->methods & b->methods) != 0 && a->type == b->type &&
           a->below == b->below && strcmp(a->pattern, b->pattern) == 0;
}

static enum err add_rule(struct config *c, void *item, int line, struct slice left,
                         struct slice right, struct buf *why)
{
    struct config_rules *section = item;
    struct config_rule rule;
    if (config_rule_parse(left, right, &rule, why) != ERR_OK)
        return ERR_CONFIG;
    for (size_t i = section->first; i < section->first + section->count; i++)
        if (same_pattern(&c->rules[i], &rule)) {
            buf_printf(why, "has a rule in line %d; leave one out", c->rules[i].line);
            return ERR_CONFIG;
        }
    if (c->rule_count == CONFIG_MAX_RULES) {
        buf_printf(why, "there are more than %d rules; leave some out", CONFIG_MAX_RULES);
        return ERR_CONFIG;
    }
    if (section->count == 0)
        section->first = c->rule_count;
    rule.line = line;
    c->rules[c->rule_count++] = rule;
    section->count++;
    return ERR_OK;
}

static enum err add_mapping(struct config *c, void *item, int line, struct slice left,
                            struct slice right, struct buf *why)
{
    struct config_scope_map *map = item;
    struct slice rest = right, word;
    struct scope parsed;
    (void)c;
    (void)line;
    if (config_map_find(map, left).p != NULL) {
        buf_puts(why, "is mapped already; put all its scopes in one line");
        return ERR_CONFIG;
    }
    while (slice_cut(&rest, ' ', &word)) {
        if (scope_parse(word, &parsed))
            continue;
        buf_printf(why,
                   "\"%.*s\" is no SMART scope; give scopes such as system/*.rs, one blank "
                   "between",
                   SLICE_FMT(word));
        return ERR_CONFIG;
    }
    size_t need = left.n + right.n + 2;
    if (need > sizeof map->text - map->used) {
        buf_printf(why, "the map is larger than %d bytes; shorten it", CONFIG_MAX_MAP);
        return ERR_CONFIG;
    }
    char *to = map->text + map->used;
    memcpy(to, left.p, left.n);
    memcpy(to + left.n + 1, right.p, right.n);
    map->used += need; /* the NULs are there: the map began as zeros */
    return ERR_OK;
}

struct slice config_map_find(const struct config_scope_map *map, struct slice name)
{
    for (size_t at = 0; map != NULL && at < map->used;) {
        struct slice theirs = slice_of(map->text + at);
        struct slice ours = slice_of(map->text + at + theirs.n + 1);
        if (slice_eq(theirs, name))
            return ours;
        at += theirs.n + ours.n + 2;
    }
    return SLICE_NONE;
}

static void settle_fhir(struct config *c, struct config_faults *faults)
{
    if (c->fhir_count == 0)
        config_fault(faults, 0, NULL, NULL, "no FHIR base; add a section [fhir \"name\"]");
    for (size_t i = 0; i < c->fhir_count; i++) {
        struct config_fhir *f = &c->fhir[i];
        if (f->audience[0] == '\0')
            memcpy(f->audience, f->base, sizeof f->audience);
        f->path = url_path(slice_of(f->base)).p;
        for (size_t k = 0; k < i; k++)
            if (f->base[0] != '\0' && c->fhir[k].base[0] != '\0' &&
                strcmp(f->path, c->fhir[k].path) == 0)
                config_fault(faults, f->line, NULL, NULL,
                             "[fhir \"%s\"] has the path of [fhir \"%s\"] in line %d, and only the "
                             "path of a request tells them apart; give it another base",
                             f->name, c->fhir[k].name, c->fhir[k].line);
    }
}

static void settle_rules(struct config *c, struct config_faults *faults)
{
    for (size_t i = 0; i < c->rules_count; i++) {
        const struct config_rules *section = &c->rules_of[i];
        bool used = false;
        for (size_t k = 0; k < c->fhir_count; k++) {
            struct config_fhir *f = &c->fhir[k];
            if (strcmp(f->name, section->name) != 0)
                continue;
            f->rules = &c->rules[section->first];
            f->rule_count = section->count;
            used = true;
        }
        if (!used)
            config_fault(faults, section->line, NULL, NULL,
                         "[rules \"%s\"] belongs to no [fhir \"%s\"]; name one that exists",
                         section->name, section->name);
    }
}

/* Tokens find their issuer by its URL: there must be one section only for each. */
static void settle_issuer_url(struct config *c, size_t i, struct config_faults *faults)
{
    const struct config_issuer *x = &c->issuers[i];
    bool own = x->issuer[0] != '\0' && strcmp(x->issuer, c->issuer) == 0, twice = false;
    for (size_t k = 0; k < i; k++)
        twice = twice || (x->issuer[0] != '\0' && strcmp(x->issuer, c->issuers[k].issuer) == 0);
    if (twice)
        config_fault(faults, x->line, NULL, NULL,
                     "[issuer \"%s\"] has the issuer of another section; leave one out", x->name);
    else if (own && strcmp(x->keys, "introspection") != 0)
        config_fault(faults, x->line, NULL, NULL,
                     "[issuer \"%s\"] has the issuer of [token-endpoint], whose tokens are known "
                     "already; leave it out, or set keys = introspection",
                     x->name);
}

/* What opaque tokens lack is who issued them: of several endpoints each would see them all. */
static bool takes_opaque(const struct config_issuer *x)
{
    return x->introspection[0] != '\0' && x->introspection_opaque;
}

static void settle_introspection(struct config *c, size_t i, struct config_faults *faults)
{
    const struct config_issuer *x = &c->issuers[i];
    const char *fault = NULL;
    bool asks = x->introspection[0] != '\0', secret = x->introspection_secret_file[0] != '\0';
    bool key = x->introspection_key_file[0] != '\0', id = x->introspection_client_id[0] != '\0';
    if (!asks && (secret || key || id || strcmp(x->keys, "introspection") == 0))
        fault = "says how to introspect, but not where; set introspection = discovery";
    else if (asks && (!id || secret == key))
        fault = "needs introspection_client_id and one of introspection_secret_file and "
                "introspection_key_file; set them";
    for (size_t k = 0; fault == NULL && k < i; k++)
        if (takes_opaque(x) && takes_opaque(&c->issuers[k]))
            fault = "introspects opaque tokens as another section does, and nothing tells whose "
                    "one is; set introspection_opaque = no in one of them";
    if (fault != NULL)
        config_fault(faults, x->line, NULL, NULL, "[issuer \"%s\"] %s", x->name, fault);
}

static void settle_tls(struct config *c, size_t i, const char *url, const char *what,
                       struct config_faults *faults)
{
    if (slice_starts(slice_of(url), "http://") && !c->jwks_http_loopback)
        config_fault(
            faults, c->issuers[i].line, NULL, NULL,
            "[issuer \"%s\"] %s without TLS; give an https URL, or set http_loopback = yes "
            "in [jwks]",
            c->issuers[i].name, what);
}

static void settle_issuers(struct config *c, struct config_faults *faults)
{
    for (size_t i = 0; i < c->issuer_count; i++) {
        struct config_issuer *x = &c->issuers[i];
        settle_issuer_url(c, i, faults);
        settle_introspection(c, i, faults);
        settle_tls(c, i, x->keys, "fetches its keys", faults);
        settle_tls(c, i, x->introspection, "introspects", faults);
        for (size_t k = 0; k < c->scope_map_count; k++)
            if (strcmp(c->scope_maps[k].name, x->name) == 0)
                x->scope_map = &c->scope_maps[k];
    }
    for (size_t k = 0; k < c->scope_map_count; k++) {
        bool used = false;
        for (size_t i = 0; i < c->issuer_count; i++)
            used = used || strcmp(c->issuers[i].name, c->scope_maps[k].name) == 0;
        if (!used)
            config_fault(faults, c->scope_maps[k].line, NULL, NULL,
                         "[scope-map \"%s\"] belongs to no [issuer \"%s\"]; name one that exists",
                         c->scope_maps[k].name, c->scope_maps[k].name);
    }
}

/* The next key is published before it signs, and then has to sign for a while itself. */
static void settle_rotation(const struct config *c, const struct config_seen seen[CONFIG_KEYS],
                            struct config_faults *faults)
{
    int line = 0;
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].name, "rotate_every") == 0)
            line = seen[i].line;
    if (c->rotate_every_s != 0 && c->rotate_every_s < 2 * (uint64_t)c->publish_before_use_s)
        config_fault(faults, line, "token-endpoint", "rotate_every",
                     "is less than twice publish_before_use; make it longer, or 0s to rotate by "
                     "fhir-authctl key rotate only");
}

void config_settle(struct config *c, const struct config_seen seen[CONFIG_KEYS],
                   struct config_faults *faults)
{
    if (c->url[0] == '\0')
        memcpy(c->url, c->issuer, sizeof c->url);
    settle_rotation(c, seen, faults);
    settle_fhir(c, faults);
    settle_rules(c, faults);
    settle_issuers(c, faults);
}
