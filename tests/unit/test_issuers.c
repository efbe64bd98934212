#include "issuer_fixture.h"

#include "base64url.h"
#include "issuers.h"
#include "jws_signature.h"
#include "verifier.h"

#define NOW SITE_NOW

/* The keys of https://x.example (in x.json) and https://y.example (y.json), under one kid. */
struct pair {
    struct trust *t;
    struct jwk *x, *y;
};

static void put_set(struct trust *t, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", t->site->directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

/* `settings` belong to x; what follows them may be more sections. */
static void configure(struct pair *p, const char *settings)
{
    char sections[4096];
    struct buf b = BUF(sections);
    const char *directory = p->t->site->directory;
    buf_printf(&b,
               "[issuer \"y\"]\nissuer = https://y.example\nkeys = %s/y.json\n"
               "[issuer \"n\"]\nissuer = https://n.example\nkeys = @/jwks\n"
               "[issuer \"x\"]\nissuer = https://x.example\nkeys = %s/x.json\n%s",
               directory, directory, settings);
    assert_false(b.overflowed);
    trust_configure(p->t, "", sections);
}

static void begin(struct pair *p, void **state)
{
    *p = (struct pair){*state, trust_key("ES256", "k"), trust_key("ES256", "k")};
    put_set(p->t, "x.json", trust_set(p->t, &p->x, 1));
    put_set(p->t, "y.json", trust_set(p->t, &p->y, 1));
    configure(p, "");
}

static void end(struct pair *p)
{
    jwk_free(p->x);
    jwk_free(p->y);
}

/* One check of a token by a process that has just begun; text of *out in the site's arena. */
static enum err check(struct pair *p, struct slice token, int64_t now, struct token *out)
{
    struct site *s = p->t->site;
    struct local_keys *local;
    struct issuers *all = issuers_new(&s->conf);
    assert_non_null(all);
    assert_int_equal(local_keys_load(s->st, &local), ERR_OK);
    EXACT(text, token);
    enum err e = issuers_check(all, local, s->st, text, now, &s->arena, out);
    local_keys_free(local);
    issuers_free(all);
    return e;
}

#define ISS  "\"iss\":\"https://x.example\""
#define SUB  ",\"sub\":\"s\""
#define CID  ",\"client_id\":\"c\""
#define AUD  ",\"aud\":\"" SITE_FHIR "\""
#define EXP  ",\"exp\":1800000300"
#define SCP  ",\"scope\":\"system/*.rs\""
#define GOOD "{" ISS SUB CID AUD EXP SCP "}"

static const struct {
    int line;
    const char *settings; /* of the issuer */
    const char *typ, *claims;
    enum err why;
    const char *client_id, *scope;
} rows[] = {
    {__LINE__, "", "at+jwt", GOOD, ERR_OK, "c", "system/*.rs"},
    /* typ */
    {__LINE__, "", "application/at+jwt", GOOD, ERR_OK, "c", "system/*.rs"},
    {__LINE__, "", "AT+JWT", GOOD, ERR_OK, "c", "system/*.rs"},
    {__LINE__, "", "JWT", GOOD, ERR_JWT_TYP, NULL, NULL},
    {__LINE__, "", NULL, GOOD, ERR_JWT_TYP, NULL, NULL},
    {__LINE__, "", "", GOOD, ERR_JWT_TYP, NULL, NULL},
    {__LINE__, "typ = JWT\n", "JWT", GOOD, ERR_OK, "c", "system/*.rs"},
    {__LINE__, "typ = JWT\n", "at+jwt", GOOD, ERR_JWT_TYP, NULL, NULL},
    {__LINE__, "typ = JWT at+jwt\n", "at+jwt", GOOD, ERR_OK, "c", "system/*.rs"},
    {__LINE__, "typ = JWT at+jwt\n", "jwt", GOOD, ERR_OK, "c", "system/*.rs"},
    {__LINE__, "typ = JWT at+jwt\n", "JWT at+jwt", GOOD, ERR_JWT_TYP, NULL, NULL},
    {__LINE__, "typ = JWT at+jwt\n", "dpop+jwt", GOOD, ERR_JWT_TYP, NULL, NULL},
    /* algorithms */
    {__LINE__, "algorithms = ES384 RS256\n", "at+jwt", GOOD, ERR_JWT_ALG, NULL, NULL},
    {__LINE__, "algorithms = ES384 ES256\n", "at+jwt", GOOD, ERR_OK, "c", "system/*.rs"},
    /* audience: of the FHIR base, which authorize() looks at, or the issuer's own list */
    {__LINE__, "", "at+jwt", "{" ISS SUB CID EXP "}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":[]}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", GOOD, ERR_JWT_AUDIENCE, NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP "}", ERR_JWT_AUDIENCE, NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":\"y\"}", ERR_OK, "c",
     ""},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":[\"a\",\"x\"]}", ERR_OK,
     "c", ""},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":\"x y\"}",
     ERR_JWT_AUDIENCE, NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":\"\"}", ERR_JWT_AUDIENCE,
     NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":[\"X\",\"yy\"]}",
     ERR_JWT_AUDIENCE, NULL, NULL},
    {__LINE__, "audience = x y\n", "at+jwt", "{" ISS SUB CID EXP ",\"aud\":{\"x\":\"y\"}}",
     ERR_JWT_CLAIM, NULL, NULL},
    /* who: client_id, else azp; a subject at least */
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP SUB ",\"azp\":\"z\"}", ERR_OK, "z", ""},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP SUB CID ",\"azp\":\"z\"}", ERR_OK, "c", ""},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP ",\"azp\":\"z\"}", ERR_OK, "z", ""},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP ",\"client_id\":\"\",\"azp\":\"z\"}", ERR_OK, "z", ""},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP SUB "}", ERR_OK, NULL, ""},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP "}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP ",\"sub\":\"\",\"azp\":\"\"}", ERR_JWT_CLAIM, NULL,
     NULL},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP SUB ",\"azp\":7}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS AUD EXP SUB ",\"azp\":\"a\\r\\nb\"}", ERR_JWT_CLAIM, NULL,
     NULL},
    /* times: 30 s unless the issuer has a clock of its own; exp is required, iat is not */
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD "}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":1799999971}", ERR_OK, "c", ""},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":1799999970}", ERR_JWT_EXPIRED, NULL,
     NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"nbf\":1800000030}", ERR_OK, "c", ""},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"nbf\":1800000031}", ERR_JWT_NOT_YET, NULL,
     NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"iat\":1800000031}", ERR_JWT_NOT_YET, NULL,
     NULL},
    {__LINE__, "clock_skew = 0\n", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":1800000001}", ERR_OK,
     "c", ""},
    {__LINE__, "clock_skew = 0\n", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":1800000000}",
     ERR_JWT_EXPIRED, NULL, NULL},
    {__LINE__, "clock_skew = 5m\n", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":1799999701}", ERR_OK,
     "c", ""},
    {__LINE__, "clock_skew = 5m\n", "at+jwt", "{" ISS SUB CID AUD EXP ",\"nbf\":1800000301}",
     ERR_JWT_NOT_YET, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":9007199254740992}", ERR_OK, "c", ""},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD ",\"exp\":9007199254740994}", ERR_JWT_CLAIM, NULL,
     NULL},
    /* scopes */
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"scope\":[\"a\",\"b\"]}", ERR_OK, "c",
     "a b"},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"scope\":7}", ERR_JWT_CLAIM, NULL, NULL},
    {__LINE__, "", "at+jwt", "{" ISS SUB CID AUD EXP ",\"scp\":[\"a\"]}", ERR_OK, "c", ""},
    {__LINE__, "scope_claim = scp\n", "at+jwt",
     "{" ISS SUB CID AUD EXP ",\"scope\":\"system/*.cruds\",\"scp\":[\"a\"]}", ERR_OK, "c", "a"},
    {__LINE__, "scope_claim = scp\n", "at+jwt",
     "{" ISS SUB CID AUD EXP ",\"scope\":[\"system/*.cruds\"]}", ERR_OK, "c", ""},
    {__LINE__, "scope_claim = realm_access.roles\n[scope-map \"x\"]\nreader = system/*.rs\n",
     "at+jwt",
     "{" ISS SUB CID AUD EXP ",\"realm_access\":{\"roles\":[\"offline_access\",\"reader\"]}}",
     ERR_OK, "c", "offline_access system/*.rs"},
    {__LINE__, "scope_claim = realm_access.roles\n[scope-map \"y\"]\nreader = system/*.rs\n",
     "at+jwt", "{" ISS SUB CID AUD EXP ",\"realm_access\":{\"roles\":[\"reader\"]}}", ERR_OK, "c",
     "reader"},
    /* iss picks the rules, to the letter */
    {__LINE__, "", "at+jwt", "{\"iss\":\"https://x.example/\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER,
     NULL, NULL},
    {__LINE__, "", "at+jwt", "{\"iss\":\"https://X.example\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER,
     NULL, NULL},
    {__LINE__, "", "at+jwt", "{\"iss\":\"\"" SUB CID AUD EXP "}", ERR_JWT_ISSUER, NULL, NULL},
    {__LINE__, "", "at+jwt", "{\"iss\":[\"https://x.example\"]" SUB CID AUD EXP "}", ERR_JWT_CLAIM,
     NULL, NULL},
    {__LINE__, "", "at+jwt", "{\"iss\":\"https://y.example\"" SUB CID AUD EXP "}",
     ERR_JWT_SIGNATURE, NULL, NULL},
    {__LINE__, "", "at+jwt", "{\"iss\":\"" SITE_ISSUER "\"" SUB CID AUD EXP "}", ERR_JWT_KEY, NULL,
     NULL},
};

