#include "key_file.h"
#include "keyring.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --use sig (the default) or enc. */
static enum status use_read(const struct ctl *c, const char **out)
{
    const char *use = c->options[OPT_USE] != NULL ? c->options[OPT_USE] : "sig";
    if (strcmp(use, "sig") != 0 && strcmp(use, "enc") != 0)
        return ctl_misuse("--use is sig or enc");
    *out = use;
    return STATUS_YES;
}

struct listing {
    struct report_list *list; /* NULL: report one key as a record */
    struct ctl *c;
    struct key_directory dir;
    const char *kid; /* the one wanted; NULL: all */
    bool found;
};

static struct listing listing_of(struct ctl *c, struct report_list *list, const char *kid)
{
    struct listing l = {.list = list, .c = c, .dir = {.fd = -1}, .kid = kid};
    l.dir.path = c->config.key_dir;
    l.dir.fd = open(c->config.key_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return l; /* an open that fails shows as keys that are not here */
}

static bool report_one(const struct store_key *key, void *context)
{
    static const char *const states[] = {
        [KEY_PENDING] = "pending", [KEY_ACTIVE] = "active", [KEY_RETIRED] = "retired"};
    struct listing *l = context;
    if (l->kid != NULL && strcmp(l->kid, key->kid) != 0)
        return true;
    bool expired = key->expires_at != 0 && key->expires_at <= l->c->now;
    bool waits = key->state == KEY_PENDING && key->activated_at > l->c->now;
    bool unset = key->state == KEY_PENDING && key->activated_at == 0;
    enum key_state state = key->state == KEY_PENDING && !waits && !unset ? KEY_ACTIVE : key->state;
    bool here = key_kid_is_thumbprint(slice_of(key->kid)) && key_file_exists(&l->dir, key->kid);
    const struct field fields[] = {
        REPORT_TEXT("kid", "KID", slice_of(key->kid)),
        REPORT_TEXT("use", "USE", slice_of(key->use)),
        REPORT_TEXT("alg", "ALG", slice_of(key->alg)),
        REPORT_TEXT("state", "STATE", slice_of(expired ? "expired" : states[state])),
        REPORT_NUMBER("here", "HERE", FIELD_FLAG, here),
        REPORT_NUMBER("created_at", "CREATED", FIELD_TIME, key->created_at),
        REPORT_NUMBER("signs_from", "SIGNS FROM", FIELD_TIME, waits ? key->activated_at : 0),
        REPORT_NUMBER("activated_at", "ACTIVATED", FIELD_TIME, waits ? 0 : key->activated_at),
        REPORT_NUMBER("retired_at", "RETIRED", FIELD_TIME, key->retired_at),
        REPORT_NUMBER("expires_at", "PUBLISHED UNTIL", FIELD_TIME, key->expires_at),
    };
    size_t n = sizeof fields / sizeof fields[0];
    l->found = true;
    if (l->list != NULL)
        report_list_add(l->list, fields, n);
    else
        report_record(l->c, fields, n);
    return l->kid == NULL;
}

enum status key_list(struct ctl *c)
{
    struct report_list list;
    enum status s = ctl_open(c);
    if (s != STATUS_YES)
        return s;
    struct listing l = listing_of(c, &list, NULL);
    report_list_begin(&list, c);
    enum err e = store_key_list(c->store, report_one, &l);
    key_directory_close(&l.dir);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    report_list_end(&list, "no keys; make one with: fhir-authctl key generate");
    return STATUS_YES;
}

static enum status key_report(struct ctl *c, const char *kid)
{
    struct listing l = listing_of(c, NULL, kid);
    enum err e = store_key_list(c->store, report_one, &l);
    key_directory_close(&l.dir);
    if (e != ERR_OK)
        return ctl_store_no(c, e);
    return l.found ? STATUS_YES : ctl_no("key %s is gone", kid);
}

/* The new directory, still our own; as root it goes to the owner of the one above. */
static bool directory_give(int parent, const char *name)
{
    struct stat st;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = geteuid() != 0 || (fstat(parent, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0);
    close(fd);
    return ok;
}

static enum status directory_make(const char *path)
{
    char above[CONFIG_MAX_TEXT];
    const char *slash = strrchr(path, '/');
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    memcpy(above, path, n);
    above[n] = '\0';
    int parent = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return ctl_no("directory %s: %s", above, strerror(errno));
    bool made = mkdirat(parent, slash + 1, 0700) == 0;
    bool ok = made ? directory_give(parent, slash + 1) : errno == EEXIST;
    int saved = errno;
    close(parent);
    return ok ? STATUS_YES : ctl_no("key directory %s: %s", path, strerror(saved));
}

static enum status fault_no(struct buf *fault)
{
    return ctl_no("%.*s", SLICE_FMT(buf_slice(fault)));
}

enum status key_generate(struct ctl *c)
{
    char kid[JWK_THUMBPRINT + 1], text[1024];
    struct buf fault = BUF(text);
    const char *use = "sig";
    enum status s = use_read(c, &use);
    if (s == STATUS_YES)
        s = ctl_config(c);
    if (s == STATUS_YES)
        s = ctl_store(c, true);
    if (s == STATUS_YES)
        s = directory_make(c->config.key_dir);
    if (s != STATUS_YES)
        return s;
    struct keyring k = keyring_of(&c->config, c->store, use, c->now);
    if (keyring_generate(&k, kid, &fault) != ERR_OK)
        return fault_no(&fault);
    return key_report(c, kid);
}

enum status key_rotate(struct ctl *c)
{
    char kid[JWK_THUMBPRINT + 1], text[1024];
    struct buf fault = BUF(text);
    const char *use = "sig";
    enum status s = use_read(c, &use);
    if (s == STATUS_YES)
        s = ctl_open(c);
    if (s != STATUS_YES)
        return s;
    struct keyring k = keyring_of(&c->config, c->store, use, c->now);
    if (c->options[OPT_NOW] != NULL)
        k.publish_s = 0;
    if (keyring_rotate(&k, kid, &fault) != ERR_OK)
        return fault_no(&fault);
    return key_report(c, kid);
}

static void warn_unless_signing(const struct keyring *k)
{
    char text[1024];
    struct buf fault = BUF(text);
    struct jwk *key = NULL;
    if (keyring_signing_key(k, &key, &fault) != ERR_OK)
        ctl_say("warning: no tokens can be issued: %s", text);
    jwk_free(key);
}

enum status key_retire(struct ctl *c)
{
    char text[1024];
    struct buf fault = BUF(text);
    bool at_once = c->options[OPT_NOW] != NULL;
    enum status s = ctl_open(c);
    if (s != STATUS_YES)
        return s;
    struct keyring k = keyring_of(&c->config, c->store, "sig", c->now);
    enum err e = keyring_retire(&k, slice_of(c->operand), at_once, &fault);
    if (e == ERR_NOT_FOUND) { /* maybe a key to encrypt with */
        struct keyring other = keyring_of(&c->config, c->store, "enc", c->now);
        fault = BUF(text);
        e = keyring_retire(&other, slice_of(c->operand), at_once, &fault);
    }
    if (e == ERR_NOT_FOUND)
        return ctl_no("there is no key '%s'", c->operand);
    if (e != ERR_OK)
        return fault_no(&fault);
    warn_unless_signing(&k);
    if (!at_once)
        return key_report(c, c->operand);
    if (c->options[OPT_JSON] != NULL) {
        const struct field fields[] = {
            REPORT_TEXT("kid", "", slice_of(c->operand)),
            REPORT_NUMBER("removed", "", FIELD_FLAG, true),
        };
        report_record(c, fields, sizeof fields / sizeof fields[0]);
    } else {
        buf_printf(&c->out, "key %s is removed; every token that it was used for is refused\n",
                   c->operand);
    }
    return STATUS_YES;
}
