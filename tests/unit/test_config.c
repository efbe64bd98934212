#include "config_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST                                                                                      \
    "[token-endpoint]\nissuer = https://a.example/oauth\n"                                         \
    "[fhir \"main\"]\nbase = https://a.example/fhir\n"

static char dir[64];
static char file[96]; /* dir/conf */
static struct config config;
static char faults[4096];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test_config.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/conf", dir);
    return 0;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"conf", "keys", "ca.pem", "secret"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        remove(path);
    }
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static enum err load(const char *path)
{
    struct buf b = BUF(faults);
    return config_load(path, &config, &b);
}

/* `text` with the test's directory in place of each @. */
static const char *in_dir(const char *text)
{
    static char out[4096];
    struct buf b = BUF(out);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            buf_puts(&b, dir);
        else
            buf_putc(&b, *text);
    }
    assert_false(b.overflowed);
    return out;
}

static enum err load_text(const char *text)
{
    const char *expanded = in_dir(text);
    write_file(file, expanded, strlen(expanded));
    return load(file);
}

static void assert_faults(const char *want)
{
    assert_string_equal(faults, in_dir(want));
}

static void test_path(void **state)
{
    (void)state;
    unsetenv("FHIR_AUTH_CONF");
    assert_string_equal(config_path(), "/etc/fhir-auth/fhir-auth.conf");
    setenv("FHIR_AUTH_CONF", "", 1);
    assert_string_equal(config_path(), "/etc/fhir-auth/fhir-auth.conf");
    setenv("FHIR_AUTH_CONF", "/x/y.conf", 1);
    assert_string_equal(config_path(), "/x/y.conf");
    unsetenv("FHIR_AUTH_CONF");
}

static void test_load(void **state)
{
    (void)state;
    assert_int_equal(load_text(LEAST "[store]\npath = @/store.db\n"), ERR_OK);
    assert_string_equal(faults, "");
    assert_string_equal(config.file, file);
    assert_int_equal(config.threads, 4);
    assert_string_equal(config.fhir[0].path, "/fhir");
}

static void test_unusable_file(void **state)
{
    (void)state;
    assert_int_equal(load(file), ERR_CONFIG);
    assert_faults("@/conf: cannot be opened (No such file or directory); set FHIR_AUTH_CONF to the "
                  "file's path, else it is /etc/fhir-auth/fhir-auth.conf\n");

    struct buf b = BUF(faults);
    assert_int_equal(config_load(dir, &config, &b), ERR_CONFIG);
    assert_non_null(strstr(faults, ": is no regular file; set FHIR_AUTH_CONF to one\n"));

    assert_int_equal(mkfifo(file, 0600), 0); /* opening it must not block */
    assert_int_equal(load(file), ERR_CONFIG);
    assert_faults("@/conf: is no regular file; set FHIR_AUTH_CONF to one\n");
    assert_int_equal(unlink(file), 0);

    char path[700];
    memset(path, '/', sizeof path);
    snprintf(path + 600, sizeof path - 600, "%s", file);
    assert_int_equal(load_text(LEAST "[store]\npath = @/store.db\n"), ERR_OK);
    assert_int_equal(load(path), ERR_CONFIG);
    assert_non_null(strstr(faults, ": the path is too long; move the file\n"));
}

static void test_file_size(void **state)
{
    enum { MOST = 65536 };
    static char text[MOST + 1];
    (void)state;
    memset(text, '#', sizeof text);
    const char *start = in_dir(LEAST "[store]\npath = @/store.db\n");
    memcpy(text, start, strlen(start));
    write_file(file, text, MOST);
    assert_int_equal(load(file), ERR_OK);
    write_file(file, text, MOST + 1);
    assert_int_equal(load(file), ERR_CONFIG);
    assert_faults("@/conf: is larger than 65536 bytes; shorten it\n");
    write_file(file, "", 0);
    assert_int_equal(load(file), ERR_CONFIG);
    assert_non_null(strstr(faults, ": [token-endpoint] issuer: is missing; add it\n"));
}

