#include "ctl.h"
#include "keyring.h"
#include "store_signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The keys that the format of tokens needs. */
static void keys_check(struct ctl *c)
{
    char text[1024];
    struct buf fault = BUF(text);
    struct jwk *key = NULL;
    struct keyring k = keyring_of(&c->config, c->store, "sig", c->now);
    if (c->config.token_format != TOKEN_OPAQUE && keyring_signing_key(&k, &key, &fault) != ERR_OK)
        ctl_say("warning: %s", text);
    jwk_free(key);
    key = NULL;
    k = keyring_of(&c->config, c->store, "enc", c->now);
    fault = BUF(text);
    if (c->config.token_format == TOKEN_ENCRYPTED_JWT &&
        keyring_encryption_key(&k, &key, &fault) != ERR_OK)
        ctl_say("warning: %s", text);
    jwk_free(key);
}

static void signal_check(struct ctl *c)
{
    struct store_signal s = {0};
    if (!store_signal_follow(&s, c->config.store_path))
        ctl_say("warning: %s-signal: it is of no use, so that a revocation counts only within a "
                "second: remove it, and it is made anew",
                c->config.store_path);
    store_signal_close(&s);
}

/* Not faults of the configuration, but things work badly or not before they are mended. */
static void store_check(struct ctl *c)
{
    struct stat st;
    if (stat(c->config.store_path, &st) != 0) {
        ctl_say("warning: store %s: %s%s", c->config.store_path, strerror(errno),
                errno == ENOENT ? "; make it with: fhir-authctl key generate" : "");
        return;
    }
    if (store_open(c->config.store_path, c->config.store_busy_timeout_ms, &c->store) != ERR_OK) {
        ctl_say("warning: store %s: %s", c->config.store_path,
                c->store != NULL ? store_fault(c->store) : err_row(ERR_MEMORY)->text);
        return;
    }
    signal_check(c);
    keys_check(c);
}

/* errno tells why. */
static bool mkdir_would_fail(const char *path)
{
    char parent[CONFIG_MAX_TEXT];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    return access(parent, W_OK | X_OK) != 0;
}

/* The programs make it themselves; they run as the web server's user, so that is only a hint. */
static void spool_check(const struct config *conf)
{
    const char *where = conf->audit_spool;
    if (strstr(conf->audit_events, "://") == NULL || access(where, R_OK | W_OK | X_OK) == 0)
        return;
    if (errno != ENOENT || mkdir_would_fail(where))
        ctl_say("warning: spool %s: %s", where, strerror(errno));
}

enum status config_check(struct ctl *c)
{
    enum status s = ctl_config(c);
    if (s != STATUS_YES)
        return s;
    store_check(c);
    spool_check(&c->config);
    buf_printf(&c->out, "%s: no faults\n", config_path());
    return STATUS_YES;
}
