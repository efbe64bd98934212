#include "client_auth.h"
#include "fuzz.h"
#include "utf8.h"

#include <string.h>

#define NOW 1700000000

static const struct config *site(void)
{
    static struct config conf;
    if (conf.issuer[0] == '\0')
        fuzz_configure(SLICE("[token-endpoint]\nissuer = https://fhir.example.org/oauth\n"
                             "client_certificates = yes\n"
                             "[fhir \"main\"]\nbase = https://fhir.example.org/fhir\n"),
                       &conf);
    return &conf;
}

/* No field comes twice, none is what no text can be, and written anew it is the same form. */
static void check_form(const struct form *f, struct arena *a, size_t n)
{
    struct buf text = buf_in(a, 3 * n + 2 * FORM_MAX_FIELDS);
    struct form again;
    CHECK(f->count <= FORM_MAX_FIELDS);
    for (size_t i = 0; i < f->count; i++) {
        struct slice name = f->fields[i].name, value = f->fields[i].value;
        CHECK(name.n > 0 && utf8_valid(name) && utf8_valid(value));
        CHECK(!slice_has_char(name, '\0') && !slice_has_char(value, '\0'));
        CHECK(value.p == NULL || value.n > 0);
        for (size_t k = 0; k < i; k++)
            CHECK(!slice_eq(name, f->fields[k].name) || slice_is(name, "resource"));
        buf_puts(&text, i > 0 ? "&" : "");
        form_escape(name, &text);
        buf_puts(&text, "=");
        form_escape(value, &text);
    }
    CHECK(!text.overflowed && form_parse(buf_slice(&text), a, &again) == ERR_OK);
    CHECK(again.count == f->count);
    for (size_t i = 0; i < f->count; i++)
        CHECK(slice_eq(again.fields[i].name, f->fields[i].name) &&
              slice_eq(again.fields[i].value, f->fields[i].value));
}

/* A header is of one scheme at the most. */
static void check_header(struct slice header, struct arena *a)
{
    struct slice token = SLICE_NONE, user, password;
    enum auth_scheme scheme = AUTH_BEARER;
    enum err access = http_token(header, &scheme, &token);
    enum err login = http_basic(header, a, &user, &password);
    CHECK(access != ERR_OK || login == ERR_NO_TOKEN);
    if (access == ERR_OK) {
        CHECK(token.n > 0 && slice_is_printable(token));
        CHECK(!slice_has_char(token, ' ') && !slice_has_char(token, '"'));
    }
    if (login == ERR_OK)
        CHECK(!slice_has_char(user, '\0') && !slice_has_char(password, '\0'));
}

static void check_assertion(const struct credentials *c, struct arena *a)
{
    struct assertion assertion;
    if (assertion_check(c, site(), NOW, a, &assertion) != ERR_OK)
        return;
    const struct jwt_claims *claims = &assertion.claims;
    CHECK(claims->iss.n > 0 && slice_eq(claims->iss, claims->sub) && claims->jti.n > 0);
    CHECK(claims->has_exp && claims->exp + site()->clock_skew_s > NOW);
    CHECK(claims->exp <= NOW + ASSERTION_MAX_LIFETIME + (int64_t)site()->clock_skew_s);
}

/* Who is to be believed to be a client has shown exactly one thing that proves it. */
static void check_credentials(const struct request *rq, const struct form *f, struct arena *a)
{
    struct credentials c;
    bool basic = slice_trim(rq->authorization).n > 0;
    if (credentials_find(rq, f, site(), a, &c) != ERR_OK)
        return;
    CHECK(basic == (c.method == METHOD_SECRET_BASIC));
    CHECK(c.method != METHOD_SECRET_POST || (c.secret.n > 0 && c.client_id.n > 0));
    CHECK(c.method != METHOD_TLS || (c.certificate.n > 0 && c.client_id.n > 0));
    if (c.method != METHOD_PRIVATE_KEY_JWT)
        return;
    CHECK(c.assertion.n > 0 && form_get(f, "client_secret").p == NULL);
    check_assertion(&c, a);
}

/* The Authorization header; in a second line the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = {(const char *)data, n}, header;
    struct form form;
    struct arena a = fuzz_arena(64 * n + 65536);
    slice_cut(&rest, '\n', &header);
    check_header(header, &a);
    struct request rq = {.role = ROLE_RESPONDER, .authorization = header, .body = rest};
    if (form_parse(rest, &a, &form) == ERR_OK) {
        check_form(&form, &a, n);
        check_credentials(&rq, &form, &a);
    }
    arena_free(&a);
    return 0;
}
