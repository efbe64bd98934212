#include "fixture.h"

#include "spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOUND (1 << 20)

/* ---- a directory, and what the handler has seen ---- */

struct place {
    char parent[64], directory[96];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->parent, sizeof p->parent, "/tmp/test_spool.XXXXXX");
    assert_non_null(mkdtemp(p->parent));
    snprintf(p->directory, sizeof p->directory, "%s/spool", p->parent);
    *state = p;
    return 0;
}

/* Calls f with each segment's path; returns how many there are. */
static size_t each_segment(const struct place *p, void (*f)(const char *path, void *context),
                           void *context)
{
    size_t count = 0;
    DIR *d = opendir(p->directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[400];
        if (!slice_ends(slice_of(e->d_name), ".events"))
            continue;
        count++;
        snprintf(path, sizeof path, "%s/%s", p->directory, e->d_name);
        if (f != NULL)
            f(path, context);
    }
    closedir(d);
    return count;
}

static void remove_one(const char *path, void *context)
{
    (void)context;
    assert_int_equal(unlink(path), 0);
}

static int remove_place(void **state)
{
    struct place *p = *state;
    char lock[128];
    each_segment(p, remove_one, NULL);
    snprintf(lock, sizeof lock, "%s/lock", p->directory);
    unlink(lock);
    assert_int_equal(rmdir(p->directory), 0);
    assert_int_equal(rmdir(p->parent), 0);
    free(p);
    return 0;
}

static struct spool *open_spool(const struct place *p)
{
    struct spool *s = spool_open(p->directory, BOUND);
    assert_non_null(s);
    return s;
}

struct seen {
    size_t count;
    size_t stop_at; /* of this line it says later; 0: of none */
    char text[4096];
};

static enum spool_fate take_line(void *context, struct slice line)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    if (seen->stop_at != 0 && seen->count + 1 == seen->stop_at)
        return SPOOL_LATER;
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s ", (int)(line.n < 40 ? line.n : 40),
             line.p);
    seen->count++;
    return SPOOL_DONE;
}

static void add(struct spool *s, const char *line)
{
    assert_int_equal(spool_add(s, slice_of(line)), ERR_OK);
}

static void drain(struct spool *s, const char *want)
{
    struct seen seen = {0};
    assert_true(spool_drain(s, take_line, &seen));
    assert_string_equal(seen.text, want);
}

/* ---- tests ---- */

