#include "issuer_fixture.h"

#include "key_set_file.h"
#include "log.h"

#include <pthread.h>

struct files {
    char log[96], path[96];
    struct key_set_file *file;
};

static void files_begin(struct trust *t, struct files *f)
{
    snprintf(f->log, sizeof f->log, "%s/log", t->site->directory);
    snprintf(f->path, sizeof f->path, "%s/keys.json", t->site->directory);
    assert_int_equal(log_open("tester", f->log), ERR_OK);
    f->file = key_set_file_new(f->path);
    assert_non_null(f->file);
}

static void files_end(struct files *f)
{
    key_set_file_free(f->file);
    assert_int_equal(log_open("tester", "stderr"), ERR_OK);
}

static void put(const struct files *f, const char *text, mode_t mode)
{
    int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* Lines of the log. */
static size_t complaints(const struct files *f)
{
    size_t n = 0;
    FILE *log = fopen(f->log, "r");
    assert_non_null(log);
    for (int c = fgetc(log); c != EOF; c = fgetc(log))
        n += c == '\n';
    fclose(log);
    return n;
}

static void the_set_of_the_file_verifies(void **state)
{
    struct trust *t = *state;
    struct files f;
    files_begin(t, &f);
    struct jwk *keys[] = {trust_key("ES256", "a"), trust_key("RS256", "b")};
    struct jwk *other = trust_key("ES256", "c"), *evil = trust_key("ES256", "a");
    struct jws by_a = trust_jws(t, keys[0]), by_b = trust_jws(t, keys[1]);
    struct jws unknown = trust_jws(t, other), forged = trust_jws(t, evil);
    put(&f, trust_set(t, keys, 2), 0644);
    assert_int_equal(key_set_file_verify(f.file, &by_a, 1000), ERR_OK);
    assert_int_equal(key_set_file_verify(f.file, &by_b, 1000), ERR_OK);
    assert_int_equal(key_set_file_verify(f.file, &unknown, 1000), ERR_JWT_KEY);
    assert_int_equal(key_set_file_verify(f.file, &forged, 1000), ERR_JWT_SIGNATURE);
    /* A change counts from the next second on: a file that is written anew, or replaced. */
    put(&f, trust_set(t, &other, 1), 0644);
    assert_int_equal(key_set_file_verify(f.file, &by_a, 1000), ERR_OK);
    assert_int_equal(key_set_file_verify(f.file, &by_a, 1001), ERR_JWT_KEY);
    assert_int_equal(key_set_file_verify(f.file, &unknown, 1001), ERR_OK);
    struct files next = f;
    snprintf(next.path, sizeof next.path, "%s/next.json", t->site->directory);
    put(&next, trust_set(t, keys, 2), 0644);
    assert_int_equal(rename(next.path, f.path), 0);
    assert_int_equal(key_set_file_verify(f.file, &by_a, 1002), ERR_OK);
    assert_int_equal(complaints(&f), 0);
    for (size_t i = 0; i < 2; i++)
        jwk_free(keys[i]);
    jwk_free(other);
    jwk_free(evil);
    files_end(&f);
}

static void a_file_that_goes_takes_its_keys_along(void **state)
{
    struct trust *t = *state;
    struct files f;
    files_begin(t, &f);
    struct jwk *key = trust_key("ES256", "a");
    struct jws jws = trust_jws(t, key);
    int64_t now = 1000;
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    assert_int_equal(key_set_file_verify(f.file, &jws, now), ERR_KEYS);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    assert_int_equal(complaints(&f), 1);
    put(&f, trust_set(t, &key, 1), 0644);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_OK);
    unlink(f.path);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    assert_int_equal(complaints(&f), 2);
    put(&f, trust_set(t, &key, 1), 0644);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_OK);
    assert_int_equal(complaints(&f), 2);
    jwk_free(key);
    files_end(&f);
}

static void what_is_no_key_set_is_refused(void **state)
{
    struct trust *t = *state;
    struct files f;
    files_begin(t, &f);
    struct jwk *key = trust_key("ES256", "a");
    struct jws jws = trust_jws(t, key);
    const char *good = trust_set(t, &key, 1);
    static const char *const texts[] = {
        "", "{}", "[]", "x", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"EC\"}]}", "{\"keys\":[",
    };
    int64_t now = 1000;
    for (size_t i = 0; i < COUNT(texts); i++) {
        put(&f, texts[i], 0644);
        assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
        assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
        assert_int_equal(complaints(&f), i + 1);
    }
    char *large = malloc(KEY_SET_FILE_MAX + 2);
    assert_non_null(large);
    memset(large, ' ', KEY_SET_FILE_MAX + 1);
    large[KEY_SET_FILE_MAX + 1] = '\0';
    memcpy(large, good, strlen(good));
    put(&f, large, 0644);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    large[KEY_SET_FILE_MAX] = '\0';
    put(&f, large, 0644);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_OK);
    free(large);
    unlink(f.path);
    assert_int_equal(mkfifo(f.path, 0600), 0); /* without a writer */
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    unlink(f.path);
    assert_int_equal(symlink("/", f.path), 0);
    assert_int_equal(key_set_file_verify(f.file, &jws, ++now), ERR_KEYS);
    jwk_free(key);
    files_end(&f);
}

