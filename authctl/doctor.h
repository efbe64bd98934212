/* What the two halves of fhir-authctl doctor share: the site and how it is asked. */
#ifndef FHIR_AUTH_DOCTOR_H
#define FHIR_AUTH_DOCTOR_H

#include "ctl.h"
#include "doctor_probes.h"
#include "http_client.h"

#define DOCTOR_TIMEOUT_MS 15000

/* The URL on the command line; pieces of it live as long as the command. */
struct doctor_url {
    const char *base;    /* without a trailing slash */
    struct slice origin; /* https://host:port */
    struct slice path;   /* "" or "/fhir" */
    bool tls;
};

/* STATUS_USAGE: not the http or https URL of a FHIR base. */
MUST_USE enum status doctor_url_read(struct ctl *c, struct doctor_url *out);

/* Body of an answer that is looked at; the rest is dropped. */
#define DOCTOR_MAX_BODY 65536

/* How everything is asked, for a URL and for --ca. */
struct http_get doctor_get(const struct ctl *c, const char *url);

/*
 * doctor --warm N: N requests at a time, round after round, until no process has to be started for
 * them any more.  STATUS_NO when that does not come about within a minute.
 */
enum status doctor_warm(struct ctl *c, const struct doctor_url *url);

#endif
