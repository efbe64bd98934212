/* A whole site in a directory of its own: configuration, store, signing key, clients. */
#ifndef FHIR_AUTH_SITE_FIXTURE_H
#define FHIR_AUTH_SITE_FIXTURE_H

#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64url.h"
#include "jws.h"
#include "keyring.h"
#include "store.h"

#define SITE_NOW    1800000000
#define SITE_ISSUER "https://hospital.example/auth"
#define SITE_FHIR   "https://hospital.example/fhir"

struct site {
    char directory[64];
    struct config conf;
    struct store *st;
    struct arena arena;
    struct jwk *key; /* that signs */
};

static inline void site_remove_files(const char *directory)
{
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *each = readdir(d); each != NULL; each = readdir(d))
        unlinkat(dirfd(d), each->d_name, 0);
    closedir(d);
    assert_int_equal(rmdir(directory), 0);
}

static inline struct keyring site_keyring(struct site *s)
{
    return (struct keyring){.directory = s->conf.key_dir,
                            .store = s->st,
                            .use = "sig",
                            .alg = s->conf.signing_alg,
                            .keep_retired_s = 300,
                            .now = SITE_NOW - 1000};
}

/* The key that signs from now on. */
static inline void site_take_key(struct site *s)
{
    struct keyring ring = site_keyring(s);
    char text[256];
    struct buf fault = BUF(text);
    jwk_free(s->key);
    s->key = NULL;
    if (keyring_signing_key(&ring, &s->key, &fault) != ERR_OK)
        fail_msg("%s", text);
}

static inline int site_up(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    char text[1024], kid[JWK_THUMBPRINT + 1];
    struct buf fault = BUF(text);
    assert_non_null(s);
    assert_true(arena_init(&s->arena, 1 << 20));
    snprintf(s->directory, sizeof s->directory, "/tmp/fhir-auth-site-XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    snprintf(text, sizeof text,
             "[store]\npath = %s/store.db\nbusy_timeout = 10s\n"
             "[token-endpoint]\nissuer = " SITE_ISSUER "\nkeys = %s/keys\n"
             "[authorizer]\ntoken_cache = 100\n"
             "[fhir \"main\"]\nbase = " SITE_FHIR "\n",
             s->directory, s->directory);
    config_of(text, &s->conf);
    assert_int_equal(mkdir(s->conf.key_dir, 0700), 0);
    assert_int_equal(store_create(s->conf.store_path, s->conf.store_busy_timeout_ms, &s->st),
                     ERR_OK);
    struct keyring ring = site_keyring(s);
    if (keyring_generate(&ring, kid, &fault) != ERR_OK)
        fail_msg("%s", text);
    site_take_key(s);
    *state = s;
    return 0;
}

static inline int site_down(void **state)
{
    struct site *s = *state;
    jwk_free(s->key);
    store_close(s->st);
    arena_free(&s->arena);
    site_remove_files(s->conf.key_dir);
    site_remove_files(s->directory);
    free(s);
    return 0;
}

#define SITE(test) cmocka_unit_test_setup_teardown(test, site_up, site_down)

static inline struct client site_client(const char *id, const char *scope)
{
    return (struct client){.id = id,
                           .name = "",
                           .scope = scope,
                           .auth = CLIENT_SECRET,
                           .jwks = "",
                           .jwks_uri = "",
                           .enabled = true,
                           .created_at = SITE_NOW - 1000,
                           .updated_at = SITE_NOW - 1000,
                           .tokens_valid_from = SITE_NOW - 1000};
}

static inline void site_add_client(struct site *s, const char *id, const char *scope)
{
    struct client c = site_client(id, scope);
    assert_int_equal(store_client_add(s->st, &c), ERR_OK);
}

/* Signed with a key and whatever claims. */
static inline struct slice site_sign(struct site *s, const struct jwk *key, const char *typ,
                                     const char *claims)
{
    struct buf text = buf_in(&s->arena, JWS_MAX_BYTES + 1);
    const struct jws_alg *alg = jws_alg_find(slice_of(key->alg));
    assert_non_null(alg);
    assert_int_equal(jws_sign(alg, key, typ, slice_of(claims), &s->arena, &text), ERR_OK);
    return buf_slice(&text);
}

#define SITE_MAX_CLAIMS 1024

static inline void site_claims(const char *client_id, const char *jti, int64_t issued_at,
                               int64_t expires_at, char out[SITE_MAX_CLAIMS])
{
    snprintf(out, SITE_MAX_CLAIMS,
             "{\"iss\":\"" SITE_ISSUER "\",\"sub\":\"%s\",\"client_id\":\"%s\",\"aud\":\"" SITE_FHIR
             "\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"%s\",\"scope\":\"system/Patient.rs\"}",
             client_id, client_id, (long long)issued_at, (long long)expires_at, jti);
}

/* An access token as the token endpoint makes it, but for the claims that are given. */
static inline struct slice site_token(struct site *s, const char *client_id, const char *jti,
                                      int64_t issued_at, int64_t expires_at)
{
    char claims[SITE_MAX_CLAIMS];
    site_claims(client_id, jti, issued_at, expires_at, claims);
    return site_sign(s, s->key, "at+jwt", claims);
}

/* An opaque one with whatever claims. */
static inline struct slice site_keep(struct site *s, const char *claims)
{
    struct secret random, digest;
    struct buf text = buf_in(&s->arena, 64);
    assert_true(secret_random(&random));
    base64url_encode((struct slice){(const char *)random.b, sizeof random.b}, &text);
    assert_true(secret_digest(SLICE(""), buf_slice(&text), &digest));
    assert_int_equal(store_opaque_add(s->st, &digest, slice_of(claims), SITE_NOW + 1000), ERR_OK);
    return buf_slice(&text);
}

static inline struct slice site_opaque(struct site *s, const char *client_id, const char *jti,
                                       int64_t issued_at, int64_t expires_at)
{
    char claims[SITE_MAX_CLAIMS];
    site_claims(client_id, jti, issued_at, expires_at, claims);
    return site_keep(s, claims);
}

#endif
