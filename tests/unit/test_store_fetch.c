#include "fixture.h"
#include "store_fixture.h"

#define URL SLICE("jwks:https://a.example/jwks")

static struct store_fetch get(struct fixture *f, struct slice url)
{
    struct store_fetch out;
    assert_int_equal(store_fetch_get(f->st, url, &f->arena, &out), ERR_OK);
    return out;
}

static void check_row(int line, const struct store_fetch *have, const struct store_fetch *want)
{
    check_slice(line, slice_of(have->url), want->url);
    check_slice(line, slice_of(have->fault), want->fault);
    check_true(line, have->busy_until == want->busy_until, "busy_until");
    check_true(line, have->next_at == want->next_at, "next_at");
    check_true(line, have->fetched_at == want->fetched_at, "fetched_at");
    check_true(line, have->fresh_until == want->fresh_until, "fresh_until");
    check_true(line, have->failed_since == want->failed_since, "failed_since");
}

#define CHECK_ROW(f, why, ...)                                                                     \
    do {                                                                                           \
        struct store_fetch have = get((f), URL);                                                   \
        check_row(__LINE__, &have,                                                                 \
                  &(struct store_fetch){.url = URL.p, .fault = (why), __VA_ARGS__});               \
    } while (0)

static enum err done(struct fixture *f, int64_t now, const char *body)
{
    struct store_fetch row = {
        .url = URL.p, .fault = "", .next_at = now + 30, .fetched_at = now, .fresh_until = now + 60};
    return store_fetch_done(f->st, slice_of(body), &row, now + 1000);
}

