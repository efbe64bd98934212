#include "ctl.h"
#include "jwe.h"
#include "jws.h"

#include <string.h>

#define KEY_FILE_MAX (1U << 20)

/*
 * Of a JWK Set, the key that bears the token's kid decides; a kid is a hint only (RFC 7515 section
 * 4.1.4), so where no key bears it, and where the token has none, each key without a conflicting
 * kid is tried.  jws_verify lets no key be used for another kind of algorithm than its own.
 */
static enum err verify_with(const struct jws *jws, const struct jwk_set *set)
{
    const struct jwk *key;
    if (jws->kid.p != NULL && jws_find_key(jws, set, &key) == ERR_OK)
        return jws_verify(jws, key);
    enum err why = ERR_JWT_KEY;
    for (size_t i = 0; i < set->count; i++) {
        if (jws->kid.p != NULL && set->keys[i]->kid[0] != '\0')
            continue;
        enum err e = jws_verify(jws, set->keys[i]);
        if (e == ERR_OK)
            return ERR_OK;
        if (why != ERR_JWT_SIGNATURE)
            why = e;
    }
    return why;
}

static enum status verify(struct ctl *c, const struct jwk_set *set)
{
    struct slice token;
    struct jws jws;
    enum status s = ctl_read_token(c, JWS_MAX_BYTES, &token);
    if (s != STATUS_YES)
        return s;
    enum err e = jws_parse(token, &c->arena, &jws);
    if (e == ERR_OK)
        e = verify_with(&jws, set);
    if (e != ERR_OK)
        return ctl_no("%s", err_row(e)->text);
    buf_put(&c->out, jws.payload);
    return STATUS_YES;
}

/*
 * The same choice of keys.  RSA-OAEP is taken too: the administrator chose the key, and is asked
 * for no more than a look.
 */
static enum err decrypt_with(const struct jwe *jwe, const struct jwk_set *set, struct arena *a,
                             struct slice *plaintext)
{
    static const struct jwe_policy policy = {.rsa_oaep = true};
    const struct jwk *key;
    if (jwe->kid.p != NULL && jwe_find_key(jwe, set, &key) == ERR_OK)
        return jwe_decrypt(jwe, key, &policy, a, plaintext);
    enum err why = ERR_JWE_KEY;
    for (size_t i = 0; i < set->count; i++) {
        if (jwe->kid.p != NULL && set->keys[i]->kid[0] != '\0')
            continue;
        enum err e = jwe_decrypt(jwe, set->keys[i], &policy, a, plaintext);
        if (e == ERR_OK)
            return ERR_OK;
        if (why != ERR_JWE)
            why = e;
    }
    return why;
}

static enum status decrypt(struct ctl *c, const struct jwk_set *set)
{
    struct slice token, plaintext;
    struct jwe jwe;
    enum status s = ctl_read_token(c, JWE_MAX_BYTES, &token);
    if (s != STATUS_YES)
        return s;
    enum err e = jwe_parse(token, &c->arena, &jwe);
    if (e == ERR_OK)
        e = decrypt_with(&jwe, set, &c->arena, &plaintext);
    if (e != ERR_OK)
        return ctl_no("%s", err_row(e)->text);
    buf_put(&c->out, plaintext);
    return STATUS_YES;
}

/* Run with the keys of the file that --key names. */
static enum status with_keys(struct ctl *c, const char *verb,
                             enum status (*run)(struct ctl *c, const struct jwk_set *set))
{
    const char *path = c->options[OPT_KEY];
    struct slice text;
    struct jwk_set *set = NULL;
    if (path == NULL || strcmp(path, "-") == 0)
        return ctl_misuse("jose %s needs --key FILE", verb);
    enum status s = ctl_read_file(c, path, KEY_FILE_MAX, &text);
    if (s != STATUS_YES)
        return s;
    enum err e = jwk_set_parse(text, &set);
    if (e != ERR_OK)
        return ctl_misuse("%s: %s", path,
                          e == ERR_JSON ? "is not well-formed JSON" : err_row(e)->text);
    s = run(c, set);
    jwk_set_free(set);
    return s;
}

enum status jose_verify(struct ctl *c)
{
    return with_keys(c, "verify", verify);
}

enum status jose_decrypt(struct ctl *c)
{
    return with_keys(c, "decrypt", decrypt);
}
