#include "fixture.h"

#include "turns.h"

#include <stdatomic.h>
#include <time.h>

#define THREADS 6

struct one {
    pthread_t id;
    struct turns *turns;
    struct turn turn;
    atomic_uint entered;
};

/* Bounded: a state that never comes fails the test. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int i_ = 0; i_ < 10000 && !(condition); i_++)                                         \
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);                               \
        assert_true(condition);                                                                    \
    } while (0)

static void *enters_once(void *argument)
{
    struct one *o = argument;
    turns_enter(o->turns, &o->turn);
    atomic_fetch_add(&o->entered, 1);
    return NULL;
}

static struct turn *resting(struct turns *t)
{
    pthread_mutex_lock(&t->lock);
    struct turn *last = t->resting;
    pthread_mutex_unlock(&t->lock);
    return last;
}

/* They come one after the other: the first two wait, the others rest. */
static void begin(struct turns *t, struct one *all)
{
    for (size_t i = 0; i < THREADS; i++) {
        all[i].turns = t;
        all[i].turn = (struct turn)TURN_INIT;
        assert_int_equal(pthread_create(&all[i].id, NULL, enters_once, &all[i]), 0);
        if (i < 2)
            UNTIL(atomic_load(&all[i].entered) == 1);
        else
            UNTIL(resting(t) == &all[i].turn);
    }
}

static unsigned entered(struct one *all)
{
    unsigned count = 0;
    for (size_t i = 0; i < THREADS; i++)
        count += atomic_load(&all[i].entered);
    return count;
}

static void the_last_to_rest_is_the_first_called(void **state)
{
    (void)state;
    static struct turns turns = TURNS_INIT;
    static struct one all[THREADS];
    begin(&turns, all);
    turns_leave(&turns); /* one still waits: nobody is called */
    assert_ptr_equal(resting(&turns), &all[THREADS - 1].turn);
    for (size_t i = THREADS - 1; i >= 2; i--) {
        turns_leave(&turns);
        UNTIL(atomic_load(&all[i].entered) == 1);
        assert_int_equal(entered(all), 2 + THREADS - i);
    }
    turns_leave(&turns);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(all[i].id, NULL);
    struct turn own = TURN_INIT;
    turns_enter(&turns, &own); /* nobody waits: at once */
    turns_leave(&turns);
    assert_int_equal(turns.waiting, 0);
}

static void at_the_end_nobody_rests(void **state)
{
    (void)state;
    static struct turns turns = TURNS_INIT;
    static struct one all[THREADS];
    begin(&turns, all);
    turns_end(&turns);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(all[i].id, NULL);
    assert_int_equal(entered(all), THREADS);
    struct turn own = TURN_INIT;
    turns_enter(&turns, &own);
    assert_int_equal(turns.waiting, THREADS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_to_rest_is_the_first_called),
        cmocka_unit_test(at_the_end_nobody_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
