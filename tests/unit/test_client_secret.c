#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client_secret.h"

#define NOW 1700000000

static struct client_secret imported(const char *text)
{
    struct client_secret s;
    assert_int_equal(client_secret_import(slice_of(text), NOW, &s), ERR_OK);
    return s;
}

static void made_secret_checks(void **state)
{
    (void)state;
    char text[CLIENT_SECRET_TEXT + 1], other[CLIENT_SECRET_TEXT + 1];
    struct client_secret s[2];
    assert_int_equal(client_secret_generate(NOW, text, &s[0]), ERR_OK);
    assert_int_equal(client_secret_generate(NOW, other, &s[1]), ERR_OK);
    assert_int_equal(strlen(text), CLIENT_SECRET_TEXT);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_"),
                     CLIENT_SECRET_TEXT);
    assert_string_not_equal(text, other);
    assert_memory_not_equal(s[0].salt, s[1].salt, sizeof s[0].salt);
    assert_int_equal(s[0].kind, SECRET_SHA256);
    assert_int_equal(s[0].created_at, NOW);
    assert_int_equal(s[0].expires_at, 0);

    assert_int_equal(client_secret_check(slice_of(text), s, 1, false), ERR_OK);
    assert_int_equal(client_secret_check(slice_of(other), s, 1, false), ERR_CLIENT_AUTH);
    assert_int_equal(client_secret_check(slice_of(other), s, 2, false), ERR_OK);
    assert_int_equal(client_secret_check(slice_of(text), s, 2, false), ERR_OK);
}

