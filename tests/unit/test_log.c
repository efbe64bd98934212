#include "log.h"

#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CUT_MARK "\xe2\x80\xa6"

struct place {
    char dir[64];
    char file[96];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->dir, sizeof p->dir, "/tmp/test_log.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->file, sizeof p->file, "%s/log", p->dir);
    assert_int_equal(log_open("tester", p->file), ERR_OK);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    assert_int_equal(log_open("tester", "stderr"), ERR_OK);
    unlink(p->file);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

/* The whole log, NUL-terminated; the caller frees it. */
static char *read_log(const struct place *p)
{
    enum { CAP = 1 << 20 };
    char *text = malloc(CAP);
    FILE *f = fopen(p->file, "r");
    assert_non_null(text);
    assert_non_null(f);
    size_t n = fread(text, 1, CAP - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* The log's only line, parsed; the caller frees both. */
static struct json *read_line(const struct place *p, char **text)
{
    struct json *line;
    *text = read_log(p);
    size_t n = strlen(*text);
    assert_true(n > 0 && (*text)[n - 1] == '\n');
    assert_ptr_equal(strchr(*text, '\n'), *text + n - 1);
    assert_int_equal(json_parse((struct slice){*text, n - 1}, &line), ERR_OK);
    return line;
}

static void assert_member(const struct json *line, const char *name, struct slice want)
{
    struct slice have;
    assert_true(json_member_string(line, name, &have));
    assert_int_equal(have.n, want.n);
    assert_memory_equal(have.p, want.p, want.n);
}

static void test_line(void **state)
{
    char *text;
    int64_t number;
    time_t before = time(NULL);
    LOG(LOG_LEVEL_WARNING, "token", LOG_TEXT("client", SLICE("a \"b\"\\\n\x01\xff\xc3\xb1")),
        LOG_TEXT("absent", SLICE_NONE), LOG_TEXT("empty", SLICE("")), LOG_NUMBER("us", -12),
        LOG_NUMBER("big", INT64_C(9007199254740992)), (struct log_field){.name = NULL});
    time_t after = time(NULL);
    struct json *line = read_line(*state, &text);
    assert_member(line, "level", SLICE("warning"));
    assert_member(line, "program", SLICE("tester"));
    assert_member(line, "event", SLICE("token"));
    assert_member(line, "client", SLICE("a \"b\"\\\n\x01\xef\xbf\xbd\xc3\xb1"));
    assert_member(line, "empty", SLICE(""));
    assert_true(json_integer(json_member(line, "us"), &number));
    assert_int_equal(number, -12);
    assert_true(json_integer(json_member(line, "big"), &number));
    assert_int_equal(number, INT64_C(9007199254740992));
    assert_int_equal(json_count(line), 8);

    struct slice stamp;
    struct tm tm = {0};
    assert_true(json_member_string(line, "time", &stamp));
    assert_int_equal(stamp.n, strlen("2026-11-01T12:00:00.000Z"));
    const char *rest = strptime(stamp.p, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(rest);
    assert_int_equal(rest[0], '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 3);
    assert_int_equal(rest[4], 'Z');
    assert_in_range(timegm(&tm), before, after);
    json_free(line);
    free(text);
}

static void test_levels(void **state)
{
    LOG(LOG_LEVEL_ERROR, "e", LOG_NUMBER("n", 1));
    LOG(LOG_LEVEL_INFO, "i", LOG_NUMBER("n", 1));
    char *text = read_log(*state);
    assert_non_null(
        strstr(text, "\"level\":\"error\",\"program\":\"tester\",\"event\":\"e\",\"n\":1}\n"));
    assert_non_null(
        strstr(text, "\"level\":\"info\",\"program\":\"tester\",\"event\":\"i\",\"n\":1}\n"));
    free(text);
}

/* A value at the limit is whole; a longer one is cut between two characters, and marked. */
static void test_long_values(void **state)
{
    static const struct {
        int line;
        const char *last; /* the characters around LOG_MAX_VALUE … */
        size_t before;    /* … and the bytes before them */
        const char *kept;
    } rows[] = {
        {__LINE__, "ab", LOG_MAX_VALUE - 2, "ab"},
        {__LINE__, "abc", LOG_MAX_VALUE - 2, "ab" CUT_MARK},
        {__LINE__, "\xc3\xb1", LOG_MAX_VALUE - 2, "\xc3\xb1"},
        {__LINE__, "\xc3\xb1", LOG_MAX_VALUE - 1, CUT_MARK},
        {__LINE__, "\xe2\x82\xac", LOG_MAX_VALUE - 1, CUT_MARK},
        {__LINE__, "\xe2\x82\xac", LOG_MAX_VALUE - 2, CUT_MARK},
        {__LINE__, "\xe2\x82\xac", LOG_MAX_VALUE - 3, "\xe2\x82\xac"},
        {__LINE__, "\xf0\x9f\x98\x80", LOG_MAX_VALUE - 3, CUT_MARK},
        {__LINE__, "\xf0\x9f\x98\x80z", LOG_MAX_VALUE - 4, "\xf0\x9f\x98\x80" CUT_MARK},
    };
    const struct place *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char value[LOG_MAX_VALUE + 16], want[LOG_MAX_VALUE + 16], *text;
        memset(value, 'v', sizeof value);
        memcpy(want, value, sizeof want);
        snprintf(value + rows[i].before, sizeof value - rows[i].before, "%s", rows[i].last);
        snprintf(want + rows[i].before, sizeof want - rows[i].before, "%s", rows[i].kept);
        assert_int_equal(truncate(p->file, 0), 0);
        LOG(LOG_LEVEL_INFO, "long", LOG_TEXT("value", slice_of(value)));
        struct json *line = read_line(p, &text);
        struct slice have;
        assert_true(json_member_string(line, "value", &have));
        if (!slice_is(have, want))
            fail_msg("line %d: %.*s", rows[i].line, SLICE_FMT(have));
        json_free(line);
        free(text);
    }
}

/* A line that grows too long loses whole fields, says so, and is still JSON. */
static void test_long_line(void **state)
{
    char value[LOG_MAX_VALUE], *text;
    bool cut;
    memset(value, '\x01', sizeof value); /* six bytes each in JSON */
    struct slice v = {value, sizeof value};
    LOG(LOG_LEVEL_INFO, "long", LOG_TEXT("a", v), LOG_TEXT("b", v), LOG_TEXT("c", v),
        LOG_NUMBER("d", 1));
    struct json *line = read_line(*state, &text);
    assert_true(strlen(text) <= LOG_MAX_LINE);
    assert_member(line, "a", v);
    assert_member(line, "b", v);
    assert_null(json_member(line, "c"));
    assert_null(json_member(line, "d"));
    assert_true(json_bool(json_member(line, "cut"), &cut));
    assert_true(cut);
    json_free(line);
    free(text);
}

static void *log_many(void *name)
{
    for (int i = 0; i < 200; i++)
        LOG(LOG_LEVEL_INFO, "thread", LOG_TEXT("name", slice_of(name)), LOG_NUMBER("i", i));
    return NULL;
}

static void test_threads(void **state)
{
    char names[4][64];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        memset(names[i], 'a' + i, sizeof names[i]);
        names[i][sizeof names[i] - 1] = '\0';
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *text = read_log(*state);
    struct slice rest = slice_of(text), one;
    size_t lines = 0;
    while (slice_cut(&rest, '\n', &one) && one.n > 0) {
        struct json *line;
        struct slice name;
        assert_int_equal(json_parse(one, &line), ERR_OK);
        assert_true(json_member_string(line, "name", &name));
        assert_true(name.n == 63 && name.p[0] == name.p[62]);
        json_free(line);
        lines++;
    }
    assert_int_equal(lines, 800);
    free(text);
}

static void test_open(void **state)
{
    const struct place *p = *state;
    struct stat st;
    char missing[128];
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0); /* 0640, or less as the umask has it */
    snprintf(missing, sizeof missing, "%s/none/log", p->dir);
    assert_int_equal(log_open("other", missing), ERR_FILE);
    assert_int_equal(log_open("other", p->dir), ERR_FILE);
    assert_int_equal(log_open("other", "relative"), ERR_FILE);
    assert_int_equal(log_open("other", ""), ERR_FILE);

    /* What was open goes on; a file is appended to. */
    LOG(LOG_LEVEL_INFO, "first", LOG_NUMBER("n", 1));
    assert_int_equal(log_open("again", p->file), ERR_OK);
    LOG(LOG_LEVEL_INFO, "second", LOG_NUMBER("n", 2));
    char *text = read_log(p);
    assert_non_null(strstr(text, "\"program\":\"tester\",\"event\":\"first\""));
    assert_non_null(strstr(text, "\"program\":\"again\",\"event\":\"second\""));
    free(text);
}

/* Renamed, then removed: lines go to the name again within seconds. */
static void test_rotation(void **state)
{
    const struct place *p = *state;
    char old[128];
    struct stat st;
    snprintf(old, sizeof old, "%s.1", p->file);
    for (int round = 0; round < 2; round++) {
        LOG(LOG_LEVEL_INFO, "before", LOG_NUMBER("n", round));
        assert_int_equal(round == 0 ? rename(p->file, old) : unlink(p->file), 0);
        for (int i = 0; i < 500 && stat(p->file, &st) != 0; i++) {
            LOG(LOG_LEVEL_INFO, "while", LOG_NUMBER("n", round));
            nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
        }
        assert_int_equal(stat(p->file, &st), 0);
        assert_int_equal(st.st_mode & 0137, 0);
        LOG(LOG_LEVEL_INFO, "after", LOG_NUMBER("n", round));
        char *text = read_log(p);
        assert_null(strstr(text, "before"));
        assert_non_null(strstr(text, "after"));
        free(text);
    }
    assert_int_equal(unlink(old), 0);
}

/* A full disk loses lines and breaks nothing. */
static void test_full(void **state)
{
    (void)state;
    assert_int_equal(log_open("tester", "/dev/full"), ERR_OK);
    LOG(LOG_LEVEL_INFO, "lost", LOG_NUMBER("n", 1));
}

static void test_stderr(void **state)
{
    const struct place *p = *state;
    int saved = dup(STDERR_FILENO);
    int file = open(p->file, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(log_open("tester", "stderr"), ERR_OK);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    LOG(LOG_LEVEL_INFO, "event", LOG_NUMBER("n", 1));
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    close(saved);
    close(file);
    char *text;
    struct json *line = read_line(p, &text);
    assert_member(line, "event", SLICE("event"));
    json_free(line);
    free(text);
}

static void test_syslog(void **state)
{
    const struct place *p = *state;
    assert_int_equal(log_open("tester", "syslog"), ERR_OK);
    LOG(LOG_LEVEL_INFO, "event", LOG_NUMBER("n", 1));
    char *text = read_log(p);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        ROW(test_line),     ROW(test_levels), ROW(test_long_values), ROW(test_long_line),
        ROW(test_threads),  ROW(test_open),   ROW(test_stderr),      ROW(test_syslog),
        ROW(test_rotation), ROW(test_full),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