static void the_course_of_a_fetch_is_kept(void **state)
{
    struct fixture *f = *state;
    int64_t epoch = fixture_epoch(f->st);
    struct store_fetch none = get(f, URL);
    check_row(__LINE__, &none, &(struct store_fetch){.url = "", .fault = ""});

    assert_int_equal(store_fetch_begin(f->st, URL, 100, 117), ERR_OK);
    CHECK_ROW(f, "", .busy_until = 117);
    assert_int_equal(store_fetch_failed(f->st, URL, 100, 105, "no answer"), ERR_OK);
    CHECK_ROW(f, "no answer", .next_at = 105, .failed_since = 100);
    /* What began to fail goes on to: since when stays, why does not. */
    assert_int_equal(store_fetch_begin(f->st, URL, 105, 122), ERR_OK);
    CHECK_ROW(f, "no answer", .busy_until = 122, .next_at = 105, .failed_since = 100);
    assert_int_equal(store_fetch_failed(f->st, URL, 106, 111, "status 500"), ERR_OK);
    CHECK_ROW(f, "status 500", .next_at = 111, .failed_since = 100);

    assert_int_equal(store_fetch_begin(f->st, URL, 111, 128), ERR_OK);
    assert_int_equal(done(f, 112, "{}"), ERR_OK);
    CHECK_ROW(f, "", .next_at = 142, .fetched_at = 112, .fresh_until = 172);
    /* The last good one is remembered. */
    assert_int_equal(store_fetch_begin(f->st, URL, 142, 159), ERR_OK);
    assert_int_equal(store_fetch_failed(f->st, URL, 150, 155, "x"), ERR_OK);
    CHECK_ROW(f, "x", .next_at = 155, .fetched_at = 112, .fresh_until = 172, .failed_since = 150);
    /* Nothing of this makes caches void. */
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static void the_body_is_the_document(void **state)
{
    struct fixture *f = *state;
    struct slice body;
    int64_t fetched_at, expires_at;
    assert_int_equal(store_fetch_begin(f->st, URL, 100, 117), ERR_OK);
    assert_int_equal(store_document_get(f->st, URL, &f->arena, &body, &fetched_at, &expires_at),
                     ERR_NOT_FOUND);
    assert_int_equal(done(f, 101, "one"), ERR_OK);
    assert_int_equal(done(f, 102, "two"), ERR_OK);
    assert_int_equal(store_document_get(f->st, URL, &f->arena, &body, &fetched_at, &expires_at),
                     ERR_OK);
    check_slice(__LINE__, body, "two");
    assert_int_equal(fetched_at, 102);
    assert_int_equal(expires_at, 1102);
    /* A failure takes nothing away. */
    assert_int_equal(store_fetch_failed(f->st, URL, 103, 108, "x"), ERR_OK);
    assert_int_equal(store_document_get(f->st, URL, &f->arena, &body, &fetched_at, &expires_at),
                     ERR_OK);
    check_slice(__LINE__, body, "two");
    assert_int_equal(store_purge(f->st, 1102, 100, NULL), ERR_OK);
    assert_int_equal(store_document_get(f->st, URL, &f->arena, &body, &fetched_at, &expires_at),
                     ERR_NOT_FOUND);
}

static void a_turn_ends_with_its_time(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int line;
        int64_t now;
        enum err want;
    } rows[] = {
        {__LINE__, 100, ERR_OK}, /* until 117; then its process died */
        {__LINE__, 100, ERR_EXISTS}, {__LINE__, 116, ERR_EXISTS}, {__LINE__, 117, ERR_OK},
        {__LINE__, 133, ERR_EXISTS}, {__LINE__, 134, ERR_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_err(rows[i].line, store_fetch_begin(f->st, URL, rows[i].now, rows[i].now + 17),
                  rows[i].want);
    /* Whoever comes back late may still say how it ended. */
    assert_int_equal(done(f, 135, "{}"), ERR_OK);
    assert_int_equal(store_fetch_begin(f->st, URL, 164, 181), ERR_EXISTS);
    assert_int_equal(store_fetch_begin(f->st, URL, 165, 182), ERR_OK);
    /* Nor does a clock that was wrong bind anybody. */
    int64_t ahead = 182 + STORE_FETCH_AHEAD_S;
    assert_int_equal(store_fetch_begin(f->st, URL, ahead, ahead + 17), ERR_OK);
    assert_int_equal(store_fetch_begin(f->st, URL, 199, 216), ERR_EXISTS);
    assert_int_equal(store_fetch_begin(f->st, URL, 198, 215), ERR_OK);
    /* Others are not concerned. */
    assert_int_equal(store_fetch_begin(f->st, SLICE("jwks:b"), 165, 182), ERR_OK);
}

static bool join_urls(const struct store_fetch *row, void *context)
{
    struct buf *b = context;
    buf_printf(b, "%s %s %lld;", row->url, row->fault, (long long)row->failed_since);
    return !slice_is(slice_of(row->url), "c");
}

static void all_are_listed_in_order(void **state)
{
    struct fixture *f = *state;
    char text[256];
    struct buf b = BUF(text);
    assert_int_equal(store_fetch_list(f->st, join_urls, &b), ERR_OK);
    check_slice(__LINE__, buf_slice(&b), "");
    static const char *const urls[] = {"d", "b", "c", "a"};
    for (size_t i = 0; i < COUNT(urls); i++)
        assert_int_equal(store_fetch_begin(f->st, slice_of(urls[i]), 100, 117), ERR_OK);
    assert_int_equal(store_fetch_failed(f->st, SLICE("b"), 101, 106, "why"), ERR_OK);
    assert_int_equal(store_fetch_list(f->st, join_urls, &b), ERR_OK);
    check_slice(__LINE__, buf_slice(&b), "a  0;b why 101;c  0;"); /* it stops when told to */
}

static int take_turn(const struct fixture *f, int number)
{
    struct store *st = NULL;
    (void)number;
    enum err e = store_open(f->path, BUSY_MS, &st);
    if (e == ERR_OK)
        e = store_fetch_begin(st, URL, 100, 117);
    store_close(st);
    return e == ERR_OK ? 0 : e == ERR_EXISTS ? 1 : 2;
}

static void of_many_processes_one_gets_the_turn(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_processes(20, take_turn, f), 1);
    /* None of them failed; the winner died without a word. */
    CHECK_ROW(f, "", .busy_until = 117);
    assert_int_equal(store_fetch_begin(f->st, URL, 116, 133), ERR_EXISTS);
    assert_int_equal(store_fetch_begin(f->st, URL, 117, 134), ERR_OK);
}

static void faults_of_the_store_are_told(void **state)
{
    struct fixture *f = *state;
    struct store_fetch out = {.busy_until = 7};
    struct arena tiny = arena_new(16);
    assert_int_equal(store_fetch_begin(f->st, URL, 100, 117), ERR_OK);
    assert_int_equal(store_fetch_get(f->st, URL, &tiny, &out), ERR_MEMORY);
    assert_int_equal(out.busy_until, 7);
    arena_free(&tiny);
    run_sql(f->path, "DROP TABLE fetch");
    assert_int_equal(store_fetch_get(f->st, URL, &f->arena, &out), ERR_STORE);
    assert_int_equal(store_fetch_begin(f->st, URL, 100, 117), ERR_STORE);
    assert_int_equal(store_fetch_failed(f->st, URL, 100, 117, ""), ERR_STORE);
    assert_int_equal(store_fetch_list(f->st, join_urls, NULL), ERR_STORE);
    assert_int_equal(done(f, 100, "{}"), ERR_STORE);
    /* Then not even the document was kept. */
    struct slice body;
    int64_t at;
    assert_int_equal(store_document_get(f->st, URL, &f->arena, &body, &at, &at), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_course_of_a_fetch_is_kept),       WITH(the_body_is_the_document),
        WITH(a_turn_ends_with_its_time),           WITH(all_are_listed_in_order),
        WITH(of_many_processes_one_gets_the_turn), WITH(faults_of_the_store_are_told),
    };
    return cmocka_run_group_tests_name("store_fetch", tests, NULL, NULL);
}
