#include "certificate.h"

#include "base64url.h"
#include "form.h"
#include "httpmsg.h"
#include "secret.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
    while (s.n > 0 && is_space(s.p[0]))
        s = slice_skip(s, 1);
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

enum err certificate_der(struct slice text, struct arena *a, struct slice *der)
{
    struct slice pem = trim(text), plain;
    if (pem.n == 0)
        return ERR_TLS_MISSING;
    if (pem.n > CERTIFICATE_MAX_BYTES)
        return ERR_TLS_FORM;
    if (slice_has_char(pem, '%')) { /* which is in no PEM */
        enum err e = percent_decode(pem, false, a, &plain);
        if (e != ERR_OK)
            return e == ERR_FORM ? ERR_TLS_FORM : e;
        pem = trim(plain);
    }
    bool begins = slice_starts(pem, BEGIN), ends = slice_ends(pem, END);
    if (begins != ends || (begins && pem.n < strlen(BEGIN END)))
        return ERR_TLS_FORM;
    if (begins)
        pem = (struct slice){pem.p + strlen(BEGIN), pem.n - strlen(BEGIN END)};
    struct buf base64 = buf_in(a, pem.n + 1);
    for (size_t i = 0; i < pem.n; i++)
        if (!is_space(pem.p[i]))
            buf_putc(&base64, pem.p[i]);
    if (base64.overflowed)
        return ERR_MEMORY;
    struct slice bytes;
    enum err e = base64_decode(buf_slice(&base64), a, &bytes);
    if (e == ERR_OK && bytes.n == 0)
        e = ERR_TLS_FORM;
    if (e == ERR_OK)
        *der = bytes;
    return e == ERR_BASE64 ? ERR_TLS_FORM : e == ERR_TOO_LARGE ? ERR_MEMORY : e;
}

enum err certificate_shown(const struct request *rq, bool taken, struct arena *a, struct slice *der)
{
    return taken ? certificate_der(rq->certificate, a, der) : ERR_TLS_OFF;
}

/* Where the text begins; SIZE_MAX: nowhere. */
static size_t find(struct slice in, const char *what)
{
    for (struct slice rest = in; rest.n > 0; rest = slice_skip(rest, 1))
        if (slice_starts(rest, what))
            return in.n - rest.n;
    return SIZE_MAX;
}

bool certificate_next(struct slice *rest, struct slice *pem)
{
    size_t begin = find(*rest, BEGIN);
    if (begin == SIZE_MAX)
        return false;
    struct slice from = slice_skip(*rest, begin);
    size_t end = find(from, END);
    size_t n = end == SIZE_MAX ? from.n : end + strlen(END); /* one without end is no PEM */
    *pem = (struct slice){from.p, n};
    *rest = slice_skip(from, n);
    return true;
}

enum err certificate_digest(struct slice der, char out[CERTIFICATE_DIGEST + 1])
{
    struct secret digest;
    struct buf text = buf_over(out, CERTIFICATE_DIGEST + 1);
    if (!secret_digest(SLICE(""), der, &digest))
        return ERR_INTERNAL;
    base64url_encode((struct slice){(const char *)digest.b, sizeof digest.b}, &text);
    return text.overflowed ? ERR_INTERNAL : ERR_OK;
}

/* Owned; NULL when it is none, or bytes follow it. */
static X509 *parse(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.n);
    if (certificate != NULL && at != (const unsigned char *)der.p + der.n) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

static enum err put_subject(const X509 *certificate, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL)
        return ERR_MEMORY;
    int done = X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    long n = BIO_get_mem_data(bio, &text);
    if (done >= 0 && n > 0)
        buf_put(out, (struct slice){text, (size_t)n});
    BIO_free(bio);
    ERR_clear_error();
    if (done < 0)
        return ERR_TLS_FORM;
    return out->overflowed ? ERR_TOO_LARGE : ERR_OK;
}

enum err certificate_subject(struct slice der, struct buf *out)
{
    X509 *certificate = parse(der);
    if (certificate == NULL)
        return ERR_TLS_FORM;
    enum err e = put_subject(certificate, out);
    X509_free(certificate);
    return e;
}

