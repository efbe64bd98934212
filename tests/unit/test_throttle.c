#include "fixture.h"

#include "throttle.h"

static void an_exempt_address_is_known_in_any_spelling(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *exempt, *address;
        bool want;
    } rows[] = {
        {__LINE__, "127.0.0.1 ::1", "127.0.0.1", true},
        {__LINE__, "127.0.0.1 ::1", "::1", true},
        {__LINE__, "127.0.0.1 ::1", "0:0:0:0:0:0:0:1", true},
        {__LINE__, "127.0.0.1 ::1", "::ffff:127.0.0.1", true},
        {__LINE__, "127.0.0.1 ::1", "127.0.0.2", false},
        {__LINE__, "127.0.0.1 ::1", "::2", false},
        {__LINE__, "127.0.0.1 ::1", "127.0.0.1 ", false},
        {__LINE__, "127.0.0.1 ::1", "127.0.0.1.", false},
        {__LINE__, "127.0.0.1 ::1", "127.1", false},
        {__LINE__, "127.0.0.1 ::1", "", false},
        {__LINE__, "127.0.0.1 ::1", NULL, false},
        {__LINE__, "127.0.0.1 ::1", "localhost", false},
        {__LINE__, "127.0.0.1", "::1", false},
        {__LINE__, "2001:db8::1", "2001:db8::1", true},
        {__LINE__, "2001:db8::1", "2001:DB8:0::0001", true},
        {__LINE__, "2001:db8::1", "2001:db8::2", false},
        {__LINE__, "2001:db8::1", "2001:db8::/64", false},
        {__LINE__, "", "127.0.0.1", false},
        {__LINE__, "", "", false},
        {__LINE__, "", NULL, false},
    };
    static struct config conf;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(conf.exempt, sizeof conf.exempt, "%s", rows[i].exempt);
        if (throttle_exempts(&conf, slice_of(rows[i].address)) != rows[i].want)
            fail_msg("line %d", rows[i].line);
    }
}

static void a_64_counts_as_one_address(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *address, *want;
    } rows[] = {
        {__LINE__, "192.0.2.1", "192.0.2.1"},
        {__LINE__, "::ffff:192.0.2.1", "192.0.2.1"},
        {__LINE__, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {__LINE__, "2001:DB8:1:2::", "2001:db8:1:2::/64"},
        {__LINE__, "::1", "::/64"},
        {__LINE__, "2001:db8:1:3::", "2001:db8:1:3::/64"},
        {__LINE__, "unix:", "unix:"},
        {__LINE__, "", ""},
        {__LINE__, NULL, ""},
    };
    char name[THROTTLE_ADDRESS], text[200];
    for (size_t i = 0; i < COUNT(rows); i++) {
        throttle_address(slice_of(rows[i].address), name);
        check_slice(rows[i].line, slice_of(name), rows[i].want);
    }
    memset(text, 'x', sizeof text);
    throttle_address((struct slice){text, sizeof text}, name);
    assert_int_equal(strlen(name), THROTTLE_ADDRESS - 1);
}

#define NOW 100000

static void failures_slow_and_then_lock(void **state)
{
    (void)state;
    static const struct {
        int line;
        unsigned limit, lock_s;
        int64_t failures, ago, want;
    } rows[] = {
        /* the default */
        {__LINE__, 10, 300, 0, 0, 0},
        {__LINE__, 10, 300, 4, 0, 0},
        {__LINE__, 10, 300, 5, 0, 1},
        {__LINE__, 10, 300, 5, 1, 0},
        {__LINE__, 10, 300, 6, 0, 2},
        {__LINE__, 10, 300, 6, 1, 1},
        {__LINE__, 10, 300, 7, 0, 4},
        {__LINE__, 10, 300, 8, 0, 8},
        {__LINE__, 10, 300, 9, 0, 16},
        {__LINE__, 10, 300, 9, 15, 1},
        {__LINE__, 10, 300, 9, 16, 0},
        {__LINE__, 10, 300, 10, 0, 300},
        {__LINE__, 10, 300, 10, 299, 1},
        {__LINE__, 10, 300, 10, 300, 0},
        {__LINE__, 10, 300, 1000000, 0, 300},
        {__LINE__, 10, 300, 1000000, 301, 0},
        /* no wait is longer than a lock, however large the limit */
        {__LINE__, 10, 5, 8, 0, 5},
        {__LINE__, 1000, 300, 499, 0, 0},
        {__LINE__, 1000, 300, 500, 0, 1},
        {__LINE__, 1000, 300, 999, 0, 300},
        {__LINE__, 1000, 86400, 999, 0, 86400},
        /* small limits */
        {__LINE__, 1, 300, 0, 0, 0},
        {__LINE__, 1, 300, 1, 0, 300},
        {__LINE__, 2, 300, 1, 0, 1},
        {__LINE__, 2, 300, 2, 0, 300},
        {__LINE__, 3, 300, 1, 0, 1},
        {__LINE__, 3, 300, 2, 0, 2},
        {__LINE__, 3, 300, 3, 0, 300},
        /* off */
        {__LINE__, 0, 300, 1000, 0, 0},
        /* another host's clock is a little ahead; a clock that was wrong */
        {__LINE__, 10, 300, 5, -1, 1},
        {__LINE__, 10, 300, 10, -300, 300},
        {__LINE__, 10, 300, 10, -301, 0},
        {__LINE__, 10, 300, 10, -900000, 0},
    };
    static struct config conf;
    for (size_t i = 0; i < COUNT(rows); i++) {
        conf.failed_logins = rows[i].limit;
        conf.lock_time_s = rows[i].lock_s;
        int64_t wait = throttle_wait(&conf, rows[i].failures, NOW - rows[i].ago, NOW);
        if (wait != rows[i].want)
            fail_msg("line %d: %lld", rows[i].line, (long long)wait);
    }
}

static void what_locks_is_the_configurations(void **state)
{
    (void)state;
    static struct config conf = {.failed_logins = 10};
    assert_false(throttle_locks(&conf, 9));
    assert_true(throttle_locks(&conf, 10));
    assert_int_equal(throttle_address_limit(&conf), 100);
    conf.failed_logins = 0;
    assert_false(throttle_locks(&conf, 1000));
    assert_int_equal(throttle_address_limit(&conf), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exempt_address_is_known_in_any_spelling),
        cmocka_unit_test(a_64_counts_as_one_address),
        cmocka_unit_test(failures_slow_and_then_lock),
        cmocka_unit_test(what_locks_is_the_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