/* Who could change the file could sign tokens; who could read a secret could, too. */
static void the_mode_of_the_file_counts(void **state)
{
    struct trust *t = *state;
    struct files f;
    files_begin(t, &f);
    struct jwk *key = trust_key("ES256", "a"), *secret = trust_key("HS256", "s");
    struct jws by_key = trust_jws(t, key), by_secret = trust_jws(t, secret);
    char private[1024], shared[1024];
    struct buf b = BUF(private), c = BUF(shared);
    assert_int_equal(jwk_write_private(key, &b), ERR_OK);
    assert_int_equal(jwk_write_private(secret, &c), ERR_OK);
    const struct {
        int line;
        const char *text;
        const struct jws *jws;
        mode_t mode;
        enum err why;
    } rows[] = {
        {__LINE__, trust_set(t, &key, 1), &by_key, 0644, ERR_OK},
        {__LINE__, trust_set(t, &key, 1), &by_key, 0400, ERR_OK},
        {__LINE__, trust_set(t, &key, 1), &by_key, 0664, ERR_KEYS},
        {__LINE__, trust_set(t, &key, 1), &by_key, 0646, ERR_KEYS},
        {__LINE__, shared, &by_secret, 0640, ERR_OK},
        {__LINE__, shared, &by_secret, 0600, ERR_OK},
        {__LINE__, shared, &by_secret, 0644, ERR_KEYS},
        {__LINE__, shared, &by_secret, 0641, ERR_KEYS},
        {__LINE__, shared, &by_secret, 0660, ERR_KEYS},
        {__LINE__, private, &by_key, 0640, ERR_OK},
        {__LINE__, private, &by_key, 0644, ERR_KEYS},
    };
    int64_t now = 1000;
    for (size_t i = 0; i < COUNT(rows); i++) {
        put(&f, rows[i].text, rows[i].mode);
        check_err(rows[i].line, key_set_file_verify(f.file, rows[i].jws, ++now), rows[i].why);
    }
    /* The remedy that the log names helps, without anything being written. */
    put(&f, shared, 0644);
    assert_int_equal(key_set_file_verify(f.file, &by_secret, ++now), ERR_KEYS);
    assert_int_equal(chmod(f.path, 0640), 0);
    assert_int_equal(key_set_file_verify(f.file, &by_secret, ++now), ERR_OK);
    assert_int_equal(chmod(f.path, 0644), 0);
    assert_int_equal(key_set_file_verify(f.file, &by_secret, ++now), ERR_KEYS);
    jwk_free(key);
    jwk_free(secret);
    files_end(&f);
}

struct reader {
    pthread_t id;
    struct key_set_file *file;
    const struct jws *jws;
    bool good;
};

static void *read_often(void *argument)
{
    struct reader *r = argument;
    r->good = true;
    for (int64_t i = 0; i < 200; i++)
        r->good &= key_set_file_verify(r->file, r->jws, 2000 + i / 4) == ERR_OK;
    return NULL;
}

static void threads_may_share_it(void **state)
{
    struct trust *t = *state;
    struct files f;
    files_begin(t, &f);
    struct jwk *key = trust_key("ES256", "a");
    struct jws jws = trust_jws(t, key);
    const char *text = trust_set(t, &key, 1);
    struct reader readers[4];
    put(&f, text, 0644);
    for (size_t i = 0; i < COUNT(readers); i++) {
        readers[i] = (struct reader){.file = f.file, .jws = &jws};
        assert_int_equal(pthread_create(&readers[i].id, NULL, read_often, &readers[i]), 0);
    }
    struct files next = f;
    snprintf(next.path, sizeof next.path, "%s/next.json", t->site->directory);
    for (int i = 0; i < 20; i++) {
        put(&next, text, 0644);
        assert_int_equal(rename(next.path, f.path), 0);
    }
    for (size_t i = 0; i < COUNT(readers); i++) {
        assert_int_equal(pthread_join(readers[i].id, NULL), 0);
        assert_true(readers[i].good);
    }
    jwk_free(key);
    files_end(&f);
    key_set_file_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST(the_set_of_the_file_verifies),  TRUST(a_file_that_goes_takes_its_keys_along),
        TRUST(what_is_no_key_set_is_refused), TRUST(the_mode_of_the_file_counts),
        TRUST(threads_may_share_it),
    };
    return cmocka_run_group_tests_name("key_set_file", tests, NULL, NULL);
}
