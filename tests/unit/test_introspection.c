#include "issuer_fixture.h"

#include "envelope.h"
#include "form.h"
#include "issuers.h"
#include "jwe.h"
#include "jwt.h"
#include "verifier.h"

#include "flights.c" /* for who waits */
#include "introspection.c"

#define NOW    1800000000
#define ACTIVE "{\"active\":true,\"client_id\":\"c\",\"aud\":\"" SITE_FHIR "\",\"exp\":1800000300}"
#define ISSUER                                                                                     \
    "[issuer \"x\"]\nissuer = https://x.example\nkeys = introspection\n"                           \
    "introspection = @/i\nintrospection_client_id = ga te:1\n"

struct scene {
    struct trust *t;
    struct gate *gate;
    struct introspection *in;
};

static void put_file(struct trust *t, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", t->site->directory, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void restart(struct scene *s)
{
    introspection_free(s->in);
    gate_free(s->gate);
    char path[128];
    snprintf(path, sizeof path, "%s/gate", s->t->site->directory);
    s->gate = gate_new(path, s->t->site->conf.store_path, 16, 60000);
    s->in = introspection_new(&s->t->site->conf, &s->t->site->conf.issuers[0], s->gate);
    assert_non_null(s->in);
}

/* settings: of the issuer; "@" stands for the server's URL, "%" for the site's directory. */
static void configure(struct scene *s, const char *settings)
{
    char sections[2048];
    struct buf b = BUF(sections);
    struct slice rest = slice_of(settings), part;
    buf_puts(&b, ISSUER);
    for (size_t i = 0; slice_cut(&rest, '%', &part); i++) {
        buf_puts(&b, i > 0 ? s->t->site->directory : "");
        buf_put(&b, part);
    }
    trust_configure(s->t, "", sections);
    restart(s);
}

#define SECRET "introspection_secret_file = %/secret\n"

static void begin(struct scene *s, void **state, const char *settings)
{
    *s = (struct scene){.t = *state};
    put_file(s->t, "secret", "p w+%\n");
    configure(s, settings);
    web_put(s->t->web, "/i", 200, "", ACTIVE);
}

static void end(struct scene *s)
{
    introspection_free(s->in);
    gate_free(s->gate);
}

/* One request; text of *out in the site's arena. */
static enum err check(struct scene *s, const char *token, int64_t now, struct token *out)
{
    *out = (struct token){0};
    EXACT(text, slice_of(token));
    return introspection_check(s->in, s->t->site->st, text, now, &s->t->site->arena, out);
}

#define CHECK(s, text, now, want)                                                                  \
    do {                                                                                           \
        struct token got;                                                                          \
        check_err(__LINE__, check((s), (text), (now), &got), (want));                              \
    } while (0)

static unsigned asked(struct scene *s)
{
    return web_asked(s->t->web, "/i");
}

static void the_endpoint_is_asked_as_it_expects(void **state)
{
    struct scene s;
    struct token out;
    begin(&s, state, SECRET);
    assert_int_equal(check(&s, "a~b/c+d==", NOW, &out), ERR_OK);
    const char *sent = s.t->web->last;
    assert_ptr_equal(strstr(sent, "POST /i HTTP/1.1\r\n"), sent);
    assert_non_null(strstr(sent, "\r\n\r\ntoken=a%7Eb%2Fc%2Bd%3D%3D&token_type_hint=access_token"));
    assert_non_null(strstr(sent, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    /* ga+te%3A1:p+w%2B%25 */
    assert_non_null(strstr(sent, "\r\nAuthorization: Basic Z2ErdGUlM0ExOnArdyUyQiUyNQ==\r\n"));
    check_slice(__LINE__, out.client_id, "c");
    check_slice(__LINE__, out.issuer, "https://x.example");
    assert_true(out.introspected);
    assert_int_equal(out.verify_at, NOW + 60);
    end(&s);
}

static void it_may_be_asked_with_an_assertion(void **state)
{
    static const char *const algs[] = {"ES256", "ES384", "RS256", "EdDSA"};
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct scene s;
        struct jws jws;
        struct jwt_claims c;
        struct form form;
        char text[8192];
        struct buf b = BUF(text);
        begin(&s, state, SECRET);
        struct arena *a = &s.t->site->arena;
        struct jwk *key = trust_key(algs[i], "k");
        if (i % 2 == 0) /* an alg of its own, or none */
            memset(key->alg, 0, sizeof key->alg);
        assert_int_equal(jwk_write_private(key, &b), ERR_OK);
        put_file(s.t, "key", text);
        configure(&s, "introspection_key_file = %/key\n");
        CHECK(&s, algs[i], NOW, ERR_OK);
        const char *body = strstr(s.t->web->last, "\r\n\r\n");
        assert_null(strstr(s.t->web->last, "Authorization"));
        assert_int_equal(form_parse(slice_of(body + 4), a, &form), ERR_OK);
        check_slice(__LINE__, form_get(&form, "client_assertion_type"),
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        check_slice(__LINE__, form_get(&form, "token"), algs[i]);
        assert_int_equal(jws_parse(form_get(&form, "client_assertion"), a, &jws), ERR_OK);
        assert_int_equal(jws_verify(&jws, key), ERR_OK);
        check_slice(__LINE__, jws.kid, "k");
        assert_int_equal(jwt_claims_parse(jws.payload, a, &c), ERR_OK);
        check_slice(__LINE__, c.iss, "ga te:1");
        check_slice(__LINE__, c.sub, "ga te:1");
        check_slice(__LINE__, c.aud[0], "https://x.example");
        assert_false(c.aud_is_array);
        assert_in_range(c.exp - NOW, 1, 60);
        assert_true(c.jti.n >= 22);
        jwk_free(key);
        end(&s);
    }
}

static void an_answer_is_kept_for_all_processes(void **state)
{
    struct scene s;
    struct token out;
    begin(&s, state, SECRET);
    CHECK(&s, "t", NOW, ERR_OK);
    CHECK(&s, "t", NOW + 59, ERR_OK);
    assert_int_equal(asked(&s), 1);
    restart(&s);
    assert_int_equal(check(&s, "t", NOW + 59, &out), ERR_OK);
    assert_int_equal(out.verify_at, NOW + 60); /* and not 60 s from now */
    assert_int_equal(asked(&s), 1);
    CHECK(&s, "u", NOW, ERR_OK); /* another token */
    assert_int_equal(asked(&s), 2);
    CHECK(&s, "t", NOW + 60, ERR_OK);
    assert_int_equal(asked(&s), 3);
    /* Never beyond exp. */
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"sub\":\"s\",\"aud\":\"a\",\"exp\":1800000005}");
    CHECK(&s, "v", NOW, ERR_OK);
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "v", NOW + 4, ERR_OK);
    CHECK(&s, "v", NOW + 5, ERR_TOKEN_INACTIVE);
    end(&s);
}

static void a_refusal_is_kept_shortly(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "t", NOW, ERR_TOKEN_INACTIVE);
    CHECK(&s, "t", NOW + 9, ERR_TOKEN_INACTIVE);
    assert_int_equal(asked(&s), 1);
    CHECK(&s, "t", NOW + 10, ERR_TOKEN_INACTIVE);
    assert_int_equal(asked(&s), 2);
    /* Also for what the rules here refuse. */
    web_put(s.t->web, "/i", 200, "", "{\"active\":true,\"client_id\":\"c\"}");
    CHECK(&s, "u", NOW, ERR_JWT_CLAIM);
    CHECK(&s, "u", NOW + 9, ERR_JWT_CLAIM);
    assert_int_equal(asked(&s), 3);
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "u", NOW + 10, ERR_OK);
    /* Not longer than what counts for answers at all. */
    configure(&s, SECRET "introspection_cache = 3s\n");
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "w", NOW, ERR_TOKEN_INACTIVE);
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "w", NOW + 2, ERR_TOKEN_INACTIVE);
    CHECK(&s, "w", NOW + 3, ERR_OK);
    end(&s);
}

