#include "fixture.h"

#include "accept.h"

static bool is_b(struct slice item)
{
    return slice_is_nocase(item, "b/b");
}

static void the_best_weight_of_what_matches_counts(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header;
        int want;
    } rows[] = {
        {__LINE__, NULL, -1},
        {__LINE__, "", -1},
        {__LINE__, "a/b", -1},
        {__LINE__, "b/bb", -1},
        {__LINE__, "b/b", 1000},
        {__LINE__, "B/B", 1000},
        {__LINE__, "a/b,\tb/b ;q=0.25 , c", 250},
        {__LINE__, "b/b;q=0.2, b/b;q=0.3, b/b;q=0.1", 300},
        {__LINE__, "b/b;charset=x;q=0.5", 500},
        {__LINE__, "b/b;charset=x", 1000},
        {__LINE__, "b/b;Q=0.007", 7},
        {__LINE__, "b/b;q=1.", 1000},
        {__LINE__, "b/b;q=0", 0},
        {__LINE__, "b/b;q=", 0},
        {__LINE__, "b/b;q=1.001", 0},
        {__LINE__, "b/b;q=0.1234", 0},
        {__LINE__, "b/b;q=.5", 0},
        {__LINE__, "b/b;q=high", 0},
        {__LINE__, ",;,;q=,", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(header, slice_of(rows[i].header));
        check_true(rows[i].line, accept_best(header, is_b) == rows[i].want, "weight");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_weight_of_what_matches_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
