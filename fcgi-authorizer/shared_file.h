/*
 * A file of fixed size that the processes of one user have in their memory, all at the same time.
 *
 * It is made whole under another name, so nobody ever maps a part of it; one that another version
 * of the program left is replaced by a new one, and who still has the old one keeps that.  All its
 * blocks are taken from the disk at once: a process that writes to a page which a full disk cannot
 * hold is ended by the system.  So is one that reads what was cut off: only this user, and root,
 * can cut it short, and no program does.
 */
#ifndef FHIR_AUTH_SHARED_FILE_H
#define FHIR_AUTH_SHARED_FILE_H

#include "slice.h"

/*
 * head: what the file begins with, all else is zero at first; shorter than 64 bytes.  NULL when it
 * cannot be had, and *why says so: no regular file of the effective user alone (mode 0600; a
 * symbolic link is not followed), or no room.  For munmap(2).
 */
MUST_USE void *shared_file_map(const char *path, struct slice head, size_t bytes, const char **why);

#endif
