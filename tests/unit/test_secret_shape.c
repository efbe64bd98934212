#include "fixture.h"

#include "secret_shape.h"

#define RUN_42 "0123456789abcdefghijABCDEFGHIJ-_0123456789"

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        int line;
        struct slice text;
        bool shaped;
    } rows[] = {
        {__LINE__, {NULL, 0}, false},
        {__LINE__, BYTES(""), false},
        {__LINE__, BYTES(RUN_42), false},
        {__LINE__, BYTES(RUN_42 "x"), true},
        {__LINE__, BYTES(RUN_42 "." RUN_42), false},
        {__LINE__, BYTES(RUN_42 "\0" RUN_42), false},
        {__LINE__, BYTES("name=" RUN_42 "x&b=1"), true},
        {__LINE__, BYTES("a/" RUN_42 "x"), true},
        {__LINE__, BYTES("eyJhbGciOiJub25"), false},
        {__LINE__, BYTES("eyJhbGciOiJub25l"), true},
        {__LINE__, BYTES("x=eyJhbGciOiJub25l.x"), true},
        {__LINE__, BYTES("xeyJhbGciOiJub25l"), false},
        {__LINE__, BYTES("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXACT(text, rows[i].text);
        check_true(rows[i].line, secret_shaped(text) == rows[i].shaped, "shape");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes)};
    return cmocka_run_group_tests_name("secret_shape", tests, NULL, NULL);
}
