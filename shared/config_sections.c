/* The sections of the file: which there are, the named ones, and what ties them together. */
#include "config_keys.h"

#include "scope.h"

#include <string.h>

const struct config_section config_sections[CONFIG_SECTIONS] = {
    [CONFIG_SERVER] = {"server", false},
    [CONFIG_STORE] = {"store", false},
    [CONFIG_TOKEN_ENDPOINT] = {"token-endpoint", false},
    [CONFIG_JWKS] = {"jwks", false},
    [CONFIG_AUTHORIZER] = {"authorizer", false},
    [CONFIG_FHIR] = {"fhir", true},
    [CONFIG_ISSUER] = {"issuer", true},
    [CONFIG_SCOPE_MAP] = {"scope-map", true},
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
struct items {
    char *first;
    size_t size, max;
    size_t *count;
    size_t name, line; /* offsets in an item */
};

static struct items items_of(struct config *c, int section)
{
    if (section == CONFIG_FHIR)
        return (struct items){(char *)c->fhir,
                              sizeof c->fhir[0],
                              CONFIG_MAX_BASES,
                              &c->fhir_count,
                              offsetof(struct config_fhir, name),
                              offsetof(struct config_fhir, line)};
    if (section == CONFIG_ISSUER)
        return (struct items){(char *)c->issuers,
                              sizeof c->issuers[0],
                              CONFIG_MAX_ISSUERS,
                              &c->issuer_count,
                              offsetof(struct config_issuer, name),
                              offsetof(struct config_issuer, line)};
    return (struct items){(char *)c->scope_maps,
                          sizeof c->scope_maps[0],
                          CONFIG_MAX_ISSUERS,
                          &c->scope_map_count,
                          offsetof(struct config_scope_map, name),
                          offsetof(struct config_scope_map, line)};
}

static int line_of(const struct items *all, const void *item)
{
    int line;
    memcpy(&line, (const char *)item + all->line, sizeof line);
    return line;
}

int config_item_line(int section, const void *item)
{
    struct config none;
    struct items all = items_of(&none, section);
    return line_of(&all, item);
}

void *config_item_add(struct config *c, int section, struct slice name, int line, struct buf *why)
{
    struct items all = items_of(c, section);
    const char *kind = config_sections[section].name;
    if (*all.count == all.max) {
        buf_printf(why, "more than %zu [%s] sections; leave some out", all.max, kind);
        return NULL;
    }
    for (size_t i = 0; i < *all.count; i++) {
        const char *item = all.first + i * all.size;
        if (slice_is(name, item + all.name))
            buf_printf(why, "[%s \"%s\"] was begun in line %d; give this one another name", kind,
                       item + all.name, line_of(&all, item));
    }
    char *item = all.first + *all.count * all.size;
    memset(item, 0, all.size);
    memcpy(item + all.name, name.p, name.n);
    memcpy(item + all.line, &line, sizeof line);
    (*all.count)++;
    return item;
}

enum err config_map_add(struct config_scope_map *map, struct slice name, struct slice scopes,
                        struct buf *why)
{
    struct slice rest = scopes, word;
    struct scope parsed;
    if (config_map_find(map, name).p != NULL) {
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
    size_t need = name.n + scopes.n + 2;
    if (need > sizeof map->text - map->used) {
        buf_printf(why, "the map is larger than %d bytes; shorten it", CONFIG_MAX_MAP);
        return ERR_CONFIG;
    }
    char *to = map->text + map->used;
    memcpy(to, name.p, name.n);
    memcpy(to + name.n + 1, scopes.p, scopes.n);
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
        const char *host = strstr(f->base, "://");
        const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
        f->path = path != NULL ? path : f->base + strlen(f->base);
        for (size_t k = 0; k < i; k++)
            if (f->base[0] != '\0' && c->fhir[k].base[0] != '\0' &&
                strcmp(f->path, c->fhir[k].path) == 0)
                config_fault(faults, f->line, NULL, NULL,
                             "[fhir \"%s\"] has the path of [fhir \"%s\"] in line %d, and only the "
                             "path of a request tells them apart; give it another base",
                             f->name, c->fhir[k].name, c->fhir[k].line);
    }
}

/* Tokens find their issuer by its URL: there must be one section only for each. */
static void settle_issuers(struct config *c, struct config_faults *faults)
{
    for (size_t i = 0; i < c->issuer_count; i++) {
        struct config_issuer *x = &c->issuers[i];
        bool twice = x->issuer[0] != '\0' && strcmp(x->issuer, c->issuer) == 0;
        for (size_t k = 0; k < i; k++)
            twice = twice || (x->issuer[0] != '\0' && strcmp(x->issuer, c->issuers[k].issuer) == 0);
        if (twice)
            config_fault(faults, x->line, NULL, NULL,
                         "[issuer \"%s\"] has the issuer of another section; leave one out",
                         x->name);
        if (slice_starts(slice_of(x->keys), "http://") && !c->jwks_http_loopback)
            config_fault(faults, x->line, NULL, NULL,
                         "[issuer \"%s\"] fetches its keys without TLS; give an https URL, or set "
                         "http_loopback = yes in [jwks]",
                         x->name);
        for (size_t k = 0; k < c->scope_map_count; k++)
            if (strcmp(c->scope_maps[k].name, x->name) == 0)
                x->scope_map = &c->scope_maps[k];
    }
    for (size_t k = 0; k < c->scope_map_count; k++) {
        bool used = false;
        for (size_t i = 0; i < c->issuer_count; i++)
            used = used || c->issuers[i].scope_map == &c->scope_maps[k];
        if (!used)
            config_fault(faults, c->scope_maps[k].line, NULL, NULL,
                         "[scope-map \"%s\"] belongs to no [issuer \"%s\"]; name one that exists",
                         c->scope_maps[k].name, c->scope_maps[k].name);
    }
}

void config_settle(struct config *c, struct config_faults *faults)
{
    if (c->url[0] == '\0')
        memcpy(c->url, c->issuer, sizeof c->url);
    settle_fhir(c, faults);
    settle_issuers(c, faults);
}
