/*
 * The certificate that a client has shown to the web server (RFC 8705).  Pure.  Who trusts it, and
 * that the client holds its key, is the server's business; here it is told which one it is.
 */
#ifndef FHIR_AUTH_CERTIFICATE_H
#define FHIR_AUTH_CERTIFICATE_H

#include "buf.h"
#include "error.h"

struct request; /* httpmsg.h */

#define CERTIFICATE_MAX_BYTES 16384 /* of its text */
#define CERTIFICATE_DIGEST    43    /* base64url characters of a SHA-256 */
#define CERTIFICATE_MAX_NAME  1024

/* By which of its names a client is known (RFC 8705 section 2.1.2). */
enum certificate_name {
    CERTIFICATE_SUBJECT,
    CERTIFICATE_DNS,
    CERTIFICATE_URI,
    CERTIFICATE_IP,
    CERTIFICATE_EMAIL
};

/*
 * The DER of one certificate from the text that a web server makes of it: PEM, whose line breaks
 * may be followed by blanks or tabs (nginx's $ssl_client_cert) or be blanks (a header), all of it
 * maybe percent-encoded ($ssl_client_escaped_cert); or the base64 alone.  In the arena.
 * ERR_TLS_MISSING for no text or blanks; ERR_TLS_FORM; ERR_MEMORY.  What the bytes mean is left
 * open.
 */
MUST_USE enum err certificate_der(struct slice text, struct arena *a, struct slice *der);

/*
 * That of a request.  taken: whether the configuration lets the web server's word count;
 * ERR_TLS_OFF when not.
 */
MUST_USE enum err certificate_shown(const struct request *rq, bool taken, struct arena *a,
                                    struct slice *der);

/*
 * Cut the next PEM certificate, from BEGIN to END, off a file's text; what stands before it is
 * passed over.  False when there is none.
 */
bool certificate_next(struct slice *rest, struct slice *pem);

/* x5t#S256 (RFC 8705 section 3.1): base64url of the SHA-256 of the DER.  ERR_INTERNAL. */
MUST_USE enum err certificate_digest(struct slice der, char out[CERTIFICATE_DIGEST + 1]);

/*
 * Does it bear the name?  A subject is compared to the letter, in the form of certificate_subject;
 * a DNS name without regard to case; an address by value; others to the letter.  ERR_TLS_NAME when
 * not; ERR_TLS_FORM when it is no X.509 certificate; ERR_MEMORY.
 */
MUST_USE enum err certificate_bears(struct slice der, enum certificate_name kind,
                                    struct slice name);

/*
 * Its subject in the form of RFC 4514 as OpenSSL writes it (-nameopt RFC2253): the last RDN first,
 * no blank behind a comma, all ASCII.  ERR_TLS_FORM, ERR_TOO_LARGE, ERR_MEMORY.
 */
MUST_USE enum err certificate_subject(struct slice der, struct buf *out);

/* Could a certificate ever bear that name?  Of a subject: it has the form of certificate_subject.
 */
bool certificate_name_valid(enum certificate_name kind, struct slice name);

#endif
