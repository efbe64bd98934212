#include "config_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

#define HOST_FAULT "has no valid host and port; give a name in lower case"
#define PATH_FAULT "has a path that can be written in two ways; use only letters, digits and -._~"
#define HTTP_FAULT                                                                                 \
    "is not https; give https://… (http is allowed only for 127.0.0.1, [::1] and localhost)"

/* fault NULL: the URL is taken. */
static const struct {
    int line;
    const char *url, *fault;
} rows[] = {
    {__LINE__, "https://fhir.example.org", NULL},
    {__LINE__, "https://fhir.example.org/fhir", NULL},
    {__LINE__, "https://fhir.example.org:8443/a/B-c/d_e.f~1", NULL},
    {__LINE__, "https://192.0.2.1/fhir", NULL},
    {__LINE__, "https://[2001:db8::1]/fhir", NULL},
    {__LINE__, "https://[2001:db8::1]:65535", NULL},
    {__LINE__, "https://x/...", NULL},
    {__LINE__, "https://x:1", NULL},
    {__LINE__, "http://127.0.0.1:8080/fhir", NULL},
    {__LINE__, "http://[::1]/fhir", NULL},
    {__LINE__, "http://[::1]:8080/fhir", NULL},
    {__LINE__, "http://localhost", NULL},

    {__LINE__, "", "is no https URL; give https://host[:port][/path]"},
    {__LINE__, "fhir.example.org", "is no https URL"},
    {__LINE__, "HTTPS://fhir.example.org", "is no https URL"},
    {__LINE__, "ftp://fhir.example.org", "is no https URL"},
    {__LINE__, "https:/fhir.example.org", "is no https URL"},
    {__LINE__, "https://x/?", "has a query or a fragment; leave that out"},
    {__LINE__, "https://x?a=b", "has a query or a fragment"},
    {__LINE__, "https://x/f#a", "has a query or a fragment"},
    {__LINE__, "https://user@x/f", "has user information; leave out all up to the @"},
    {__LINE__, "https://user:word@x/f", "has user information"},
    {__LINE__, "https://x/a@b", "has user information"},
    {__LINE__, "https://x/", "ends with a slash; leave it out"},
    {__LINE__, "https://x/fhir/", "ends with a slash"},
    {__LINE__, "https:///", "ends with a slash"},
    {__LINE__, "https:///fhir", HOST_FAULT},
    {__LINE__, "https://", HOST_FAULT},
    {__LINE__, "https://:443", HOST_FAULT},
    {__LINE__, "https://Fhir.example.org", HOST_FAULT},
    {__LINE__, "https://f\xc3\xb1", HOST_FAULT},
    {__LINE__, "https://a b", HOST_FAULT},
    {__LINE__, "https://a\\b", HOST_FAULT},
    {__LINE__, "https://x:", HOST_FAULT},
    {__LINE__, "https://x:0", HOST_FAULT},
    {__LINE__, "https://x:080", HOST_FAULT},
    {__LINE__, "https://x:65536", HOST_FAULT},
    {__LINE__, "https://x:80:80", HOST_FAULT},
    {__LINE__, "https://x:http", HOST_FAULT},
    {__LINE__, "https://2001:db8::1", HOST_FAULT},
    {__LINE__, "https://[]", HOST_FAULT},
    {__LINE__, "https://[", HOST_FAULT},
    {__LINE__, "https://[::1", HOST_FAULT},
    {__LINE__, "https://[::1]x", HOST_FAULT},
    {__LINE__, "https://[::1]:", HOST_FAULT},
    {__LINE__, "https://[host]", HOST_FAULT},
    {__LINE__, "https://[fe80::1%25eth0]", HOST_FAULT},
    {__LINE__, "https://x//f", PATH_FAULT},
    {__LINE__, "https://x/a//b", PATH_FAULT},
    {__LINE__, "https://x/.", PATH_FAULT},
    {__LINE__, "https://x/a/../b", PATH_FAULT},
    {__LINE__, "https://x/a%2fb", PATH_FAULT},
    {__LINE__, "https://x/a b", PATH_FAULT},
    {__LINE__, "https://x/a;b", PATH_FAULT},
    {__LINE__, "https://x/a\\b", PATH_FAULT},
    {__LINE__, "https://x/\xc3\xb1", PATH_FAULT},
    {__LINE__, "http://fhir.example.org/fhir", HTTP_FAULT},
    {__LINE__, "http://127.0.0.1.example.org", HTTP_FAULT},
    {__LINE__, "http://localhost.example.org", HTTP_FAULT},
    {__LINE__, "http://127.0.0.2", HTTP_FAULT},
    {__LINE__, "http://[::2]", HTTP_FAULT},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *fault = config_url_fault(slice_of(rows[i].url));
        bool ok = rows[i].fault == NULL ? fault == NULL
                                        : fault != NULL && strstr(fault, rows[i].fault) == fault;
        if (!ok)
            fail_msg("line %d: %s: %s", rows[i].line, rows[i].url, fault ? fault : "taken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};
    return cmocka_run_group_tests_name("config_url", tests, NULL, NULL);
}
