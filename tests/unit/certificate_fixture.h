/* Certificates with names that a test chooses. */
#ifndef FHIR_AUTH_CERTIFICATE_FIXTURE_H
#define FHIR_AUTH_CERTIFICATE_FIXTURE_H

#include "fixture.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct test_name {
    const char *type; /* "CN" */
    const char *value;
};

/* Of RFC 8705, appendix A. */
#define RFC8705_X5T "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

/* A certificate as PEM, in the arena; names end with a NULL; san as in openssl.cnf, or NULL. */
static inline struct slice certificate_new(struct arena *a, const struct test_name *names,
                                           const char *san)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_NAME_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_true(x != NULL && subject != NULL && key != NULL && bio != NULL);
    for (; names->type != NULL; names++)
        assert_int_equal(X509_NAME_add_entry_by_txt(subject, names->type, MBSTRING_UTF8,
                                                    (const unsigned char *)names->value, -1, -1, 0),
                         1);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(X509_set_subject_name(x, subject), 1);
    assert_int_equal(X509_set_issuer_name(x, subject), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    if (san != NULL) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
        assert_non_null(e);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    long n = BIO_get_mem_data(bio, &text);
    struct slice pem = {arena_dup(a, (struct slice){text, (size_t)n}), (size_t)n};
    assert_non_null(pem.p);
    BIO_free(bio);
    EVP_PKEY_free(key);
    X509_NAME_free(subject);
    X509_free(x);
    return pem;
}

#endif
