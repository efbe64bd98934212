#include "envelope.h"
#include "jwe.h"
#include "jws.h"
#include "local_token.h"
#include "report.h"

/* The store's published key of that kid decides, and no other. */
static enum err signature_check(struct ctl *c, const struct jws *jws)
{
    struct local_keys *keys;
    enum err e = local_keys_load(c->store, &keys);
    if (e != ERR_OK)
        return e;
    e = local_keys_verify(keys, jws, c->now);
    local_keys_free(keys);
    return e == ERR_KEYS ? ERR_JWT_KEY : e; /* a store without any key knows this one no less */
}

static enum err issuer_check(struct ctl *c, const struct jwt_claims *claims)
{
    return slice_is(claims->iss, c->config.issuer) ? ERR_OK : ERR_JWT_ISSUER;
}

static enum err audience_check(struct ctl *c, const struct jwt_claims *claims)
{
    for (size_t i = 0; i < c->config.fhir_count; i++)
        if (jwt_has_audience(claims, slice_of(c->config.fhir[i].audience)))
            return ERR_OK;
    return ERR_JWT_AUDIENCE;
}

static enum err time_check(struct ctl *c, const struct jwt_claims *claims)
{
    return jwt_check_time(claims, c->now, c->config.token_clock_skew_s);
}

static enum err revocation_check(struct ctl *c, const struct jwt_claims *claims)
{
    if (claims->client_id.p == NULL || claims->jti.p == NULL || !claims->has_iat)
        return ERR_JWT_CLAIM; /* RFC 9068 section 2.2 requires them */
    return store_token_check(c->store, claims->client_id, claims->jti, claims->iat);
}

struct check {
    const char *name, *title;
    enum err (*of_claims)(struct ctl *c, const struct jwt_claims *claims);
};

enum { CHECK_TYPE, CHECK_SIGNATURE, CHECK_STORE, CHECKS_OF_CLAIMS, CHECKS = CHECKS_OF_CLAIMS + 4 };

static const struct check checks[CHECKS] = {
    [CHECK_TYPE] = {"type", "Type", NULL},
    [CHECK_SIGNATURE] = {"signature", "Signature", NULL},
    [CHECK_STORE] = {"store", "In the store", NULL},
    {"issuer", "Issuer", issuer_check},
    {"audience", "Audience", audience_check},
    {"time", "Time", time_check},
    {"revocation", "Revocation", revocation_check},
};

struct inspection {
    bool opaque;
    struct jws jws;        /* empty when opaque */
    struct slice document; /* the claims, as JSON */
    bool has_claims;
    struct jwt_claims claims;
    enum err results[CHECKS];
    enum err whole; /* what the authorizer says, who stops at the first fault */
};

/* That the store has an opaque token stands for what a signature is to a JWT. */
static bool is_of(const struct inspection *in, size_t check)
{
    return in->opaque ? check >= CHECK_STORE : check != CHECK_STORE;
}

static bool is_failure(enum err e)
{
    return e == ERR_STORE || e == ERR_MEMORY;
}

/* As the authorizer checks a token, but for the audience. */
static enum err whole_check(struct ctl *c, struct slice token)
{
    struct local_token_rules rules = {
        .issuer = c->config.issuer, .now = c->now, .clock_skew = c->config.token_clock_skew_s};
    struct local_keys *keys;
    struct jwt_claims claims;
    if (local_opaque_is(token))
        return local_opaque_check(c->store, &rules, token, &c->arena, &claims);
    enum err e = local_keys_load(c->store, &keys);
    if (e != ERR_OK)
        return e;
    e = local_token_check(keys, c->store, &rules, token, &c->arena, &claims);
    local_keys_free(keys);
    return e;
}

/* A failure of the store or of memory is no verdict, and is returned. */
static enum err inspect(struct ctl *c, struct slice token, struct inspection *in)
{
    enum err e = jwt_claims_parse(in->document, &c->arena, &in->claims);
    in->has_claims = e == ERR_OK;
    if (!in->opaque) {
        in->results[CHECK_TYPE] = jwt_typ_is(in->jws.typ, "at+jwt") ? ERR_OK : ERR_JWT_TYP;
        in->results[CHECK_SIGNATURE] = signature_check(c, &in->jws);
    }
    for (size_t i = CHECKS_OF_CLAIMS; i < CHECKS; i++)
        in->results[i] = in->has_claims ? checks[i].of_claims(c, &in->claims) : e;
    in->whole = whole_check(c, token);
    for (size_t i = 0; i < CHECKS; i++)
        if (is_failure(in->results[i]))
            return in->results[i];
    return is_failure(in->whole) ? in->whole : ERR_OK;
}

/* ERR_OK, or the first reason; never ERR_OK for what the authorizer refuses. */
static enum err verdict(const struct inspection *in)
{
    for (size_t i = 0; i < CHECKS; i++)
        if (in->results[i] != ERR_OK)
            return in->results[i];
    return in->whole;
}

