#include "fixture.h"

#include "base64url.h"
#include "jwe_content.h"
#include "vectors.h"

static const unsigned char *octets(struct slice s)
{
    return (const unsigned char *)s.p;
}

static struct slice vector_bytes(const struct json *vector, const char *name, struct arena *a)
{
    struct slice bytes;
    assert_int_equal(base64url_decode(vector_text(vector, name), a, &bytes), ERR_OK);
    return bytes;
}

static void test_vectors(void **state)
{
    (void)state;
    static const char *const files[] = {"rfc7518-b1.json", "rfc7518-b2.json", "rfc7518-b3.json"};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct json *v = vector_load(files[i]);
        ARENA(a, 8192);
        const struct jwe_enc *enc = jwe_enc_find(vector_text(v, "enc"));
        struct slice k = vector_bytes(v, "k", &a), iv = vector_bytes(v, "iv", &a);
        struct slice want = vector_bytes(v, "ciphertext", &a), tag = vector_bytes(v, "tag", &a);
        struct slice aad = vector_text(v, "aad"), plaintext = vector_text(v, "plaintext");
        unsigned char out[256], made[JWE_MAX_TAG];
        size_t n = 0;
        assert_int_equal(k.n, enc->cek_bytes);
        assert_true(jwe_content_encrypt(enc, octets(k), aad, octets(iv), plaintext, out, &n, made));
        assert_int_equal(n, want.n);
        assert_memory_equal(out, want.p, n);
        assert_memory_equal(made, tag.p, tag.n);
        assert_true(jwe_content_decrypt(enc, octets(k), aad, iv, want, tag, out, &n));
        assert_int_equal(n, plaintext.n);
        assert_memory_equal(out, plaintext.p, n);
        json_free(v);
    }
}

/* One message and what it became. */
struct message {
    const struct jwe_enc *enc;
    unsigned char cek[JWE_MAX_CEK], iv[JWE_MAX_IV], tag[JWE_MAX_TAG];
    char aad[8];
    unsigned char ciphertext[1100];
    size_t n;
};

static void encrypt(const char *enc, size_t n, struct message *m)
{
    static char plaintext[1024];
    *m = (struct message){.enc = jwe_enc_find(slice_of(enc)), .aad = "eyJhbGci"};
    memset(plaintext, 'p', sizeof plaintext);
    memset(m->cek, 7, sizeof m->cek);
    assert_true(jwe_content_encrypt(m->enc, m->cek, (struct slice){m->aad, 8}, m->iv,
                                    (struct slice){plaintext, n}, m->ciphertext, &m->n, m->tag));
}

/* With lengths as given, each part in a block of its own size.  *n: bytes of 'p' that came out. */
static bool decrypt(const struct message *m, size_t iv_n, size_t text_n, size_t tag_n, size_t *n)
{
    EXACT(iv, ((struct slice){(const char *)m->iv, iv_n}));
    EXACT(text, ((struct slice){(const char *)m->ciphertext, text_n}));
    EXACT(tag, ((struct slice){(const char *)m->tag, tag_n}));
    unsigned char *out = malloc(text_n + JWE_MAX_BLOCK);
    assert_non_null(out);
    memset(out, 0, text_n + JWE_MAX_BLOCK);
    bool ok = jwe_content_decrypt(m->enc, m->cek, (struct slice){m->aad, 8}, iv, text, tag, out, n);
    size_t seen = 0;
    for (size_t i = 0; i < text_n + JWE_MAX_BLOCK; i++)
        seen += out[i] == 'p';
    assert_int_equal(seen, ok ? *n : 0); /* nothing of the plaintext stays after a refusal */
    free(out);
    return ok;
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 32, 1000};
    const char *enc;
    for (size_t i = 0; (enc = jwe_enc_at(i)) != NULL; i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            struct message m;
            size_t n = 0;
            encrypt(enc, sizes[k], &m);
            assert_true(decrypt(&m, m.enc->iv_bytes, m.n, m.enc->tag_bytes, &n));
            assert_int_equal(n, sizes[k]);
            for (size_t other = 0; other <= JWE_MAX_IV; other++)
                assert_int_equal(decrypt(&m, other, m.n, m.enc->tag_bytes, &n),
                                 other == m.enc->iv_bytes);
            for (size_t other = 0; other <= JWE_MAX_TAG; other++)
                assert_int_equal(decrypt(&m, m.enc->iv_bytes, m.n, other, &n),
                                 other == m.enc->tag_bytes);
            for (size_t cut = 1; cut <= 17 && cut <= m.n; cut++)
                assert_false(decrypt(&m, m.enc->iv_bytes, m.n - cut, m.enc->tag_bytes, &n));
        }
}

/* Any one bit. */
static void test_changes(void **state)
{
    (void)state;
    const char *enc;
    for (size_t i = 0; (enc = jwe_enc_at(i)) != NULL; i++) {
        struct message m;
        size_t n = 0;
        encrypt(enc, 20, &m);
        const struct {
            void *p;
            size_t n;
        } parts[] = {{m.cek, m.enc->cek_bytes},
                     {m.iv, m.enc->iv_bytes},
                     {m.tag, m.enc->tag_bytes},
                     {m.aad, sizeof m.aad},
                     {m.ciphertext, m.n}};
        for (size_t k = 0; k < COUNT(parts); k++)
            for (size_t bit = 0; bit < parts[k].n * 8; bit++) {
                unsigned char *byte = (unsigned char *)parts[k].p + bit / 8;
                *byte ^= (unsigned char)(1 << bit % 8);
                assert_false(decrypt(&m, m.enc->iv_bytes, m.n, m.enc->tag_bytes, &n));
                *byte ^= (unsigned char)(1 << bit % 8);
            }
        assert_true(decrypt(&m, m.enc->iv_bytes, m.n, m.enc->tag_bytes, &n));
    }
}

/*
 * RFC 7518 section 5.2.2.1 step 5: the length of the AAD is authenticated, so that no byte moves
 * from the AAD to the IV or the ciphertext.
 */
static void test_aad_border(void **state)
{
    (void)state;
    struct message m;
    size_t n = 0;
    unsigned char out[256];
    encrypt("A128CBC-HS256", 32, &m);
    char joined[8 + 16 + 48]; /* AAD, IV, ciphertext */
    memcpy(joined, m.aad, 8);
    memcpy(joined + 8, m.iv, 16);
    memcpy(joined + 24, m.ciphertext, 48);
    assert_int_equal(m.n, 48);
    for (size_t aad = 0; aad <= 40; aad += 8) {
        struct slice iv = {joined + aad, 16}, text = {joined + aad + 16, 56 - aad};
        assert_int_equal(jwe_content_decrypt(m.enc, m.cek, (struct slice){joined, aad}, iv, text,
                                             (struct slice){(const char *)m.tag, 16}, out, &n),
                         aad == 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_aad_border),
    };
    return cmocka_run_group_tests_name("jwe_content", tests, NULL, NULL);
}
