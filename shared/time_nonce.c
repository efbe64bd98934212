#include "time_nonce.h"

#include "base64url.h"

static bool nonce_of_slot(const struct secret *key, int64_t slot, char out[TIME_NONCE + 1])
{
    char name[48];
    unsigned char mac[SECRET_BYTES];
    size_t n = 0;
    struct buf text = BUF(name), nonce = buf_over(out, TIME_NONCE + 1);
    buf_printf(&text, "dpop-nonce %lld", (long long)slot);
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->b, sizeof key->b,
                  (const unsigned char *)text.p, text.n, mac, sizeof mac, &n) == NULL)
        return false;
    base64url_encode((struct slice){(const char *)mac, n}, &nonce);
    return !nonce.overflowed && nonce.n == TIME_NONCE;
}

bool time_nonce_make(const struct secret *key, int64_t now, char out[TIME_NONCE + 1])
{
    return nonce_of_slot(key, now / TIME_NONCE_SLOT_S, out);
}

bool time_nonce_is_good(const struct secret *key, int64_t now, struct slice nonce)
{
    if (nonce.n != TIME_NONCE)
        return false;
    for (int64_t back = 0; back < 2; back++) {
        char good[TIME_NONCE + 1];
        if (nonce_of_slot(key, now / TIME_NONCE_SLOT_S - back, good) &&
            CRYPTO_memcmp(good, nonce.p, TIME_NONCE) == 0)
            return true;
    }
    return false;
}
