/* Hosts with key directories of their own on one store, for test_keyring*.c. */
#ifndef FHIR_AUTH_HOST_FIXTURE_H
#define FHIR_AUTH_HOST_FIXTURE_H

#include "store_fixture.h"

#include "key_file.h"
#include "keyring.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#define NOW  1000000
#define KEEP 330

struct host {
    struct fixture *f;
    char directory[128];
    char text[1024];
    struct buf fault;
    struct keyring ring;
};

static inline void host_up(struct host *h, void **state, const char *name)
{
    *h = (struct host){.f = *state};
    snprintf(h->directory, sizeof h->directory, "%s/%s", h->f->directory, name);
    assert_int_equal(mkdir(h->directory, 0700), 0);
    h->fault = BUF(h->text);
    h->ring = (struct keyring){
        .directory = h->directory,
        .store = h->f->st,
        .use = "sig",
        .alg = "ES256",
        .keep_retired_s = KEEP,
        .now = NOW,
    };
}

static inline void key_path(const struct host *h, const char *kid, char out[256])
{
    snprintf(out, 256, "%s/%s.jwk", h->directory, kid);
}

/* Names in the directory, those that begin with a dot included. */
static inline size_t host_files(const struct host *h)
{
    DIR *d = opendir(h->directory);
    size_t n = 0;
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static inline bool host_has(const struct host *h, const char *kid)
{
    char path[256];
    key_path(h, kid, path);
    return access(path, F_OK) == 0;
}

static inline void host_down(struct host *h)
{
    DIR *d = opendir(h->directory);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    assert_int_equal(rmdir(h->directory), 0);
}

static inline void assert_says(struct host *h, const char *part)
{
    if (strstr(h->text, part) == NULL)
        fail_msg("fault \"%s\" lacks \"%s\"", h->text, part);
    h->fault = BUF(h->text);
}

static inline void sql(const struct host *h, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(h->f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

struct wanted {
    const char *kid;
    struct store_key key; /* its texts do not outlive the listing */
    char public_jwk[1024];
    size_t found;
};

static inline bool copy_wanted(const struct store_key *key, void *context)
{
    struct wanted *w = context;
    if (strcmp(key->kid, w->kid) != 0)
        return true;
    w->key = *key;
    snprintf(w->public_jwk, sizeof w->public_jwk, "%s", key->public_jwk);
    w->found++;
    return true;
}

static inline struct wanted row_of(const struct host *h, const char *kid)
{
    struct wanted w = {.kid = kid};
    assert_int_equal(store_key_list(h->f->st, copy_wanted, &w), ERR_OK);
    assert_int_equal(w.found, 1);
    return w;
}

static inline void assert_state(const struct host *h, const char *kid, enum key_state state)
{
    assert_int_equal(row_of(h, kid).key.state, state);
}

static inline void generate(struct host *h, char kid[JWK_THUMBPRINT + 1])
{
    assert_int_equal(keyring_generate(&h->ring, kid, &h->fault), ERR_OK);
    h->ring.now++;
}

static inline void assert_signs(struct host *h, const char *kid)
{
    struct jwk *key = NULL;
    assert_int_equal(keyring_signing_key(&h->ring, &key, &h->fault), ERR_OK);
    assert_string_equal(key->kid, kid);
    assert_true(key->may_sign);
    jwk_free(key);
}

#endif
