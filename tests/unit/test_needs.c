#include "fixture.h"

#include "needs.h"

static void check_need(const struct needs *n, size_t at, int type, unsigned actions,
                       const char *cause)
{
    assert_true(at < n->count);
    assert_int_equal(n->list[at].type, type);
    assert_int_equal(n->list[at].actions, actions);
    check_slice(__LINE__, n->list[at].cause, cause);
}

static void actions_on_one_type_add_up(void **state)
{
    (void)state;
    struct needs n = {0};
    needs_add(&n, 5, SCOPE_R, SLICE_NONE);
    needs_add(&n, 5, SCOPE_S, SLICE_NONE);
    needs_add(&n, 6, SCOPE_S, SLICE_NONE);
    assert_int_equal(n.count, 2);
    check_need(&n, 0, 5, SCOPE_R | SCOPE_S, NULL);
    check_need(&n, 1, 6, SCOPE_S, NULL);
}

static void the_first_cause_stays(void **state)
{
    (void)state;
    struct needs n = {0};
    needs_add(&n, FHIR_TYPE_ANY, SCOPE_S, SLICE("_include"));
    needs_add(&n, FHIR_TYPE_ANY, SCOPE_U, SLICE("_filter"));
    assert_int_equal(n.count, 1);
    check_need(&n, 0, FHIR_TYPE_ANY, SCOPE_S | SCOPE_U, "_include");
}

/* A scope that is limited to a patient may do for the request and not for what it includes. */
static void what_parameters_reveal_is_kept_apart(void **state)
{
    (void)state;
    struct needs n = {0};
    needs_add(&n, 5, SCOPE_S, SLICE_NONE);
    needs_add(&n, 5, SCOPE_S, SLICE("_include"));
    needs_add(&n, 5, SCOPE_R, SLICE_NONE);
    assert_int_equal(n.count, 2);
    check_need(&n, 0, 5, SCOPE_R | SCOPE_S, NULL);
    check_need(&n, 1, 5, SCOPE_S, "_include");
    struct needs other_way = {0};
    needs_add(&other_way, 5, SCOPE_S, SLICE("_include"));
    needs_add(&other_way, 5, SCOPE_S, SLICE_NONE);
    assert_int_equal(other_way.count, 2);
}

static void too_many_become_every_type(void **state)
{
    (void)state;
    struct needs n = {0};
    needs_add(&n, 0, SCOPE_U, SLICE_NONE);
    for (int type = 1; type < NEEDS_MAX; type++)
        needs_add(&n, type, SCOPE_S, SLICE("_include"));
    assert_int_equal(n.count, NEEDS_MAX);
    needs_add(&n, 7, SCOPE_S, SLICE("_has")); /* it is there already */
    assert_int_equal(n.count, NEEDS_MAX);
    needs_add(&n, NEEDS_MAX, SCOPE_R, SLICE("_revinclude"));
    assert_int_equal(n.count, 1);
    check_need(&n, 0, FHIR_TYPE_ANY, SCOPE_R | SCOPE_U | SCOPE_S, "_revinclude");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_on_one_type_add_up),
        cmocka_unit_test(the_first_cause_stays),
        cmocka_unit_test(what_parameters_reveal_is_kept_apart),
        cmocka_unit_test(too_many_become_every_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
