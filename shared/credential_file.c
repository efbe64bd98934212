#include "credential_file.h"

#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_KEY_BYTES 16384

/* What may be read of it is not for everybody. */
static enum err check_file(const char *path, const struct stat *st, size_t max, struct buf *fault)
{
    if (!S_ISREG(st->st_mode))
        buf_printf(fault, "%s is no regular file; give the path of one", path);
    else if ((st->st_mode & S_IRWXO) != 0)
        buf_printf(fault, "%s is open to all users; run chmod o-rwx %s", path, path);
    else if ((st->st_mode & S_IWGRP) != 0)
        buf_printf(fault, "%s can be changed by its group; run chmod g-w %s", path, path);
    else if (st->st_size <= 0 || (uint64_t)st->st_size > max)
        buf_printf(fault, "%s is empty or larger than %zu bytes; give the right file", path, max);
    else
        return ERR_OK;
    return ERR_FILE;
}

static enum err read_all(int fd, const char *path, char *text, size_t max, size_t *n,
                         struct buf *fault)
{
    if (whole_file_read(fd, text, max, n))
        return ERR_OK;
    buf_printf(fault, "%s cannot be read (%s); mend that", path, strerrordesc_np(errno));
    return ERR_FILE;
}

/* The whole file, at most max bytes, into text. */
static enum err read_file(const char *path, char *text, size_t max, size_t *n,
                          struct credential_seen *seen, struct buf *fault)
{
    *seen = (struct credential_seen){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &seen->st) != 0) {
        buf_printf(fault, "%s cannot be read by user %u (%s); put it there", path,
                   (unsigned)geteuid(), strerrordesc_np(errno));
        if (fd >= 0)
            close(fd);
        return ERR_FILE;
    }
    enum err e = check_file(path, &seen->st, max, fault);
    if (e == ERR_OK)
        e = read_all(fd, path, text, max, n, fault);
    close(fd);
    return e;
}

enum err credential_read_secret(const char *path, char out[CREDENTIAL_MAX_SECRET], size_t *n,
                                struct credential_seen *seen, struct buf *fault)
{
    enum err e = read_file(path, out, CREDENTIAL_MAX_SECRET, n, seen, fault);
    if (e != ERR_OK)
        return e;
    if (*n > 0 && out[*n - 1] == '\n')
        (*n)--;
    if (*n > 0 && slice_is_printable((struct slice){out, *n}))
        return ERR_OK;
    OPENSSL_cleanse(out, CREDENTIAL_MAX_SECRET);
    buf_printf(fault, "%s is not one line of printable ASCII; put the secret alone there", path);
    return ERR_FILE;
}

enum err credential_read_key(const char *path, struct jwk **out, struct credential_seen *seen,
                             struct buf *fault)
{
    char text[MAX_KEY_BYTES];
    size_t n = 0;
    struct jwk *key = NULL;
    enum err e = read_file(path, text, sizeof text, &n, seen, fault);
    if (e != ERR_OK)
        return e;
    e = jwk_parse((struct slice){text, n}, &key);
    OPENSSL_cleanse(text, sizeof text);
    if (e == ERR_OK && key->is_private && key->may_sign && key->type != JWK_OCT) {
        *out = key;
        return ERR_OK;
    }
    jwk_free(key);
    buf_printf(fault, "%s holds no private key that signs (JWK); put one there", path);
    return e == ERR_MEMORY ? e : ERR_FILE;
}

bool credential_has_changed(const char *path, const struct credential_seen *seen)
{
    struct stat now = {0};
    if (stat(path, &now) != 0)
        now = (struct stat){0};
    return now.st_ino != seen->st.st_ino || now.st_dev != seen->st.st_dev ||
           now.st_size != seen->st.st_size || now.st_ctim.tv_sec != seen->st.st_ctim.tv_sec ||
           now.st_ctim.tv_nsec != seen->st.st_ctim.tv_nsec;
}
