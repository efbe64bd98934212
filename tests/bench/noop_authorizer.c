/* The least that an authorizer costs with this libfcgi. */
static const char answer[] = "Status: 200 OK\r\n"
                             "Variable-FHIR_AUTH: granted\r\n"
                             "Variable-FHIR_AUTH_CLIENT_ID: nobody\r\n"
                             "\r\n";

#include "noop.h"
