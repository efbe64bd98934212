#include "site_fixture.h"

#include "gate.c" /* for what is in the file */

#include <sys/wait.h>

static struct gate *open_gate(const struct site *s, unsigned places, int64_t longest_ms)
{
    char path[128];
    snprintf(path, sizeof path, "%s/gate", s->directory);
    struct gate *g = gate_new(path, s->conf.store_path, places, longest_ms);
    assert_non_null(g);
    return g;
}

static void there_are_as_many_places_as_said(void **state)
{
    struct gate *g = open_gate(*state, 3, 60000), *other = open_gate(*state, 3, 60000);
    struct gate_ticket t[3], more;
    for (size_t i = 0; i < COUNT(t); i++) {
        assert_true(gate_enter(i % 2 == 0 ? g : other, &t[i]));
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(t[i].place, t[k].place);
    }
    int64_t began = clock_ms();
    assert_false(gate_enter(g, &more));
    assert_in_range(clock_ms() - began, GATE_PATIENCE_MS - 100, GATE_PATIENCE_MS + 2000);
    /* The calls have lasted too long by now: nobody waits for them any more. */
    began = clock_ms();
    for (int i = 0; i < 20; i++)
        assert_false(gate_enter(other, &more));
    assert_in_range(clock_ms() - began, 0, GATE_PATIENCE_MS - 50);
    gate_leave(g, &t[1]);
    assert_true(gate_enter(other, &more));
    assert_int_equal(more.place, t[1].place);
    gate_free(g);
    gate_free(other);
    gate_free(NULL);
}

static void who_died_inside_loses_the_place(void **state)
{
    struct gate *g = open_gate(*state, 1, 100);
    struct gate_ticket dead, mine, other;
    assert_true(gate_enter(g, &dead));
    atomic_store(&g->since[0], clock_ms() - 101);
    assert_true(gate_enter(g, &mine));
    gate_leave(g, &dead); /* it was alive after all: the place is another's by now */
    atomic_store(&g->since[0], mine.since);
    g->longest_ms = 60000;
    assert_false(gate_enter(g, &other));
    gate_leave(g, &mine);
    /* The host was started anew: its clock begins at zero. */
    atomic_store(&g->since[0], clock_ms() + 1000000);
    assert_true(gate_enter(g, &other));
    gate_free(g);
}

/* Several processes with several threads each, more than there are places. */
struct rush {
    struct gate *g;
    atomic_int *inside, *most;
    atomic_int refused;
};

static void *hurry(void *argument)
{
    struct rush *r = argument;
    struct gate_ticket t;
    for (int i = 0; i < 40; i++) {
        if (!gate_enter(r->g, &t)) {
            atomic_fetch_add(&r->refused, 1);
            continue;
        }
        int now = atomic_fetch_add(r->inside, 1) + 1;
        if (now > atomic_load(r->most))
            atomic_store(r->most, now);
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        atomic_fetch_sub(r->inside, 1);
        gate_leave(r->g, &t);
    }
    return NULL;
}

static int rush_of_process(const struct site *s, atomic_int *shared)
{
    struct rush r = {.g = open_gate(s, 2, 60000), .inside = &shared[0], .most = &shared[1]};
    pthread_t threads[3];
    for (size_t i = 0; i < COUNT(threads); i++)
        if (pthread_create(&threads[i], NULL, hurry, &r) != 0)
            return 1;
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    gate_free(r.g);
    return atomic_load(&r.refused) != 0;
}

static void a_short_rush_is_let_through(void **state)
{
    atomic_int *shared =
        mmap(NULL, 2 * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(rush_of_process(*state, shared));
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(atomic_load(&shared[0]), 0);
    assert_in_range(atomic_load(&shared[1]), 1, 2);
    munmap(shared, 2 * sizeof *shared);
}

/* Without a file that can be trusted each process has a gate of its own. */
static void an_unusable_file_is_not_shared(void **state)
{
    const struct site *s = *state;
    char path[128];
    struct gate_ticket t;
    snprintf(path, sizeof path, "%s/gate", s->directory);
    static const mode_t modes[] = {0666, 0620, 0604};
    for (size_t i = 0; i < COUNT(modes); i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, modes[i]), 0);
        struct gate *g = open_gate(s, 1, 60000), *other = open_gate(s, 1, 60000);
        assert_true(gate_enter(g, &t));
        assert_true(gate_enter(other, &t));
        gate_free(g);
        gate_free(other);
        close(fd);
    }
    unlink(path);
    assert_int_equal(symlink("elsewhere", path), 0);
    struct gate *g = open_gate(s, 1, 60000);
    assert_true(gate_enter(g, &t));
    gate_free(g);
}

/* As root the gate gives its file away: it must not be another file by a second name. */
static void a_file_with_another_name_is_not_taken(void **state)
{
    const struct site *s = *state;
    char path[128], other[128];
    struct stat sb;
    snprintf(path, sizeof path, "%s/gate", s->directory);
    snprintf(other, sizeof other, "%s/other", s->directory);
    int fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(link(other, path), 0);
    gate_free(open_gate(s, 1, 60000));
    assert_int_equal(fstat(fd, &sb), 0);
    assert_int_equal(sb.st_size, 0);
    close(fd);
    unlink(path);
    unlink(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(there_are_as_many_places_as_said),      SITE(who_died_inside_loses_the_place),
        SITE(a_short_rush_is_let_through),           SITE(an_unusable_file_is_not_shared),
        SITE(a_file_with_another_name_is_not_taken),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
