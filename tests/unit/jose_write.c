/*
 * Signs and encrypts for the tests of interoperation: no program of the product does it for others.
 * A line of input is "ALG ENC PAYLOAD KEY", ENC "-" for a JWS, PAYLOAD in base64url, KEY a JWK
 * without blanks; the line of output is the compact form, or the name of the error.
 */
#include "base64url.h"
#include "jwe.h"
#include "jws.h"

#include <stdio.h>
#include <stdlib.h>

static enum err write_token(struct slice line, struct arena *a, struct buf *out)
{
    struct slice alg, enc, payload, bytes;
    struct jwk *key = NULL;
    if (!slice_cut(&line, ' ', &alg) || !slice_cut(&line, ' ', &enc) ||
        !slice_cut(&line, ' ', &payload))
        return ERR_FORM;
    enum err e = base64url_decode(payload, a, &bytes);
    if (e == ERR_OK)
        e = jwk_parse(line, &key);
    if (e != ERR_OK)
        return e;
    const struct jws_alg *signature = jws_alg_find(alg);
    if (!slice_is(enc, "-"))
        e = jwe_encrypt(arena_dup(a, alg), arena_dup(a, enc), key, "JWT", NULL, bytes, a, out);
    else if (signature != NULL)
        e = jws_sign(signature, key, "JWT", bytes, a, out);
    else
        e = ERR_JWT_ALG;
    jwk_free(key);
    return e;
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    struct arena a;
    if (!arena_init(&a, 1U << 20))
        return 1;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct buf out = buf_in(&a, 65536);
        enum err e = write_token((struct slice){line, (size_t)n - 1}, &a, &out);
        puts(e == ERR_OK ? out.p : err_row(e)->name);
        arena_reset(&a);
    }
    free(line);
    arena_free(&a);
    return 0;
}
