#include "host_fixture.h"

#define PUBLISH 3600
#define MARGIN  2 /* for whole seconds, and to make a key */
#define EVERY   (90 * 86400)

typedef char kid_text[JWK_THUMBPRINT + 1];

static void host_with_key(struct host *h, void **state, kid_text first)
{
    host_up(h, state, "keys");
    h->ring.publish_s = PUBLISH;
    generate(h, first);
    h->ring.now = NOW;
}

static void rotate(struct host *h, kid_text kid)
{
    if (keyring_rotate(&h->ring, kid, &h->fault) != ERR_OK)
        fail_msg("%s", h->text);
}

static struct key_tended tend_at(struct host *h, int64_t now)
{
    struct key_tended t;
    h->ring.now = now;
    if (keyring_tend(&h->ring, &t, &h->fault) != ERR_OK)
        fail_msg("%s", h->text);
    return t;
}

static void assert_signs_at(struct host *h, const char *kid, int64_t now)
{
    h->ring.now = now;
    assert_signs(h, kid);
}

static void a_new_key_signs_after_it_was_published(void **state)
{
    struct host h;
    kid_text first, second, again;
    int64_t at = NOW + PUBLISH + MARGIN, next;
    host_with_key(&h, state, first);
    assert_int_equal(store_key_next(h.f->st, NOW, &next), ERR_OK);
    assert_true(next == INT64_MAX);
    rotate(&h, second);
    assert_string_not_equal(first, second);
    struct wanted w = row_of(&h, second);
    assert_int_equal(w.key.state, KEY_PENDING);
    assert_int_equal(w.key.created_at, NOW);
    assert_int_equal(w.key.activated_at, at);
    assert_state(&h, first, KEY_ACTIVE);
    assert_int_equal(store_key_next(h.f->st, NOW, &next), ERR_OK);
    assert_int_equal(next, at);
    assert_int_equal(store_key_next(h.f->st, at, &next), ERR_OK);
    assert_true(next == INT64_MAX);

    /* By the clock alone, whether or not anybody has tended the keys. */
    assert_signs_at(&h, first, at - 1);
    assert_signs_at(&h, second, at);
    /* Asking once more neither makes another key nor delays this one. */
    h.ring.now = NOW + 100;
    rotate(&h, again);
    assert_string_equal(again, second);
    assert_int_equal(row_of(&h, second).key.activated_at, at);
    assert_int_equal(host_files(&h), 2);
    host_down(&h);
}

static void the_switch_is_noted_once(void **state)
{
    struct host h;
    kid_text first, second;
    int64_t at = NOW + PUBLISH + MARGIN;
    host_with_key(&h, state, first);
    rotate(&h, second);
    struct key_tended t = tend_at(&h, at - 1);
    assert_int_equal(t.change, KEY_AS_IT_WAS);
    assert_int_equal(t.next_at, at);
    assert_true(host_has(&h, first));

    t = tend_at(&h, at + 5);
    assert_int_equal(t.change, KEY_SWITCHED);
    assert_string_equal(t.kid, second);
    assert_int_equal(t.signs_from, at);
    assert_true(t.next_at == INT64_MAX);
    struct wanted w = row_of(&h, second);
    assert_int_equal(w.key.state, KEY_ACTIVE);
    assert_int_equal(w.key.activated_at, at);
    w = row_of(&h, first);
    assert_int_equal(w.key.state, KEY_RETIRED);
    assert_int_equal(w.key.retired_at, at + 5);
    assert_int_equal(w.key.expires_at, at + 5 + KEEP);
    assert_false(host_has(&h, first));
    assert_signs(&h, second);

    int64_t epoch = fixture_epoch(h.f->st);
    assert_int_equal(tend_at(&h, at + 6).change, KEY_AS_IT_WAS);
    assert_int_equal(fixture_epoch(h.f->st), epoch);
    host_down(&h);
}

/* Also when nobody tended the keys between the two. */
static void a_second_rotation_follows_the_first(void **state)
{
    struct host h;
    kid_text first, second, third;
    host_with_key(&h, state, first);
    rotate(&h, second);
    h.ring.now = NOW + 2 * PUBLISH;
    rotate(&h, third);
    assert_state(&h, first, KEY_RETIRED);
    assert_state(&h, second, KEY_ACTIVE);
    assert_state(&h, third, KEY_PENDING);
    assert_string_not_equal(second, third);
    assert_signs_at(&h, second, NOW + 3 * PUBLISH + MARGIN - 1);
    assert_signs_at(&h, third, NOW + 3 * PUBLISH + MARGIN);
    host_down(&h);
}

