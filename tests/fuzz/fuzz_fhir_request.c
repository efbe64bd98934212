#include "authorize.h"
#include "fuzz.h"

#include <string.h>

#define NOW 1000000

/* The policies of the decision table: each is a FHIR base. */
static const struct config *policies(void)
{
    static struct config conf;
    static bool is_read;
    char text[16384];
    if (is_read)
        return &conf;
    FILE *f = fopen("tests/decisions/policies.conf", "rb");
    CHECK(f != NULL);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    fuzz_configure((struct slice){text, n}, &conf);
    is_read = true;
    return &conf;
}

static struct decision decide(const struct fhir_request *asked, enum err e, const char *scopes)
{
    struct token t = {.audience = {SLICE("https://fhir.example.org")},
                      .audience_count = 1,
                      .expires_at = NOW + 60,
                      .patient = SLICE("pat-1"),
                      .fhir_user = SLICE("Practitioner/1")};
    const struct possession bearer = {.scheme = AUTH_BEARER};
    if (scopes == NULL)
        return authorize(asked, e, ERR_NO_TOKEN, NULL, ERR_NO_TOKEN, &bearer, NOW);
    token_set_scope(&t, slice_of(scopes));
    struct decision d = authorize(asked, e, ERR_OK, &t, ERR_OK, &bearer, NOW);
    CHECK(d.allow == (d.why == ERR_OK));
    CHECK(e == ERR_OK || !d.allow);
    return d;
}

/* A path that is taken has one reading. */
static void check_path(struct slice target)
{
    struct slice path, rest = target, segment;
    slice_cut(&rest, '?', &path);
    CHECK(!slice_has_char(path, '%') && !slice_has_char(path, ';') && !slice_has_char(path, '\\'));
    while (slice_cut(&path, '/', &segment))
        CHECK(!slice_is(segment, ".") && !slice_is(segment, ".."));
}

/* Scopes on one type alone never permit what needs another. */
static void check_types(const struct fhir_request *asked, enum err e)
{
    static const char *const types[] = {"Patient", "Observation", "Binary"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char scopes[64];
        snprintf(scopes, sizeof scopes, "system/%s.cruds", types[i]);
        if (!decide(asked, e, scopes).allow)
            continue;
        for (size_t k = 0; k < asked->needs.count; k++)
            CHECK(strcmp(fhir_type_name(asked->needs.list[k].type), types[i]) == 0);
    }
}

/* More scopes never permit less; what others permit within limits, all scopes permit. */
static void check_order(const struct fhir_request *asked, enum err e)
{
    static const char *const rising[] = {"", "system/Patient.r", "system/Patient.rs",
                                         "system/Patient.cruds", "system/*.cruds"};
    static const char *const others[] = {"user/Patient.cruds", "patient/*.cruds",
                                         "system/*.cruds?_tag=a", "patient/Patient.rs?_tag=a"};
    bool allowed = decide(asked, e, NULL).allow;
    CHECK(!allowed || asked->open);
    for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
        bool next = decide(asked, e, rising[i]).allow;
        CHECK(next || !allowed);
        allowed = next;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(allowed || !decide(asked, e, others[i]).allow);
}

/* The scopes that a refusal names are enough, unless the site's rule has words of its own. */
static void check_told(const struct fhir_request *asked, enum err e)
{
    struct decision d = decide(asked, e, "");
    if (d.why == ERR_SCOPE && asked->rule == NULL)
        CHECK(d.scope[0] != '\0' && decide(asked, e, d.scope).allow);
}

static void check_needs(const struct fhir_request *asked, enum err e)
{
    CHECK(asked->needs.count <= NEEDS_MAX);
    CHECK(e != ERR_OK || asked->open || asked->token || asked->needs.count > 0);
    for (size_t i = 0; i < asked->needs.count; i++) {
        const struct need *need = &asked->needs.list[i];
        CHECK(need->type >= FHIR_TYPE_ANY && need->type < FHIR_TYPE_MAX);
        CHECK(need->actions != 0 && (need->actions & ~(unsigned)SCOPE_ALL) == 0);
    }
}

/* METHOD, blank, target; in a second line If-None-Exist. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = {(const char *)data, n}, line;
    struct request rq = {.role = ROLE_AUTHORIZER};
    struct fhir_request asked;
    slice_cut(&rest, '\n', &line);
    slice_cut(&line, ' ', &rq.method);
    rq.uri = line;
    rq.if_none_exist = rest;
    enum err e = fhir_request_parse(&rq, policies(), &asked);
    check_needs(&asked, e);
    check_types(&asked, e);
    check_order(&asked, e);
    check_told(&asked, e);
    if (e == ERR_OK)
        check_path(rq.uri);
    return 0;
}
