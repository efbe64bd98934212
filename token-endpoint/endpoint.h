/* What every endpoint gets, and the endpoints themselves. */
#ifndef FHIR_AUTH_ENDPOINT_H
#define FHIR_AUTH_ENDPOINT_H

#include "authenticate.h"
#include "jws_prepared.h"
#include "keyring.h"
#include "local_token.h"
#include "rate.h"
#include "store_watch.h"

/*
 * What a thread keeps between requests; renewed when the store's epoch changes, and when the time
 * of another key comes.
 */
struct endpoint_cache {
    struct store_watch watch;
    struct known_clients *known; /* owned; NULL: none yet */
    bool filled;
    int64_t epoch;
    int64_t valid_until;
    struct jwk *signing_key;      /* owned; NULL when there is none */
    struct jws_prepared signing;  /* of that key */
    struct jwk *encryption_key;   /* owned; NULL when there is none or none is needed */
    struct local_keys *published; /* owned */
};

struct endpoint {
    const struct config *conf;
    const struct request *request;
    struct store *store; /* open; NULL only for endpoints that need none */
    struct endpoint_cache *cache;
    struct store_group *group; /* of the process; NULL: what is written is written by store */
    struct jti_use *later;     /* of an assertion; NULL: it is noted at once */
    struct rates *rates; /* of the process; NULL: each token is counted in the store at once */
    struct arena *arena;
    int64_t now;      /* seconds since 1970 */
    int64_t start_us; /* of clock_us: when the request came */
    struct slice request_id;
    struct authentication who; /* filled by endpoint_client */
    struct slice dpop_nonce;   /* for the header DPoP-Nonce; SLICE_NONE: none */
    int64_t retry_after_s;     /* of an error that time mends; 0: not known */
};

/*
 * Each fills the answer and returns ERR_OK, or returns why not: the caller then composes the error
 * and logs it.
 */
typedef enum err endpoint_function(struct endpoint *ep, struct response *out);

endpoint_function endpoint_token;      /* RFC 6749 section 4.4 */
endpoint_function endpoint_introspect; /* RFC 7662 */
endpoint_function endpoint_revoke;     /* RFC 7009 */
endpoint_function endpoint_jwks;       /* RFC 7517 section 5 */
endpoint_function endpoint_oauth_metadata;
endpoint_function endpoint_smart_configuration;
endpoint_function endpoint_health;

/* The form of a POST; parameters in the URL are refused. */
MUST_USE enum err endpoint_form(struct endpoint *ep, struct form *out);

/* The store, and what this thread knows of it; ERR_STORE. */
MUST_USE enum err endpoint_registry(struct endpoint *ep, struct registry *out);

/* Authenticate the client into ep->who. */
MUST_USE enum err endpoint_client(struct endpoint *ep, const struct form *form);

/* Count a token for the client of ep->who.  ERR_THROTTLED: no more for now; ERR_STORE. */
MUST_USE enum err endpoint_count_token(struct endpoint *ep);

/* The key that signs now; borrowed from the cache.  ERR_KEYS when there is none, ERR_STORE. */
MUST_USE enum err endpoint_signing_key(struct endpoint *ep, const struct jwk **out);

/* The key that tokens are encrypted for; NULL when they are not; borrowed.  ERR_KEYS, ERR_STORE. */
MUST_USE enum err endpoint_encryption_key(struct endpoint *ep, const struct jwk **out);

/*
 * Is the token at fault for this error of endpoint_check_token (malformed, forged, expired,
 * revoked, of another issuer)?  False: it could not be checked, which is not the same as inactive.
 */
bool endpoint_blames_token(enum err e);

/*
 * Check a token that this endpoint may have issued, whatever the format of new ones is.  Errors as
 * local_token_check and local_opaque_check.
 */
MUST_USE enum err endpoint_check_token(struct endpoint *ep, struct slice token,
                                       struct jwt_claims *out);

/* Microseconds since the request came, for its log line. */
int64_t endpoint_took_us(const struct endpoint *ep);

void endpoint_cache_clear(struct endpoint_cache *cache);

#endif