/* JSON text can be put in as it is, once it is known to be strict JSON. */
static void put_document(struct buf *out, const char *name, struct slice text)
{
    struct json *document = NULL;
    report_name(out, name);
    if (json_parse(text, &document) == ERR_OK)
        buf_put(out, text);
    else
        buf_puts(out, "null");
    json_free(document);
}

static void inspection_json(struct ctl *c, const struct inspection *in)
{
    struct buf *out = &c->out;
    enum err why = verdict(in);
    buf_putc(out, '{');
    report_name(out, "valid");
    buf_puts(out, why == ERR_OK ? "true" : "false");
    if (why != ERR_OK) {
        report_name(out, "reason");
        buf_json(out, slice_of(err_row(why)->text));
    }
    report_name(out, "checks");
    buf_putc(out, '{');
    for (size_t i = 0; i < CHECKS; i++) {
        if (!is_of(in, i))
            continue;
        report_name(out, checks[i].name);
        buf_json(out,
                 in->results[i] == ERR_OK ? SLICE("ok") : slice_of(err_row(in->results[i])->text));
    }
    buf_putc(out, '}');
    put_document(out, "header", in->jws.header);
    put_document(out, "claims", in->document);
    buf_puts(out, "}\n");
}

static void inspection_lines(struct ctl *c, const struct inspection *in)
{
    struct field fields[2 + 2 + CHECKS];
    size_t n = 0;
    fields[n++] =
        REPORT_TEXT("", "Header", in->opaque ? SLICE("none: an opaque token") : in->jws.header);
    fields[n++] = REPORT_TEXT("", "Claims", in->document);
    if (in->has_claims && in->claims.has_iat)
        fields[n++] = REPORT_NUMBER("", "Issued", FIELD_TIME, in->claims.iat);
    if (in->has_claims && in->claims.has_exp)
        fields[n++] = REPORT_NUMBER("", "Expires", FIELD_TIME, in->claims.exp);
    for (size_t i = 0; i < CHECKS; i++) {
        if (!is_of(in, i))
            continue;
        fields[n++] = REPORT_TEXT(
            "", checks[i].title,
            in->results[i] == ERR_OK ? SLICE("ok") : slice_of(err_row(in->results[i])->text));
    }
    report_lines(c, fields, n);
}

/* What an opaque token is in the store, or what a JWT is, encrypted or not; ERR_STORE. */
static enum err take_apart(struct ctl *c, struct slice *token, struct inspection *in)
{
    enum err e = ERR_OK;
    in->opaque = local_opaque_is(*token);
    if (in->opaque)
        return local_opaque_claims(c->store, *token, &c->arena, &in->document);
    if (envelope_is(*token))
        e = envelope_open(&c->config, c->store, *token, c->now, &c->arena, token);
    if (e == ERR_OK)
        e = jws_parse(*token, &c->arena, &in->jws);
    in->document = in->jws.payload;
    return e;
}

/* The token of standard input, looked at from all sides. */
static enum status inspection_read(struct ctl *c, struct inspection *in)
{
    struct slice token;
    enum status s = ctl_open(c);
    if (s == STATUS_YES)
        s = ctl_read_token(c, JWE_MAX_BYTES, &token);
    if (s != STATUS_YES)
        return s;
    enum err e = take_apart(c, &token, in);
    if (e == ERR_STORE)
        return ctl_store_no(c, e);
    if (e != ERR_OK)
        return ctl_no("%s", err_row(e)->text);
    e = inspect(c, token, in);
    return e == ERR_OK ? STATUS_YES : ctl_store_no(c, e);
}

enum status token_inspect(struct ctl *c)
{
    struct inspection in = {0};
    enum status s = inspection_read(c, &in);
    if (s != STATUS_YES)
        return s;
    enum err why = verdict(&in);
    if (c->options[OPT_JSON] != NULL)
        inspection_json(c, &in);
    else
        inspection_lines(c, &in);
    if (why == ERR_OK)
        return STATUS_YES;
    c->tell_on_no = true;
    return ctl_no("%s", err_row(why)->text);
}

/* Kept as long as the token would be taken, the clocks' difference included. */
enum status token_revoke(struct ctl *c)
{
    struct inspection in = {0};
    enum status s = inspection_read(c, &in);
    if (s != STATUS_YES)
        return s;
    enum err e = in.results[CHECK_SIGNATURE]; /* an opaque one has none, and is in the store */
    if (e == ERR_OK && (!in.has_claims || !in.claims.has_exp || in.claims.jti.n == 0))
        e = ERR_JWT_CLAIM;
    if (e != ERR_OK)
        return ctl_no("%s", err_row(e)->text);
    e = store_revoke(c->store, in.claims.jti, in.claims.exp + c->config.token_clock_skew_s);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    const struct field fields[] = {
        REPORT_TEXT("jti", "Revoked jti", in.claims.jti),
        REPORT_TEXT("client_id", "Client id", in.claims.client_id),
        REPORT_NUMBER("expires_at", "Expires", FIELD_TIME, in.claims.exp),
    };
    report_record(c, fields, sizeof fields / sizeof fields[0]);
    return STATUS_YES;
}