static void without_a_cache_each_request_asks(void **state)
{
    struct scene s;
    struct store *mine = NULL;
    struct token out;
    begin(&s, state, SECRET "introspection_cache = 0\n");
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(&s, "t", NOW, ERR_OK);
        assert_int_equal(asked(&s), i);
    }
    /* What is in the store from before the configuration changed does not count. */
    configure(&s, SECRET);
    CHECK(&s, "t", NOW, ERR_OK);
    configure(&s, SECRET "introspection_cache = 0\n");
    CHECK(&s, "t", NOW, ERR_OK);
    assert_int_equal(asked(&s), 5);
    /* Through the cache of verified tokens, too. */
    struct verifier *v = verifier_new(&s.t->site->conf);
    for (unsigned i = 6; i <= 8; i++) {
        assert_int_equal(verifier_check(v, &mine, SLICE("t"), NOW, &s.t->site->arena, &out),
                         ERR_OK);
        assert_int_equal(asked(&s), i);
    }
    store_close(mine);
    verifier_free(v);
    end(&s);
}

static void a_revocation_here_counts_at_once(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"client_id\":\"c\",\"aud\":\"a\",\"jti\":\"j\"}");
    CHECK(&s, "t", NOW, ERR_OK);
    assert_int_equal(store_revoke(s.t->site->st, SLICE("j"), NOW + 300), ERR_OK);
    CHECK(&s, "t", NOW, ERR_TOKEN_REVOKED);
    CHECK(&s, "u", NOW, ERR_TOKEN_REVOKED);
    end(&s);
}

