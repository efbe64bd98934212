/*
 * The corpus of one target, without libFuzzer: linked with a target as test_corpus_NAME it runs it
 * on every file of tests/fuzz/corpus/NAME.
 */
#include "fuzz.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char directory[256];

/* Into a block of exactly its size: the sanitizer sees any read beyond it. */
static void replay(const char *path, size_t n)
{
    uint8_t *data = malloc(n);
    FILE *f = fopen(path, "rb");
    assert_true(f != NULL && (data != NULL || n == 0));
    assert_int_equal(fread(data, 1, n, f), n);
    fclose(f);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
}

static void test_corpus(void **state)
{
    (void)state;
    size_t count = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        char path[1024];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        assert_int_equal(stat(path, &st), 0);
        if (!S_ISREG(st.st_mode))
            continue;
        replay(path, (size_t)st.st_size);
        count++;
    }
    closedir(d);
    assert_true(count > 0);
    print_message("%zu inputs of %s\n", count, directory);
}

int main(int argc, char *argv[])
{
    const char *name = argc > 0 ? strstr(argv[0], "test_corpus_") : NULL;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};
    if (name == NULL)
        return 2;
    snprintf(directory, sizeof directory, "tests/fuzz/corpus/%s", name + strlen("test_corpus_"));
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
