#include "fixture.h"

#include "request_id.h"

static void a_plain_id_is_kept(void **state)
{
    (void)state;
    static const char longest[] =
        "0123456789abcdef0123456789abcdef.123456789abcdef0123456789abcdef";
    static const char *const ids[] = {"a", "aZ09._~@-", longest};
    struct request_ids none = {.left = 0};
    ARENA(a, 64);
    for (size_t i = 0; i < COUNT(ids); i++) {
        EXACT(given, slice_of(ids[i]));
        struct slice id = request_id(&none, given, &a);
        assert_ptr_equal(id.p, given.p);
        assert_int_equal(id.n, given.n);
    }
}

static bool is_hex(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("0123456789abcdef", s.p[i]) == NULL)
            return false;
    return s.n == 16;
}

static void any_other_is_replaced_by_a_random_one(void **state)
{
    (void)state;
    static const struct slice ids[] = {
        {NULL, 0},
        BYTES(""),
        BYTES("a b"),
        BYTES("a\n"),
        BYTES("a\0"),
        BYTES("a\""),
        BYTES("<a>"),
        BYTES("a/b"),
        BYTES("\xc3\xb1"),
        BYTES("0123456789abcdef0123456789abcdef.123456789abcdef0123456789abcdef0"),
        BYTES("0123456789abcdef0123456789abcdef0123456789a"), /* looks like a secret */
    };
    ARENA(a, 1024);
    struct request_ids fresh = {.left = 0};
    struct slice before = SLICE_NONE;
    for (size_t i = 0; i < COUNT(ids); i++) {
        EXACT(given, ids[i]);
        struct slice id = request_id(&fresh, given, &a);
        assert_true(is_hex(id));
        assert_false(slice_eq(id, before));
        before = id;
    }
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct request_ids ids = {.left = 0};
    ARENA(a, 16);
    assert_non_null(request_id(&ids, SLICE_NONE, &a).p);
    assert_null(request_id(&ids, SLICE_NONE, &a).p);
}

static int by_text(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return memcmp(x->p, y->p, 16);
}

/* Over several fillings of the pool. */
static void no_id_comes_twice(void **state)
{
    (void)state;
    static const unsigned char wiped[sizeof(struct request_ids)];
    struct request_ids ids = {.left = 0};
    struct slice all[5 * sizeof ids.pool / REQUEST_ID_RANDOM];
    ARENA(a, 16 * COUNT(all));
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i] = request_id(&ids, SLICE_NONE, &a);
        assert_true(is_hex(all[i]));
        assert_memory_equal(ids.pool + ids.left, wiped, sizeof ids.pool - ids.left);
    }
    assert_int_equal(ids.left, 0);
    qsort(all, COUNT(all), sizeof all[0], by_text);
    for (size_t i = 1; i < COUNT(all); i++)
        assert_false(slice_eq(all[i - 1], all[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_id_is_kept),
        cmocka_unit_test(any_other_is_replaced_by_a_random_one),
        cmocka_unit_test(without_memory_there_is_none),
        cmocka_unit_test(no_id_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
