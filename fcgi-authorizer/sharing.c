#include "sharing.h"

#include "log.h"
#include "shared_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct sharing {
    const struct config *conf;
    struct secret salt; /* set by the first sharing_begin, before any digest is asked for */
    bool begun;
    struct shared_cache *cache; /* set before the first stamp that is not 0 */
    _Atomic uint64_t stamp;
};

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* What is the same for all processes that may believe each other; false when it is not known. */
static bool find_salt(const struct config *conf, struct secret *out)
{
    struct stat program;
    char facts[256];
    int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, facts, 64) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || stat("/proc/self/exe", &program) != 0)
        return false;
    const int64_t file[] = {(int64_t)program.st_dev,          (int64_t)program.st_ino,
                            (int64_t)program.st_size,         (int64_t)program.st_mtim.tv_sec,
                            (int64_t)program.st_mtim.tv_nsec, (int64_t)program.st_ctim.tv_sec,
                            (int64_t)program.st_ctim.tv_nsec};
    memcpy(facts + n, file, sizeof file);
    return secret_digest((struct slice){(const char *)&conf->text_hash, sizeof conf->text_hash},
                         (struct slice){facts, (size_t)n + sizeof file}, out);
}

struct sharing *sharing_new(const struct config *conf)
{
    struct sharing *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->conf = conf;
    s->begun = conf->token_cache == 0;
    return s;
}

void sharing_free(struct sharing *s)
{
    if (s == NULL)
        return;
    shared_cache_close(s->cache);
    free(s);
}

bool sharing_digest(const struct sharing *s, struct slice token, struct secret *out)
{
    return secret_digest((struct slice){(const char *)s->salt.b, sizeof s->salt.b}, token, out);
}

struct sharing_store sharing_store_now(const struct config *conf)
{
    struct statx sx;
    if (statx(AT_FDCWD, conf->store_path, 0, STATX_INO | STATX_BTIME, &sx) != 0)
        return (struct sharing_store){0};
    bool born = (sx.stx_mask & STATX_BTIME) != 0;
    return (struct sharing_store){.device = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor,
                                  .inode = sx.stx_ino,
                                  .born_s = born ? (uint64_t)sx.stx_btime.tv_sec : 0,
                                  .born_ns = born ? sx.stx_btime.tv_nsec : 0};
}

/* Once: a process that cannot share goes on by itself. */
static void map_file(struct sharing *s)
{
    char path[CONFIG_MAX_TEXT + 16];
    struct buf text = BUF(path);
    const char *why = "/proc cannot be read";
    buf_printf(&text, "%s-verified", s->conf->store_path);
    if (find_salt(s->conf, &s->salt))
        s->cache = shared_cache_open(path, &why);
    if (s->cache == NULL)
        LOG(LOG_LEVEL_WARNING, "tokens-not-shared", LOG_TEXT("path", slice_of(path)),
            LOG_TEXT("reason", slice_of(why)),
            LOG_TEXT("effect", SLICE("each process verifies each token by itself")));
}

void sharing_begin(struct sharing *s, const struct sharing_store *store,
                   const struct store_signal *signal, uint64_t count, int64_t epoch, int64_t now)
{
    if (!s->begun)
        map_file(s);
    s->begun = true;
    if (s->cache == NULL || store->inode == 0 || signal == NULL) {
        sharing_pause(s);
        return;
    }
    const uint64_t state[] = {store->device,
                              store->inode,
                              store->born_s,
                              store->born_ns,
                              (uint64_t)signal->device,
                              (uint64_t)signal->inode,
                              count,
                              (uint64_t)epoch,
                              shared_cache_era(s->cache, now)};
    struct secret digest;
    uint64_t stamp = 0;
    if (secret_digest(SLICE(""), (struct slice){(const char *)state, sizeof state}, &digest))
        memcpy(&stamp, digest.b, sizeof stamp);
    atomic_store(&s->stamp, stamp);
}

void sharing_pause(struct sharing *s)
{
    atomic_store(&s->stamp, 0);
}

uint64_t sharing_stamp(const struct sharing *s)
{
    return atomic_load(&s->stamp);
}

bool sharing_get(const struct sharing *s, const struct secret *digest, uint64_t stamp, int64_t now,
                 struct arena *a, struct token *out)
{
    return stamp != 0 && shared_cache_get(s->cache, digest, stamp, now, a, out);
}

void sharing_put(struct sharing *s, const struct secret *digest, uint64_t stamp, int64_t now,
                 const struct token *token)
{
    if (stamp != 0)
        shared_cache_put(s->cache, digest, stamp, now, token);
}
