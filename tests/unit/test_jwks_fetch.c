#include "issuer_fixture.h"

#include "jwks_fetch.h"

#define OPENID "/.well-known/openid-configuration"
#define OAUTH  "/.well-known/oauth-authorization-server"
#define KEY                                                                                        \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"11qYAYKxCrfVS_"                    \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define SET          "{\"keys\":[" KEY "]}"
#define BY_DISCOVERY "[issuer \"x\"]\nissuer = @\nkeys = discovery\n"

struct fetched {
    enum err result;
    size_t keys;
    int64_t max_age_s;
    char fault[1024];
};

static struct fetched fetch(struct trust *t)
{
    struct fetched f = {.max_age_s = -2};
    struct jwks_fetched got = {0};
    struct buf fault = BUF(f.fault);
    ARENA(a, 262144);
    f.result = jwks_fetch(&t->site->conf, &t->site->conf.issuers[0], &a, &got, &fault);
    if (f.result == ERR_OK) {
        f.keys = got.set->count;
        f.max_age_s = got.max_age_s;
        assert_true(got.body.n > 0);
        jwk_set_free(got.set);
    }
    return f;
}

static void check(int line, const struct fetched *f, enum err why, const char *part)
{
    if (f->result != why || strstr(f->fault, part) == NULL)
        fail_msg("line %d: %s \"%s\"", line, err_row(f->result)->name, f->fault);
}

/* Text in the arena, with the server's URL for each "@". */
static const char *with_url(struct trust *t, const char *text)
{
    struct buf b = buf_in(&t->site->arena, 4096);
    struct slice rest = slice_of(text), part;
    for (size_t i = 0; slice_cut(&rest, '@', &part); i++) {
        buf_puts(&b, i > 0 ? t->url : "");
        buf_put(&b, part);
    }
    assert_false(b.overflowed);
    return b.p;
}

static void a_set_is_fetched_by_its_url(void **state)
{
    struct trust *t = *state;
    static const struct {
        int line, status;
        const char *headers, *body;
        enum err why;
        int64_t max_age_s;
        const char *fault;
    } rows[] = {
        {__LINE__, 200, "", SET, ERR_OK, -1, ""},
        {__LINE__, 200, "", KEY, ERR_OK, -1, ""},
        {__LINE__, 200, "Cache-Control: max-age=600\r\n", SET, ERR_OK, 600, ""},
        {__LINE__, 200, "Cache-Control: no-store\r\n", SET, ERR_OK, 0, ""},
        {__LINE__, 200, "Content-Type: text/html\r\n", SET, ERR_OK, -1, ""},
        {__LINE__, 404, "", SET, ERR_HTTP, 0, "/jwks: answered with status 404, not 200"},
        {__LINE__, 301, "Location: /other\r\n", SET, ERR_HTTP, 0, "status 301"},
        {__LINE__, 204, "", "", ERR_HTTP, 0, "status 204"},
        {__LINE__, 200, "", "", ERR_JSON, 0, "/jwks: "},
        {__LINE__, 200, "", "<html>", ERR_JSON, 0, "/jwks: "},
        {__LINE__, 200, "", "[]", ERR_JWK_FORM, 0, "/jwks: "},
        {__LINE__, 200, "", "{}", ERR_JWK_FORM, 0, "/jwks: "},
        {__LINE__, 200, "", "{\"keys\":[]}", ERR_JWK_FORM, 0, "/jwks: "},
        {__LINE__, 200, "", "{\"keys\":[" KEY "," KEY "]}", ERR_JWK_DUPLICATE, 0, "/jwks: "},
        {__LINE__, 200, "", SET "x", ERR_JSON, 0, "/jwks: "},
    };
    trust_configure(t, "", "[issuer \"x\"]\nissuer = https://x.example\nkeys = @/jwks\n");
    web_put(t->web, "/other", 200, "", SET);
    for (size_t i = 0; i < COUNT(rows); i++) {
        web_put(t->web, "/jwks", rows[i].status, rows[i].headers, rows[i].body);
        struct fetched f = fetch(t);
        check(rows[i].line, &f, rows[i].why, rows[i].fault);
        if (rows[i].why == ERR_OK)
            check_true(rows[i].line, f.keys == 1 && f.max_age_s == rows[i].max_age_s, "the set");
    }
    assert_int_equal(web_asked(t->web, "/other"), 0);
    assert_int_equal(web_asked(t->web, NULL), COUNT(rows));
}

