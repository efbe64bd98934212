/* UTF-8 as RFC 3629 section 4 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef FHIR_AUTH_UTF8_H
#define FHIR_AUTH_UTF8_H

#include "slice.h"

/* Bytes of the character that s begins with (1 to 4), or 0 when it begins with none. */
size_t utf8_length(struct slice s);

bool utf8_valid(struct slice s);

#endif
