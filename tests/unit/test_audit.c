#include "audit_fixture.h"

#include "audit.h"
#include "json.h"
#include "log.h"

#include <sys/stat.h>
#include <unistd.h>

struct place {
    char directory[64], log[96], events[96];
    struct config conf;
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->directory, sizeof p->directory, "/tmp/test_audit.XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->log, sizeof p->log, "%s/log", p->directory);
    snprintf(p->events, sizeof p->events, "%s/events", p->directory);
    config_of(CONFIG_ONE_BASE "limits = backend\n", &p->conf);
    assert_int_equal(log_open("tester", p->log), ERR_OK);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    assert_int_equal(log_open("tester", "stderr"), ERR_OK);
    unlink(p->log);
    unlink(p->events);
    assert_int_equal(rmdir(p->directory), 0);
    free(p);
    return 0;
}

/* The lines of a file; *last: the last one; the caller frees *text. */
static size_t read_lines(const char *path, char **text, struct slice *last)
{
    enum { CAP = 1 << 20 };
    FILE *f = fopen(path, "r");
    size_t count = 0;
    *text = malloc(CAP);
    assert_non_null(*text);
    size_t n = f != NULL ? fread(*text, 1, CAP - 1, f) : 0;
    if (f != NULL)
        fclose(f);
    struct slice rest = {*text, n}, line;
    while (slice_cut(&rest, '\n', &line) && rest.p != NULL) {
        *last = line;
        count++;
    }
    return count;
}

static size_t count_lines(const char *path)
{
    char *text;
    struct slice last;
    size_t count = read_lines(path, &text, &last);
    free(text);
    return count;
}

static void tell(struct audit *a, const struct told *t)
{
    ARENA(arena, 65536);
    arena_alloc(&arena, 100);
    audit_tell(a, &t->d, &arena);
    assert_int_equal(arena.used, 112);
    assert_false(arena.overflowed);
}

/* Members of the log's last line; NULL: it has none of that name. */
static void check_line(int row, const char *path, const char *const want[][2], size_t count)
{
    char *text;
    struct slice last = SLICE_NONE, have;
    struct json *line;
    assert_true(read_lines(path, &text, &last) > 0);
    assert_int_equal(json_parse(last, &line), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        bool there = json_member_string(line, want[i][0], &have);
        check_slice(row, there ? have : SLICE_NONE, want[i][1]);
    }
    int64_t us;
    assert_true(json_integer(json_member(line, "duration_us"), &us));
    assert_int_equal(us, 17);
    json_free(line);
    free(text);
}

static void test_line(void **state)
{
    struct place *p = *state;
    static const struct {
        int line;
        const char *uri, *scope;
        const char *want[9][2];
    } rows[] = {
        {__LINE__,
         "/fhir/Group/1",
         "system/*.rs",
         {{"event", "granted"},
          {"request_id", "the-id"},
          {"client_id", "client"},
          {"subject", "the-subject"},
          {"jti", "the-jti"},
          {"issuer", "https://issuer.example"},
          {"interaction", "read"},
          {"reason", NULL},
          {"remote_addr", "192.0.2.7"}}},
        {__LINE__,
         "/fhir/Group?code=secret",
         "system/Patient.r",
         {{"event", "refused"},
          {"level", "info"},
          {"reason", "ERR_SCOPE"},
          {"needed_scope", "system/Group.s"},
          {"path", "/fhir/Group"},
          {"method", "GET"},
          {"limits", NULL},
          {"client_id", "client"},
          {"jti", "the-jti"}}},
        {__LINE__,
         "/fhir/Group/1",
         "system/Group.r?code=1",
         {{"event", "granted"},
          {"limits", "system/Group.r?code=1"},
          {"needed_scope", NULL},
          {"event", "granted"},
          {"event", "granted"},
          {"event", "granted"},
          {"event", "granted"},
          {"event", "granted"},
          {"event", "granted"}}},
        {__LINE__,
         "/fhir/eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
         NULL,
         {{"event", "refused"},
          {"reason", "ERR_NO_TOKEN"},
          {"path", "(hidden)"},
          {"client_id", NULL},
          {"subject", NULL},
          {"jti", NULL},
          {"issuer", NULL},
          {"interaction", "none"},
          {"limits", NULL}}},
    };
    struct audit *a = audit_new(&p->conf);
    assert_non_null(a);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told t;
        tell_of(&t, &p->conf, "GET", rows[i].uri, rows[i].scope);
        tell(a, &t);
        check_line(rows[i].line, p->log, rows[i].want, COUNT(rows[i].want));
        assert_int_equal(count_lines(p->log), i + 1);
    }
    assert_int_not_equal(access(p->events, F_OK), 0);
    audit_free(a);
}

static void test_sampling(void **state)
{
    struct place *p = *state;
    static const struct {
        unsigned every;
        size_t granted; /* lines of 10 */
    } rows[] = {{0, 0}, {1, 10}, {3, 4}, {10, 1}, {1000, 1}};
    snprintf(p->conf.audit_events, sizeof p->conf.audit_events, "%s", p->events);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told granted, refused;
        assert_int_equal(truncate(p->log, 0), 0);
        p->conf.grants = rows[i].every;
        struct audit *a = audit_new(&p->conf);
        assert_non_null(a);
        tell_of(&granted, &p->conf, "GET", "/fhir/Group/1", "system/*.rs");
        tell_of(&refused, &p->conf, "GET", "/fhir/Group/1", NULL);
        for (int k = 0; k < 10; k++)
            tell(a, &granted);
        tell(a, &refused);
        assert_int_equal(count_lines(p->log), rows[i].granted + 1);
        assert_int_equal(count_lines(p->events), 11 * (i + 1)); /* events are not sampled */
        audit_free(a);
    }
}

/* What cannot be written is lost; the loss is logged once, and the request goes on. */
static void test_losses(void **state)
{
    struct place *p = *state;
    static const char *const places[] = {"/dev/full", "https://127.0.0.1/fhir"};
    static const char *const reasons[] = {"the file cannot be written",
                                          "the spool cannot be opened"};
    for (size_t i = 0; i < COUNT(places); i++) {
        struct told t;
        snprintf(p->conf.audit_events, sizeof p->conf.audit_events, "%s", places[i]);
        snprintf(p->conf.audit_spool, sizeof p->conf.audit_spool, "/proc/none");
        p->conf.grants = 0;
        struct audit *a = audit_new(&p->conf);
        assert_non_null(a);
        assert_int_equal(truncate(p->log, 0), 0);
        tell_of(&t, &p->conf, "GET", "/fhir/Group/1", "system/*.rs");
        for (int k = 0; k < 3; k++)
            tell(a, &t);
        char *text;
        struct slice last, reason;
        struct json *line;
        assert_int_equal(read_lines(p->log, &text, &last), 1);
        assert_int_equal(json_parse(last, &line), ERR_OK);
        assert_true(json_member_string(line, "reason", &reason));
        assert_true(slice_is(reason, reasons[i]));
        json_free(line);
        free(text);
        audit_free(a);
    }
    snprintf(p->conf.audit_events, sizeof p->conf.audit_events, "%s/none/events", p->directory);
    assert_null(audit_new(&p->conf));
    audit_free(NULL);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {ROW(test_line), ROW(test_sampling), ROW(test_losses)};
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