static bool bears_subject(const X509 *certificate, struct slice name)
{
    char text[CERTIFICATE_MAX_NAME + 1];
    struct buf subject = BUF(text);
    return put_subject(certificate, &subject) == ERR_OK && slice_eq(buf_slice(&subject), name);
}

static struct slice bytes_of(const ASN1_STRING *s)
{
    return (struct slice){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

/* The octets of an address: 4 or 16; 0 for no address. */
static size_t address_bytes(struct slice text, unsigned char out[16])
{
    char z[INET6_ADDRSTRLEN];
    if (text.n >= sizeof z || slice_has_char(text, '\0'))
        return 0;
    struct buf copy = BUF(z);
    buf_put(&copy, text);
    if (inet_pton(AF_INET, z, out) == 1)
        return 4;
    return inet_pton(AF_INET6, z, out) == 1 ? 16 : 0;
}

static bool nocase_eq(struct slice a, struct slice b)
{
    char z[CERTIFICATE_MAX_NAME + 1];
    struct buf copy = BUF(z);
    buf_put(&copy, b);
    return !copy.overflowed && !slice_has_char(b, '\0') && slice_is_nocase(a, z);
}

static bool is_name(const GENERAL_NAME *each, enum certificate_name kind, struct slice name)
{
    static const int types[] = {[CERTIFICATE_DNS] = GEN_DNS,
                                [CERTIFICATE_URI] = GEN_URI,
                                [CERTIFICATE_IP] = GEN_IPADD,
                                [CERTIFICATE_EMAIL] = GEN_EMAIL};
    unsigned char octets[16];
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(each, &type);
    if (type != types[kind])
        return false;
    if (kind == CERTIFICATE_DNS)
        return nocase_eq(bytes_of(value), name);
    if (kind == CERTIFICATE_IP)
        name = (struct slice){(const char *)octets, address_bytes(name, octets)};
    return slice_eq(bytes_of(value), name);
}

static bool bears_other(const X509 *certificate, enum certificate_name kind, struct slice name)
{
    bool found = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++)
        found = found || is_name(sk_GENERAL_NAME_value(names, i), kind, name);
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return found;
}

enum err certificate_bears(struct slice der, enum certificate_name kind, struct slice name)
{
    if (!certificate_name_valid(kind, name)) /* which no certificate bears, whatever is in it */
        return ERR_TLS_NAME;
    X509 *certificate = parse(der);
    if (certificate == NULL)
        return ERR_TLS_FORM;
    bool found = kind == CERTIFICATE_SUBJECT ? bears_subject(certificate, name)
                                             : bears_other(certificate, kind, name);
    X509_free(certificate);
    return found ? ERR_OK : ERR_TLS_NAME;
}

static bool is_type_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

/* TYPE=VALUE, with "," or "+" between; "\" takes the character behind it out of that. */
static bool is_subject(struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t type = i;
        while (i < text.n && is_type_char(text.p[i]))
            i++;
        if (i == type || i == text.n || text.p[i] != '=')
            return false;
        while (i < text.n && text.p[i] != ',' && text.p[i] != '+')
            i += text.p[i] == '\\' ? 2 : 1;
        if (i >= text.n)
            return i == text.n;
    }
    return false; /* a separator with nothing behind it */
}

bool certificate_name_valid(enum certificate_name kind, struct slice name)
{
    unsigned char octets[16];
    if (name.n == 0 || name.n > CERTIFICATE_MAX_NAME || !slice_is_printable(name))
        return false;
    switch (kind) {
    case CERTIFICATE_SUBJECT:
        return is_subject(name);
    case CERTIFICATE_IP:
        return address_bytes(name, octets) > 0;
    case CERTIFICATE_EMAIL:
        return slice_has_char(name, '@') && !slice_has_char(name, ' ');
    case CERTIFICATE_URI:
        return slice_has_char(name, ':') && !slice_has_char(name, ' ');
    case CERTIFICATE_DNS:
        return !slice_has_char(name, ' ') && !slice_has_char(name, '*') &&
               !slice_has_char(name, '/');
    }
    return false;
}
