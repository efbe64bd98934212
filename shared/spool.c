#include "spool.h"

#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX      ".events"
#define MAX_NAME    64
#define FULL_FOR_US 500000

struct spool {
    int directory; /* owned */
    uint64_t max_bytes;
    int leader;            /* owned; of the lock file; -1: not leading */
    pthread_mutex_t mutex; /* over what follows */
    int fd;                /* owned; this process's segment; -1: none is open */
    char name[MAX_NAME];   /* of the last segment, even when it is closed; "" at first */
    size_t size;
    int64_t opened_us;
    int64_t full_us; /* when it was last seen to be full; 0: not */
    unsigned count;
};

/* Whoever may add files to it could have them sent, or hold the lock for ever. */
static bool is_ours_alone(int directory)
{
    struct stat st;
    return fstat(directory, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct spool *spool_open(const char *directory, uint64_t max_bytes)
{
    struct spool *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    mkdir(directory, 0700); /* when it is there already, or cannot be made, open tells */
    s->max_bytes = max_bytes;
    s->fd = s->leader = -1;
    s->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->directory < 0 || !is_ours_alone(s->directory) ||
        pthread_mutex_init(&s->mutex, NULL) != 0) {
        if (s->directory >= 0)
            close(s->directory);
        free(s);
        return NULL;
    }
    return s;
}

static void close_segment(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd); /* and with it the lock */
    s->fd = -1;
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    close_segment(s);
    spool_follow(s);
    close(s->directory);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

/* Open and hold a segment; -1 when another one holds it, or it is gone or about to go. */
static int take(const struct spool *s, const char *name, int flags, struct stat *st)
{
    int fd = openat(s->directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
        st->st_nlink > 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- the directory ---- */

static bool is_segment(const char *name)
{
    return strlen(name) < MAX_NAME && name[0] != '.' && slice_ends(slice_of(name), SUFFIX);
}

/* A stream over the directory; NULL when that fails. */
static DIR *list(const struct spool *s)
{
    int fd = openat(s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL && fd >= 0)
        close(fd);
    return d;
}

static bool has_room(const struct spool *s)
{
    uint64_t sum = SPOOL_SEGMENT_BYTES;
    DIR *d = list(s);
    if (d == NULL)
        return false;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (is_segment(e->d_name) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            sum += (uint64_t)st.st_size;
    }
    closedir(d);
    return sum <= s->max_bytes;
}

/* ---- adding ---- */

/* The last segment once more if there is room in it and nobody drains it: while nothing can be sent
 * there is not a new file every few seconds. */
static bool reopen(struct spool *s, size_t need)
{
    struct stat st;
    int fd = s->name[0] != '\0' ? take(s, s->name, O_RDWR | O_APPEND, &st) : -1;
    if (fd < 0)
        return false;
    if ((uint64_t)st.st_size + need > SPOOL_SEGMENT_BYTES) {
        close(fd);
        return false;
    }
    s->fd = fd;
    s->size = (size_t)st.st_size;
    return true;
}

static enum err open_segment(struct spool *s, size_t need)
{
    struct stat st;
    s->opened_us = clock_us();
    if (reopen(s, need))
        return ERR_OK;
    /* To look is not for each request. */
    if (s->full_us != 0 && s->opened_us - s->full_us < FULL_FOR_US)
        return ERR_TOO_LARGE;
    s->full_us = has_room(s) ? 0 : s->opened_us;
    if (s->full_us != 0)
        return ERR_TOO_LARGE;
    /* Names sort by time.  One that a drainer takes before it is held is given up. */
    for (int i = 0; i < 3 && s->fd < 0; i++) {
        snprintf(s->name, sizeof s->name, "%013lld-%d-%u" SUFFIX, (long long)clock_today_ms(),
                 (int)getpid(), s->count++);
        s->fd = take(s, s->name, O_RDWR | O_APPEND | O_CREAT | O_EXCL, &st);
    }
    s->size = 0;
    return s->fd >= 0 ? ERR_OK : ERR_FILE;
}

static bool is_due(const struct spool *s)
{
    return s->fd >= 0 && clock_us() - s->opened_us >= SPOOL_SEGMENT_S * 1000000LL;
}

static enum err add(struct spool *s, struct slice line)
{
    if (is_due(s) || s->size + line.n > SPOOL_SEGMENT_BYTES)
        close_segment(s);
    enum err e = s->fd >= 0 ? ERR_OK : open_segment(s, line.n);
    if (e != ERR_OK)
        return e;
    ssize_t n = write(s->fd, line.p, line.n);
    if (n >= 0 && (size_t)n == line.n) {
        s->size += line.n;
        return ERR_OK;
    }
    if (ftruncate(s->fd, (off_t)s->size) != 0) { /* no half line: what follows would join it */
        close_segment(s);
        s->name[0] = '\0';
    }
    return ERR_FILE;
}

enum err spool_add(struct spool *s, struct slice line)
{
    if (line.n > SPOOL_SEGMENT_BYTES)
        return ERR_TOO_LARGE;
    pthread_mutex_lock(&s->mutex);
    enum err e = add(s, line);
    pthread_mutex_unlock(&s->mutex);
    return e;
}

void spool_settle(struct spool *s, bool at_once)
{
    pthread_mutex_lock(&s->mutex);
    if (at_once || is_due(s))
        close_segment(s);
    pthread_mutex_unlock(&s->mutex);
}

/* ---- draining ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names of all segments, sorted; owned by the caller; NULL when there are none. */
static char (*segments(const struct spool *s, size_t *count))[MAX_NAME]
{
    char(*names)[MAX_NAME] = NULL;
    size_t room = 0;
    DIR *d = list(s);
    *count = 0;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (!is_segment(e->d_name))
            continue;
        if (*count == room) {
            room = room > 0 ? 2 * room : 64;
            char(*more)[MAX_NAME] = realloc(names, room * sizeof *names);
            if (more == NULL)
                break; /* the others come next time */
            names = more;
        }
        memcpy(names[(*count)++], e->d_name, strlen(e->d_name) + 1); /* fits: it is a segment */
    }
    if (d != NULL)
        closedir(d);
    if (names != NULL)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

/* All lines that are not marked.  A last line without a newline was cut by a crash. */
static bool drain_lines(int fd, struct slice text, spool_handler *handler, void *context)
{
    struct slice rest = text, line;
    while (slice_cut(&rest, '\n', &line) && rest.p != NULL) {
        if (line.n == 0 || line.p[0] != '{')
            continue;
        if (handler(context, line) == SPOOL_LATER)
            return false;
        if (pwrite(fd, "#", 1, line.p - text.p) != 1)
            return false;
    }
    return true;
}

/* False when there is to be a pause.  A segment that another process holds is passed over. */
static bool drain_segment(const struct spool *s, const char *name, char *space,
                          spool_handler *handler, void *context)
{
    struct stat st;
    int fd = take(s, name, O_RDWR, &st);
    if (fd < 0)
        return true;
    bool done = false;
    ssize_t n = pread(fd, space, SPOOL_SEGMENT_BYTES, 0);
    if (n >= 0)
        done = drain_lines(fd, (struct slice){space, (size_t)n}, handler, context);
    if (done)
        unlinkat(s->directory, name, 0);
    close(fd);
    return done;
}

bool spool_drain(struct spool *s, spool_handler *handler, void *context)
{
    size_t count;
    char(*names)[MAX_NAME] = segments(s, &count);
    if (names == NULL)
        return true;
    char *space = malloc(SPOOL_SEGMENT_BYTES);
    bool done = space != NULL;
    for (size_t i = 0; i < count && done; i++)
        done = drain_segment(s, names[i], space, handler, context);
    free(space);
    free(names);
    return done;
}

bool spool_lead(struct spool *s)
{
    struct stat st;
    if (s->leader < 0)
        s->leader = take(s, "lock", O_RDWR | O_CREAT, &st);
    return s->leader >= 0;
}

void spool_follow(struct spool *s)
{
    if (s->leader >= 0)
        close(s->leader);
    s->leader = -1;
}
