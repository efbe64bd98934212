#include "store_fixture.h"

#define CLAIMS SLICE("{\"iss\":\"https://hospital.example/auth\"}")

static void claims_come_back_by_their_digest(void **state)
{
    struct fixture *f = *state;
    struct secret one = {{1}}, other = {{2}}, unknown = {{0}};
    struct slice claims = SLICE("as before");
    int64_t epoch = fixture_epoch(f->st);
    assert_int_equal(store_opaque_get(f->st, &one, &f->arena, &claims), ERR_NOT_FOUND);
    assert_int_equal(store_opaque_add(f->st, &one, CLAIMS, 1000), ERR_OK);
    assert_int_equal(store_opaque_add(f->st, &other, SLICE("a\0b"), 1000), ERR_OK);
    assert_int_equal(store_opaque_get(f->st, &unknown, &f->arena, &claims), ERR_NOT_FOUND);
    assert_true(slice_is(claims, "as before"));
    assert_int_equal(store_opaque_get(f->st, &one, &f->arena, &claims), ERR_OK);
    assert_true(slice_eq(claims, CLAIMS));
    assert_int_equal(claims.p[claims.n], '\0');
    assert_int_equal(store_opaque_get(f->st, &other, &f->arena, &claims), ERR_OK);
    assert_true(slice_eq(claims, SLICE("a\0b")));
    assert_int_equal(fixture_epoch(f->st), epoch);
}

/* No two tokens are one: 256 random bits do not come twice but by a fault. */
static void a_digest_is_taken_once(void **state)
{
    struct fixture *f = *state;
    struct secret digest = {{1}};
    struct slice claims;
    assert_int_equal(store_opaque_add(f->st, &digest, CLAIMS, 1000), ERR_OK);
    assert_int_equal(store_opaque_add(f->st, &digest, SLICE("{}"), 2000), ERR_STORE);
    assert_int_equal(store_opaque_get(f->st, &digest, &f->arena, &claims), ERR_OK);
    assert_true(slice_eq(claims, CLAIMS));
}

static void the_arena_may_be_full(void **state)
{
    struct fixture *f = *state;
    struct secret digest = {{1}};
    struct slice claims;
    struct arena small;
    assert_true(arena_init(&small, 16));
    assert_int_equal(store_opaque_add(f->st, &digest, CLAIMS, 1000), ERR_OK);
    assert_int_equal(store_opaque_get(f->st, &digest, &small, &claims), ERR_MEMORY);
    arena_free(&small);
    assert_int_equal(store_opaque_get(f->st, &digest, &f->arena, &claims), ERR_OK);
}

static void expired_ones_go_with_the_purge(void **state)
{
    struct fixture *f = *state;
    struct slice claims;
    for (unsigned char i = 0; i < 10; i++) {
        struct secret digest = {{i}};
        assert_int_equal(store_opaque_add(f->st, &digest, CLAIMS, i < 9 ? 1000 : 1001), ERR_OK);
    }
    assert_int_equal(store_purge(f->st, 999, 100, NULL), ERR_OK);
    assert_int_equal(store_purge(f->st, 1000, 8, NULL), ERR_OK);
    int left = 0;
    for (unsigned char i = 0; i < 10; i++) {
        struct secret digest = {{i}};
        left += store_opaque_get(f->st, &digest, &f->arena, &claims) == ERR_OK;
    }
    assert_int_equal(left, 2);
    assert_int_equal(store_purge(f->st, 1000, 8, NULL), ERR_OK);
    assert_int_equal(store_purge(f->st, 1000, 8, NULL), ERR_OK);
    struct secret last = {{9}}, other = {{8}};
    assert_int_equal(store_opaque_get(f->st, &last, &f->arena, &claims), ERR_OK);
    assert_int_equal(store_opaque_get(f->st, &other, &f->arena, &claims), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(claims_come_back_by_their_digest),
        WITH(a_digest_is_taken_once),
        WITH(the_arena_may_be_full),
        WITH(expired_ones_go_with_the_purge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