static void each_rule_of_an_issuer_counts(void **state)
{
    struct pair p;
    begin(&p, state);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct token out = {0};
        configure(&p, rows[i].settings);
        struct slice token = site_sign(p.t->site, p.x, rows[i].typ, rows[i].claims);
        check_err(rows[i].line, check(&p, token, NOW, &out), rows[i].why);
        if (rows[i].why == ERR_OK) {
            check_slice(rows[i].line, out.client_id, rows[i].client_id);
            check_slice(rows[i].line, out.scope, rows[i].scope);
            check_slice(rows[i].line, out.issuer, "https://x.example");
            check_true(rows[i].line,
                       out.any_audience == (strstr(rows[i].settings, "audience") != NULL),
                       "whose audience counts");
            check_true(rows[i].line, out.verify_at == NOW + ISSUERS_VERIFY_S, "verify_at");
        }
        arena_reset(&p.t->site->arena);
    }
    assert_int_equal(web_asked(p.t->web, NULL), 0);
    end(&p);
}

static void a_token_of_nobody_costs_nothing(void **state)
{
    struct pair p;
    struct token out;
    begin(&p, state);
    struct store *st = p.t->site->st;
    struct slice token =
        site_sign(p.t->site, p.x, "at+jwt", "{\"iss\":\"https://z.example\"" SUB CID AUD EXP "}");
    struct issuers *all = issuers_new(&p.t->site->conf);
    /* No store, no keys, no network. */
    assert_int_equal(issuers_check(all, NULL, NULL, token, NOW, &p.t->site->arena, &out),
                     ERR_JWT_ISSUER);
    assert_null(out.issuer.p);
    token =
        site_sign(p.t->site, p.x, "at+jwt", "{\"iss\":\"https://n.example\"" SUB CID AUD EXP "}");
    web_put(p.t->web, "/jwks", 200, "", trust_set(p.t, &p.x, 1));
    assert_int_equal(web_asked(p.t->web, NULL), 0);
    assert_int_equal(issuers_check(all, NULL, st, token, NOW, &p.t->site->arena, &out), ERR_OK);
    assert_int_equal(web_asked(p.t->web, NULL), 1);
    /* Nor does one of another type or algorithm than the issuer's ask for keys. */
    issuers_free(all);
    all = issuers_new(&p.t->site->conf);
    token = site_sign(p.t->site, p.x, "JWT", "{\"iss\":\"https://n.example\"" SUB CID AUD EXP "}");
    assert_int_equal(issuers_check(all, NULL, NULL, token, NOW, &p.t->site->arena, &out),
                     ERR_JWT_TYP);
    issuers_free(all);
    issuers_free(NULL);
    end(&p);
}