static void test_file_mode(void **state)
{
    static const struct {
        mode_t mode;
        enum err want;
    } rows[] = {{0644, ERR_OK},     {0600, ERR_OK},     {0640, ERR_OK},    {0444, ERR_OK},
                {0660, ERR_CONFIG}, {0646, ERR_CONFIG}, {0602, ERR_CONFIG}};
    (void)state;
    assert_int_equal(load_text(LEAST "[store]\npath = @/store.db\n"), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(chmod(file, rows[i].mode), 0);
        assert_int_equal(load(file), rows[i].want);
        if (rows[i].want != ERR_OK)
            assert_faults("@/conf: can be changed by other users; run chmod go-w @/conf\n");
        else
            assert_string_equal(faults, "");
    }
}

/* What the configuration names: all is told at once, with the lines. */
static void test_missing_files(void **state)
{
    (void)state;
    assert_int_equal(
        load_text("[server]\nlog = @/none/log\n"
                  "[store]\npath = @/none/db\n"
                  "[fhir \"m\"]\nbase = https://a.example/f\n"
                  "[token-endpoint]\nissuer = https://a.example\n[jwks]\nca_file = @/ca.pem\n"),
        ERR_CONFIG);
    assert_faults("@/conf:2: [server] log: the directory @/none cannot be used (No such file or "
                  "directory); make it\n"
                  "@/conf:4: [store] path: the directory @/none cannot be used (No such file or "
                  "directory); make it\n"
                  "@/conf:10: [jwks] ca_file: @/ca.pem cannot be read (No such file or "
                  "directory); give a PEM file of CA certificates\n");
}

/* Likewise for defaults, which have no line. */
static void test_missing_default(void **state)
{
    struct stat st;
    (void)state;
    enum err e = load_text(LEAST);
    if (stat("/var/lib/fhir-auth", &st) == 0) {
        assert_int_equal(e, ERR_OK);
        return;
    }
    assert_int_equal(e, ERR_CONFIG);
    assert_faults("@/conf: [store] path: the directory /var/lib/fhir-auth cannot be used (No such "
                  "file or directory); make it\n");
}

/* A refused value is one fault; its default is not looked for in its stead. */
static void test_bad_value_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(load_text(LEAST "[store]\npath = db\n"), ERR_CONFIG);
    assert_faults("@/conf:6: [store] path: \"db\" is no absolute path; begin it with /\n");
}

static void test_kinds_of_files(void **state)
{
    (void)state;
    assert_int_equal(
        load_text("[server]\nlog = @/conf/log\n"
                  "[store]\npath = @\n"
                  "[fhir \"m\"]\nbase = https://a.example/f\n"
                  "[token-endpoint]\nissuer = https://a.example\n[jwks]\nca_file = @\n"),
        ERR_CONFIG);
    assert_faults(
        "@/conf:2: [server] log: @/conf is no directory; give a path below a directory\n"
        "@/conf:4: [store] path: @ is no regular file; give the path of the store's file\n"
        "@/conf:10: [jwks] ca_file: @ is no regular file; give a PEM file of CA "
        "certificates\n");
    assert_int_equal(
        load_text("[server]\nlog = @/log\n"
                  "[store]\npath = @/db\n"
                  "[fhir \"m\"]\nbase = https://a.example/f\n"
                  "[token-endpoint]\nissuer = https://a.example\n[jwks]\nca_file = @/conf\n"),
        ERR_OK);
    assert_int_equal(load_text(LEAST "[store]\npath = /db-in-the-root\n"), ERR_OK);
}

static void put_secret(const char *text, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/secret", dir);
    write_file(path, text, strlen(text));
    assert_int_equal(chmod(path, mode), 0);
}

