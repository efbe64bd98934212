#include "key_set_file.h"

#include "log.h"
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

struct key_set_file {
    const char *path;
    pthread_rwlock_t lock; /* of all below */
    struct jwk_set *set;   /* owned; NULL: the file cannot be used */
    int64_t looked_at;
    struct stat seen; /* of the file that was read last; zero: none */
};

struct key_set_file *key_set_file_new(const char *path)
{
    struct key_set_file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->path = path;
    pthread_rwlock_init(&f->lock, NULL);
    return f;
}

void key_set_file_free(struct key_set_file *f)
{
    if (f == NULL)
        return;
    jwk_set_free(f->set);
    pthread_rwlock_destroy(&f->lock);
    free(f);
}

static void complain(const struct key_set_file *f, const char *reason)
{
    LOG(LOG_LEVEL_ERROR, "key-file-unusable", LOG_TEXT("path", slice_of(f->path)),
        LOG_TEXT("reason", slice_of(reason)));
}

/* The whole text; the caller wipes and frees it. */
static char *read_text(int fd, size_t size)
{
    char *text = malloc(size + 1);
    size_t n;
    if (text == NULL || (whole_file_read(fd, text, size, &n) && n == size))
        return text;
    OPENSSL_cleanse(text, size);
    free(text);
    return NULL;
}

static bool has_secret(const struct jwk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i]->is_private)
            return true;
    return false;
}

/* Why a file of this mode may not be trusted with this set; NULL when it may. */
static const char *mode_fault(mode_t mode, const struct jwk_set *set)
{
    if ((mode & (S_IWGRP | S_IWOTH)) != 0)
        return "it can be changed by other users: chmod go-w";
    if ((mode & S_IRWXO) != 0 && has_secret(set))
        return "it holds a secret key and is open to all users: chmod o-rwx";
    return NULL;
}

static struct jwk_set *parse(const struct key_set_file *f, int fd, const struct stat *sb)
{
    struct jwk_set *set = NULL;
    size_t size = (size_t)sb->st_size;
    char *text = S_ISREG(sb->st_mode) && size <= KEY_SET_FILE_MAX ? read_text(fd, size) : NULL;
    if (text == NULL) {
        complain(f, "it is no regular file of at most 1 MiB");
        return NULL;
    }
    enum err e = jwk_set_parse((struct slice){text, size}, &set);
    OPENSSL_cleanse(text, size);
    free(text);
    const char *fault = e != ERR_OK ? err_row(e)->text : mode_fault(sb->st_mode, set);
    if (fault == NULL)
        return set;
    complain(f, fault);
    jwk_set_free(set);
    return NULL;
}

/* The time of the last change of the inode grows with its content, and with its mode too. */
static bool has_changed(const struct stat *a, const struct stat *b)
{
    return a->st_ino != b->st_ino || a->st_dev != b->st_dev || a->st_size != b->st_size ||
           a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

/* Holding the lock for writing. */
static void reread(struct key_set_file *f, int64_t now)
{
    struct stat sb;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool first = f->looked_at == 0;
    f->looked_at = now;
    if (fd < 0 || fstat(fd, &sb) != 0) {
        if (f->seen.st_ino != 0 || first)
            complain(f, strerrordesc_np(errno));
        jwk_set_free(f->set);
        f->set = NULL;
        f->seen = (struct stat){0};
    } else if (has_changed(&sb, &f->seen)) {
        jwk_set_free(f->set);
        f->set = parse(f, fd, &sb);
        f->seen = sb;
    }
    if (fd >= 0)
        close(fd);
}

enum err key_set_file_verify(struct key_set_file *f, const struct jws *jws, int64_t now)
{
    const struct jwk *key;
    pthread_rwlock_rdlock(&f->lock);
    if (f->looked_at != now) {
        pthread_rwlock_unlock(&f->lock);
        pthread_rwlock_wrlock(&f->lock);
        if (f->looked_at != now)
            reread(f, now);
    }
    enum err e = f->set != NULL ? jws_find_key(jws, f->set, &key) : ERR_KEYS;
    if (e == ERR_OK)
        e = jws_verify(jws, key);
    pthread_rwlock_unlock(&f->lock);
    return e;
}