/* A header with whatever members, and the key's own signature. */
static struct slice sign_with_header(struct pair *p, const char *members)
{
    struct arena *a = &p->t->site->arena;
    struct buf header = buf_in(a, 4096), text = buf_in(a, JWS_MAX_BYTES);
    unsigned char signature[JWS_MAX_SIGNATURE];
    size_t n;
    buf_printf(&header, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",%s}", members);
    base64url_encode(buf_slice(&header), &text);
    buf_putc(&text, '.');
    base64url_encode(SLICE(GOOD), &text);
    assert_true(
        jws_signature_make(jws_alg_find(SLICE("ES256")), p->y, buf_slice(&text), signature, &n));
    buf_putc(&text, '.');
    base64url_encode((struct slice){(const char *)signature, n}, &text);
    assert_false(text.overflowed);
    return buf_slice(&text);
}

/* The token brings its own key, or says where it lies: whoever made it made that, too. */
static void keys_of_the_header_are_never_used(void **state)
{
    struct pair p;
    begin(&p, state);
    char jwk[1024], members[2048];
    struct buf b = BUF(jwk);
    assert_int_equal(jwk_write_public(p.y, &b), ERR_OK);
    web_put(p.t->web, "/jwks", 200, "", trust_set(p.t, &p.y, 1));
    static const struct {
        int line;
        const char *kid, *member, *value;
    } headers[] = {
        {__LINE__, "k", "jku", "url"},   {__LINE__, "k", "x5u", "url"},
        {__LINE__, "k", "jwk", "key"},   {__LINE__, "k", "x5c", "[\"MIIB\"]"},
        {__LINE__, "new", "jku", "url"}, {__LINE__, "new", "x5u", "url"},
        {__LINE__, "new", "jwk", "key"}, {__LINE__, "new", "x5t", "\"abc\""},
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct token out;
        char url[128];
        snprintf(url, sizeof url, "\"%s/jwks\"", p.t->url);
        const char *value = strcmp(headers[i].value, "url") == 0   ? url
                            : strcmp(headers[i].value, "key") == 0 ? jwk
                                                                   : headers[i].value;
        snprintf(members, sizeof members, "\"kid\":\"%s\",\"%s\":%s", headers[i].kid,
                 headers[i].member, value);
        bool known = strcmp(headers[i].kid, "k") == 0;
        check_err(headers[i].line, check(&p, sign_with_header(&p, members), NOW, &out),
                  known ? ERR_JWT_SIGNATURE : ERR_JWT_KEY);
        arena_reset(&p.t->site->arena);
    }
    assert_int_equal(web_asked(p.t->web, NULL), 0);
    end(&p);
}

