/* A file that processes have in their memory together. */
#include "fixture.h"

#include "shared_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_OF_IT (1 << 20)
#define HEAD        SLICE("a head\n")

struct place {
    char directory[64];
    char path[96];
};

static int up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->directory, sizeof p->directory, "/tmp/fhir-auth-shared-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->path, sizeof p->path, "%s/file", p->directory);
    *state = p;
    return 0;
}

/* Fails when anything but the file is left. */
static int down(void **state)
{
    struct place *p = *state;
    remove(p->path);
    int failed = rmdir(p->directory);
    free(p);
    return failed;
}

static char *map(const struct place *p)
{
    const char *why = "?";
    char *m = shared_file_map(p->path, HEAD, BYTES_OF_IT, &why);
    assert_true(m != NULL || strlen(why) > 1);
    return m;
}

static void unmap(char *m)
{
    assert_int_equal(munmap(m, BYTES_OF_IT), 0);
}

static void it_is_made_whole_and_for_us_alone(void **state)
{
    struct place *p = *state;
    struct stat sb;
    char *one = map(p), *two = map(p);
    assert_true(one != NULL && two != NULL && one != two);
    assert_memory_equal(one, HEAD.p, HEAD.n);
    for (size_t i = HEAD.n; i < BYTES_OF_IT; i += 997)
        assert_int_equal(one[i], 0);
    one[BYTES_OF_IT - 1] = 'x';
    assert_int_equal(two[BYTES_OF_IT - 1], 'x');
    assert_int_equal(lstat(p->path, &sb), 0);
    assert_true(S_ISREG(sb.st_mode) && (sb.st_mode & 07777) == 0600 && sb.st_uid == geteuid());
    assert_int_equal(sb.st_size, BYTES_OF_IT);
    assert_true(sb.st_blocks * 512 >= BYTES_OF_IT); /* a full disk later on hurts nobody */
    unmap(one);
    unmap(two);
}

static void put(const char *name, const char *text, off_t bytes, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_true(ftruncate(fd, bytes) == 0 && fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void other_head(const char *name)
{
    put(name, "a hEad\n", BYTES_OF_IT, 0600);
}

static void too_short(const char *name)
{
    put(name, "a head\n", BYTES_OF_IT - 1, 0600);
}

static void too_long(const char *name)
{
    put(name, "a head\n", BYTES_OF_IT + 1, 0600);
}

static void empty(const char *name)
{
    put(name, "", 0, 0600);
}

/* And who has the old one keeps it: it is not cut short. */
static void that_of_another_version_is_replaced(void **state)
{
    struct place *p = *state;
    static void (*const ways[])(const char *) = {other_head, too_short, too_long, empty};
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct stat before, old, after;
        ways[i](p->path);
        int fd = open(p->path, O_RDWR);
        assert_true(fd >= 0 && fstat(fd, &before) == 0);
        char *m = map(p);
        assert_non_null(m);
        assert_int_equal(lstat(p->path, &after), 0);
        assert_true(fstat(fd, &old) == 0 && old.st_size == before.st_size);
        assert_true(after.st_ino != before.st_ino && after.st_size == BYTES_OF_IT);
        assert_memory_equal(m, HEAD.p, HEAD.n);
        unmap(m);
        close(fd);
        assert_int_equal(unlink(p->path), 0);
    }
}

static void a_link(const char *name)
{
    char target[140];
    snprintf(target, sizeof target, "%s.target", name);
    put(target, "a head\n", BYTES_OF_IT, 0600);
    assert_int_equal(symlink(target, name), 0);
}

static void dangling(const char *name)
{
    assert_int_equal(symlink("/nowhere/at/all", name), 0);
}

static void for_the_group(const char *name)
{
    put(name, "a head\n", BYTES_OF_IT, 0640);
}

static void for_others(const char *name)
{
    put(name, "a head\n", BYTES_OF_IT, 0602);
}

static void of_another_user(const char *name)
{
    put(name, "a head\n", BYTES_OF_IT, 0600);
    if (geteuid() == 0)
        assert_int_equal(chown(name, 12345, 12345), 0);
    else
        assert_int_equal(chmod(name, 0644), 0);
}

static void fifo(const char *name)
{
    assert_int_equal(mkfifo(name, 0600), 0);
}

static void directory(const char *name)
{
    assert_int_equal(mkdir(name, 0700), 0);
}

static void what_is_of_no_use_is_left_alone(void **state)
{
    struct place *p = *state;
    static void (*const ways[])(const char *) = {
        a_link, dangling, for_the_group, for_others, of_another_user, fifo, directory,
    };
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct stat before, after;
        char target[140];
        ways[i](p->path);
        assert_int_equal(lstat(p->path, &before), 0);
        if (map(p) != NULL)
            fail_msg("case %zu: it is taken", i);
        assert_int_equal(lstat(p->path, &after), 0);
        assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
        assert_int_equal(remove(p->path), 0);
        snprintf(target, sizeof target, "%s.target", p->path);
        unlink(target);
    }
}

/* In a child, as a limit cannot be undone: no signal ends it, and nothing is left behind. */
static void where_there_is_no_room_there_is_none(void **state)
{
    struct place *p = *state;
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = BYTES_OF_IT - 1, .rlim_max = BYTES_OF_IT - 1};
        const char *why = "";
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                      shared_file_map(p->path, HEAD, BYTES_OF_IT, &why) == NULL &&
                      strcmp(why, "File too large") == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct place away = *p;
    snprintf(away.path, sizeof away.path, "%s/nowhere/file", p->directory);
    assert_null(map(&away));
}

#define PROCESSES 12

/* All at once, also where an old one lies: each gets one, and at the end they all have the same. */
static void processes_make_it_at_once(void **state)
{
    struct place *p = *state;
    for (int round = 0; round < 10; round++) {
        pid_t children[PROCESSES];
        if (round % 2 == 1)
            other_head(p->path);
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                _exit(map(p) != NULL ? 0 : 1);
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status = -1;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        assert_int_equal(unlink(p->path), 0);
        DIR *d = opendir(p->directory);
        assert_non_null(d);
        int left = 0;
        while (readdir(d) != NULL)
            left++;
        closedir(d);
        assert_int_equal(left, 2); /* "." and ".." */
    }
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(it_is_made_whole_and_for_us_alone), PLACE(that_of_another_version_is_replaced),
        PLACE(what_is_of_no_use_is_left_alone),   PLACE(where_there_is_no_room_there_is_none),
        PLACE(processes_make_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
