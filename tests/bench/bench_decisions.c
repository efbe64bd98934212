/*
 * The decision alone, without token check and servers: how long it takes on this machine.  Each
 * figure is the median of several rounds, one line each: name, value, unit.
 */
#include "authorize.h"

#include <stdio.h>
#include <time.h>

#define ROUNDS 15
#define CALLS  20000

static const char text[] = "[token-endpoint]\nissuer = https://h.example/oauth\n"
                           "[fhir \"m\"]\nbase = https://h.example/fhir\n";

/* Of the processor: what else runs does not count. */
static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* False when the decision is not what it should be: then it is not worth measuring. */
static bool measure(const struct config *conf, const char *name, const char *method,
                    const char *target, const char *scope)
{
    struct request rq = {.method = slice_of(method), .uri = slice_of(target)};
    struct token t = {.audience = {SLICE("https://h.example/fhir")},
                      .audience_count = 1,
                      .expires_at = INT64_MAX};
    const struct possession bearer = {.scheme = AUTH_BEARER};
    double rounds[ROUNDS];
    bool all = true;
    token_set_scope(&t, slice_of(scope));
    for (size_t r = 0; r < ROUNDS; r++) {
        double begin = now_us();
        for (size_t i = 0; i < CALLS; i++) {
            struct fhir_request asked;
            enum err e = fhir_request_parse(&rq, conf, &asked);
            all = authorize(&asked, e, ERR_OK, &t, ERR_OK, &bearer, 0).allow && all;
        }
        rounds[r] = (now_us() - begin) / CALLS;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], by_value);
    printf("%s %.2f us\n", name, rounds[ROUNDS / 2]);
    return all;
}

int main(void)
{
    static struct config conf;
    char faults[1024];
    struct buf b = BUF(faults);
    if (config_parse(slice_of(text), "bench", &conf, &b) != ERR_OK) {
        fputs(faults, stderr);
        return 1;
    }
    bool good = measure(&conf, "decision-read", "GET", "/fhir/Patient/123", "system/*.rs");
    good &= measure(&conf, "decision-search-10-parameters", "GET",
                    "/fhir/Observation?code=http%3A%2F%2Floinc.org%7C8867-4&category=vital-signs"
                    "&date=ge2026-01-01&status=final&_count=50&_sort=-date&subject=Patient%2F1"
                    "&encounter=Encounter%2F2&performer=Practitioner%2F3"
                    "&_include=Observation%3Asubject",
                    "system/*.rs");
    good &= measure(&conf, "decision-search-constrained", "GET",
                    "/fhir/Observation?category=laboratory&code=8867-4",
                    "system/Patient.rs system/Observation.rs?category=laboratory");
    if (!good)
        fputs("bench: a request that must be allowed was refused\n", stderr);
    return good ? 0 : 1;
}
