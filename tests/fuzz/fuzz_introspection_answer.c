#include "fuzz.h"
#include "introspection_answer.h"
#include "utf8.h"

#define NOW 1700000000

static const struct config_issuer *issuer(void)
{
    static struct config conf;
    if (conf.issuer_count == 0)
        fuzz_configure(SLICE("[token-endpoint]\nissuer = https://fhir.example.org/oauth\n"
                             "[fhir \"main\"]\nbase = https://fhir.example.org/fhir\n"
                             "[issuer \"as\"]\nissuer = https://as.example.org\n"
                             "audience = any\nkeys = introspection\n"
                             "introspection = https://as.example.org/introspect\n"
                             "introspection_client_id = fhir\n"
                             "introspection_secret_file = /etc/fhir-auth/secret\n"
                             "scope_claim = scope scp realm_access.roles\n"
                             "[scope-map \"as\"]\nreader = system/*.rs\n"),
                       &conf);
    return &conf.issuers[0];
}

/* A fact can go into a header line; the token counts now, and no longer than its issuer says. */
static void check_facts(const struct token *t, const struct jwt_claims *c)
{
    const struct slice texts[] = {t->client_id, t->subject,   t->scope,    t->jti,
                                  t->patient,   t->fhir_user, t->dpop_jkt, t->tls_x5t};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK(utf8_valid(texts[i]));
        for (size_t k = 0; k < texts[i].n; k++)
            CHECK((unsigned char)texts[i].p[k] >= 0x20 && texts[i].p[k] != 0x7f);
    }
    CHECK(slice_is(t->issuer, "https://as.example.org"));
    CHECK(c->has_exp && NOW < t->expires_at);
    CHECK(t->expires_at <= c->exp + (int64_t)issuer()->clock_skew_s);
    CHECK(t->verify_at > 0 && t->verify_at <= NOW + (int64_t)issuer()->introspection_cache_s);
    CHECK(t->audience_count <= JWT_MAX_AUDIENCES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice answer = {(const char *)data, n};
    struct jwt_claims claims;
    struct token token = {0};
    struct arena a = fuzz_arena(64 * n + 65536);
    enum err e = introspection_answer_active(answer);
    if (e == ERR_OK) {
        e = introspection_answer_take(issuer(), answer, NOW, &a, &claims, &token);
        CHECK(e != ERR_INTROSPECTION);
    }
    if (e == ERR_OK)
        check_facts(&token, &claims);
    arena_free(&a);
    return 0;
}
