#include "fuzz.h"
#include "dpop.h"
#include "url.h"

#include "base64url.h"
#include "jws_signature.h"

#define ARENA_BYTES (1U << 19)

/* The requests of the RFC's examples. */
static const struct dpop_rules rules[] = {
    {.method = {"POST", 4},
     .url = {"https://server.example.com/token", 32},
     .now = 1562262616,
     .window_s = 60},
    {.method = {"GET", 3},
     .url = {"https://resource.example.org/protectedresource", 46},
     .now = 1562262618,
     .window_s = 60,
     .token = {"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", 43}},
};

/* What is good for one request is good for no other, nor at another time. */
static void check_others(struct slice proof, const struct dpop_rules *r, struct arena *a)
{
    struct secret key = {{7}};
    struct dpop_rules other = *r;
    struct dpop_proof out;
    other.method = SLICE("PATCH");
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_METHOD);
    other = *r;
    other.url = SLICE("https://resource.example.org/protectedresource/");
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_URL);
    other = *r;
    other.token = SLICE("another");
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_TOKEN);
    other = *r;
    other.nonce_key = &key;
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_NONCE);
    other = *r;
    other.now += 2 * other.window_s + 1;
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_TIME);
    other.now = r->now - 2 * other.window_s - 1;
    CHECK(dpop_check(proof, &other, a, &out) == ERR_DPOP_TIME);
}

/* jkt: of the key that signed it; NULL when that is not known. */
static void take(struct slice proof, const char *jkt)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct arena a = fuzz_arena(ARENA_BYTES);
        struct dpop_proof out;
        enum err e = dpop_check(proof, &rules[i], &a, &out);
        const char *code = err_row(e)->bearer_code;
        CHECK(e == ERR_OK || e == ERR_MEMORY || slice_is(slice_of(code), "invalid_dpop_proof"));
        if (e == ERR_OK) {
            CHECK(strlen(out.jkt) == JWK_THUMBPRINT);
            CHECK(jkt == NULL || strcmp(out.jkt, jkt) == 0);
            CHECK(out.jti.n > 0 && out.jti.n <= DPOP_MAX_JTI);
            CHECK(out.good_until > rules[i].now);
            check_others(proof, &rules[i], &a);
        }
        arena_free(&a);
    }
}

/* "p" header LF claims: signed rightly by one key, whatever header and claims say. */
static void sign_anything(struct slice input)
{
    static struct jwk *key;
    struct slice header = SLICE_NONE;
    struct arena a = fuzz_arena(ARENA_BYTES);
    struct buf b = buf_in(&a, 2 * input.n + 2048);
    unsigned char signature[JWS_MAX_SIGNATURE];
    char jkt[JWK_THUMBPRINT + 1];
    size_t n = 0;
    if (key == NULL)
        key = fuzz_key("rfc7515-a3.json");
    CHECK(jwk_thumbprint(key, jkt) == ERR_OK);
    (void)slice_cut(&input, '\n', &header);
    base64url_encode(header, &b);
    buf_putc(&b, '.');
    base64url_encode(input, &b);
    CHECK(jws_signature_make(jws_alg_find(SLICE("ES256")), key, buf_slice(&b), signature, &n));
    buf_putc(&b, '.');
    base64url_encode((struct slice){(const char *)signature, n}, &b);
    if (!b.overflowed)
        take(buf_slice(&b), jkt);
    arena_free(&a);
}

/* "u" URL LF URL. */
static void compare_urls(struct slice input)
{
    struct slice first;
    if (!slice_cut(&input, '\n', &first) || input.p == NULL)
        return;
    bool same = url_same(first, input);
    CHECK(url_same(input, first) == same);
    CHECK(!same || (url_same(first, first) && url_same(input, input)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice input = {(const char *)data, n};
    if (slice_starts(input, "p"))
        sign_anything(slice_skip(input, 1));
    else if (slice_starts(input, "u"))
        compare_urls(slice_skip(input, 1));
    else
        take(input, NULL);
    return 0;
}
