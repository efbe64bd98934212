#include "store.h"

#include "clock.h"
#include "store_internal.h"
#include "store_signal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_FIRST_US 100
#define BUSY_DOUBLED  6 /* times: 6.4 ms at most */

/* A small page cache: the programs wait most of the time, and the file is in the system's cache. */
static const char settings[] = "PRAGMA trusted_schema = OFF;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA synchronous = NORMAL;"
                               "PRAGMA cache_size = -256;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA wal_autocheckpoint = 1000;"
                               "PRAGMA journal_size_limit = 4194304;" /* as many pages of 4 KiB */
                               "PRAGMA cell_size_check = ON;";

static void disconnect(struct store *st)
{
    for (size_t i = 0; i < st->statement_count; i++)
        sqlite3_finalize(st->statements[i].prepared);
    st->statement_count = 0;
    sqlite3_close(st->db);
    st->db = NULL;
}

/*
 * Another connection has the lock, as a rule for less than a millisecond: ask again soon, and then
 * ever less often.  SQLite's own handler sleeps through that, up to 100 ms at a time.
 */
static int wait_for_lock(void *context, int times)
{
    struct store *st = context;
    int64_t now = clock_us(),
            most = (int64_t)BUSY_FIRST_US << (times < BUSY_DOUBLED ? times : BUSY_DOUBLED);
    if (times == 0)
        st->busy_since_us = now;
    if (now - st->busy_since_us >= (int64_t)st->busy_timeout_ms * 1000)
        return 0;
    /* Two that wait are not to ask at the same moments. */
    int64_t us = most / 2 + now % (most / 2);
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
    return 1;
}

static enum err settle(struct store *st, bool fresh)
{
    sqlite3_busy_handler(st->db, wait_for_lock, st);
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* SQLite falls back to reading when a file may not be written to. */
    if (sqlite3_db_readonly(st->db, "main") != 0)
        return store_refuse(st, "user %u may not write to it", (unsigned)geteuid());
    if (sqlite3_exec(st->db, settings, NULL, NULL, NULL) != SQLITE_OK)
        return store_failed(st);
    return store_migrate(st, fresh);
}

static enum err connect(struct store *st, const char *file, bool fresh)
{
    int code = sqlite3_open_v2(file, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (st->db == NULL)
        return store_refuse(st, "out of memory");
    enum err e = code == SQLITE_OK ? settle(st, fresh) : store_failed(st);
    if (e != ERR_OK)
        disconnect(st);
    return e;
}

/* Open what the path names now. */
static enum err attach(struct store *st)
{
    struct stat sb;
    int failed = stat(st->path, &sb) == 0 ? 0 : errno;
    if (failed == ENOENT)
        return store_refuse(st, "there is no such file: `fhir-authctl client add` or "
                                "`fhir-authctl key generate` makes it");
    if (failed != 0)
        return store_refuse(st, "it cannot be looked at: %s", strerrordesc_np(failed));
    if (!S_ISREG(sb.st_mode))
        return store_refuse(st, "it is no regular file");
    if (sb.st_mode & (S_IWGRP | S_IRWXO))
        return store_refuse(st, "its mode %04o lets others at it: chmod g-w,o-rwx %s",
                            (unsigned)sb.st_mode & 07777, st->path);
    enum err e = connect(st, st->path, false);
    if (e == ERR_OK) {
        st->device = sb.st_dev;
        st->inode = sb.st_ino;
        st->openings++;
        store_signal_make(st->path, &sb);
    }
    return e;
}

static int open_directory_of(const char *path)
{
    char directory[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof directory) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (n > 0) {
        memcpy(directory, path, n);
        directory[n] = '\0';
    }
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What root makes must serve the web server's user, who owns the directory. */
static bool own_as_directory(int fd, int directory)
{
    struct stat sb;
    return geteuid() != 0 || (fstat(directory, &sb) == 0 && fchown(fd, sb.st_uid, sb.st_gid) == 0);
}

/* A complete store under a name of its own; temporary: a template for mkstemp(3). */
static enum err build(struct store *st, int directory, char *temporary)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return store_refuse(st, "it cannot be made: %s", strerrordesc_np(errno));
    enum err e = ERR_OK;
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || !own_as_directory(fd, directory))
        e = store_refuse(st, "it cannot be made: %s", strerrordesc_np(errno));
    close(fd);
    if (e == ERR_OK)
        e = connect(st, temporary, true);
    disconnect(st);
    if (e != ERR_OK)
        unlink(temporary);
    return e;
}

