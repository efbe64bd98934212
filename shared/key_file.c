#include "key_file.h"

#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX       16384 /* bytes; a private RSA key of 8192 bits takes less than half */
#define NAME_MAX_BYTES (JWK_MAX_KID + 16)

static void name_of(char out[NAME_MAX_BYTES], const char *kid)
{
    snprintf(out, NAME_MAX_BYTES, "%s.jwk", kid);
}

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define AUTO_FD __attribute__((cleanup(fd_close))) int

enum err key_directory_open(const char *path, struct key_directory *out, struct buf *fault)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        buf_printf(fault, "key directory %s: %s%s", path, strerror(errno),
                   errno == ENOENT ? "; make it with: fhir-authctl key generate" : "");
        return ERR_FILE;
    }
    if (fstat(fd, &st) != 0 || (st.st_mode & 027) != 0) {
        buf_printf(fault,
                   "key directory %s: others may use it or its group may write it; "
                   "mend it with: chmod 0700 %s",
                   path, path);
        close(fd);
        return ERR_FILE;
    }
    *out = (struct key_directory){.path = path, .fd = fd};
    return ERR_OK;
}

void key_directory_close(struct key_directory *dir)
{
    fd_close(&dir->fd);
    dir->fd = -1;
}

bool key_kid_is_thumbprint(struct slice kid)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (kid.n != JWK_THUMBPRINT)
        return false;
    for (size_t i = 0; i < kid.n; i++)
        if (memchr(alphabet, kid.p[i], sizeof alphabet - 1) == NULL)
            return false;
    return true;
}

bool key_file_exists(const struct key_directory *dir, const char *kid)
{
    char name[NAME_MAX_BYTES];
    name_of(name, kid);
    return dir->fd >= 0 && faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool write_all(int fd, struct slice text)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text = slice_skip(text, (size_t)n);
    }
    return true;
}

/* The directory may belong to the web server's user, who must be able to read what root makes. */
static bool give_to_owner(int fd, int dir)
{
    struct stat st;
    return geteuid() != 0 || (fstat(dir, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0);
}

/* False with errno. */
static bool write_text(int dir, const char *name, struct slice text)
{
    char temporary[NAME_MAX_BYTES + 8];
    snprintf(temporary, sizeof temporary, ".%s.new", name);
    AUTO_FD fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool renamed = false;
    if (write_all(fd, text) && fchmod(fd, 0600) == 0 && give_to_owner(fd, dir) && fsync(fd) == 0)
        renamed = renameat(dir, temporary, dir, name) == 0;
    if (renamed && fsync(dir) == 0)
        return true;
    int saved = errno;
    unlinkat(dir, renamed ? name : temporary, 0);
    errno = saved;
    return false;
}

enum err key_file_write(const struct key_directory *dir, const struct jwk *key, struct buf *fault)
{
    char name[NAME_MAX_BYTES], text[TEXT_MAX];
    struct buf b = BUF(text);
    enum err e = jwk_write_private(key, &b);
    if (e == ERR_OK && b.overflowed)
        e = ERR_INTERNAL;
    name_of(name, key->kid);
    if (e != ERR_OK)
        buf_printf(fault, "the private key cannot be written as text");
    else if (!write_text(dir->fd, name, buf_slice(&b))) {
        buf_printf(fault, "key file %s/%s: %s", dir->path, name, strerror(errno));
        e = ERR_FILE;
    }
    OPENSSL_cleanse(text, sizeof text);
    return e;
}

/* ERR_KEYS with a fault; *n is how much of text holds the file. */
static enum err read_text(const struct key_directory *dir, const char *name, char text[TEXT_MAX],
                          size_t *n, struct buf *fault)
{
    struct stat st;
    AUTO_FD fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        buf_printf(fault, "key file %s/%s: %s", dir->path, name, strerror(errno));
        return ERR_KEYS;
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
        buf_printf(fault,
                   "key file %s/%s: must be a plain file for its owner alone; "
                   "mend it with: chmod 0600 %s/%s",
                   dir->path, name, dir->path, name);
        return ERR_KEYS;
    }
    bool read = whole_file_read(fd, text, TEXT_MAX, n);
    if (read && *n < TEXT_MAX)
        return ERR_OK;
    buf_printf(fault, "key file %s/%s: %s", dir->path, name, read ? "too large" : strerror(errno));
    return ERR_KEYS;
}

static bool is_the_key(const struct jwk *key, const char *kid, const char *alg)
{
    char thumbprint[JWK_THUMBPRINT + 1];
    return key->is_private && (key->may_sign || key->may_decrypt) && strcmp(key->kid, kid) == 0 &&
           strcmp(key->alg, alg) == 0 && jwk_thumbprint(key, thumbprint) == ERR_OK &&
           strcmp(thumbprint, kid) == 0;
}

enum err key_file_read(const struct key_directory *dir, const char *kid, const char *alg,
                       struct jwk **out, struct buf *fault)
{
    char name[NAME_MAX_BYTES], text[TEXT_MAX];
    struct jwk *key = NULL;
    size_t n = 0;
    name_of(name, kid);
    enum err e = read_text(dir, name, text, &n, fault);
    if (e == ERR_OK) {
        e = jwk_parse((struct slice){text, n}, &key);
        if (e != ERR_OK || !is_the_key(key, kid, alg)) {
            buf_printf(fault, "key file %s/%s: does not hold the private %s key of that name",
                       dir->path, name, alg);
            e = ERR_KEYS;
        }
    }
    OPENSSL_cleanse(text, sizeof text);
    if (e == ERR_OK)
        *out = key;
    else
        jwk_free(key);
    return e;
}

enum err key_file_remove(const struct key_directory *dir, const char *kid, struct buf *fault)
{
    char name[NAME_MAX_BYTES];
    name_of(name, kid);
    if (unlinkat(dir->fd, name, 0) == 0 ? fsync(dir->fd) == 0 : errno == ENOENT)
        return ERR_OK;
    buf_printf(fault, "key file %s/%s: cannot be removed: %s", dir->path, name, strerror(errno));
    return ERR_FILE;
}
