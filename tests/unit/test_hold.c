#include "hold.h"

#include "clock.h"
#include "store_fixture.h"

#define NOW 1800000000

static struct request bearing(const char *authorization)
{
    return (struct request){.authorization = slice_of(authorization)};
}

static int64_t took_ms(struct hold *h, const char *authorization, struct store *st, int64_t now)
{
    struct request rq = bearing(authorization);
    int64_t begin = clock_ms();
    hold_request(h, &rq, st, now);
    return clock_ms() - begin;
}

static void only_the_scheme_asks(void **state)
{
    (void)state;
    static const char *const none[] = {"", "Bearer x", "FHIR-Auth-Hold", "fhir-auth-hold x", NULL};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct request rq = bearing(none[i]);
        assert_false(hold_is_asked(&rq));
    }
    struct request rq = bearing("FHIR-Auth-Hold x");
    assert_true(hold_is_asked(&rq));
}

static void a_process_holds_one_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct hold h = {.whose = HOLD_AUTHORIZER};
    char value[HOLD_MAX_VALUE];
    assert_int_equal(hold_make(HOLD_AUTHORIZER, f->st, NOW, value), ERR_OK);
    assert_true(took_ms(&h, value, f->st, NOW) >= HOLD_MS);
    assert_true(took_ms(&h, value, f->st, NOW) < HOLD_MS / 2); /* not again so soon */
    h.next_ms = clock_ms();
    assert_true(took_ms(&h, value, f->st, NOW + 299) >= HOLD_MS);
}

static void others_hold_nothing(void **state)
{
    struct fixture *f = *state;
    struct hold h = {.whose = HOLD_AUTHORIZER};
    char value[HOLD_MAX_VALUE], others[HOLD_MAX_VALUE], longer[HOLD_MAX_VALUE + 1];
    assert_int_equal(hold_make(HOLD_AUTHORIZER, f->st, NOW, value), ERR_OK);
    assert_int_equal(hold_make(HOLD_TOKEN_ENDPOINT, f->st, NOW, others), ERR_OK);
    struct buf text = BUF(longer);
    buf_printf(&text, "%sA", value);
    assert_false(text.overflowed);
    assert_true(took_ms(&h, others, f->st, NOW) < HOLD_MS / 2);
    assert_true(took_ms(&h, longer, f->st, NOW) < HOLD_MS / 2);
    assert_true(took_ms(&h, HOLD_SCHEME " ", f->st, NOW) < HOLD_MS / 2);
    assert_true(took_ms(&h, value, f->st, NOW + 3600) < HOLD_MS / 2);
    value[sizeof HOLD_SCHEME + 5] ^= 1;
    assert_true(took_ms(&h, value, f->st, NOW) < HOLD_MS / 2);
    run_sql(f->path, "DROP TABLE secret");
    value[sizeof HOLD_SCHEME + 5] ^= 1;
    assert_true(took_ms(&h, value, f->st, NOW) < HOLD_MS / 2);
    assert_int_equal(hold_make(HOLD_AUTHORIZER, f->st, NOW, value), ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(only_the_scheme_asks),
        WITH(a_process_holds_one_of_its_own),
        WITH(others_hold_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
