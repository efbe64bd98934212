#include "instant.h"

#define DAY_MS       86400000
#define DAYS_OF_ERA  146097 /* 400 years, after which the calendar repeats */
#define DAYS_TO_1970 719468 /* since the 1st of March of the year 0 */

static void put_digits(struct buf *b, int64_t value, size_t width, char behind)
{
    char text[16];
    text[width] = behind;
    for (size_t i = width; i > 0; i--) {
        text[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    buf_put(b, (struct slice){text, width + 1});
}

/*
 * The proleptic Gregorian calendar, counted in years that begin in March: the leap day is then the
 * last day of its year, and the months before it follow a pattern of 153 days in five months.
 */
static void put_date(struct buf *b, int64_t days)
{
    int64_t since = days + DAYS_TO_1970, era = since / DAYS_OF_ERA, day = since % DAYS_OF_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0: March */
    put_digits(b, year + era * 400 + (month >= 10), 4, '-');
    put_digits(b, month < 10 ? month + 3 : month - 9, 2, '-');
    put_digits(b, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
}

void instant_put(struct buf *b, int64_t ms)
{
    int64_t rest = ms % DAY_MS;
    put_date(b, ms / DAY_MS);
    put_digits(b, rest / 3600000, 2, ':');
    put_digits(b, rest / 60000 % 60, 2, ':');
    put_digits(b, rest / 1000 % 60, 2, '.');
    put_digits(b, rest % 1000, 3, 'Z');
}
