#include "store_signal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIGNAL_BYTES 4096

static bool name_of(const char *store_path, const char *suffix, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s-signal%s", store_path, suffix);
    return n > 0 && n < PATH_MAX;
}

/* Whoever may write to it may also cut it short, which ends all who have it mapped. */
static bool is_usable(const struct stat *sb)
{
    return S_ISREG(sb->st_mode) && sb->st_size >= SIGNAL_BYTES &&
           (sb->st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

/* NULL when the file is not there or of no use. */
static void *map(const char *name, int flags, int protection, struct stat *sb)
{
    /* O_NONBLOCK: opening a FIFO must not wait. */
    int fd = open(name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *p = MAP_FAILED;
    if (fstat(fd, sb) == 0 && is_usable(sb))
        p = mmap(NULL, SIGNAL_BYTES, protection, MAP_SHARED, fd, 0);
    close(fd);
    return p != MAP_FAILED ? p : NULL;
}

bool store_signal_holds(const struct store_signal *s, const char *store_path)
{
    char name[PATH_MAX];
    struct stat sb;
    return s->counter != NULL && name_of(store_path, "", name) && lstat(name, &sb) == 0 &&
           is_usable(&sb) && sb.st_dev == s->device && sb.st_ino == s->inode;
}

bool store_signal_follow(struct store_signal *s, const char *store_path)
{
    char name[PATH_MAX];
    struct stat sb;
    if (!name_of(store_path, "", name))
        return false;
    if (store_signal_holds(s, store_path))
        return true;
    store_signal_close(s);
    s->counter = map(name, O_RDONLY, PROT_READ, &sb);
    if (s->counter == NULL)
        return false;
    s->device = sb.st_dev;
    s->inode = sb.st_ino;
    return true;
}

void store_signal_close(struct store_signal *s)
{
    union {
        const _Atomic uint64_t *read;
        void *mapping;
    } counter = {.read = s->counter};
    if (s->counter != NULL)
        munmap(counter.mapping, SIGNAL_BYTES);
    *s = (struct store_signal){0};
}

/* Of the owner the store has; its group cannot always be had, and then may not read. */
static bool dress(int fd, const struct stat *store)
{
    mode_t mode = store->st_mode & (S_IRUSR | S_IWUSR | S_IRGRP);
    if (fchown(fd, store->st_uid, store->st_gid) != 0) {
        if (geteuid() != store->st_uid)
            return false;
        mode &= ~(mode_t)S_IRGRP;
    }
    return fchmod(fd, mode) == 0;
}

/* Made whole under another name first: nobody may map a file that is too short. */
bool store_signal_make(const char *store_path, const struct stat *store)
{
    char name[PATH_MAX], temporary[PATH_MAX];
    struct stat sb;
    if (!name_of(store_path, "", name) || !name_of(store_path, ".new-XXXXXX", temporary) ||
        lstat(name, &sb) == 0)
        return false;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return false;
    bool made = ftruncate(fd, SIGNAL_BYTES) == 0 && dress(fd, store) && link(temporary, name) == 0;
    close(fd);
    unlink(temporary);
    return made;
}

void store_signal_raise(const char *store_path)
{
    char name[PATH_MAX];
    struct stat sb;
    if (!name_of(store_path, "", name))
        return;
    if (lstat(name, &sb) != 0 && stat(store_path, &sb) == 0)
        store_signal_make(store_path, &sb);
    /* Not kept open: changes are rare, and must go to the file that new readers find. */
    _Atomic uint64_t *counter = map(name, O_RDWR, PROT_READ | PROT_WRITE, &sb);
    if (counter == NULL)
        return;
    atomic_fetch_add_explicit(counter, 1, memory_order_release);
    munmap(counter, SIGNAL_BYTES);
}
