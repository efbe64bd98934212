/* A decision to tell of, taken as the authorizer takes it. */
#ifndef FHIR_AUTH_AUDIT_FIXTURE_H
#define FHIR_AUTH_AUDIT_FIXTURE_H

#include "authorize_fixture.h"

#include "audit_event.h"

struct told {
    struct request request;
    struct fhir_request asked;
    struct token token;
    struct decision decision;
    struct audit_decision d;
};

/* scope NULL: no token. */
static inline void tell_of(struct told *t, const struct config *conf, const char *method,
                           const char *uri, const char *scope)
{
    *t = (struct told){.request = {.method = slice_of(method),
                                   .uri = slice_of(uri),
                                   .remote_addr = SLICE("192.0.2.7")}};
    enum err e = fhir_request_parse(&t->request, conf, &t->asked);
    if (scope != NULL) {
        t->token = token_of(scope);
        t->token.jti = SLICE("the-jti");
        t->token.issuer = SLICE("https://issuer.example");
        t->token.subject = SLICE("the-subject");
    }
    enum err presented = scope != NULL ? ERR_OK : ERR_NO_TOKEN;
    t->decision = authorize(&t->asked, e, presented, scope != NULL ? &t->token : NULL, presented,
                            &as_bearer, NOW);
    t->d = (struct audit_decision){.request = &t->request,
                                   .request_id = SLICE("the-id"),
                                   .asked = &t->asked,
                                   .asked_error = e,
                                   .token = scope != NULL ? &t->token : NULL,
                                   .decision = &t->decision,
                                   .gateway = SLICE("https://hospital.example/auth"),
                                   .at_ms = INT64_C(1600000000042),
                                   .took_us = 17};
}

#endif