/* In a section of which there are several: the line is that of its own key. */
static void test_credentials(void **state)
{
    static const struct {
        const char *key, *text; /* text NULL: no file */
        mode_t mode;
        const char *fault;
    } rows[] = {
        {"secret", "s3cret\n", 0600, NULL},
        {"secret", "s3cret", 0640, NULL},
        {"secret", "s3cret", 0644, "@/secret is open to all users; run chmod o-rwx @/secret"},
        {"secret", "s3cret", 0602, "@/secret is open to all users; run chmod o-rwx @/secret"},
        {"secret", "s3cret", 0660, "@/secret can be changed by its group; run chmod g-w @/secret"},
        {"secret", "", 0600, "@/secret is empty or larger than 1024 bytes; give the right file"},
        {"secret", "\n", 0600,
         "@/secret is not one line of printable ASCII; put the secret alone there"},
        {"secret", "a\nb\n", 0600,
         "@/secret is not one line of printable ASCII; put the secret alone there"},
        {"key", "{\"kty\":\"EC\"}", 0600,
         "@/secret holds no private key that signs (JWK); put one there"},
        {"key", "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", 0600,
         "@/secret holds no private key that signs (JWK); put one there"},
        {"key",
         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         0600, "@/secret holds no private key that signs (JWK); put one there"},
        {"key",
         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
         "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         0600, NULL},
        {"key", "{}", 0604, "@/secret is open to all users; run chmod o-rwx @/secret"},
        {"secret", NULL, 0, "@/secret cannot be read by user"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048], want[512];
        char secret[128];
        snprintf(secret, sizeof secret, "%s/secret", dir);
        remove(secret);
        if (rows[i].text != NULL)
            put_secret(rows[i].text, rows[i].mode);
        snprintf(text, sizeof text,
                 LEAST "[store]\npath = @/db\n[issuer \"x\"]\nissuer = https://x.example\n"
                       "keys = discovery\nintrospection = discovery\nintrospection_client_id = me\n"
                       "introspection_%s_file = @/secret\n"
                       "[issuer \"y\"]\nissuer = https://y.example\nkeys = discovery\n",
                 rows[i].key);
        assert_int_equal(load_text(text), rows[i].fault == NULL ? ERR_OK : ERR_CONFIG);
        if (rows[i].fault == NULL)
            continue;
        snprintf(want, sizeof want, "@/conf:12: [issuer \"x\"] introspection_%s_file: %s",
                 rows[i].key, rows[i].fault);
        if (strncmp(faults, in_dir(want), strlen(in_dir(want))) != 0)
            fail_msg("row %zu: %s", i, faults);
        assert_null(strstr(faults, "s3cret"));
        assert_ptr_equal(strchr(faults, '\n'), faults + strlen(faults) - 1);
    }
}

static void test_key_directory(void **state)
{
    static const struct {
        mode_t mode;
        enum err want;
    } rows[] = {{0700, ERR_OK},     {0750, ERR_OK},     {0770, ERR_OK},
                {0755, ERR_CONFIG}, {0701, ERR_CONFIG}, {0704, ERR_CONFIG}};
    static const char text[] = "[store]\npath = @/db\n"
                               "[fhir \"m\"]\nbase = https://a.example/f\n"
                               "[token-endpoint]\nissuer = https://a.example\nkeys = @/keys\n";
    char keys[128];
    (void)state;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    assert_int_equal(load_text(text), ERR_OK); /* missing: the programs say so */
    assert_int_equal(mkdir(keys, 0700), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(chmod(keys, rows[i].mode), 0);
        assert_int_equal(load(file), rows[i].want);
        if (rows[i].want != ERR_OK)
            assert_faults("@/conf:7: [token-endpoint] keys: @/keys is open to all users; run chmod "
                          "o-rwx @/keys\n");
    }
    assert_int_equal(rmdir(keys), 0);
    write_file(keys, "", 0);
    assert_int_equal(load(file), ERR_CONFIG);
    assert_faults(
        "@/conf:7: [token-endpoint] keys: @/keys is no directory; give the directory of the "
        "signing keys\n");
}

/* The example holds every key with its default, and the manual describes every key. */
static char *read_text(const char *path)
{
    enum { CAP = 65536 };
    char *text = malloc(CAP);
    FILE *f = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(f);
    size_t n = fread(text, 1, CAP - 1, f);
    assert_int_equal(fclose(f), 0);
    text[n] = '\0';
    return text;
}

static void test_example(void **state)
{
    (void)state;
    char *text = read_text("conf-examples/fhir-auth.conf");
    struct buf b = BUF(faults);
    struct config_seen seen[CONFIG_KEYS] = {0};
    struct config_faults f = {.file = "example", .text = &b};
    config_read_lines(slice_of(text), &config, &f, seen);
    assert_string_equal(faults, "");
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];
        char setting[256];
        snprintf(setting, sizeof setting, "\n%s =%s%s%s", k->name,
                 k->fallback != NULL && k->fallback[0] != '\0' ? " " : "",
                 k->fallback != NULL ? k->fallback : "", k->fallback != NULL ? "\n" : "");
        char commented[264]; /* the sections that nobody needs at first are comments */
        snprintf(commented, sizeof commented, "\n# %s", setting + 1);
        if (strstr(text, strcmp(k->section, "issuer") == 0 ? commented : setting) == NULL)
            fail_msg("not in the example:%s", setting);
    }
    assert_string_equal(config.url, config.issuer);
    assert_string_equal(config.fhir[0].audience, config.fhir[0].base);
    free(text);
}