/* The store here knows of a client that was disabled, whatever an answer said a moment ago. */
static void own_tokens_are_looked_up_too(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    struct site *site = s.t->site;
    memcpy(site->conf.issuers[0].issuer, SITE_ISSUER, sizeof SITE_ISSUER);
    restart(&s);
    web_put(s.t->web, "/i", 200, "",
            "{\"active\":true,\"client_id\":\"c\",\"aud\":\"a\",\"jti\":\"j\",\"iat\":1799999990}");
    CHECK(&s, "s", NOW, ERR_TOKEN_REVOKED);
    site_add_client(site, "c", "system/*.rs");
    CHECK(&s, "t", NOW, ERR_OK);
    struct client c = site_client("c", "system/*.rs");
    c.enabled = false;
    assert_int_equal(store_client_update(site->st, &c), ERR_OK);
    CHECK(&s, "t", NOW, ERR_TOKEN_REVOKED);
    end(&s);
}

static void what_is_no_answer_is_an_outage(void **state)
{
    static char huge[INTROSPECTION_MAX_ANSWER + 32];
    static const struct {
        int line, status;
        const char *headers, *body;
        enum err want;
    } rows[] = {
        {__LINE__, 200, "", "", ERR_INTROSPECTION},
        {__LINE__, 200, "", "<html>", ERR_INTROSPECTION},
        {__LINE__, 200, "", "[]", ERR_INTROSPECTION},
        {__LINE__, 200, "", huge, ERR_INTROSPECTION},
        {__LINE__, 200, "", "{\"active\":\"true\"}", ERR_TOKEN_INACTIVE},
        {__LINE__, 302, "Location: /ok\r\n", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 307, "Location: /ok\r\n", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 400, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 401, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 403, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 404, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 429, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 500, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 503, "", ACTIVE, ERR_INTROSPECTION},
        {__LINE__, 201, "", ACTIVE, ERR_INTROSPECTION},
    };
    struct scene s;
    memset(huge, ' ', sizeof huge - 1);
    memcpy(huge, ACTIVE, strlen(ACTIVE));
    begin(&s, state, SECRET);
    web_put(s.t->web, "/ok", 200, "", ACTIVE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct token out;
        char token[16];
        snprintf(token, sizeof token, "t%zu", i);
        assert_int_equal(store_breaker_clear(s.t->site->st, slice_of(s.in->breaker)), ERR_OK);
        web_put(s.t->web, "/i", rows[i].status, rows[i].headers, rows[i].body);
        check_err(rows[i].line, check(&s, token, NOW, &out), rows[i].want);
    }
    assert_int_equal(web_asked(s.t->web, "/ok"), 0);
    end(&s);
}

