#include "fuzz.h"

static char text[32768];

static void check_allowed(const struct jwk *key)
{
    CHECK(key->is_private || (!key->may_sign && !key->may_decrypt));
    CHECK(key->use != JWK_USE_SIG || (!key->may_encrypt && !key->may_decrypt));
    CHECK(key->use != JWK_USE_ENC || (!key->may_verify && !key->may_sign));
    CHECK((key->type == JWK_OCT) == (key->pkey == NULL) && (key->oct != NULL) == !key->pkey);
}

/* What was written is the same key. */
static void check_written(const struct jwk *key, struct slice json, bool is_private)
{
    struct jwk *again = NULL;
    char before[JWK_THUMBPRINT + 1], after[JWK_THUMBPRINT + 1];
    CHECK(jwk_parse(json, &again) == ERR_OK);
    CHECK(jwk_thumbprint(key, before) == ERR_OK && jwk_thumbprint(again, after) == ERR_OK);
    CHECK(strcmp(before, after) == 0);
    CHECK(again->type == key->type && again->is_private == is_private && again->use == key->use);
    CHECK(strcmp(again->kid, key->kid) == 0 && strcmp(again->alg, key->alg) == 0);
    CHECK(strcmp(again->curve, key->curve) == 0);
    jwk_free(again);
}

static void check_public(const struct jwk *key)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    struct buf b = BUF(text);
    struct json *document = NULL;
    enum err e = jwk_write_public(key, &b);
    CHECK(e == (key->type == JWK_OCT ? ERR_JWK_TYPE : ERR_OK));
    if (e != ERR_OK)
        return;
    CHECK(json_parse(buf_slice(&b), &document) == ERR_OK);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        CHECK(json_member(document, members[i]) == NULL);
    json_free(document);
    check_written(key, buf_slice(&b), false);
}

static void check_private(const struct jwk *key)
{
    struct buf b = BUF(text);
    enum err e = jwk_write_private(key, &b);
    CHECK(e == (key->is_private ? ERR_OK : ERR_JWK_USE));
    if (e == ERR_OK)
        check_written(key, buf_slice(&b), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jwk_set *set = NULL;
    if (jwk_set_parse((struct slice){(const char *)data, n}, &set) != ERR_OK) {
        CHECK(set == NULL);
        return 0;
    }
    CHECK(set->count > 0 && set->count <= JWK_SET_MAX_KEYS);
    for (size_t i = 0; i < set->count; i++) {
        check_allowed(set->keys[i]);
        check_public(set->keys[i]);
        check_private(set->keys[i]);
        for (size_t k = 0; k < i; k++)
            CHECK(set->keys[i]->kid[0] == '\0' ||
                  strcmp(set->keys[i]->kid, set->keys[k]->kid) != 0);
    }
    jwk_set_free(set);
    return 0;
}