/* LEAST and the lines from `start` on, as far as they go; taken out of comments when it is one. */
static enum err parse_shown(const char *path, const char *start)
{
    static char text[8192];
    struct buf out = BUF(text), b = BUF(faults);
    char *all = read_text(path);
    struct slice rest = slice_of(strstr(all, start)), line;
    buf_puts(&out, LEAST);
    while (slice_cut(&rest, '\n', &line) && line.n > 0 && !slice_is(line, ".Ed")) {
        buf_put(&out, slice_skip(line, start[0] == '#' ? 2 : 0));
        buf_putc(&out, '\n');
    }
    free(all);
    assert_false(out.overflowed);
    return config_parse(buf_slice(&out), "example", &config, &b);
}

/* What is shown of rules is taken as it stands. */
static void test_rules_of_example(void **state)
{
    static const struct {
        const char *path, *start;
        size_t rules;
    } rows[] = {{"conf-examples/fhir-auth.conf", "# [rules \"main\"]\n", 6},
                {"shared/fhir-auth.conf.5", "[rules \"main\"]\n", 2},
                {"shared/fhir-auth-rules.5", "[rules \"main\"]\n", 7}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err e = parse_shown(rows[i].path, rows[i].start);
        assert_string_equal(faults, "");
        assert_int_equal(e, ERR_OK);
        assert_int_equal(config.fhir[0].rule_count, rows[i].rules);
    }
}

static void test_manual(void **state)
{
    (void)state;
    char *text = read_text("shared/fhir-auth.conf.5");
    size_t described = 0;
    for (const char *at = text; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
        described++;
    assert_int_equal(described, CONFIG_KEYS);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        char item[64];
        snprintf(item, sizeof item, "\n.It Ic %s = ", config_keys[i].name);
        if (strstr(text, item) == NULL)
            fail_msg("not in the manual: %s", config_keys[i].name);
    }
    free(text);
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),   IN_DIR(test_load),
        IN_DIR(test_unusable_file),    IN_DIR(test_file_size),
        IN_DIR(test_file_mode),        IN_DIR(test_missing_files),
        IN_DIR(test_missing_default),  IN_DIR(test_bad_value_is_told_once),
        IN_DIR(test_kinds_of_files),   IN_DIR(test_key_directory),
        IN_DIR(test_credentials),      cmocka_unit_test(test_example),
        cmocka_unit_test(test_manual), cmocka_unit_test(test_rules_of_example),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