static void after_failures_in_a_row_nobody_asks(void **state)
{
    struct scene s;
    struct token out;
    begin(&s, state, SECRET);
    CHECK(&s, "cached", NOW, ERR_OK);
    web_put(s.t->web, "/i", 500, "", "");
    CHECK(&s, "a", NOW, ERR_INTROSPECTION);
    CHECK(&s, "a", NOW, ERR_INTROSPECTION); /* of the same token nobody asks again so soon */
    assert_int_equal(asked(&s), 2);
    CHECK(&s, "b", NOW, ERR_INTROSPECTION);
    CHECK(&s, "c", NOW, ERR_INTROSPECTION);
    assert_int_equal(asked(&s), 4);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(check(&s, "d", NOW + 1, &out), ERR_INTROSPECTION);
        assert_in_range(out.retry_after_s, 3, 5);
    }
    assert_int_equal(asked(&s), 4);
    restart(&s); /* another process knows it too */
    CHECK(&s, "d", NOW + 2, ERR_INTROSPECTION);
    CHECK(&s, "cached", NOW + 2, ERR_OK);
    assert_int_equal(asked(&s), 4);
    /* One probe, which fails: twice as long. */
    CHECK(&s, "e", NOW + 6, ERR_INTROSPECTION);
    assert_int_equal(asked(&s), 5);
    assert_int_equal(check(&s, "f", NOW + 7, &out), ERR_INTROSPECTION);
    assert_in_range(out.retry_after_s, 8, 10);
    assert_int_equal(asked(&s), 5);
    /* One that is answered, if only by no. */
    web_put(s.t->web, "/i", 200, "", "{\"active\":false}");
    CHECK(&s, "g", NOW + 20, ERR_TOKEN_INACTIVE);
    CHECK(&s, "h", NOW + 20, ERR_TOKEN_INACTIVE);
    assert_int_equal(asked(&s), 7);
    end(&s);
}

/* A token that the endpoint does not like must not shut out others. */
static void refusals_of_one_request_do_not_count(void **state)
{
    static const int statuses[] = {400, 413, 414, 422};
    struct scene s;
    char token[16];
    begin(&s, state, SECRET);
    for (int i = 0; i < 12; i++) {
        web_put(s.t->web, "/i", statuses[i % 4], "", ACTIVE);
        snprintf(token, sizeof token, "t%d", i);
        CHECK(&s, token, NOW, ERR_INTROSPECTION);
    }
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "good", NOW, ERR_OK);
    assert_int_equal(asked(&s), 13);
    end(&s);
}

static void a_success_ends_the_row_of_failures(void **state)
{
    struct scene s;
    char token[16];
    begin(&s, state, SECRET);
    for (int i = 0; i < 12; i++) {
        bool works = i % 3 == 2;
        web_put(s.t->web, "/i", works ? 200 : 500, "", ACTIVE);
        snprintf(token, sizeof token, "t%d", i);
        CHECK(&s, token, NOW, works ? ERR_OK : ERR_INTROSPECTION);
    }
    assert_int_equal(asked(&s), 12);
    end(&s);
}

static void a_silent_endpoint_is_not_waited_for(void **state)
{
    struct scene s;
    begin(&s, state, SECRET "introspection_timeout = 200ms\n");
    web_put(s.t->web, "/i", 200, "", NULL); /* held */
    int64_t began = clock_ms();
    CHECK(&s, "t", NOW, ERR_INTROSPECTION);
    assert_in_range(clock_ms() - began, 150, 2000);
    end(&s);
}

static void credentials_are_read_anew_when_refused(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    CHECK(&s, "a", NOW, ERR_OK);
    web_put(s.t->web, "/i", 401, "", "");
    CHECK(&s, "b", NOW, ERR_INTROSPECTION);
    assert_int_equal(asked(&s), 2); /* the file is the same: no use in asking again */
    put_file(s.t, "secret", "new");
    CHECK(&s, "c", NOW, ERR_INTROSPECTION);
    assert_int_equal(asked(&s), 4);
    assert_non_null(strstr(s.t->web->last, "\r\nAuthorization: Basic Z2ErdGUlM0ExOm5ldw==\r\n"));
    /* One that is gone is an outage as well. */
    char path[128];
    snprintf(path, sizeof path, "%s/secret", s.t->site->directory);
    unlink(path);
    restart(&s);
    assert_int_equal(store_breaker_clear(s.t->site->st, slice_of(s.in->breaker)), ERR_OK);
    CHECK(&s, "d", NOW, ERR_INTROSPECTION);
    assert_int_equal(asked(&s), 4);
    end(&s);
}

