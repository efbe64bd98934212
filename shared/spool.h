/*
 * Lines that still have to be sent, in a directory of files ("segments") that several processes
 * share.  What was added is on disk: it survives the process.
 *
 * Each process adds to a segment of its own, which it holds with flock(2).  A segment is closed
 * after SPOOL_SEGMENT_S or when it is full; then whoever drains may take it.  A line that is done
 * with is marked in place, by '#' as its first byte, and a segment without others is removed: so
 * nothing is sent twice but what was on its way when a process was killed.
 */
#ifndef FHIR_AUTH_SPOOL_H
#define FHIR_AUTH_SPOOL_H

#include "error.h"
#include "slice.h"

#define SPOOL_SEGMENT_BYTES 262144 /* no segment grows beyond */
#define SPOOL_SEGMENT_S     2

struct spool;

/*
 * The directory is made with mode 0700 when it is missing.  max_bytes: all segments of all
 * processes; each process may exceed it by one segment.  NULL: memory or the directory fails, or
 * others may write to it.
 */
struct spool *spool_open(const char *directory, uint64_t max_bytes);
/* Closes the segment; what is in it stays. */
void spool_close(struct spool *s);

/*
 * Add a line, with its newline, that begins with '{'.  ERR_TOO_LARGE: the spool is full; ERR_FILE.
 * Nothing of the line is kept then.  Safe from any thread.
 */
MUST_USE enum err spool_add(struct spool *s, struct slice line);

/* Close this process's segment when it is old enough, or at once.  Safe from any thread. */
void spool_settle(struct spool *s, bool at_once);

/* What became of one line. */
enum spool_fate { SPOOL_DONE, SPOOL_LATER };
typedef enum spool_fate spool_handler(void *context, struct slice line);

/*
 * Hand each line of the closed segments, oldest segment first, to the handler until one says
 * SPOOL_LATER.  True when it got through to the end.  For one process at a time: see spool_lead.
 */
bool spool_drain(struct spool *s, spool_handler *handler, void *context);

/*
 * Be the one process that drains, until spool_follow.  False when another one is.
 * Calls of one thread only.
 */
bool spool_lead(struct spool *s);
void spool_follow(struct spool *s);

#endif
