/* An endpoint that fails, and many who ask at once. */
#include "introspection_fixture.h"

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

/* Nor may it keep others shut out, when it happens to be the probe. */
static void a_probe_that_is_disliked_shows_that_the_endpoint_is_well(void **state)
{
    struct scene s;
    char token[16];
    begin(&s, state, SECRET);
    web_put(s.t->web, "/i", 500, "", ACTIVE);
    for (int i = 0; i < STORE_BREAKER_FAILURES; i++) {
        snprintf(token, sizeof token, "t%d", i);
        CHECK(&s, token, NOW, ERR_INTROSPECTION);
    }
    web_put(s.t->web, "/i", 400, "", ACTIVE);
    CHECK(&s, "disliked", NOW + 6, ERR_INTROSPECTION);
    web_put(s.t->web, "/i", 200, "", ACTIVE);
    CHECK(&s, "good", NOW + 6, ERR_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(what_is_no_answer_is_an_outage),
        TRUST(after_failures_in_a_row_nobody_asks),
        TRUST(refusals_of_one_request_do_not_count),
        TRUST(a_probe_that_is_disliked_shows_that_the_endpoint_is_well),
        TRUST(a_success_ends_the_row_of_failures),
        TRUST(a_silent_endpoint_is_not_waited_for),
        TRUST(credentials_are_read_anew_when_refused),
        TRUST(of_many_threads_one_asks),
    };
    return cmocka_run_group_tests_name("introspection_outage", tests, NULL, NULL);
}