static const char *metadata(struct scene *s, const char *endpoint)
{
    struct buf b = buf_in(&s->t->site->arena, 1024);
    buf_printf(
        &b, "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/t\",\"introspection_endpoint\":\"%s%s\"}",
        s->t->url, s->t->url, s->t->url, endpoint);
    return b.p;
}

#define PLACE "/.well-known/oauth-authorization-server"

#define LASTING "{\"active\":true,\"client_id\":\"c\",\"aud\":\"" SITE_FHIR "\"}"

static void its_place_may_be_discovered(void **state)
{
    struct scene s = {.t = *state};
    put_file(s.t, "secret", "p");
    char sections[1024];
    snprintf(sections, sizeof sections,
             "[issuer \"x\"]\nissuer = @\nkeys = introspection\nintrospection = discovery\n"
             "introspection_client_id = me\nintrospection_secret_file = %s/secret\n",
             s.t->site->directory);
    trust_configure(s.t, "", sections);
    restart(&s);
    web_put(s.t->web, "/i", 200, "", LASTING);
    CHECK(&s, "t", NOW, ERR_INTROSPECTION); /* there are no metadata */
    web_put(s.t->web, PLACE, 200, "", metadata(&s, "/i"));
    CHECK(&s, "u", NOW, ERR_OK);
    CHECK(&s, "v", NOW, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 1);
    restart(&s); /* another process finds them in the store */
    CHECK(&s, "w", NOW, ERR_OK);
    assert_int_equal(web_asked(s.t->web, PLACE), 1);
    /* The place changes; an outage of the metadata does not matter for a while. */
    web_put(s.t->web, "/j", 200, "", LASTING);
    web_put(s.t->web, PLACE, 200, "", metadata(&s, "/j"));
    CHECK(&s, "x", NOW + 300, ERR_OK);
    assert_int_equal(web_asked(s.t->web, "/j"), 1);
    web_put(s.t->web, PLACE, 500, "", "");
    CHECK(&s, "y", NOW + 600, ERR_OK);
    assert_int_equal(web_asked(s.t->web, "/j"), 2);
    end(&s);
}

struct caller {
    struct scene *s;
    const char *token;
    pthread_t thread;
    enum err result;
    char client_id[16];
};

static void *call(void *argument)
{
    struct caller *me = argument;
    struct store *st;
    struct token out = {0};
    ARENA(a, 262144);
    if (store_open(me->s->t->site->conf.store_path, 10000, &st) != ERR_OK)
        return NULL;
    me->result = introspection_check(me->s->in, st, slice_of(me->token), NOW, &a, &out);
    snprintf(me->client_id, sizeof me->client_id, "%.*s", SLICE_FMT(out.client_id));
    store_close(st);
    return NULL;
}

static unsigned waiting(struct scene *s)
{
    pthread_mutex_lock(&s->in->flights->lock);
    unsigned n = s->in->flights->first != NULL ? s->in->flights->first->owners : 0;
    pthread_mutex_unlock(&s->in->flights->lock);
    return n;
}

/* Callers inside, in all processes. */
static unsigned inside(struct scene *s)
{
    char path[128];
    int64_t since[GATE_MAX_PLACES] = {0};
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/gate", s->t->site->directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, since, sizeof since), sizeof since);
    close(fd);
    for (size_t i = 0; i < COUNT(since); i++)
        n += since[i] != 0;
    return n;
}

