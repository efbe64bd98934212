#include "fixture.h"

#include "instant.h"

#include <time.h>

static void check(int64_t ms)
{
    char have[32], want[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    struct buf b = BUF(have);
    instant_put(&b, ms);
    assert_non_null(gmtime_r(&seconds, &tm));
    snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    assert_string_equal(have, want);
}

/* Each day of more than 400 years, its first and its last millisecond. */
static void it_is_what_the_c_library_says(void **state)
{
    (void)state;
    enum { DAY = 86400000 };
    for (int64_t day = 0; day < 150000; day++) {
        check(day * DAY);
        check(day * DAY + DAY - 1);
    }
    for (int64_t ms = 0; ms < DAY; ms += 7919)
        check(1795000000000 + ms);
    check(253402300799999); /* 9999-12-31 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_what_the_c_library_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