static void size_and_time_have_bounds(void **state)
{
    struct trust *t = *state;
    char large[2048];
    memset(large, ' ', sizeof large);
    memcpy(large, SET, strlen(SET));
    large[1025] = '\0';
    trust_configure(t, "max_size = 1k\ntimeout = 200ms\n",
                    "[issuer \"x\"]\nissuer = https://x.example\nkeys = @/jwks\n");
    web_put(t->web, "/jwks", 200, "", large);
    struct fetched f = fetch(t);
    check(__LINE__, &f, ERR_HTTP, "longer than 1024 bytes");
    large[1024] = '\0';
    f = fetch(t);
    check(__LINE__, &f, ERR_OK, "");
    web_put(t->web, "/jwks", 200, "", NULL); /* it never answers */
    f = fetch(t);
    check(__LINE__, &f, ERR_HTTP, "timed out");
}

/* Where the metadata of an issuer lie: RFC 8414 section 3.1, OpenID Connect Discovery 4.1. */
static void metadata_are_found_in_both_places(void **state)
{
    struct trust *t = *state;
    static const struct {
        int line;
        const char *path, *oauth, *openid;
    } rows[] = {
        {__LINE__, "", OAUTH, OPENID},
        {__LINE__, "/a", OAUTH "/a", "/a" OPENID},
        {__LINE__, "/realms/x", OAUTH "/realms/x", "/realms/x" OPENID},
        {__LINE__, "/", OAUTH, OPENID},
        {__LINE__, "/tenant/", OAUTH "/tenant", "/tenant" OPENID},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char sections[256], metadata[512];
        unsigned oauth = web_asked(t->web, rows[i].oauth);
        unsigned openid = web_asked(t->web, rows[i].openid);
        snprintf(sections, sizeof sections, "[issuer \"x\"]\nissuer = @%s\nkeys = discovery\n",
                 rows[i].path);
        trust_configure(t, "", sections);
        snprintf(metadata, sizeof metadata, "{\"issuer\":\"@%s\",\"jwks_uri\":\"@/jwks\"}",
                 rows[i].path);
        const char *good = with_url(t, metadata);
        web_put(t->web, "/jwks", 200, "", SET);
        web_put(t->web, rows[i].oauth, 404, "", "");
        web_put(t->web, rows[i].openid, 200, "", good);
        struct fetched f = fetch(t);
        check(rows[i].line, &f, ERR_OK, "");
        web_put(t->web, rows[i].oauth, 200, "", good);
        f = fetch(t);
        check(rows[i].line, &f, ERR_OK, "");
        assert_int_equal(web_asked(t->web, rows[i].oauth), oauth + 2);
        assert_int_equal(web_asked(t->web, rows[i].openid), openid + 1); /* it comes second */
    }
}

static const struct {
    int line;
    const char *metadata; /* "@": the server's URL */
    enum err why;
    const char *fault;
} documents[] = {
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"@/jwks\"}", ERR_OK, ""},
    {__LINE__, "{\"x\":[1],\"jwks_uri\":\"@/jwks\",\"issuer\":\"@\"}", ERR_OK, ""},
    /* about somebody else: mix-up */
    {__LINE__, "{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER,
     "about another issuer"},
    {__LINE__, "{\"issuer\":\"@/\",\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "{\"issuer\":\"@/x\",\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "{\"issuer\":\"\",\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "{\"issuer\":[\"@\"],\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "{\"jwks_uri\":\"@/jwks\"}", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "{\"issuer\":\"@\",\"issuer\":\"@\",\"jwks_uri\":\"@/jwks\"}", ERR_JSON,
     "no JSON document"},
    /* no place to go to */
    {__LINE__, "{\"issuer\":\"@\"}", ERR_JSON, "names no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":7}", ERR_JSON, "names no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"\"}", ERR_JSON, "names no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"/jwks\"}", ERR_JSON, "names no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"//127.0.0.1/jwks\"}", ERR_JSON, "no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"file:///etc/passwd\"}", ERR_JSON, "no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https:///jwks\"}", ERR_JSON, "no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"@/jwks \"}", ERR_JSON, "names no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"@/jwks\\r\\nX: y\"}", ERR_JSON, "no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"@/jwks\\u0000\"}", ERR_JSON, "no JSON document"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://a.example\\u0040127.0.0.1/\"}", ERR_JSON,
     "no jwks_uri"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"@/nothing\"}", ERR_HTTP, "status 404"},
    /* without TLS, and not this machine */
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"http://192.0.2.1/jwks\"}", ERR_HTTP,
     "http://192.0.2.1/jwks: "},
    /* a private address that only the document names: nothing is connected to */
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"http://localhost:1/jwks\"}", ERR_HTTP,
     "http://localhost:1/jwks: "},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"http://[::1]:1/jwks\"}", ERR_HTTP, "[::1]:1"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://127.0.0.2:1/jwks\"}", ERR_HTTP,
     "127.0.0.2"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://127.1:1/jwks\"}", ERR_HTTP, "127.1:1"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://2130706433:1/jwks\"}", ERR_HTTP,
     ":1/jwks"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://[::ffff:127.0.0.1]:1/\"}", ERR_HTTP,
     ":1/"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://10.0.0.1/jwks\"}", ERR_HTTP, "10.0.0.1"},
    {__LINE__, "{\"issuer\":\"@\",\"jwks_uri\":\"https://169.254.169.254/jwks\"}", ERR_HTTP,
     "169.254"},
    /* no metadata */
    {__LINE__, "", ERR_JSON, "no JSON document"},
    {__LINE__, "<html>", ERR_JSON, "no JSON document"},
    {__LINE__, "[]", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, "\"@\"", ERR_JWT_ISSUER, "another issuer"},
    {__LINE__, SET, ERR_JWT_ISSUER, "another issuer"},
};