static bool unlink_if_there(const char *path, const char *suffix)
{
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && (size_t)n < sizeof name && (unlink(name) == 0 || errno == ENOENT);
}

/*
 * Give the new store its name, unless another process was faster.  A store that was removed may
 * have left its log behind, which SQLite would play into the new one.  The lock keeps others who
 * make this store from taking the winner's log for such a remainder.
 */
static enum err publish(struct store *st, int directory, const char *temporary)
{
    struct stat sb;
    bool ok = flock(directory, LOCK_EX) == 0;
    if (ok && lstat(st->path, &sb) != 0)
        ok = unlink_if_there(st->path, "-wal") && unlink_if_there(st->path, "-shm") &&
             link(temporary, st->path) == 0;
    return ok ? ERR_OK : store_refuse(st, "it cannot be made: %s", strerrordesc_np(errno));
}

/* Built aside, then linked into place, so that nobody ever opens half a store. */
static enum err make(struct store *st)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.new-XXXXXX", st->path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return store_refuse(st, "its name is too long");
    int directory = open_directory_of(st->path);
    if (directory < 0)
        return store_refuse(st, "its directory cannot be opened: %s", strerrordesc_np(errno));
    enum err e = build(st, directory, temporary);
    if (e == ERR_OK) {
        e = publish(st, directory, temporary);
        unlink(temporary);
    }
    close(directory);
    return e;
}

static struct store *new_store(const char *path, unsigned busy_timeout_ms)
{
    size_t n = strlen(path) + 1;
    struct store *st = calloc(1, sizeof *st + n);
    if (st == NULL)
        return NULL;
    memcpy(st->path, path, n);
    st->busy_timeout_ms = busy_timeout_ms;
    return st;
}

enum err store_open(const char *path, unsigned busy_timeout_ms, struct store **out)
{
    struct store *st = *out = new_store(path, busy_timeout_ms);
    return st != NULL ? attach(st) : ERR_MEMORY;
}

enum err store_create(const char *path, unsigned busy_timeout_ms, struct store **out)
{
    struct store *st = *out = new_store(path, busy_timeout_ms);
    if (st == NULL)
        return ERR_MEMORY;
    struct stat sb;
    if (lstat(path, &sb) != 0 && errno == ENOENT) {
        enum err e = make(st);
        if (e != ERR_OK)
            return e;
    }
    return attach(st);
}

void store_close(struct store *st)
{
    if (st == NULL)
        return;
    disconnect(st);
    free(st);
}

const char *store_fault(const struct store *st)
{
    return st != NULL ? st->fault : "out of memory";
}

enum err store_refresh(struct store *st)
{
    struct stat sb;
    if (st->db != NULL && stat(st->path, &sb) == 0 && sb.st_dev == st->device &&
        sb.st_ino == st->inode)
        return ERR_OK;
    disconnect(st);
    return attach(st);
}

enum err store_epoch(struct store *st, int64_t *epoch)
{
    sqlite3_stmt *s = NULL;
    enum err e = store_start(st, "SELECT epoch FROM meta", NO_PARAMS, &s);
    if (e != ERR_OK)
        return e;
    bool row = false;
    e = store_row(st, s, &row);
    if (e == ERR_OK && !row)
        e = store_refuse(st, "it is damaged: it has no epoch");
    if (e == ERR_OK)
        *epoch = sqlite3_column_int64(s, 0);
    store_done(s);
    return e;
}
