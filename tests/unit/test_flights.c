#include "fixture.h"

#include "flights.c" /* for who looks at a flight */

#include <stdatomic.h>

#define FOLLOWERS 8

static const struct secret one = {{1}}, two = {{2}};

struct follower {
    struct flights *all;
    struct flight *f;
    enum err result;
    char answer[64];
};

static void *follow(void *argument)
{
    struct follower *me = argument;
    struct slice answer;
    ARENA(a, 1024);
    me->result = flight_wait(me->all, me->f, clock_ms() + 20000, ERR_HTTP, &a, &answer);
    snprintf(me->answer, sizeof me->answer, "%.*s", SLICE_FMT(answer));
    return NULL;
}

static void all_get_the_answer_of_one(void **state)
{
    (void)state;
    static const struct {
        enum err result;
        const char *answer;
    } rows[] = {{ERR_OK, "{\"active\":true}"}, {ERR_TOKEN_INACTIVE, ""}, {ERR_INTROSPECTION, ""}};
    struct flights *all = flights_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct follower followers[FOLLOWERS];
        pthread_t threads[FOLLOWERS];
        bool mine;
        struct flight *f = flights_join(all, &one, &mine);
        assert_true(mine);
        for (size_t k = 0; k < FOLLOWERS; k++) {
            followers[k] = (struct follower){.all = all, .f = flights_join(all, &one, &mine)};
            assert_false(mine);
            assert_ptr_equal(followers[k].f, f);
            assert_int_equal(pthread_create(&threads[k], NULL, follow, &followers[k]), 0);
        }
        assert_int_equal(f->owners, FOLLOWERS + 1);
        EXACT(answer, slice_of(rows[i].answer));
        flight_land(all, f, rows[i].result, answer);
        for (size_t k = 0; k < FOLLOWERS; k++) {
            pthread_join(threads[k], NULL);
            assert_int_equal(followers[k].result, rows[i].result);
            assert_string_equal(followers[k].answer, rows[i].answer);
        }
        assert_null(all->first);
    }
    flights_free(all);
    flights_free(NULL);
}

static void other_questions_are_other_flights(void **state)
{
    (void)state;
    struct flights *all = flights_new();
    bool mine;
    struct flight *f = flights_join(all, &one, &mine);
    assert_true(mine);
    struct flight *g = flights_join(all, &two, &mine);
    assert_true(mine);
    assert_ptr_not_equal(f, g);
    flight_land(all, f, ERR_OK, SLICE("x"));
    f = flights_join(all, &one, &mine); /* what has landed is no answer for who comes later */
    assert_true(mine);
    flight_land(all, g, ERR_OK, SLICE("y"));
    flight_land(all, f, ERR_OK, SLICE("z"));
    flights_free(all);
}

static void nobody_waits_for_ever(void **state)
{
    (void)state;
    struct flights *all = flights_new();
    struct slice answer;
    bool mine;
    ARENA(a, 16);
    struct flight *f = flights_join(all, &one, &mine);
    struct flight *g = flights_join(all, &one, &mine);
    int64_t began = clock_ms();
    assert_int_equal(flight_wait(all, g, began + 50, ERR_INTROSPECTION, &a, &answer),
                     ERR_INTROSPECTION);
    assert_in_range(clock_ms() - began, 50, 5000);
    g = flights_join(all, &one, &mine);
    assert_false(mine);
    flight_land(all, f, ERR_OK, SLICE("longer than the arena is"));
    assert_int_equal(flight_wait(all, g, clock_ms() + 50, ERR_INTROSPECTION, &a, &answer),
                     ERR_MEMORY);
    flights_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_get_the_answer_of_one),
        cmocka_unit_test(other_questions_are_other_flights),
        cmocka_unit_test(nobody_waits_for_ever),
    };
    return cmocka_run_group_tests_name("flights", tests, NULL, NULL);
}
