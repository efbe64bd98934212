#include "host_fixture.h"

static void first_key_signs_and_next_waits(void **state)
{
    struct host h;
    struct stat st;
    char first[JWK_THUMBPRINT + 1], second[JWK_THUMBPRINT + 1], path[256];
    host_up(&h, state, "keys");
    generate(&h, first);
    generate(&h, second);
    assert_int_equal(host_files(&h), 2);
    key_path(&h, first, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    struct wanted w = row_of(&h, first);
    assert_int_equal(w.key.state, KEY_ACTIVE);
    assert_int_equal(w.key.created_at, NOW);
    assert_int_equal(w.key.activated_at, NOW);
    assert_int_equal(w.key.expires_at, 0);
    struct jwk *key = NULL;
    char thumbprint[JWK_THUMBPRINT + 1];
    assert_int_equal(jwk_parse(slice_of(w.public_jwk), &key), ERR_OK);
    assert_false(key->is_private);
    assert_int_equal(jwk_thumbprint(key, thumbprint), ERR_OK);
    assert_string_equal(thumbprint, first);
    jwk_free(key);

    w = row_of(&h, second);
    assert_int_equal(w.key.state, KEY_PENDING);
    assert_int_equal(w.key.activated_at, 0);
    assert_signs(&h, first);
    host_down(&h);
}

static void rotation_takes_the_oldest_waiting_key(void **state)
{
    struct host h;
    char first[JWK_THUMBPRINT + 1], second[JWK_THUMBPRINT + 1], third[JWK_THUMBPRINT + 1];
    char now[JWK_THUMBPRINT + 1];
    host_up(&h, state, "keys");
    generate(&h, first);
    generate(&h, second);
    generate(&h, third);
    assert_int_equal(keyring_rotate(&h.ring, now, &h.fault), ERR_OK);
    assert_string_equal(now, second);
    assert_signs(&h, second);
    assert_state(&h, third, KEY_PENDING);
    assert_int_equal(row_of(&h, second).key.activated_at, NOW + 3);
    struct wanted w = row_of(&h, first);
    assert_int_equal(w.key.state, KEY_RETIRED);
    assert_int_equal(w.key.retired_at, NOW + 3);
    assert_int_equal(w.key.expires_at, NOW + 3 + KEEP);
    assert_int_equal(w.key.activated_at, NOW);
    assert_false(host_has(&h, first));
    assert_int_equal(host_files(&h), 2);
    host_down(&h);
}

static void rotation_makes_a_key_when_none_waits(void **state)
{
    struct host h;
    char first[JWK_THUMBPRINT + 1], second[JWK_THUMBPRINT + 1];
    host_up(&h, state, "keys");
    assert_int_equal(keyring_rotate(&h.ring, first, &h.fault), ERR_OK);
    assert_signs(&h, first);
    assert_int_equal(keyring_rotate(&h.ring, second, &h.fault), ERR_OK);
    assert_string_not_equal(first, second);
    assert_signs(&h, second);
    assert_state(&h, first, KEY_RETIRED);
    assert_int_equal(host_files(&h), 1);
    host_down(&h);
}

static void rotation_never_leaves_a_host_without_a_key(void **state)
{
    struct host h;
    char first[JWK_THUMBPRINT + 1], second[JWK_THUMBPRINT + 1], path[256], now[64] = "untouched";
    host_up(&h, state, "keys");
    generate(&h, first);
    generate(&h, second);
    key_path(&h, second, path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(keyring_rotate(&h.ring, now, &h.fault), ERR_KEYS);
    assert_says(&h, "chmod 0600");
    assert_string_equal(now, "untouched");
    assert_signs(&h, first);
    assert_state(&h, second, KEY_PENDING);
    host_down(&h);
}

static void retire_keeps_or_unpublishes(void **state)
{
    struct host h;
    char first[JWK_THUMBPRINT + 1], second[JWK_THUMBPRINT + 1];
    host_up(&h, state, "keys");
    generate(&h, first);
    generate(&h, second);
    assert_int_equal(keyring_retire(&h.ring, slice_of(first), false, &h.fault), ERR_OK);
    int64_t until = row_of(&h, first).key.expires_at;
    assert_int_equal(until, h.ring.now + KEEP);
    assert_false(host_has(&h, first));
    h.ring.now += 10;
    assert_int_equal(keyring_retire(&h.ring, slice_of(first), false, &h.fault), ERR_OK);
    assert_int_equal(row_of(&h, first).key.expires_at, until);
    assert_true(host_has(&h, second));

    assert_int_equal(keyring_retire(&h.ring, slice_of(first), true, &h.fault), ERR_OK);
    assert_int_equal(keyring_retire(&h.ring, slice_of(first), true, &h.fault), ERR_NOT_FOUND);
    assert_says(&h, "kid");
    static const char *const unknown[] = {"", "x", "../keys/x"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(keyring_retire(&h.ring, slice_of(unknown[i]), false, &h.fault),
                         ERR_NOT_FOUND);
    host_down(&h);
}

static void hosts_have_keys_of_their_own(void **state)
{
    struct host a, b;
    char of_a[JWK_THUMBPRINT + 1], of_b[JWK_THUMBPRINT + 1], next[JWK_THUMBPRINT + 1];
    host_up(&a, state, "a");
    host_up(&b, state, "b");
    generate(&a, of_a);
    generate(&b, of_b);
    assert_state(&b, of_b, KEY_ACTIVE);
    assert_int_equal(keyring_rotate(&b.ring, next, &b.fault), ERR_OK);
    assert_state(&a, of_a, KEY_ACTIVE);
    assert_signs(&a, of_a);
    assert_signs(&b, next);

    /* Retired from elsewhere, even from a host without keys: it signs no more. */
    host_down(&b);
    assert_int_equal(keyring_retire(&b.ring, slice_of(of_a), false, &b.fault), ERR_OK);
    struct jwk *key = NULL;
    assert_int_equal(keyring_signing_key(&a.ring, &key, &a.fault), ERR_KEYS);
    assert_null(key);
    assert_says(&a, "fhir-authctl key generate");
    host_down(&a);
}

static void expired_rows_and_odd_kids_are_passed_over(void **state)
{
    struct host h;
    char first[JWK_THUMBPRINT + 1];
    host_up(&h, state, "keys");
    generate(&h, first);
    struct store_key odd = {.kid = "../keys/x",
                            .alg = "ES256",
                            .use = "sig",
                            .public_jwk = "{}",
                            .state = KEY_ACTIVE,
                            .created_at = NOW + 100,
                            .activated_at = NOW + 100};
    assert_int_equal(store_key_add(h.f->st, &odd), ERR_OK);
    assert_signs(&h, first);
    sql(&h, "UPDATE signing_key SET expires_at = 1000");
    struct jwk *key = NULL;
    assert_int_equal(keyring_signing_key(&h.ring, &key, &h.fault), ERR_KEYS);
    assert_null(key);
    host_down(&h);
}

static void unsafe_directories_are_refused(void **state)
{
    struct host h;
    char kid[64] = "untouched";
    struct jwk *key = NULL;
    static const mode_t modes[] = {0701, 0704, 0702, 0720, 0777};
    host_up(&h, state, "keys");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(h.directory, modes[i]), 0);
        assert_int_equal(keyring_generate(&h.ring, kid, &h.fault), ERR_FILE);
        assert_says(&h, "chmod 0700");
        assert_int_equal(keyring_rotate(&h.ring, kid, &h.fault), ERR_FILE);
        assert_says(&h, "chmod 0700");
        assert_int_equal(keyring_signing_key(&h.ring, &key, &h.fault), ERR_KEYS);
        assert_says(&h, "chmod 0700");
    }
    assert_int_equal(host_files(&h), 0);
    host_down(&h);
    assert_int_equal(keyring_generate(&h.ring, kid, &h.fault), ERR_FILE);
    assert_says(&h, "fhir-authctl key generate");
    assert_string_equal(kid, "untouched");
}

static void no_file_stays_when_a_key_cannot_be_published(void **state)
{
    struct host h;
    char kid[64] = "untouched";
    host_up(&h, state, "keys");
    sql(&h, "CREATE TRIGGER no BEFORE INSERT ON signing_key BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(keyring_generate(&h.ring, kid, &h.fault), ERR_STORE);
    assert_says(&h, "store: ");
    assert_int_equal(host_files(&h), 0);
    assert_string_equal(kid, "untouched");
    h.ring.alg = "none";
    assert_int_equal(keyring_generate(&h.ring, kid, &h.fault), ERR_INTERNAL);
    assert_int_equal(host_files(&h), 0);
    host_down(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
        TEST(first_key_signs_and_next_waits),
        TEST(rotation_takes_the_oldest_waiting_key),
        TEST(rotation_makes_a_key_when_none_waits),
        TEST(rotation_never_leaves_a_host_without_a_key),
        TEST(retire_keeps_or_unpublishes),
        TEST(hosts_have_keys_of_their_own),
        TEST(expired_rows_and_odd_kids_are_passed_over),
        TEST(unsafe_directories_are_refused),
        TEST(no_file_stays_when_a_key_cannot_be_published),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
