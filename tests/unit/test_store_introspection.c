#include "fixture.h"
#include "store_fixture.h"

static struct secret digest_of(unsigned first, unsigned n)
{
    struct secret d = {{(unsigned char)first, (unsigned char)(n >> 8), (unsigned char)n}};
    return d;
}

static void put(struct fixture *f, struct secret d, enum introspected_state kind,
                struct slice answer, int64_t expires_at, int64_t now)
{
    struct introspected what = {.state = kind, .answer = answer, .expires_at = expires_at};
    assert_int_equal(store_introspection_put(f->st, &d, &what, now), ERR_OK);
}

static enum err get(struct fixture *f, struct secret d, int64_t now, struct introspected *out)
{
    return store_introspection_get(f->st, &d, now, &f->arena, out);
}

static int64_t rows(struct fixture *f)
{
    sqlite3_stmt *s;
    bool row;
    assert_int_equal(store_start(f->st, "SELECT count(*) FROM introspection", NO_PARAMS, &s),
                     ERR_OK);
    assert_int_equal(store_row(f->st, s, &row), ERR_OK);
    int64_t n = sqlite3_column_int64(s, 0);
    store_done(s);
    return n;
}

static void an_answer_counts_until_it_expires(void **state)
{
    struct fixture *f = *state;
    struct introspected got;
    struct secret a = digest_of(1, 1), b = digest_of(1, 2), c = digest_of(1, 3);
    int64_t epoch = fixture_epoch(f->st);
    assert_int_equal(get(f, a, 100, &got), ERR_NOT_FOUND);
    put(f, a, INTROSPECTED_ACTIVE, SLICE("{\"active\":true}"), 160, 100);
    put(f, b, INTROSPECTED_INACTIVE, SLICE(""), 110, 100);
    put(f, c, INTROSPECTED_FAILED, SLICE(""), 102, 100);
    assert_int_equal(get(f, a, 159, &got), ERR_OK);
    assert_int_equal(got.state, INTROSPECTED_ACTIVE);
    assert_int_equal(got.expires_at, 160);
    check_slice(__LINE__, got.answer, "{\"active\":true}");
    assert_int_equal(get(f, a, 160, &got), ERR_NOT_FOUND);
    assert_int_equal(get(f, b, 109, &got), ERR_OK);
    assert_int_equal(got.state, INTROSPECTED_INACTIVE);
    check_slice(__LINE__, got.answer, "");
    assert_int_equal(get(f, c, 101, &got), ERR_OK);
    assert_int_equal(got.state, INTROSPECTED_FAILED);
    /* The last one counts. */
    put(f, a, INTROSPECTED_INACTIVE, SLICE(""), 130, 120);
    assert_int_equal(get(f, a, 121, &got), ERR_OK);
    assert_int_equal(got.state, INTROSPECTED_INACTIVE);
    assert_int_equal(got.expires_at, 130);
    assert_int_equal(fixture_epoch(f->st), epoch);
}

static void outdated_rows_go(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 50; i++)
        put(f, digest_of(i, i), INTROSPECTED_INACTIVE, SLICE(""), 110, 100);
    assert_int_equal(rows(f), 50);
    put(f, digest_of(200, 1), INTROSPECTED_INACTIVE, SLICE(""), 200, 110);
    assert_int_equal(rows(f), 1);
    assert_int_equal(store_purge(f->st, 199, 100, NULL), ERR_OK);
    assert_int_equal(rows(f), 1);
    assert_int_equal(store_purge(f->st, 200, 100, NULL), ERR_OK);
    assert_int_equal(rows(f), 0);
}

/* Of those with one first byte there are never more than their share. */
static void there_is_a_bound(void **state)
{
    struct fixture *f = *state;
    const unsigned share = STORE_INTROSPECTION_ROWS / 256;
    struct introspected got;
    put(f, digest_of(6, 0xffff), INTROSPECTED_INACTIVE, SLICE(""), 1000, 100);
    put(f, digest_of(8, 0), INTROSPECTED_INACTIVE, SLICE(""), 1000, 100);
    assert_int_equal(store_begin(f->st), ERR_OK);
    for (unsigned i = 0; i < share + 9; i++)
        assert_int_equal(store_run(f->st, "INSERT INTO introspection VALUES (?1, 1, x'', ?2)",
                                   PARAMS(DIGEST(digest_of(7, i)), INTEGER(1000 + i)), NULL),
                         ERR_OK);
    assert_int_equal(store_end(f->st, ERR_OK), ERR_OK);
    put(f, digest_of(7, 0xffff), INTROSPECTED_ACTIVE, SLICE("{}"), 1001, 100);
    assert_int_equal(rows(f), share + 2);
    assert_int_equal(get(f, digest_of(7, 0xffff), 100, &got), ERR_OK);
    assert_int_equal(get(f, digest_of(7, 9), 100, &got), ERR_NOT_FOUND);
    assert_int_equal(get(f, digest_of(7, 10), 100, &got), ERR_OK);
    assert_int_equal(get(f, digest_of(6, 0xffff), 100, &got), ERR_OK);
    assert_int_equal(get(f, digest_of(8, 0), 100, &got), ERR_OK);
}

static void a_full_arena_is_told(void **state)
{
    struct fixture *f = *state;
    struct introspected got;
    ARENA(small, 16);
    struct secret d = digest_of(1, 1);
    put(f, d, INTROSPECTED_ACTIVE, SLICE("{\"active\":true,\"scope\":\"x\"}"), 160, 100);
    assert_int_equal(store_introspection_get(f->st, &d, 100, &small, &got), ERR_MEMORY);
    run_sql(f->path, "DROP TABLE introspection");
    assert_int_equal(get(f, d, 100, &got), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_answer_counts_until_it_expires),
        WITH(outdated_rows_go),
        WITH(there_is_a_bound),
        WITH(a_full_arena_is_told),
    };
    return cmocka_run_group_tests_name("store_introspection", tests, NULL, NULL);
}
