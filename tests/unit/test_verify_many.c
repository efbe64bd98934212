/*
 * Many tokens, good, bad and hostile, through the whole path from text to facts, as one process of
 * the authorizer sees them; tests/valgrind.sh runs this, too.  Memory must not grow with them.
 */
#include "issuer_fixture.h"

#include "base64url.h"
#include "verifier.h"

#include <malloc.h>

#define TOKENS      10000
#define NOW         SITE_NOW
#define ARENA_BYTES (256 * 1024) /* as in fcgi-authorizer/main.c */
#define MAX_GROWTH  (4 << 20)    /* bytes, after the caches have been filled */

struct crowd {
    struct trust *t;
    struct jwk *known, *unknown, *evil; /* evil bears the kid of known */
    struct arena scratch;               /* of the token that is made */
    unsigned number;
};

typedef struct slice token_maker(struct crowd *c);

static struct slice signed_with(struct crowd *c, const struct jwk *key, const char *issuer,
                                const char *subject, const char *scope)
{
    char claims[12000];
    struct buf text = buf_in(&c->scratch, JWS_MAX_BYTES + 1);
    int n = snprintf(claims, sizeof claims,
                     "{\"iss\":\"%s\",\"sub\":\"%s\",\"client_id\":\"a\",\"aud\":\"" SITE_FHIR
                     "\",\"iat\":%d,\"exp\":%d,\"jti\":\"%u\",\"scope\":\"%s\"}",
                     issuer, subject, NOW, NOW + 100000, c->number, scope);
    assert_true(n > 0 && (size_t)n < sizeof claims);
    assert_int_equal(
        jws_sign(jws_alg_find(SLICE("ES256")), key, "at+jwt", slice_of(claims), &c->scratch, &text),
        ERR_OK);
    return buf_slice(&text);
}

static struct slice signed_by(struct crowd *c, const struct jwk *key, const char *issuer)
{
    return signed_with(c, key, issuer, "a", "system/Patient.rs");
}

static struct slice local(struct crowd *c)
{
    return signed_by(c, c->t->site->key, SITE_ISSUER);
}

static struct slice by_file(struct crowd *c)
{
    return signed_by(c, c->known, "https://file.example");
}

/* Good, and nearly as long as a token may be. */
static struct slice long_texts(struct crowd *c)
{
    static char subject[4001], scope[JWT_MAX_SCOPE + 1];
    memset(subject, 's', sizeof subject - 1);
    memset(scope, 'x', sizeof scope - 1);
    return signed_with(c, c->known, "https://file.example", subject, scope);
}

static struct slice by_url(struct crowd *c)
{
    return signed_by(c, c->known, "https://url.example");
}

static struct slice unknown_kid(struct crowd *c)
{
    snprintf(c->unknown->kid, sizeof c->unknown->kid, "kid-%u", c->number);
    return signed_by(c, c->unknown, "https://url.example");
}

static struct slice wrong_signature(struct crowd *c)
{
    return signed_by(c, c->evil, "https://url.example");
}

static struct slice unknown_issuer(struct crowd *c)
{
    char issuer[128];
    snprintf(issuer, sizeof issuer, "https://%u.example", c->number);
    return signed_by(c, c->evil, issuer);
}

/* As long as a token may be: a claim set of many small values, not signed by anybody. */
static struct slice many_values(struct crowd *c)
{
    struct buf claims = buf_in(&c->scratch, 16384), text = buf_in(&c->scratch, 24576);
    buf_printf(&claims, "{\"iss\":\"https://url.example\",\"n\":%u,\"x\":[", c->number);
    for (int outer = 0; outer < 10; outer++) {
        buf_puts(&claims, outer > 0 ? ",[" : "[");
        for (int i = 0; i < 500; i++)
            buf_puts(&claims, i > 0 ? ",1" : "1");
        buf_putc(&claims, ']');
    }
    buf_puts(&claims, "]}");
    base64url_encode(SLICE("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"known\"}"), &text);
    buf_putc(&text, '.');
    base64url_encode(buf_slice(&claims), &text);
    buf_puts(&text, ".AAAA");
    assert_false(text.overflowed || claims.overflowed);
    assert_true(text.n < JWS_MAX_BYTES);
    return buf_slice(&text);
}

