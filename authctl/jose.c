#include "ctl.h"
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

enum status jose_verify(struct ctl *c)
{
    const char *path = c->options[OPT_KEY];
    struct slice text;
    struct jwk_set *set = NULL;
    if (path == NULL || strcmp(path, "-") == 0)
        return ctl_misuse("jose verify needs --key FILE");
    enum status s = ctl_read_file(c, path, KEY_FILE_MAX, &text);
    if (s != STATUS_YES)
        return s;
    enum err e = jwk_set_parse(text, &set);
    if (e != ERR_OK)
        return ctl_misuse("%s: %s", path,
                          e == ERR_JSON ? "is not well-formed JSON" : err_row(e)->text);
    s = verify(c, set);
    jwk_set_free(set);
    return s;
}