static void of_many_threads_one_asks(void **state)
{
    static const struct {
        const char *token, *settings;
        int status;
        enum err want;
        unsigned asked;
    } rows[] = {
        {"t", "", 200, ERR_OK, 1},
        {"u", "", 500, ERR_INTROSPECTION, 1},
        {"v", "introspection_cache = 0\n", 200, ERR_OK, 12}, /* each asks for itself */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene s;
        struct caller callers[12];
        char settings[256];
        snprintf(settings, sizeof settings, "%sintrospection_timeout = 20s\n%s", SECRET,
                 rows[i].settings);
        begin(&s, state, settings);
        web_put(s.t->web, "/i", rows[i].status, "", ACTIVE);
        unsigned before = asked(&s);
        pthread_mutex_lock(&s.t->web->lock); /* no answer comes before all have asked */
        for (size_t k = 0; k < COUNT(callers); k++) {
            callers[k] = (struct caller){.s = &s, .token = rows[i].token, .result = ERR_COUNT};
            assert_int_equal(pthread_create(&callers[k].thread, NULL, call, &callers[k]), 0);
        }
        WAIT_UNTIL(inside(&s) == COUNT(callers));
        if (rows[i].asked == 1)
            WAIT_UNTIL(waiting(&s) == COUNT(callers));
        pthread_mutex_unlock(&s.t->web->lock);
        for (size_t k = 0; k < COUNT(callers); k++) {
            pthread_join(callers[k].thread, NULL);
            assert_int_equal(callers[k].result, rows[i].want);
            assert_string_equal(callers[k].client_id, rows[i].want == ERR_OK ? "c" : "");
        }
        assert_int_equal(asked(&s), before + rows[i].asked);
        end(&s);
    }
}

static enum err check_all(struct site *site, struct slice token)
{
    struct token out;
    struct issuers *all = issuers_new(&site->conf);
    assert_non_null(all);
    EXACT(text, token);
    enum err e = issuers_check(all, NULL, site->st, text, NOW, &site->arena, &out);
    issuers_free(all);
    return e;
}

/* Of tokens of any form: who is asked about them, if anybody. */
static void only_what_may_be_a_token_of_the_issuer_is_asked_about(void **state)
{
#define CLAIMS(iss, more) "{\"iss\":\"https://" iss ".example\"" more "}"
    static const struct {
        int line;
        const char *opaque, *claims; /* one of them */
        const char *settings;
        enum err want;
        bool asked, must_be_encrypted;
    } rows[] = {
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1800000300"), "", ERR_OK, true, false},
        {__LINE__, NULL, CLAIMS("x", ""), "", ERR_OK, true, false},
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1799999900"), "", ERR_JWT_EXPIRED, false, false},
        {__LINE__, NULL, CLAIMS("x", ",\"exp\":1800000300,\"nbf\":1800000100"), "", ERR_JWT_NOT_YET,
         false, false},
        {__LINE__, NULL, CLAIMS("x", ",\"aud\":7"), "", ERR_JWT_CLAIM, false, false},
        {__LINE__, NULL, CLAIMS("y", ""), "", ERR_JWT_ISSUER, false, false},
        {__LINE__, NULL, "{}", "", ERR_JWT_ISSUER, false, false},
        {__LINE__, NULL, CLAIMS("x", ""), "", ERR_NOT_ENCRYPTED, false, true},
        {__LINE__, NULL, CLAIMS("x", ""), "introspection_opaque = no\n", ERR_OK, true, false},
        {__LINE__, "opaque", NULL, "", ERR_OK, true, false},
        {__LINE__, "one.dot", NULL, "", ERR_OK, true, false},
        {__LINE__, "opaque2", NULL, "", ERR_OK, true, true},
        {__LINE__, "opaque3", NULL, "introspection_opaque = no\n", ERR_TOKEN_INACTIVE, false, false},
        {__LINE__, "a.b.c", NULL, "", ERR_BASE64, false, false},
        {__LINE__, "a.b.c.d.e", NULL, "", ERR_BASE64, false, false},
    };
    struct scene s;
    begin(&s, state, SECRET);
    struct jwk *key = trust_key("ES256", "k");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char settings[256];
        snprintf(settings, sizeof settings, "%s%s", SECRET, rows[i].settings);
        configure(&s, settings);
        s.t->site->conf.require_encryption = rows[i].must_be_encrypted;
        unsigned before = asked(&s);
        struct slice token = rows[i].opaque != NULL
                                 ? slice_of(rows[i].opaque)
                                 : site_sign(s.t->site, key, "anything", rows[i].claims);
        check_err(rows[i].line, check_all(s.t->site, token), rows[i].want);
        check_true(rows[i].line, (asked(&s) > before) == rows[i].asked, "asked");
    }
    jwk_free(key);
    end(&s);
}

