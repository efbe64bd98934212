/* The command line: finding the command, its options and its operand; the usage text. */
#ifndef FHIR_AUTH_OPTIONS_H
#define FHIR_AUTH_OPTIONS_H

#include "ctl.h"

#define OPT(name) (1u << OPT_##name)

struct commands {
    const struct command *rows;
    size_t count;
};

/* Usage of all commands, or of those of one noun, or of one command; NULL: any. */
void usage_write(const struct commands *all, const char *noun, const char *verb, struct buf *out);

/*
 * Read the arguments behind the program's name into *c.  *out is NULL with STATUS_YES when help was
 * asked for, which c->out then holds.
 */
MUST_USE enum status options_read(const struct commands *all, int argc, char *const argv[],
                                  struct ctl *c, const struct command **out);

#endif
