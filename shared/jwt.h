/* JWT claims (RFC 7519) and the rules on time and audience (RFC 8725, RFC 9068).  Pure. */
#ifndef FHIR_AUTH_JWT_H
#define FHIR_AUTH_JWT_H

#include "arena.h"
#include "error.h"
#include "json.h"

#define JWT_MAX_AUDIENCES 16
#define JWT_SHA256        43   /* base64url characters of a digest */
#define JWT_MAX_SCOPE     7000 /* bytes; one header line of a web server holds 8 KiB */

struct jwt_claims {
    struct slice iss, sub, jti, client_id, azp, scope, patient,
        fhir_user;        /* SLICE_NONE when absent */
    struct slice cnf_jkt; /* thumbprint of the client's key (RFC 9449 section 6.1) */
    struct slice cnf_x5t; /* digest of the client's certificate (RFC 8705 section 3.1) */
    struct slice aud[JWT_MAX_AUDIENCES];
    size_t aud_count;
    bool aud_is_array;
    bool scope_is_array; /* and then not read here: jwt_scope.h does */
    bool has_exp, has_nbf, has_iat;
    int64_t exp, nbf, iat; /* seconds since 1970, whole; fractions are cut */
};

/*
 * Read a claim set.  Strings are copied into the arena.  ERR_JSON; ERR_JWT_CLAIM for a registered
 * claim of the wrong type, a time outside 0..2^53, a control character in a string, too many
 * audiences, a scope over JWT_MAX_SCOPE, or a cnf that names no way of confirmation or one that is
 * not known here; ERR_TOO_LARGE.
 */
MUST_USE enum err jwt_claims_parse(struct slice payload, struct arena *a, struct jwt_claims *out);

/*
 * now, skew: seconds.  exp is required: ERR_JWT_CLAIM when absent, ERR_JWT_EXPIRED when now >= exp
 * + skew; ERR_JWT_NOT_YET when nbf or iat lies more than skew ahead.
 */
MUST_USE enum err jwt_check_time(const struct jwt_claims *c, int64_t now, int64_t skew);

bool jwt_has_audience(const struct jwt_claims *c, struct slice audience);

/* typ matches "at+jwt" in any case, with or without "application/" (RFC 7515 section 4.1.9). */
bool jwt_typ_is(struct slice typ, const char *name);

#endif