static void stored_hash_is_of_salt_and_text(void **state)
{
    (void)state;
    char text[CLIENT_SECRET_TEXT + 1];
    struct client_secret s;
    assert_int_equal(client_secret_generate(NOW, text, &s), ERR_OK);
    unsigned char joined[16 + CLIENT_SECRET_TEXT], want[32];
    memcpy(joined, s.salt, 16);
    memcpy(joined + 16, text, CLIENT_SECRET_TEXT);
    assert_int_equal(EVP_Digest(joined, sizeof joined, want, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(s.hash.b, want, sizeof want);
}

/* Computed by another implementation: N=2^15 r=8 p=1, salt 00 01 .. 0f. */
static void imported_hash_is_scrypt(void **state)
{
    (void)state;
    struct client_secret made = imported("correct horse battery");
    assert_int_equal(made.kind, SECRET_SCRYPT);
    assert_int_equal(made.created_at, NOW);
    struct client_secret known = {
        .kind = SECRET_SCRYPT,
        .salt = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .hash = {{0xc7, 0x2e, 0x94, 0x08, 0x80, 0xb3, 0xf1, 0x5b, 0xff, 0x3f, 0xa2,
                  0x6a, 0x3a, 0x49, 0x14, 0x0f, 0x80, 0xce, 0x9a, 0x1c, 0x4d, 0xd2,
                  0xd5, 0xd2, 0x7b, 0xab, 0x10, 0x01, 0x40, 0x71, 0xba, 0x94}},
    };
    struct slice text = SLICE("correct horse battery");
    assert_int_equal(client_secret_check(text, &known, 1, false), ERR_OK);
    assert_int_equal(client_secret_check(text, &made, 1, false), ERR_OK);
    assert_memory_not_equal(made.salt, known.salt, sizeof made.salt);
}

static void wrong_texts_are_refused(void **state)
{
    (void)state;
    char text[CLIENT_SECRET_TEXT + 1];
    struct client_secret s[2];
    assert_int_equal(client_secret_generate(NOW, text, &s[0]), ERR_OK);
    s[1] = imported("correct horse battery");
    static const struct {
        int line;
        struct slice text;
        enum err want;
    } cases[] = {
        {__LINE__, {"correct horse battery", 21}, ERR_OK},
        {__LINE__, {"correct horse batterz", 21}, ERR_CLIENT_AUTH},
        {__LINE__, {"correct horse batter", 20}, ERR_CLIENT_AUTH},
        {__LINE__, {"correct horse battery ", 22}, ERR_CLIENT_AUTH},
        {__LINE__, {"correct horse battery\0", 22}, ERR_CLIENT_AUTH},
        {__LINE__, {"Correct horse battery", 21}, ERR_CLIENT_AUTH},
        {__LINE__, {"", 0}, ERR_CLIENT_AUTH},
        {__LINE__, {NULL, 0}, ERR_CLIENT_AUTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum err e = client_secret_check(cases[i].text, s, 2, true);
        if (e != cases[i].want)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
    }
    /* Every prefix of the right text, and it with a byte changed. */
    for (size_t n = 0; n < CLIENT_SECRET_TEXT; n++) {
        assert_int_equal(client_secret_check((struct slice){text, n}, s, 1, false),
                         ERR_CLIENT_AUTH);
        text[n] ^= 1;
        assert_int_equal(client_secret_check(slice_of(text), s, 1, false), ERR_CLIENT_AUTH);
        text[n] ^= 1;
    }
    assert_int_equal(client_secret_check(slice_of(text), s, 1, false), ERR_OK);
    s[0].hash.b[31] ^= 1;
    assert_int_equal(client_secret_check(slice_of(text), s, 1, false), ERR_CLIENT_AUTH);
}

static void no_secret_is_no_access(void **state)
{
    (void)state;
    assert_int_equal(client_secret_check(SLICE("anything"), NULL, 0, false), ERR_CLIENT_AUTH);
    assert_int_equal(client_secret_check(SLICE("anything"), NULL, 0, true), ERR_CLIENT_AUTH);
    assert_int_equal(client_secret_check(SLICE_NONE, NULL, 0, true), ERR_CLIENT_AUTH);
}

static void import_takes_printable_texts_of_fair_length(void **state)
{
    (void)state;
    char long_text[CLIENT_SECRET_IMPORT_MAX + 1];
    memset(long_text, 'a', sizeof long_text);
    const struct {
        int line;
        struct slice text;
        enum err want;
    } cases[] = {
        {__LINE__, {"", 0}, ERR_FORM},
        {__LINE__, {"abcdefghijk", 11}, ERR_FORM},
        {__LINE__, {"abcdefghijkl", 12}, ERR_OK},
        {__LINE__, {"abcdefghij\tl", 12}, ERR_FORM},
        {__LINE__, {"abcdefghijk\0", 12}, ERR_FORM},
        {__LINE__, {"abcdefghijk\n", 12}, ERR_FORM},
        {__LINE__, {"abcdefghij\303\261", 12}, ERR_FORM},
        {__LINE__, {" \"%&+:=~\\'<>", 12}, ERR_OK},
        {__LINE__, {long_text, CLIENT_SECRET_IMPORT_MAX}, ERR_OK},
        {__LINE__, {long_text, CLIENT_SECRET_IMPORT_MAX + 1}, ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client_secret s = {.id = 77};
        enum err e = client_secret_import(cases[i].text, NOW, &s);
        if (e != cases[i].want)
            fail_msg("line %d: %s", cases[i].line, err_row(e)->name);
        if (e != ERR_OK)
            assert_int_equal(s.id, 77);
        else
            assert_int_equal(client_secret_check(cases[i].text, &s, 1, false), ERR_OK);
    }
}

/* scrypt's 32 MiB of memory are what it costs: count who asks OpenSSL's allocator for that much. */
static int big_allocations;

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    big_allocations += n >= 32 << 20;
    return malloc(n);
}

static void *plain_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(p, n);
}

static void plain_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void refusal_costs_one_scrypt_when_asked(void **state)
{
    (void)state;
    char text[CLIENT_SECRET_TEXT + 1];
    struct client_secret s[2];
    assert_int_equal(client_secret_generate(NOW, text, &s[0]), ERR_OK);
    s[1] = imported("correct horse battery");
    const struct {
        int line;
        const struct client_secret *secrets;
        size_t count;
        bool equalise;
        int want;
    } cases[] = {
        {__LINE__, NULL, 0, true, 1},   {__LINE__, &s[0], 1, true, 1},
        {__LINE__, &s[1], 1, true, 1},  {__LINE__, s, 2, true, 1},
        {__LINE__, NULL, 0, false, 0},  {__LINE__, &s[0], 1, false, 0},
        {__LINE__, &s[1], 1, false, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        big_allocations = 0;
        assert_int_equal(client_secret_check(SLICE("incorrect horse"), cases[i].secrets,
                                             cases[i].count, cases[i].equalise),
                         ERR_CLIENT_AUTH);
        if (big_allocations != cases[i].want)
            fail_msg("line %d: %d times scrypt", cases[i].line, big_allocations);
    }
}

/* Memory that is out is no wrong secret: it must not count as one. */
static void *no_big_malloc(size_t n, const char *file, int line)
{
    return big_allocations < 0 && n >= 32 << 20 ? NULL : count_malloc(n, file, line);
}

static void memory_that_is_out_is_no_wrong_secret(void **state)
{
    (void)state;
    struct client_secret s = imported("correct horse battery"), out = {.id = 77};
    big_allocations = -1;
    enum err known = client_secret_check(SLICE("correct horse battery"), &s, 1, false);
    enum err unknown = client_secret_check(SLICE("correct horse battery"), NULL, 0, true);
    enum err made = client_secret_import(SLICE("correct horse battery"), NOW, &out);
    big_allocations = 0;
    assert_int_equal(known, ERR_MEMORY);
    assert_int_equal(unknown, ERR_MEMORY);
    assert_int_equal(made, ERR_MEMORY);
    assert_int_equal(out.id, 77);
}

int main(void)
{
    if (CRYPTO_set_mem_functions(no_big_malloc, plain_realloc, plain_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_secret_checks),
        cmocka_unit_test(stored_hash_is_of_salt_and_text),
        cmocka_unit_test(imported_hash_is_scrypt),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(no_secret_is_no_access),
        cmocka_unit_test(import_takes_printable_texts_of_fair_length),
        cmocka_unit_test(refusal_costs_one_scrypt_when_asked),
        cmocka_unit_test(memory_that_is_out_is_no_wrong_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
