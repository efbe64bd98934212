#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "key_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char path[64];
    struct key_directory dir;
    struct jwk *key, *other;
    char file[512];
    char text[1024];
    struct buf fault;
};

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "/tmp/fhir-auth-keys-XXXXXX");
    f->fault = BUF(f->text);
    *state = f;
    if (mkdtemp(f->path) == NULL || key_directory_open(f->path, &f->dir, &f->fault) != ERR_OK ||
        jwk_generate("ES256", &f->key) != ERR_OK || jwk_generate("ES256", &f->other) != ERR_OK)
        return -1;
    snprintf(f->file, sizeof f->file, "%s/%s.jwk", f->path, f->key->kid);
    return 0;
}

/* Fails when a file is left that the test does not know of. */
static int down(void **state)
{
    struct fixture *f = *state;
    unlink(f->file);
    key_directory_close(&f->dir);
    jwk_free(f->key);
    jwk_free(f->other);
    int failed = rmdir(f->path);
    free(f);
    return failed;
}

static void put_file(const char *path, const char *text, size_t n, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void put_key(const struct fixture *f, const struct jwk *key, bool private, mode_t mode)
{
    char text[1024];
    struct buf b = BUF(text);
    assert_int_equal(private ? jwk_write_private(key, &b) : jwk_write_public(key, &b), ERR_OK);
    put_file(f->file, b.p, b.n, mode);
}

static void assert_refused(struct fixture *f, const char *alg, int line)
{
    struct jwk *key = NULL;
    enum err e = key_file_read(&f->dir, f->key->kid, alg, &key, &f->fault);
    if (e != ERR_KEYS || key != NULL || strstr(f->text, f->key->kid) == NULL ||
        strstr(f->text, "\"d\"") != NULL)
        fail_msg("line %d: %s, \"%s\"", line, err_row(e)->name, f->text);
    f->fault = BUF(f->text);
}

static void what_is_written_is_read(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct jwk *key = NULL;
    mode_t before = umask(0);
    enum err e = key_file_write(&f->dir, f->key, &f->fault);
    umask(before);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(key_file_exists(&f->dir, f->key->kid));
    assert_int_equal(key_file_read(&f->dir, f->key->kid, "ES256", &key, &f->fault), ERR_OK);
    assert_true(key->is_private);
    assert_string_equal(key->kid, f->key->kid);
    jwk_free(key);
    assert_int_equal(key_file_remove(&f->dir, f->key->kid, &f->fault), ERR_OK);
    assert_false(key_file_exists(&f->dir, f->key->kid));
    assert_int_equal(key_file_remove(&f->dir, f->key->kid, &f->fault), ERR_OK);
    assert_string_equal(f->text, "");
}

static void files_open_to_others_are_refused(void **state)
{
    struct fixture *f = *state;
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put_key(f, f->key, true, modes[i]);
        assert_refused(f, "ES256", __LINE__);
    }
    put_key(f, f->key, true, 0400);
    struct jwk *key = NULL;
    assert_int_equal(key_file_read(&f->dir, f->key->kid, "ES256", &key, &f->fault), ERR_OK);
    jwk_free(key);
}

static void what_is_no_such_key_is_refused(void **state)
{
    struct fixture *f = *state;
    static char large[20000];
    assert_refused(f, "ES256", __LINE__); /* no file */
    put_key(f, f->key, true, 0600);
    assert_refused(f, "ES384", __LINE__);
    put_key(f, f->key, false, 0600);
    assert_refused(f, "ES256", __LINE__);
    put_key(f, f->other, true, 0600);
    assert_refused(f, "ES256", __LINE__);

    /* The right name around another key. */
    char kid[sizeof f->other->kid];
    memcpy(kid, f->other->kid, sizeof kid);
    memcpy(f->other->kid, f->key->kid, sizeof kid);
    put_key(f, f->other, true, 0600);
    assert_refused(f, "ES256", __LINE__);

    put_file(f->file, "", 0, 0600);
    assert_refused(f, "ES256", __LINE__);
    put_file(f->file, "{\"d\":", 5, 0600);
    assert_refused(f, "ES256", __LINE__);
    memset(large, ' ', sizeof large);
    put_file(f->file, large, sizeof large, 0600);
    assert_refused(f, "ES256", __LINE__);
}

static void only_plain_files_are_read(void **state)
{
    struct fixture *f = *state;
    char target[512];
    snprintf(target, sizeof target, "%s/target", f->path);
    put_key(f, f->key, true, 0600);
    assert_int_equal(rename(f->file, target), 0);
    assert_int_equal(symlink(target, f->file), 0);
    assert_refused(f, "ES256", __LINE__);
    assert_int_equal(unlink(f->file), 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(mkfifo(f->file, 0600), 0);
    assert_refused(f, "ES256", __LINE__);
    assert_int_equal(unlink(f->file), 0);
    assert_int_equal(mkdir(f->file, 0700), 0);
    assert_refused(f, "ES256", __LINE__);
    assert_int_equal(key_file_remove(&f->dir, f->key->kid, &f->fault), ERR_FILE);
    assert_int_equal(key_file_write(&f->dir, f->key, &f->fault), ERR_FILE);
    assert_int_equal(rmdir(f->file), 0);
}

static void a_planted_file_is_not_written_through(void **state)
{
    struct fixture *f = *state;
    char planted[512];
    snprintf(planted, sizeof planted, "%s/.%s.jwk.new", f->path, f->key->kid);
    assert_int_equal(symlink("/dev/null", planted), 0);
    assert_int_equal(key_file_write(&f->dir, f->key, &f->fault), ERR_FILE);
    assert_false(key_file_exists(&f->dir, f->key->kid));
    assert_int_equal(unlink(planted), 0);
}

static void directories(void **state)
{
    struct fixture *f = *state;
    struct key_directory dir = {.fd = -1};
    static const char *const bad[] = {"/nowhere/keys", "/dev/null", "/tmp", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(key_directory_open(bad[i], &dir, &f->fault), ERR_FILE);
        assert_int_equal(dir.fd, -1);
    }
    assert_false(key_file_exists(&dir, f->key->kid));
    key_directory_close(&dir);
    assert_int_equal(chmod(f->path, 0750), 0);
    assert_int_equal(key_directory_open(f->path, &dir, &f->fault), ERR_OK);
    key_directory_close(&dir);
}

static void thumbprints(void **state)
{
    struct fixture *f = *state;
    assert_true(key_kid_is_thumbprint(slice_of(f->key->kid)));
    static const char *const bad[] = {
        "",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9X",   /* 42 characters */
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xss", /* 44 */
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC/Xs",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC.Xs",
        "NzbLsXh8uDCcd+6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(key_kid_is_thumbprint(slice_of(bad[i])));
    struct slice nul = {"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC\0Xs", JWK_THUMBPRINT};
    assert_false(key_kid_is_thumbprint(nul));
    assert_false(key_kid_is_thumbprint(SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)
        TEST(what_is_written_is_read),
        TEST(files_open_to_others_are_refused),
        TEST(what_is_no_such_key_is_refused),
        TEST(only_plain_files_are_read),
        TEST(a_planted_file_is_not_written_through),
        TEST(directories),
        TEST(thumbprints),
    };
    return cmocka_run_group_tests_name("key_file", tests, NULL, NULL);
}
