#include "shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_HEAD 64
#define ATTEMPTS 4 /* others make and replace it at the same time */

enum found { FOUND_NOTHING, FOUND_OTHER_VERSION, FOUND_UNUSABLE, FOUND_IT };

static bool is_ours(const struct stat *sb)
{
    return S_ISREG(sb->st_mode) && sb->st_uid == geteuid() &&
           (sb->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static bool has_form(int fd, const struct stat *sb, struct slice head, size_t bytes)
{
    char text[MAX_HEAD];
    return (size_t)sb->st_size == bytes && head.n <= sizeof text &&
           pread(fd, text, head.n, 0) == (ssize_t)head.n && memcmp(text, head.p, head.n) == 0;
}

static enum found map(int fd, struct slice head, size_t bytes, void **out, const char **why)
{
    struct stat sb;
    if (fstat(fd, &sb) != 0 || !is_ours(&sb)) {
        *why = "it is no file of this user alone";
        return FOUND_UNUSABLE;
    }
    if (!has_form(fd, &sb, head, bytes))
        return FOUND_OTHER_VERSION;
    *out = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*out != MAP_FAILED)
        return FOUND_IT;
    *why = strerrordesc_np(errno);
    return FOUND_UNUSABLE;
}

static enum found look(const char *path, struct slice head, size_t bytes, void **out,
                       const char **why)
{
    /* O_NONBLOCK: opening a FIFO must not wait. */
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        *why = strerrordesc_np(errno);
        return errno == ENOENT ? FOUND_NOTHING : FOUND_UNUSABLE;
    }
    enum found what = map(fd, head, bytes, out, why);
    close(fd);
    return what;
}

/* Beyond the limit the system ends the process. */
static bool may_be_so_long(size_t bytes)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= bytes;
}

/* 0, or an errno. */
static int fill(int fd, struct slice head, size_t bytes)
{
    if (!may_be_so_long(bytes))
        return EFBIG;
    int failed = posix_fallocate(fd, 0, (off_t)bytes);
    if (failed == 0 && pwrite(fd, head.p, head.n, 0) != (ssize_t)head.n)
        failed = errno;
    return failed;
}

/* 0, or an errno.  replace: what has the name now. */
static int make(const char *path, struct slice head, size_t bytes, bool replace)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.new-XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return ENAMETOOLONG;
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return errno;
    int failed = fill(fd, head, bytes);
    close(fd);
    if (failed == 0 && (replace ? rename(temporary, path) : link(temporary, path)) != 0)
        failed = errno;
    if (failed != 0 || !replace)
        unlink(temporary);
    return failed != EEXIST ? failed : 0; /* another process was faster */
}

void *shared_file_map(const char *path, struct slice head, size_t bytes, const char **why)
{
    void *mapping = NULL;
    for (int i = 0; i < ATTEMPTS; i++) {
        enum found what = look(path, head, bytes, &mapping, why);
        if (what == FOUND_IT)
            return mapping;
        if (what == FOUND_UNUSABLE)
            return NULL;
        int failed = make(path, head, bytes, what == FOUND_OTHER_VERSION);
        *why = failed != 0 ? strerrordesc_np(failed) : "others replace it again and again";
        if (failed != 0)
            return NULL;
    }
    return NULL;
}