static void test_order_and_end(void **state)
{
    struct stat st;
    struct spool *s = open_spool(*state);
    assert_int_equal(stat(((struct place *)*state)->directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    add(s, "{1}\n");
    add(s, "{2}\n");
    drain(s, ""); /* held by this process still */
    spool_settle(s, false);
    drain(s, ""); /* and not old enough */
    spool_settle(s, true);
    drain(s, "{1} {2} ");
    assert_int_equal(each_segment(*state, NULL, NULL), 0);
    drain(s, "");
    add(s, "{3}\n");
    spool_settle(s, true);
    drain(s, "{3} ");
    spool_close(s);
}

/* What was sent does not come again, not even for the process after the next. */
static void test_restart_in_the_middle(void **state)
{
    struct spool *s = open_spool(*state);
    for (int i = 1; i <= 5; i++) {
        char line[16];
        snprintf(line, sizeof line, "{%d}\n", i);
        add(s, line);
    }
    spool_close(s);
    for (int i = 0; i < 2; i++) {
        struct seen seen = {.stop_at = 3};
        s = open_spool(*state);
        assert_false(spool_drain(s, take_line, &seen));
        assert_string_equal(seen.text, i == 0 ? "{1} {2} " : "{3} {4} ");
        spool_close(s);
    }
    s = open_spool(*state);
    drain(s, "{5} ");
    assert_int_equal(each_segment(*state, NULL, NULL), 0);
    spool_close(s);
}

static void append_half(const char *path, void *context)
{
    (void)context;
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{half", 5), 5);
    close(fd);
}

static void test_line_cut_by_a_crash(void **state)
{
    struct spool *s = open_spool(*state);
    add(s, "{1}\n");
    spool_close(s);
    each_segment(*state, append_half, NULL);
    s = open_spool(*state);
    drain(s, "{1} ");
    assert_int_equal(each_segment(*state, NULL, NULL), 0);
    spool_close(s);
}

/* While nothing is drained one process has one file, however often it is settled. */
static void test_segment_is_used_on(void **state)
{
    struct spool *s = open_spool(*state);
    for (int i = 0; i < 5; i++) {
        add(s, "{x}\n");
        spool_settle(s, true);
    }
    assert_int_equal(each_segment(*state, NULL, NULL), 1);
    drain(s, "{x} {x} {x} {x} {x} ");
    spool_close(s);
}

static void count_bytes(const char *path, void *context)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= SPOOL_SEGMENT_BYTES);
    *(off_t *)context += st.st_size;
}

static void test_bound(void **state)
{
    static char line[10001];
    struct spool *s = open_spool(*state);
    enum err e = ERR_OK;
    int added = 0;
    memset(line, '{', sizeof line);
    line[sizeof line - 1] = '\n';
    while ((e = spool_add(s, (struct slice){line, sizeof line})) == ERR_OK)
        added++;
    assert_int_equal(e, ERR_TOO_LARGE);
    off_t sum = 0;
    each_segment(*state, count_bytes, &sum);
    assert_true(sum <= BOUND && sum > BOUND / 2);
    assert_int_equal(sum, added * (int)sizeof line);

    static char huge[SPOOL_SEGMENT_BYTES + 1];
    assert_int_equal(spool_add(s, (struct slice){huge, sizeof huge}), ERR_TOO_LARGE);
    struct seen seen = {0};
    assert_true(spool_drain(s, take_line, &seen)); /* the full one was closed */
    assert_int_equal(seen.count, added);
    spool_close(s);
    s = open_spool(*state); /* there is room again */
    add(s, "{}\n");
    spool_close(s);
}

/* A child adds and is killed: its segment is then anybody's. */
static void test_two_processes(void **state)
{
    struct spool *s = open_spool(*state);
    int ready[2];
    char byte;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct spool *other = spool_open(((struct place *)*state)->directory, BOUND);
        bool ok = other != NULL && spool_add(other, SLICE("{child}\n")) == ERR_OK &&
                  spool_lead(other) && write(ready[1], "x", 1) == 1;
        pause();
        _exit(ok);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    add(s, "{parent}\n");
    spool_settle(s, true);
    assert_false(spool_lead(s)); /* the child is */
    drain(s, "{parent} ");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(spool_lead(s));
    drain(s, "{child} ");
    spool_follow(s);
    close(ready[0]);
    close(ready[1]);
    spool_close(s);
}

static void test_no_directory(void **state)
{
    struct spool *s = open_spool(*state); /* for remove_place */
    assert_null(spool_open("/proc/none/spool", BOUND));
    assert_null(spool_open("/proc/version", BOUND));
    spool_close(s);
    spool_close(NULL);
}

/* Whoever can put a file there could have the gateway send what he likes, or nothing more. */
static void test_directory_that_others_write_to(void **state)
{
    static const struct {
        mode_t mode;
        bool good;
    } rows[] = {{0700, true}, {0755, true}, {0770, false}, {0702, false}, {01777, false}};
    const struct place *p = *state;
    assert_int_equal(mkdir(p->directory, 0700), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(chmod(p->directory, rows[i].mode), 0);
        struct spool *s = spool_open(p->directory, BOUND);
        check_true((int)i, (s != NULL) == rows[i].good, "opened");
        spool_close(s);
    }
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        ROW(test_order_and_end),
        ROW(test_restart_in_the_middle),
        ROW(test_line_cut_by_a_crash),
        ROW(test_segment_is_used_on),
        ROW(test_bound),
        ROW(test_two_processes),
        ROW(test_no_directory),
        ROW(test_directory_that_others_write_to),
    };
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
