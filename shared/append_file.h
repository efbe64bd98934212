/*
 * A file that lines are appended to by several threads and processes, one write(2) each.  It may be
 * renamed or removed at any time (logrotate): within APPEND_FILE_CHECK_S it is opened anew.
 */
#ifndef FHIR_AUTH_APPEND_FILE_H
#define FHIR_AUTH_APPEND_FILE_H

#include "error.h"
#include "slice.h"

#include <stdatomic.h>

#define APPEND_FILE_CHECK_S  1
#define APPEND_FILE_MAX_PATH 512 /* bytes with the NUL; a configured path fits */

struct append_file {
    char path[APPEND_FILE_MAX_PATH];
    int fd; /* owned; stays the same number when the file is opened anew; -1: not open */
    atomic_llong checked_at;
};

/* Made with mode 0640 when missing.  ERR_FILE; f->fd is -1 then. */
MUST_USE enum err append_file_open(struct append_file *f, const char *path);
void append_file_close(struct append_file *f);

/*
 * One line with its newline.  False when it could not be written whole; what was written of it is
 * then still in the file.  While a new file cannot be made, the old one is written on to.  Safe
 * from any thread between open and close.
 */
bool append_file_write(struct append_file *f, struct slice line);

#endif
