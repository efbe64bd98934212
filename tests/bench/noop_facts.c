/* The least when the FHIR server is to learn who asks: the web server, too, has to work for that.
 */
static const char answer[] = "Status: 200 OK\r\n"
                             "Variable-FHIR_AUTH: granted\r\n"
                             "Variable-FHIR_AUTH_CLIENT_ID: 3977c0fe4e5f87b0e923fa657f1a78ab\r\n"
                             "Variable-REMOTE_USER: 3977c0fe4e5f87b0e923fa657f1a78ab\r\n"
                             "Variable-FHIR_AUTH_SCOPE: system/*.rs\r\n"
                             "Variable-FHIR_AUTH_SUBJECT: 3977c0fe4e5f87b0e923fa657f1a78ab\r\n"
                             "Variable-FHIR_AUTH_JTI: 5dYcFSChpChiyCn2kzZ4sQ\r\n"
                             "Variable-FHIR_AUTH_ISSUER: https://127.0.0.1:49001/oauth\r\n"
                             "\r\n";

#include "noop.h"
