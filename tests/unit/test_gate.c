#include "fixture.h"

#include "clock.h"
#include "gate.h"

#include <stdatomic.h>

static void there_are_as_many_places_as_said(void **state)
{
    (void)state;
    struct gate *g = gate_new(3);
    int a = gate_enter(g), b = gate_enter(g), c = gate_enter(g);
    assert_true(a >= 0 && b >= 0 && c >= 0 && a != b && b != c && a != c);
    int64_t began = clock_ms();
    assert_int_equal(gate_enter(g), -1);
    assert_in_range(clock_ms() - began, GATE_PATIENCE_MS - 100, GATE_PATIENCE_MS + 2000);
    /* The calls have lasted too long by now: nobody waits for them any more. */
    began = clock_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(gate_enter(g), -1);
    assert_in_range(clock_ms() - began, 0, GATE_PATIENCE_MS - 50);
    gate_leave(g, b);
    assert_int_equal(gate_enter(g), b);
    gate_leave(g, a);
    gate_leave(g, b);
    gate_leave(g, c);
    gate_free(g);
    gate_free(NULL);
}

struct rush {
    struct gate *g;
    atomic_int refused, inside, most;
};

static void *hurry(void *argument)
{
    struct rush *r = argument;
    for (int i = 0; i < 50; i++) {
        int place = gate_enter(r->g);
        if (place < 0) {
            atomic_fetch_add(&r->refused, 1);
            continue;
        }
        int now = atomic_fetch_add(&r->inside, 1) + 1;
        if (now > atomic_load(&r->most))
            atomic_store(&r->most, now);
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        atomic_fetch_sub(&r->inside, 1);
        gate_leave(r->g, place);
    }
    return NULL;
}

static void a_short_rush_is_let_through(void **state)
{
    (void)state;
    struct rush r = {.g = gate_new(2)};
    pthread_t threads[6];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hurry, &r), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&r.refused), 0);
    assert_in_range(atomic_load(&r.most), 1, 2);
    gate_free(r.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_places_as_said),
        cmocka_unit_test(a_short_rush_is_let_through),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