static void a_key_that_waited_for_long_signs_at_once(void **state)
{
    struct host h;
    kid_text first, second, kid;
    host_with_key(&h, state, first);
    generate(&h, second);
    h.ring.now = NOW + PUBLISH + MARGIN;
    rotate(&h, kid);
    assert_string_equal(kid, second);
    assert_state(&h, second, KEY_ACTIVE);
    assert_state(&h, first, KEY_RETIRED);
    assert_int_equal(row_of(&h, second).key.activated_at, NOW + PUBLISH + MARGIN);
    host_down(&h);
}

static void at_once_means_at_once(void **state)
{
    struct host h;
    kid_text first, second, kid;
    host_with_key(&h, state, first);
    rotate(&h, second);
    h.ring.publish_s = 0;
    rotate(&h, kid);
    assert_string_equal(kid, second);
    assert_state(&h, second, KEY_ACTIVE);
    assert_state(&h, first, KEY_RETIRED);
    assert_signs(&h, second);

    /* Nothing to wait for: nothing else signs. */
    assert_int_equal(keyring_retire(&h.ring, slice_of(second), false, &h.fault), ERR_OK);
    h.ring.publish_s = PUBLISH;
    rotate(&h, kid);
    assert_state(&h, kid, KEY_ACTIVE);
    assert_signs(&h, kid);
    host_down(&h);
}

static void a_clock_that_was_wrong_delays_nothing(void **state)
{
    struct host h;
    kid_text first, second, kid;
    host_with_key(&h, state, first);
    h.ring.now = NOW * 2;
    rotate(&h, second); /* made and scheduled in the future */
    h.ring.now = NOW + 10;
    rotate(&h, kid);
    assert_string_equal(kid, second);
    assert_int_equal(row_of(&h, second).key.activated_at, NOW + 10 + PUBLISH + MARGIN);
    host_down(&h);
}

static void a_retired_key_is_not_revived(void **state)
{
    struct host h;
    kid_text first, second;
    int64_t at = NOW + PUBLISH + MARGIN;
    host_with_key(&h, state, first);
    rotate(&h, second);
    assert_int_equal(keyring_retire(&h.ring, slice_of(second), false, &h.fault), ERR_OK);
    assert_int_equal(tend_at(&h, at).change, KEY_AS_IT_WAS);
    assert_state(&h, second, KEY_RETIRED);
    assert_signs(&h, first);
    struct wanted w = row_of(&h, second);
    w.key.kid = second;
    w.key.state = KEY_ACTIVE;
    assert_int_equal(store_key_update(h.f->st, &w.key), ERR_NOT_FOUND);
    host_down(&h);
}

