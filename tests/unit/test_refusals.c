#include "fixture.h"

#include "refusals.h"

static void what_counts_and_for_whom(void **state)
{
    (void)state;
    ARENA(a, 4096);
    static struct config conf = {.refusals = 7, .exempt = "127.0.0.1 ::1"};
    static const struct token token = {.client_id = {"c", 1}, .issuer = {"https://i", 9}};
    static const struct {
        int line;
        const char *address;
        enum err presented;
        bool verified;
        enum err why;
        const char *kind; /* NULL: does not count */
        const char *name;
    } rows[] = {
        {__LINE__, "192.0.2.1", ERR_OK, false, ERR_JWT_SIGNATURE, "refusal-address", "192.0.2.1"},
        {__LINE__, "192.0.2.1", ERR_OK, false, ERR_TARGET, "refusal-address", "192.0.2.1"},
        {__LINE__, "192.0.2.1", ERR_OK, true, ERR_SCOPE, "refusal-client", "https://i c"},
        {__LINE__, "192.0.2.1", ERR_OK, true, ERR_JWT_AUDIENCE, "refusal-client", "https://i c"},
        {__LINE__, "192.0.2.1", ERR_AUTH_HEADER, false, ERR_AUTH_HEADER, "refusal-address",
         "192.0.2.1"},
        {__LINE__, "192.0.2.1", ERR_TWO_TOKENS, false, ERR_TWO_TOKENS, "refusal-address",
         "192.0.2.1"},
        {__LINE__, "2001:db8::1", ERR_OK, false, ERR_METHOD, "refusal-address", "2001:db8::/64"},
        {__LINE__, "192.0.2.1", ERR_NO_TOKEN, false, ERR_NO_TOKEN, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_NO_TOKEN, false, ERR_TARGET, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_OK, false, ERR_STORE, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_OK, false, ERR_KEYS, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_OK, true, ERR_DENY_DISAGREES, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_OK, true, ERR_INTERNAL, NULL, NULL},
        {__LINE__, "192.0.2.1", ERR_OK, true, ERR_OK, NULL, NULL},
        {__LINE__, "127.0.0.1", ERR_OK, true, ERR_SCOPE, NULL, NULL},
        {__LINE__, "::1", ERR_OK, false, ERR_JWT_SIGNATURE, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request rq = {.remote_addr = slice_of(rows[i].address)};
        struct refusal r;
        bool counts = refusal_of(&conf, &rq, rows[i].presented, rows[i].verified ? &token : NULL,
                                 rows[i].why, &a, &r);
        if (counts != (rows[i].kind != NULL))
            fail_msg("line %d", rows[i].line);
        if (!counts)
            continue;
        check_slice(rows[i].line, slice_of(r.limit.kind), rows[i].kind);
        check_slice(rows[i].line, r.name, rows[i].name);
        assert_int_equal(r.limit.limit, 7);
    }
    struct request rq = {.remote_addr = SLICE("192.0.2.1")};
    struct refusal r;
    conf.refusals = 0;
    assert_false(refusal_of(&conf, &rq, ERR_OK, &token, ERR_SCOPE, &a, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_counts_and_for_whom)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