static void issuers_do_not_share_keys(void **state)
{
    struct pair p;
    struct token out;
    begin(&p, state);
    struct site *s = p.t->site;
    site_add_client(s, "a", "system/*.rs");
    struct slice by_y = site_sign(s, p.y, "at+jwt", GOOD);
    struct slice by_site = site_sign(s, s->key, "at+jwt", GOOD);
    struct slice of_y =
        site_sign(s, p.y, "at+jwt", "{\"iss\":\"https://y.example\"" SUB CID AUD EXP "}");
    assert_int_equal(check(&p, by_y, NOW, &out), ERR_JWT_SIGNATURE);
    assert_int_equal(check(&p, by_site, NOW, &out), ERR_JWT_KEY);
    assert_int_equal(check(&p, of_y, NOW, &out), ERR_OK);
    check_slice(__LINE__, out.issuer, "https://y.example");
    struct slice local = site_token(s, "a", "j", NOW, NOW + 300);
    assert_int_equal(check(&p, local, NOW, &out), ERR_OK);
    check_slice(__LINE__, out.issuer, SITE_ISSUER);
    assert_int_equal(out.verify_at, 0);
    /* A client of another issuer need not be known here; one of ours must. */
    local = site_token(s, "b", "k", NOW, NOW + 300);
    assert_int_equal(check(&p, local, NOW, &out), ERR_TOKEN_REVOKED);
    end(&p);
}

/* keys = store: the keys of the token endpoints here, and the issuer's own rules. */
static void the_store_may_be_the_source_of_keys(void **state)
{
    struct pair p;
    struct token out;
    static const struct {
        int line;
        const char *settings;
        enum err why;
    } settings[] = {
        {__LINE__, "", ERR_OK},
        {__LINE__, "algorithms = ES256\n", ERR_OK},
        {__LINE__, "algorithms = RS256\n", ERR_JWT_ALG},
        {__LINE__, "typ = JWT\n", ERR_JWT_TYP},
        {__LINE__, "audience = other\n", ERR_JWT_AUDIENCE},
    };
    begin(&p, state);
    struct site *s = p.t->site;
    for (size_t i = 0; i < COUNT(settings); i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "[issuer \"old\"]\nissuer = https://old.example\nkeys = store\n%s",
                 settings[i].settings);
        trust_configure(p.t, "", text);
        struct slice token =
            site_sign(s, s->key, "at+jwt", "{\"iss\":\"https://old.example\"" SUB CID AUD EXP "}");
        check_err(settings[i].line, check(&p, token, NOW, &out), settings[i].why);
        token = site_sign(s, p.x, "at+jwt", "{\"iss\":\"https://old.example\"" SUB CID AUD EXP "}");
        assert_int_not_equal(check(&p, token, NOW, &out), ERR_OK);
        arena_reset(&s->arena);
    }
    end(&p);
}

