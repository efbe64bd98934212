#include "append_file.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

enum err append_file_open(struct append_file *f, const char *path)
{
    f->fd = -1;
    int n = snprintf(f->path, sizeof f->path, "%s", path);
    if (n < 0 || (size_t)n >= sizeof f->path)
        return ERR_FILE;
    atomic_store(&f->checked_at, clock_us() / 1000000);
    f->fd = open_path(path);
    return f->fd < 0 ? ERR_FILE : ERR_OK;
}

void append_file_close(struct append_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

/* Other threads may be writing meanwhile: dup3 changes what is behind the number in one step. */
static void follow(struct append_file *f)
{
    struct stat named, held;
    if (stat(f->path, &named) == 0 &&
        (fstat(f->fd, &held) != 0 || (named.st_dev == held.st_dev && named.st_ino == held.st_ino)))
        return;
    int fd = open_path(f->path);
    if (fd < 0)
        return;
    while (dup3(fd, f->fd, O_CLOEXEC) < 0 && (errno == EINTR || errno == EBUSY))
        continue;
    close(fd);
}

bool append_file_write(struct append_file *f, struct slice line)
{
    long long now = clock_us() / 1000000, before = atomic_load(&f->checked_at);
    if (now - before >= APPEND_FILE_CHECK_S &&
        atomic_compare_exchange_strong(&f->checked_at, &before, now))
        follow(f);
    ssize_t n;
    do
        n = write(f->fd, line.p, line.n);
    while (n < 0 && errno == EINTR);
    return n >= 0 && (size_t)n == line.n;
}