/* What is encrypted: by the issuer that is in it, if it opens here; else as what it came. */
static void encrypted_tokens_are_asked_about_as_they_came(void **state)
{
    struct scene s;
    begin(&s, state, SECRET);
    struct site *site = s.t->site;
    struct jwk *signs = trust_key("ES256", "k"), *foreign, *own = NULL;
    struct keyring ring = site_keyring(site);
    char kid[JWK_THUMBPRINT + 1], reason[256];
    struct buf fault = BUF(reason);
    ring.use = "enc";
    ring.alg = "ECDH-ES+A256KW";
    assert_int_equal(keyring_generate(&ring, kid, &fault), ERR_OK);
    assert_int_equal(keyring_encryption_key(&ring, &own, &fault), ERR_OK);
    assert_int_equal(jwk_generate("ECDH-ES+A256KW", &foreign), ERR_OK);
    struct slice inner = site_sign(site, signs, "at+jwt", CLAIMS("x", ""));
    struct slice of_y = site_sign(site, signs, "at+jwt", CLAIMS("y", ""));
    const struct {
        int line;
        const struct jwk *to;
        struct slice inner;
        const char *settings;
        enum err want;
        bool asked, must_be_encrypted;
    } rows[] = {
        {__LINE__, own, inner, "", ERR_OK, true, false},
        {__LINE__, own, inner, "", ERR_OK, true, true},
        {__LINE__, own, of_y, "", ERR_JWT_ISSUER, false, false},
        {__LINE__, foreign, of_y, "", ERR_OK, true,
         false}, /* the endpoint knows it, so it is its own */
        {__LINE__, foreign, inner, "introspection_opaque = no\n", ERR_JWE_KEY, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char settings[256];
        snprintf(settings, sizeof settings, "%s%s", SECRET, rows[i].settings);
        configure(&s, settings);
        s.t->site->conf.require_encryption = rows[i].must_be_encrypted;
        unsigned before = asked(&s);
        struct buf text = buf_in(&site->arena, JWE_MAX_BYTES);
        assert_int_equal(envelope_seal(&site->conf, rows[i].to, rows[i].inner, &site->arena, &text),
                         ERR_OK);
        check_err(rows[i].line, check_all(site, buf_slice(&text)), rows[i].want);
        check_true(rows[i].line, (asked(&s) > before) == rows[i].asked, "asked");
        if (rows[i].asked)
            assert_non_null(strstr(s.t->web->last, text.p));
    }
    /* Not by an issuer whose JWTs are checked here: its own would not come like this. */
    struct buf text = buf_in(&site->arena, JWE_MAX_BYTES);
    unsigned before = asked(&s);
    configure(&s, SECRET);
    memcpy(site->conf.issuers[0].keys, "store", sizeof "store");
    assert_int_equal(envelope_seal(&site->conf, foreign, inner, &site->arena, &text), ERR_OK);
    assert_int_equal(check_all(site, buf_slice(&text)), ERR_JWE_KEY);
    assert_int_equal(asked(&s), before);
    jwk_free(signs);
    jwk_free(own);
    jwk_free(foreign);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(the_endpoint_is_asked_as_it_expects),
        TRUST(it_may_be_asked_with_an_assertion),
        TRUST(an_answer_is_kept_for_all_processes),
        TRUST(a_refusal_is_kept_shortly),
        TRUST(without_a_cache_each_request_asks),
        TRUST(a_revocation_here_counts_at_once),
        TRUST(own_tokens_are_looked_up_too),
        TRUST(what_is_no_answer_is_an_outage),
        TRUST(after_failures_in_a_row_nobody_asks),
        TRUST(refusals_of_one_request_do_not_count),
        TRUST(a_success_ends_the_row_of_failures),
        TRUST(a_silent_endpoint_is_not_waited_for),
        TRUST(credentials_are_read_anew_when_refused),
        TRUST(its_place_may_be_discovered),
        TRUST(of_many_threads_one_asks),
        TRUST(only_what_may_be_a_token_of_the_issuer_is_asked_about),
        TRUST(encrypted_tokens_are_asked_about_as_they_came),
    };
    return cmocka_run_group_tests_name("introspection", tests, NULL, NULL);
}