static struct slice too_long(struct crowd *c)
{
    char *text = arena_alloc(&c->scratch, 2 * JWS_MAX_BYTES);
    assert_non_null(text);
    memset(text, 'A', 2 * JWS_MAX_BYTES);
    text[1] = text[3] = '.'; /* no opaque one */
    return (struct slice){text, JWS_MAX_BYTES + c->number % JWS_MAX_BYTES};
}

/* A good one with a byte changed, wherever. */
static struct slice damaged(struct crowd *c)
{
    struct slice good = by_file(c);
    char *text = arena_dup(&c->scratch, good);
    assert_non_null(text);
    char *at = text + c->number * 31 % good.n;
    *at = *at == 'A' ? 'B' : 'A';
    return (struct slice){text, good.n};
}

static const struct {
    token_maker *make;
    enum err why; /* ERR_INTERNAL: any but ERR_OK */
} kinds[] = {
    {local, ERR_OK},
    {by_file, ERR_OK},
    {long_texts, ERR_OK},
    {by_url, ERR_OK},
    {unknown_kid, ERR_JWT_KEY},
    {wrong_signature, ERR_JWT_SIGNATURE},
    {unknown_issuer, ERR_JWT_ISSUER},
    {many_values, ERR_JWT_SIGNATURE},
    {too_long, ERR_TOO_LARGE},
    {damaged, ERR_INTERNAL},
};

static void begin(struct crowd *c, void **state)
{
    char path[128], sections[512];
    *c = (struct crowd){.t = *state,
                        .known = trust_key("ES256", "known"),
                        .unknown = trust_key("ES256", "unknown"),
                        .evil = trust_key("ES256", "known"),
                        .scratch = arena_new(1 << 18)};
    const char *set = trust_set(c->t, &c->known, 1);
    snprintf(path, sizeof path, "%s/set.json", c->t->site->directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, set, strlen(set)) == (ssize_t)strlen(set) && close(fd) == 0);
    web_put(c->t->web, "/jwks", 200, "", set);
    snprintf(sections, sizeof sections,
             "[issuer \"f\"]\nissuer = https://file.example\nkeys = %s\n"
             "[issuer \"u\"]\nissuer = https://url.example\nkeys = @/jwks\n",
             path);
    trust_configure(c->t, "cache = 24h\n", sections);
    site_add_client(c->t->site, "a", "system/*.rs");
}

static void end(struct crowd *c)
{
    arena_free(&c->scratch);
    jwk_free(c->known);
    jwk_free(c->unknown);
    jwk_free(c->evil);
}

/* Bytes that malloc has handed out; 0 under a sanitizer or valgrind. */
static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static void memory_does_not_grow_with_tokens(void **state)
{
    struct crowd c;
    struct store *mine = NULL;
    size_t most = 0, before = 0;
    struct arena a = arena_new(ARENA_BYTES);
    begin(&c, state);
    struct verifier *v = verifier_new(&c.t->site->conf);
    assert_non_null(v);
    for (c.number = 0; c.number < TOKENS; c.number++) {
        struct token out;
        size_t kind = c.number % COUNT(kinds);
        struct slice token = kinds[kind].make(&c);
        enum err e = verifier_check(v, &mine, token, NOW + c.number / 100, &a, &out);
        if (kinds[kind].why == ERR_INTERNAL ? e == ERR_OK : e != kinds[kind].why)
            fail_msg("token %u of kind %zu: %s", c.number, kind, err_row(e)->name);
        most = a.used > most ? a.used : most;
        arena_reset(&a);
        arena_reset(&c.scratch);
        if (c.number == TOKENS / 10)
            before = in_use();
    }
    size_t after = in_use();
    print_message("%d tokens: at most %zu of %d bytes of a request's memory; heap %zu, then %zu\n",
                  TOKENS, most, ARENA_BYTES, before, after);
    assert_true(after <= before + MAX_GROWTH);
    assert_true(web_asked(c.t->web, "/jwks") <= 2 + TOKENS / 100 / 30);
    store_close(mine);
    verifier_free(v);
    arena_free(&a);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TRUST(memory_does_not_grow_with_tokens)};
    return cmocka_run_group_tests_name("verify_many", tests, NULL, NULL);
}
