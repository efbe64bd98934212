#include "certificate.h"
#include "fuzz.h"

#include "base64url.h"

#define ARENA_BYTES (1U << 19)

static void read_names(struct slice der)
{
    static const char *const names[] = {"CN=mtls", "a.example", "urn:a", "192.0.2.1", "a@b"};
    char text[CERTIFICATE_MAX_NAME + 1];
    struct buf subject = BUF(text);
    enum err e = certificate_subject(der, &subject);
    if (e == ERR_OK && subject.n > 0) {
        CHECK(slice_is_printable(buf_slice(&subject)));
        CHECK(certificate_name_valid(CERTIFICATE_SUBJECT, buf_slice(&subject)));
        CHECK(certificate_bears(der, CERTIFICATE_SUBJECT, buf_slice(&subject)) == ERR_OK);
    }
    for (int kind = CERTIFICATE_SUBJECT; kind <= CERTIFICATE_EMAIL; kind++) {
        enum err found = certificate_bears(der, (enum certificate_name)kind, slice_of(names[kind]));
        CHECK((found == ERR_TLS_FORM) == (e == ERR_TLS_FORM));
    }
}

/* The same in the other forms has the same digest. */
static void compare_forms(struct slice der, struct arena *a)
{
    struct buf pem = buf_in(a, 2 * der.n + 256);
    struct slice again;
    char first[CERTIFICATE_DIGEST + 1], second[CERTIFICATE_DIGEST + 1];
    buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n\t");
    base64_encode(der, &pem);
    buf_puts(&pem, "\n\t-----END CERTIFICATE-----\n");
    if (pem.overflowed || pem.n > CERTIFICATE_MAX_BYTES)
        return;
    CHECK(certificate_der(buf_slice(&pem), a, &again) == ERR_OK);
    CHECK(slice_eq(again, der));
    CHECK(certificate_digest(der, first) == ERR_OK && certificate_digest(again, second) == ERR_OK);
    CHECK(strcmp(first, second) == 0 && strlen(first) == CERTIFICATE_DIGEST);
}

/* Text of a variable; behind "d" the DER itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = fuzz_arena(ARENA_BYTES);
    struct slice input = {(const char *)data, n}, der = slice_skip(input, 1), rest = input, pem;
    bool is_der = n > 1 && data[0] == 'd';
    enum err e = is_der ? ERR_OK : certificate_der(input, &a, &der);
    CHECK(e == ERR_OK || e == ERR_TLS_FORM || e == ERR_TLS_MISSING);
    if (e == ERR_OK) {
        read_names(der);
        compare_forms(der, &a);
    }
    while (certificate_next(&rest, &pem))
        CHECK(pem.n > 0 && pem.p >= input.p && pem.p + pem.n <= input.p + input.n);
    arena_free(&a);
    return 0;
}
