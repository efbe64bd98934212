#include "config.h"
#include "fuzz.h"

#include <string.h>

/* Every text of the table ends within its field. */
static void check_text(const char *text, size_t cap)
{
    CHECK(memchr(text, '\0', cap) != NULL);
}

static void check_rules(const struct config *c, const struct config_fhir *base)
{
    CHECK(base->rule_count == 0 ||
          (base->rules >= c->rules && base->rules + base->rule_count <= c->rules + c->rule_count));
    for (size_t i = 0; i < base->rule_count; i++) {
        const struct config_rule *r = &base->rules[i];
        check_text(r->pattern, sizeof r->pattern);
        check_text(r->needed, sizeof r->needed);
        CHECK(r->methods != 0 && (r->verdict == RULE_SCOPES) == (r->needed[0] != '\0'));
    }
}

/* What is written in one way only is compared byte for byte. */
static void check_base(const struct config *c, const struct config_fhir *base)
{
    check_text(base->base, sizeof base->base);
    check_text(base->audience, sizeof base->audience);
    CHECK(base->path >= base->base && base->path < base->base + sizeof base->base);
    CHECK(base->path[0] == '\0' || base->path[0] == '/');
    CHECK(!slice_ends(slice_of(base->base), "/") && strpbrk(base->base, "?#@%\\ ") == NULL);
    CHECK(base->audience[0] != '\0');
    check_rules(c, base);
}

static void check_issuer(const struct config *c, const struct config_issuer *i)
{
    check_text(i->issuer, sizeof i->issuer);
    check_text(i->keys, sizeof i->keys);
    CHECK(i->issuer[0] != '\0');
    CHECK(i->scope_map == NULL ||
          (i->scope_map >= c->scope_maps && i->scope_map < c->scope_maps + c->scope_map_count));
    if (i->scope_map != NULL)
        CHECK(i->scope_map->used <= CONFIG_MAX_MAP);
    CHECK(config_map_find(i->scope_map, SLICE("\n")).p == NULL);
}

static void check_taken(const struct config *c)
{
    CHECK(c->issuer[0] != '\0' && c->url[0] != '\0' && c->store_path[0] == '/');
    CHECK(c->threads > 0 && c->token_lifetime_s > 0);
    CHECK(c->token_lifetime_s <= TOKEN_LIFETIME_MAX_S && c->max_body_bytes > 0);
    CHECK(c->fhir_count <= CONFIG_MAX_BASES && c->issuer_count <= CONFIG_MAX_ISSUERS);
    CHECK(c->scope_map_count <= CONFIG_MAX_ISSUERS && c->rule_count <= CONFIG_MAX_RULES);
    for (size_t i = 0; i < c->fhir_count; i++)
        check_base(c, &c->fhir[i]);
    for (size_t i = 0; i < c->issuer_count; i++)
        check_issuer(c, &c->issuers[i]);
}

/* A file; each fault is one line that names it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct config c, again;
    static char faults[65536];
    struct buf why = BUF(faults), more = BUF(faults);
    const struct slice text = {(const char *)data, n};
    memset(&c, 0xa5, sizeof c);
    enum err e = config_parse(text, "fuzz.conf", &c, &why);
    CHECK(e == ERR_OK || e == ERR_CONFIG);
    CHECK((e == ERR_OK) == (why.n == 0));
    struct slice rest = buf_slice(&why), line;
    while (!why.overflowed && rest.n > 0 && slice_cut(&rest, '\n', &line))
        CHECK(slice_starts(line, "fuzz.conf:"));
    if (e != ERR_OK)
        return 0;
    check_taken(&c);
    CHECK(config_parse(text, "fuzz.conf", &again, &more) == ERR_OK);
    CHECK(again.text_hash == c.text_hash && strcmp(again.issuer, c.issuer) == 0);
    return 0;
}
