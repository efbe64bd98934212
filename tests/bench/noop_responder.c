/* A token endpoint that reads the form and answers always the same: the least that one costs. */
static const char answer[] = "Status: 200 OK\r\n"
                             "Content-Type: application/json\r\n"
                             "Cache-Control: no-store\r\n"
                             "\r\n"
                             "{\"access_token\":\"none\",\"token_type\":\"Bearer\"}";

#define FORM_BYTES 8192

#include "noop.h"
