#include "issuer_scene.h"

static void an_outage_is_survived(void **state)
{
    struct scene s;
    begin(&s, state, "stale_if_error = 1h\n");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    web_put(s.t->web, "/jwks", 500, "", "");
    assert_int_equal(verify(&s, &s.by_a, NOW + 100), ERR_OK);
    assert_int_equal(asked(&s), 2);
    struct store_fetch row = row_of(&s);
    assert_int_equal(row.failed_since, NOW + 100);
    assert_int_equal(row.next_at, NOW + 100 + ISSUER_KEYS_RETRY_S);
    assert_int_equal(row.fetched_at, NOW);
    assert_non_null(strstr(row.fault, "/jwks: answered with status 500"));
    /* A new key cannot be told from an invented one. */
    assert_int_equal(verify(&s, &s.by_b, NOW + 101), ERR_KEYS);
    assert_int_equal(asked(&s), 2);
    restart(&s); /* other processes live on the same set */
    assert_int_equal(verify(&s, &s.by_a, NOW + 102), ERR_OK);
    assert_int_equal(verify(&s, &s.by_b, NOW + 102), ERR_KEYS);
    assert_int_equal(asked(&s), 2);
    /* To the end of its time, and no longer. */
    assert_int_equal(verify(&s, &s.by_a, NOW + 100 + 3600 - 1), ERR_OK);
    assert_int_equal(verify(&s, &s.by_a, NOW + 100 + 3600), ERR_KEYS);
    restart(&s);
    assert_int_equal(verify(&s, &s.by_a, NOW + 100 + 3600), ERR_KEYS);
    assert_true(row_of(&s).failed_since == NOW + 100);
    end(&s);
}

static void an_answer_that_is_garbage_is_an_outage(void **state)
{
    static const char *const bodies[] = {
        "", "{}", "[]", "<html>", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\"}]}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct scene s;
        int64_t now = NOW + 1000000 * (int64_t)i;
        begin(&s, state, "");
        assert_int_equal(verify(&s, &s.by_a, now), ERR_OK);
        web_put(s.t->web, "/jwks", 200, MAX_AGE, bodies[i]);
        assert_int_equal(verify(&s, &s.by_a, now + 100), ERR_OK);
        assert_int_equal(verify(&s, &s.by_b, now + 100), ERR_KEYS);
        assert_int_equal(row_of(&s).failed_since, now + 100);
        end(&s);
    }
}

static void a_set_that_never_came_is_no_set(void **state)
{
    struct scene s;
    begin(&s, state, "");
    web_put(s.t->web, "/jwks", 503, "", "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_KEYS);
    assert_int_equal(verify(&s, &s.by_a, NOW + 1), ERR_KEYS);
    restart(&s);
    assert_int_equal(verify(&s, &s.by_a, NOW + 1), ERR_KEYS);
    assert_int_equal(asked(&s), 1);
    publish(&s, MAX_AGE, s.a, NULL);
    restart(&s); /* a process that has seen no failure itself asks when its turn comes */
    assert_int_equal(verify(&s, &s.by_a, NOW + ISSUER_KEYS_RETRY_S), ERR_OK);
    assert_int_equal(row_of(&s).failed_since, 0);
    end(&s);
}

/* Then it comes back in the background: the first requests still live on the old set. */
static void the_end_of_an_outage_is_noticed(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    web_put(s.t->web, "/jwks", 500, "", "");
    assert_int_equal(verify(&s, &s.by_a, NOW + 100), ERR_OK);
    publish(&s, MAX_AGE, s.a, s.b);
    assert_int_equal(verify(&s, &s.by_b, NOW + 104), ERR_KEYS);
    assert_int_equal(asked(&s), 2);
    assert_int_equal(verify(&s, &s.by_b, NOW + 105), ERR_KEYS);
    WAIT_UNTIL(verify(&s, &s.by_b, NOW + 105) == ERR_OK);
    assert_int_equal(asked(&s), 3);
    assert_int_equal(row_of(&s).failed_since, 0);
    end(&s);
}

/* While a renewal fails the set is still good; it is tried again, but not with each request. */
static void a_renewal_that_fails_is_repeated_seldom(void **state)
{
    struct scene s;
    begin(&s, state, "");
    assert_int_equal(verify(&s, &s.by_a, NOW), ERR_OK);
    web_put(s.t->web, "/jwks", 500, "", "");
    assert_int_equal(verify(&s, &s.by_a, NOW + 80), ERR_OK);
    WAIT_UNTIL(asked(&s) == 2 && !atomic_load(&s.keys->in_background));
    for (int i = 0; i < 50; i++) {
        assert_int_equal(verify(&s, &s.by_a, NOW + 80 + ISSUER_KEYS_RETRY_S - 1), ERR_OK);
        assert_false(atomic_load(&s.keys->in_background));
    }
    assert_int_equal(verify(&s, &s.by_a, NOW + 80 + ISSUER_KEYS_RETRY_S), ERR_OK);
    WAIT_UNTIL(asked(&s) == 3 && !atomic_load(&s.keys->in_background));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(an_outage_is_survived),
        TRUST(an_answer_that_is_garbage_is_an_outage),
        TRUST(a_set_that_never_came_is_no_set),
        TRUST(the_end_of_an_outage_is_noticed),
        TRUST(a_renewal_that_fails_is_repeated_seldom),
    };
    return cmocka_run_group_tests_name("issuer_keys_outage", tests, NULL, NULL);
}
