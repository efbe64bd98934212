#include "store_fixture.h"

static void settings_hold(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        int64_t want;
    } cases[] = {{"PRAGMA foreign_keys", 1},  {"PRAGMA secure_delete", 1},
                 {"PRAGMA synchronous", 1},   {"PRAGMA trusted_schema", 0},
                 {"PRAGMA cache_size", -256}, {"PRAGMA user_version", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sqlite3_stmt *s = NULL;
        bool row = false;
        assert_int_equal(store_start(f->st, cases[i].sql, NO_PARAMS, &s), ERR_OK);
        assert_int_equal(store_row(f->st, s, &row), ERR_OK);
        assert_true(row);
        if (sqlite3_column_int64(s, 0) != cases[i].want)
            fail_msg("%s is %lld", cases[i].sql, (long long)sqlite3_column_int64(s, 0));
        store_done(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(settings_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