static void a_jti_that_was_revoked_here_counts(void **state)
{
    struct pair p;
    struct token out;
    begin(&p, state);
    struct site *s = p.t->site;
    struct slice token = site_sign(s, p.x, "at+jwt", "{" ISS SUB CID AUD EXP ",\"jti\":\"j\"}");
    struct slice other = site_sign(s, p.x, "at+jwt", "{" ISS SUB CID AUD EXP ",\"jti\":\"k\"}");
    assert_int_equal(check(&p, token, NOW, &out), ERR_OK);
    assert_int_equal(store_revoke(s->st, SLICE("j"), NOW + 300), ERR_OK);
    assert_int_equal(check(&p, token, NOW, &out), ERR_TOKEN_REVOKED);
    assert_int_equal(check(&p, other, NOW, &out), ERR_OK);
    end(&p);
}

/*
 * Through the caches: a key that its issuer withdraws counts a minute longer at most, also in a
 * process that has the token from another one.
 */
static void a_key_that_is_withdrawn_ends_its_tokens(void **state)
{
    struct pair p;
    struct store *mine = NULL, *its = NULL;
    struct token out;
    begin(&p, state);
    struct arena *a = &p.t->site->arena;
    struct verifier *v = verifier_new(&p.t->site->conf), *other = verifier_new(&p.t->site->conf);
    assert_true(v != NULL && other != NULL);
    struct slice token = site_sign(p.t->site, p.x, "at+jwt", GOOD);
    assert_int_equal(verifier_check(v, &mine, token, NOW, a, &out), ERR_OK);
    put_set(p.t, "x.json", trust_set(p.t, &p.y, 1));
    assert_int_equal(verifier_check(v, &mine, token, NOW + ISSUERS_VERIFY_S - 1, a, &out), ERR_OK);
    assert_int_equal(verifier_check(other, &its, token, NOW + ISSUERS_VERIFY_S - 1, a, &out),
                     ERR_OK);
    assert_int_equal(verifier_check(other, &its, token, NOW + ISSUERS_VERIFY_S, a, &out),
                     ERR_JWT_SIGNATURE);
    assert_int_equal(verifier_check(v, &mine, token, NOW + ISSUERS_VERIFY_S, a, &out),
                     ERR_JWT_SIGNATURE);
    store_close(mine);
    store_close(its);
    verifier_free(v);
    verifier_free(other);
    end(&p);
}

/* What was verified counts for a minute, not until a clock that was wrong has been overtaken. */
static void a_clock_that_was_set_back_ends_what_was_cached(void **state)
{
    struct pair p;
    struct store *mine = NULL;
    struct token out;
    begin(&p, state);
    struct arena *a = &p.t->site->arena;
    struct verifier *v = verifier_new(&p.t->site->conf);
    assert_non_null(v);
    struct slice token = site_sign(p.t->site, p.x, "at+jwt", GOOD);
    assert_int_equal(verifier_check(v, &mine, token, NOW, a, &out), ERR_OK);
    put_set(p.t, "x.json", trust_set(p.t, &p.y, 1));
    assert_int_equal(verifier_check(v, &mine, token, NOW - 1, a, &out), ERR_OK);
    assert_int_equal(verifier_check(v, &mine, token, NOW - 3600, a, &out), ERR_JWT_SIGNATURE);
    store_close(mine);
    verifier_free(v);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(each_rule_of_an_issuer_counts),
        TRUST(a_token_of_nobody_costs_nothing),
        TRUST(keys_of_the_header_are_never_used),
        TRUST(issuers_do_not_share_keys),
        TRUST(the_store_may_be_the_source_of_keys),
        TRUST(a_jti_that_was_revoked_here_counts),
        TRUST(a_key_that_is_withdrawn_ends_its_tokens),
        TRUST(a_clock_that_was_set_back_ends_what_was_cached),
    };
    return cmocka_run_group_tests_name("issuers", tests, NULL, NULL);
}
