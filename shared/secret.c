#include "secret.h"

#include <openssl/evp.h>
#include <pthread.h>

/* To look it up costs more than to digest a token.  Constant once it is there; never freed. */
static const EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

bool secret_digest(struct slice salt, struct slice data, struct secret *out)
{
    if (pthread_once(&sha256_once, fetch_sha256) != 0 || sha256 == NULL)
        return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, sha256, NULL) == 1 &&
              EVP_DigestUpdate(ctx, salt.p, salt.n) == 1 &&
              EVP_DigestUpdate(ctx, data.p, data.n) == 1 &&
              EVP_DigestFinal_ex(ctx, out->b, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}