/* Should the next key's file be spoilt, the one before it signs on, and is kept. */
static void a_spoilt_file_leaves_the_old_key(void **state)
{
    struct host h;
    kid_text first, second;
    char path[256];
    struct key_tended t;
    int64_t at = NOW + PUBLISH + MARGIN;
    host_with_key(&h, state, first);
    rotate(&h, second);
    key_path(&h, second, path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_signs_at(&h, first, at);
    assert_int_equal(keyring_tend(&h.ring, &t, &h.fault), ERR_KEYS);
    assert_says(&h, "chmod 0600");
    assert_state(&h, first, KEY_ACTIVE);
    assert_signs(&h, first);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(tend_at(&h, at).change, KEY_SWITCHED);
    assert_signs(&h, second);
    host_down(&h);
}

static void one_process_at_a_time(void **state)
{
    struct host h;
    kid_text first;
    struct key_tended t;
    struct key_directory dir;
    host_with_key(&h, state, first);
    assert_int_equal(key_directory_open(h.directory, &dir, &h.fault), ERR_OK);
    assert_int_equal(flock(dir.fd, LOCK_EX), 0);
    assert_int_equal(keyring_tend(&h.ring, &t, &h.fault), ERR_EXISTS);
    key_directory_close(&dir);
    assert_int_equal(tend_at(&h, NOW).change, KEY_AS_IT_WAS);
    host_down(&h);
}

/* ---- automatic ---- */

static void keys_are_replaced_in_time(void **state)
{
    struct host h;
    kid_text kid;
    int64_t now = NOW, began = NOW;
    host_with_key(&h, state, kid);
    h.ring.rotate_every_s = EVERY;
    for (int i = 0; i < 3; i++) {
        int64_t lead = began + EVERY - PUBLISH - MARGIN;
        struct key_tended t = tend_at(&h, now);
        assert_int_equal(t.change, KEY_AS_IT_WAS);
        assert_int_equal(t.next_at, lead);
        assert_int_equal(tend_at(&h, lead - 1).change, KEY_AS_IT_WAS);
        t = tend_at(&h, lead);
        assert_int_equal(t.change, KEY_SCHEDULED);
        assert_int_equal(t.signs_from, began + EVERY);
        assert_int_equal(t.next_at, began + EVERY);
        kid_text next;
        memcpy(next, t.kid, sizeof next);
        assert_int_equal(tend_at(&h, lead + 20).change, KEY_AS_IT_WAS);
        assert_signs_at(&h, kid, began + EVERY - 1);
        assert_signs_at(&h, next, began + EVERY);
        now = began = began + EVERY;
        t = tend_at(&h, now);
        assert_int_equal(t.change, KEY_SWITCHED);
        assert_string_equal(t.kid, next);
        memcpy(kid, next, sizeof kid);
        assert_int_equal(host_files(&h), 1);
    }
    host_down(&h);
}

/* Nobody was there for a long time: the next key still is published before it signs. */
static void a_late_replacement_is_published_first(void **state)
{
    struct host h;
    kid_text kid;
    int64_t late = NOW + 2 * EVERY;
    host_with_key(&h, state, kid);
    h.ring.rotate_every_s = EVERY;
    struct key_tended t = tend_at(&h, late);
    assert_int_equal(t.change, KEY_SCHEDULED);
    assert_int_equal(t.signs_from, late + PUBLISH + MARGIN);
    assert_signs_at(&h, kid, late + PUBLISH + MARGIN - 1);
    assert_signs_at(&h, t.kid, late + PUBLISH + MARGIN);
    host_down(&h);
}

static void what_was_set_under_a_wrong_clock_is_set_anew(void **state)
{
    struct host h;
    kid_text kid, next;
    host_with_key(&h, state, kid);
    h.ring.rotate_every_s = EVERY;
    h.ring.now = NOW + 100 * (int64_t)EVERY;
    rotate(&h, next);
    struct key_tended t = tend_at(&h, NOW + 10);
    assert_int_equal(t.change, KEY_AS_IT_WAS);
    t = tend_at(&h, NOW + EVERY - 10);
    assert_int_equal(t.change, KEY_SCHEDULED);
    assert_string_equal(t.kid, next);
    assert_int_equal(t.signs_from, NOW + EVERY - 10 + PUBLISH + MARGIN);
    /* An active key from the future would never be old enough. */
    sql(&h, "UPDATE signing_key SET activated_at = 9000000000 WHERE state = 1");
    sql(&h, "DELETE FROM signing_key WHERE state = 0");
    assert_int_equal(tend_at(&h, NOW + EVERY).change, KEY_SCHEDULED);
    host_down(&h);
}

/* A key that began to sign while the clock was ahead gives way as any other. */
static void a_key_from_the_future_is_replaced(void **state)
{
    struct host h;
    kid_text first, second, third;
    host_with_key(&h, state, first);
    sql(&h, "UPDATE signing_key SET activated_at = 9000000000");
    assert_signs_at(&h, first, NOW);
    rotate(&h, second);
    struct key_tended t = tend_at(&h, NOW + PUBLISH + MARGIN);
    assert_int_equal(t.change, KEY_SWITCHED);
    assert_string_equal(t.kid, second);
    assert_signs_at(&h, second, NOW + PUBLISH + MARGIN);
    assert_state(&h, first, KEY_RETIRED);
    h.ring.publish_s = 0;
    sql(&h, "UPDATE signing_key SET activated_at = 9000000000 WHERE state = 1");
    rotate(&h, third);
    assert_signs(&h, third);
    assert_state(&h, second, KEY_RETIRED);
    host_down(&h);
}

static void a_host_without_a_key_is_not_given_one(void **state)
{
    struct host h;
    host_up(&h, state, "keys");
    h.ring.rotate_every_s = EVERY;
    assert_int_equal(tend_at(&h, NOW).change, KEY_AS_IT_WAS);
    assert_int_equal(host_files(&h), 0);
    host_down(&h);
}

static void a_full_set_is_not_filled_further(void **state)
{
    struct host h;
    kid_text first;
    struct key_tended t;
    host_with_key(&h, state, first);
    h.ring.rotate_every_s = EVERY;
    for (int i = 0; i < JWK_SET_MAX_KEYS / 2 - 1; i++) {
        char kid[64];
        snprintf(kid, sizeof kid, "%043d", i);
        struct store_key row = {.kid = kid,
                                .alg = "ES256",
                                .use = "sig",
                                .public_jwk = "{}",
                                .state = KEY_RETIRED,
                                .created_at = NOW - 100};
        assert_int_equal(store_key_add(h.f->st, &row), ERR_OK);
    }
    h.ring.now = NOW + EVERY;
    assert_int_equal(keyring_tend(&h.ring, &t, &h.fault), ERR_KEYS);
    assert_says(&h, "32 keys are published already");
    sql(&h, "UPDATE signing_key SET expires_at = 1 WHERE state = 2 AND kid LIKE '%1'");
    assert_int_equal(tend_at(&h, NOW + EVERY).change, KEY_SCHEDULED);
    host_down(&h);
}

/* ---- private files ---- */

static void files_go_when_they_are_needed_no_more(void **state)
{
    struct host h;
    kid_text first, second;
    host_up(&h, state, "keys");
    h.ring.use = "enc";
    h.ring.alg = "ECDH-ES+A256KW";
    generate(&h, first);
    rotate(&h, second);
    assert_state(&h, first, KEY_RETIRED);
    int64_t end = row_of(&h, first).key.expires_at;
    tend_at(&h, end - 1);
    assert_true(host_has(&h, first));
    tend_at(&h, end);
    assert_false(host_has(&h, first));
    assert_true(host_has(&h, second));

    /* A key to sign with that another host has retired. */
    kid_text third;
    h.ring.use = "sig";
    h.ring.alg = "ES256";
    generate(&h, third);
    sql(&h, "UPDATE signing_key SET state = 2, expires_at = 9000000000 WHERE use = 'sig'");
    assert_true(host_has(&h, third));
    tend_at(&h, end + 10);
    assert_false(host_has(&h, third));
    assert_true(host_has(&h, second));
    host_down(&h);
}

static void tokens_are_encrypted_for_the_next_key_when_its_time_has_come(void **state)
{
    struct host h;
    kid_text first, second;
    host_up(&h, state, "keys");
    h.ring.use = "enc";
    h.ring.alg = "ECDH-ES+A256KW";
    h.ring.publish_s = PUBLISH;
    generate(&h, first);
    h.ring.now = NOW;
    rotate(&h, second);
    for (int i = 0; i < 2; i++) {
        struct jwk *key = NULL;
        h.ring.now = NOW + PUBLISH + MARGIN - 1 + i;
        assert_int_equal(keyring_encryption_key(&h.ring, &key, &h.fault), ERR_OK);
        assert_string_equal(key->kid, i == 0 ? first : second);
        jwk_free(key);
        key = NULL;
        assert_int_equal(keyring_decryption_key(&h.ring, slice_of(second), &key, &h.fault), ERR_OK);
        jwk_free(key);
        key = NULL;
        assert_int_equal(keyring_decryption_key(&h.ring, slice_of(first), &key, &h.fault), ERR_OK);
        jwk_free(key);
    }
    host_down(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
        TEST(a_new_key_signs_after_it_was_published),
        TEST(the_switch_is_noted_once),
        TEST(a_second_rotation_follows_the_first),
        TEST(a_key_that_waited_for_long_signs_at_once),
        TEST(at_once_means_at_once),
        TEST(a_clock_that_was_wrong_delays_nothing),
        TEST(a_retired_key_is_not_revived),
        TEST(a_spoilt_file_leaves_the_old_key),
        TEST(one_process_at_a_time),
        TEST(keys_are_replaced_in_time),
        TEST(a_late_replacement_is_published_first),
        TEST(what_was_set_under_a_wrong_clock_is_set_anew),
        TEST(a_key_from_the_future_is_replaced),
        TEST(a_host_without_a_key_is_not_given_one),
        TEST(a_full_set_is_not_filled_further),
        TEST(files_go_when_they_are_needed_no_more),
        TEST(tokens_are_encrypted_for_the_next_key_when_its_time_has_come),
    };
    return cmocka_run_group_tests_name("keyring_rotate", tests, NULL, NULL);
}