static void metadata_must_name_the_issuer_and_a_place(void **state)
{
    struct trust *t = *state;
    trust_configure(t, "timeout = 2s\n", BY_DISCOVERY);
    web_put(t->web, "/jwks", 200, "", SET);
    for (size_t i = 0; i < COUNT(documents); i++) {
        const char *body = with_url(t, documents[i].metadata);
        unsigned before = web_asked(t->web, "/jwks");
        web_put(t->web, OAUTH, 200, "", body);
        web_put(t->web, OPENID, 404, "", "");
        struct fetched f = fetch(t);
        /* What the second place says is the outcome of a search in vain. */
        enum err why = documents[i].why == ERR_JWT_ISSUER || documents[i].why == ERR_JSON
                           ? ERR_HTTP
                           : documents[i].why;
        check(documents[i].line, &f, why, documents[i].fault);
        check_true(documents[i].line, web_asked(t->web, "/jwks") - before == (why == ERR_OK),
                   "the set was asked for");
        web_put(t->web, OAUTH, 404, "", "");
        web_put(t->web, OPENID, 200, "", body);
        f = fetch(t);
        check(documents[i].line, &f, documents[i].why, documents[i].fault);
    }
}

/* The first document is about somebody else, the second is right: that one counts. */
static void the_second_place_may_be_right(void **state)
{
    struct trust *t = *state;
    trust_configure(t, "", BY_DISCOVERY);
    web_put(t->web, "/jwks", 200, "Cache-Control: max-age=77\r\n", SET);
    web_put(t->web, OAUTH, 200, "", "{\"issuer\":\"https://evil.example\"}");
    web_put(t->web, OPENID, 200, "Cache-Control: max-age=5\r\n",
            with_url(t, "{\"issuer\":\"@\",\"jwks_uri\":\"@/jwks\"}"));
    struct fetched f = fetch(t);
    check(__LINE__, &f, ERR_OK, "");
    assert_int_equal(f.max_age_s, 77); /* of the set, not of the metadata */
}

/* Of a host that only the metadata name, and that the configuration may allow. */
static void private_hosts_are_an_exception(void **state)
{
    struct trust *t = *state;
    static const struct {
        int line;
        const char *hosts;
        enum err why;
    } rows[] = {
        {__LINE__, "", ERR_HTTP},
        {__LINE__, "private_hosts = localhost\n", ERR_OK},
        {__LINE__, "private_hosts = keys.example localhost\n", ERR_OK},
        {__LINE__, "private_hosts = keys.example\n", ERR_HTTP},
        {__LINE__, "private_hosts = localhos localhost.example ocalhost\n", ERR_HTTP},
    };
    char metadata[256];
    snprintf(metadata, sizeof metadata,
             "{\"issuer\":\"%s\",\"jwks_uri\":\"http://localhost:%u/jwks\"}", t->url, t->web->port);
    web_put(t->web, OAUTH, 200, "", metadata);
    web_put(t->web, "/jwks", 200, "", SET);
    for (size_t i = 0; i < COUNT(rows); i++) {
        trust_configure(t, rows[i].hosts, BY_DISCOVERY);
        unsigned before = web_asked(t->web, "/jwks");
        struct fetched f = fetch(t);
        check_err(rows[i].line, f.result, rows[i].why);
        check_true(rows[i].line, web_asked(t->web, "/jwks") - before == (rows[i].why == ERR_OK),
                   "the set was asked for");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(a_set_is_fetched_by_its_url),       TRUST(size_and_time_have_bounds),
        TRUST(metadata_are_found_in_both_places), TRUST(metadata_must_name_the_issuer_and_a_place),
        TRUST(the_second_place_may_be_right),     TRUST(private_hosts_are_an_exception),
    };
    return cmocka_run_group_tests_name("jwks_fetch", tests, NULL, NULL);
}
