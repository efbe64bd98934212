/* A token with text in every slice, and whether what came back is the same. */
#ifndef FHIR_AUTH_RECORD_FIXTURE_H
#define FHIR_AUTH_RECORD_FIXTURE_H

#include "authorize_fixture.h"

#include "token_record.h"

#define STAMP 77

static inline struct secret record_digest(unsigned set, unsigned n)
{
    struct secret d = {{0}};
    memcpy(d.b, &set, sizeof set);
    memcpy(d.b + 16, &n, sizeof n);
    return d;
}

static inline struct token record_token(const char *client_id)
{
    struct token t = token_of("system/*.rs system/Patient.d");
    t.client_id = slice_of(client_id);
    t.subject = SLICE("");
    t.issuer = SLICE("https://a");
    t.patient = SLICE("p1");
    t.fhir_user = SLICE("Practitioner/1");
    t.dpop_jkt = SLICE("thumbprint");
    t.tls_x5t = SLICE("digest");
    t.audience[1] = SLICE("b");
    t.audience_count = 2;
    t.introspected = true;
    t.verify_at = NOW + 50;
    return t;
}

/* Whole and right; jti is the one that is absent. */
static inline bool record_is_right(const struct token *t, const char *client_id)
{
    return slice_is(t->client_id, client_id) && slice_is(t->subject, "") && t->subject.p != NULL &&
           slice_is(t->scope, "system/*.rs system/Patient.d") && t->jti.p == NULL &&
           slice_is(t->issuer, "https://a") && slice_is(t->patient, "p1") &&
           slice_is(t->fhir_user, "Practitioner/1") && slice_is(t->dpop_jkt, "thumbprint") &&
           slice_is(t->tls_x5t, "digest") && t->audience_count == 2 &&
           slice_is(t->audience[0], AUDIENCE) && slice_is(t->audience[1], "b") && t->introspected &&
           !t->any_audience && t->retry_after_s == 0 && t->expires_at == NOW + 60 &&
           t->verify_at == NOW + 50 &&
           scope_set_allows(&t->granted[SCOPE_SYSTEM], FHIR_TYPE_ANY, SCOPE_R | SCOPE_S) &&
           !scope_set_allows(&t->granted[SCOPE_SYSTEM], FHIR_TYPE_ANY, SCOPE_D);
}

#endif
