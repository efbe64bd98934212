#include "fixture.h"

#include "request_id.h"

static void a_plain_id_is_kept(void **state)
{
    (void)state;
    static const char longest[] =
        "0123456789abcdef0123456789abcdef.123456789abcdef0123456789abcdef";
    static const char *const ids[] = {"a", "aZ09._~@-", longest};
    ARENA(a, 64);
    for (size_t i = 0; i < COUNT(ids); i++) {
        EXACT(given, slice_of(ids[i]));
        struct slice id = request_id(given, &a);
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
    struct slice before = SLICE_NONE;
    for (size_t i = 0; i < COUNT(ids); i++) {
        EXACT(given, ids[i]);
        struct slice id = request_id(given, &a);
        assert_true(is_hex(id));
        assert_false(slice_eq(id, before));
        before = id;
    }
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    ARENA(a, 16);
    assert_null(request_id(SLICE_NONE, &a).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_id_is_kept),
        cmocka_unit_test(any_other_is_replaced_by_a_random_one),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
