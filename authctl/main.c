#include "ctl.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Address space only: pages are touched as they are used. */
#define MEMORY_BYTES (64U << 20)
#define OUTPUT_BYTES (64U << 20)

#define REGISTRATION_OPTIONS                                                                       \
    (OPT(SCOPE) | OPT(IMPORT_SECRET) | OPT(JWKS) | OPT(JWKS_URI) | OPT(TOKEN_LIFETIME) |           \
     OPT(DPOP) | OPT(TLS_SUBJECT) | OPT(TLS_SAN_DNS) | OPT(TLS_SAN_URI) | OPT(TLS_SAN_IP) |        \
     OPT(TLS_SAN_EMAIL) | OPT(TLS_CERTIFICATE) | OPT(TLS_BOUND) | OPT(JSON))

/* clang-format off */
static const struct command rows[] = {
    {"config", "check", NULL, NULL, 0, "",
     "Report all faults of the configuration; warn when there is no store or signing key.",
     config_check},
    {"client", "add", "NAME", NULL, REGISTRATION_OPTIONS | OPT(SECRET) | OPT(ID),
     "NAME --scope SCOPES [--secret | --import-secret FILE|- | --jwks FILE | --jwks-uri URL |\n"
     "        --tls-subject DN | --tls-san-dns NAME | --tls-san-uri URI | --tls-san-ip ADDRESS |\n"
     "        --tls-san-email ADDRESS | --tls-certificate FILE]\n"
     "        [--id ID] [--token-lifetime 10s] [--dpop required|optional]\n"
     "        [--tls-bound required|optional] [--json]",
     "Register a client; by default a secret is made and shown this once.", client_add},
    {"client", "list", NULL, NULL, OPT(JSON), "[--json]", "List all clients.", client_list},
    {"client", "show", "ID", NULL, OPT(JSON), "ID [--json]",
     "Show one client, its secrets' times, its failed logins and its keys.", client_show},
    {"client", "set", "ID", NULL, REGISTRATION_OPTIONS | OPT(NAME),
     "ID [--name NAME] [--scope SCOPES] [--token-lifetime 10s|default]\n"
     "        [--jwks FILE | --jwks-uri URL | --import-secret FILE|- | --tls-subject DN |\n"
     "        --tls-san-dns NAME | --tls-san-uri URI | --tls-san-ip ADDRESS |\n"
     "        --tls-san-email ADDRESS | --tls-certificate FILE]\n"
     "        [--dpop required|optional] [--tls-bound required|optional] [--json]",
     "Change a client.", client_set},
    {"client", "rotate-secret", "ID", NULL, OPT(GRACE) | OPT(JSON), "ID [--grace 24h] [--json]",
     "Make a new secret; the old one ends at once, or after the grace time.",
     client_rotate_secret},
    {"client", "disable", "ID", NULL, OPT(JSON), "ID [--json]",
     "Refuse the client and all tokens that it has.", client_disable},
    {"client", "enable", "ID", NULL, OPT(JSON), "ID [--json]",
     "Accept the client again and forget its failed logins; old tokens stay refused.",
     client_enable},
    {"client", "remove", "ID", NULL, OPT(JSON), "ID [--json]",
     "Remove the client and refuse all tokens that it has.", client_remove},
    {"key", "list", NULL, NULL, OPT(JSON), "[--json]", "List the keys of all hosts.", key_list},
    {"key", "generate", NULL, NULL, OPT(USE) | OPT(JSON), "[--use sig|enc] [--json]",
     "Make a signing key: this host's first one signs, a further one waits for key rotate.",
     key_generate},
    {"key", "rotate", NULL, NULL, OPT(USE) | OPT(NOW) | OPT(JSON),
     "[--use sig|enc] [--now] [--json]",
     "Let the waiting key sign, or a new one, once it was published for long enough;\n"
     "        --now: at once. The key that signed until then is retired.",
     key_rotate},
    {"key", "retire", "KID", NULL, OPT(NOW) | OPT(JSON), "KID [--now] [--json]",
     "Stop signing with a key; --now: it has leaked, refuse all that it signed.", key_retire},
    {"token", "inspect", NULL, NULL, OPT(JSON), "[--json] < TOKEN",
     "Show header and claims of an access token, and whether it is valid.", token_inspect},
    {"token", "revoke", NULL, NULL, OPT(JSON), "[--json] < TOKEN", "Refuse this access token.",
     token_revoke},
    {"explain", NULL, "METHOD", "URI", OPT(JSON), "METHOD URI [--json] < TOKEN",
     "Show how the authorizer decides on a request, rule by rule; no input: no token.", explain},
    {"doctor", NULL, "URL", NULL, OPT(TOKEN_FILE) | OPT(CA) | OPT(WARM) | OPT(JSON),
     "URL [--token-file FILE|-] [--ca FILE] [--warm N] [--json]",
     "Ask a web server from outside whether it guards the FHIR base URL as it should, and tell\n"
     "        what to mend; --warm: only send N requests at once until no process is missing.",
     doctor},
    {"jose", "verify", NULL, NULL, OPT(KEY), "--key FILE < JWS",
     "Verify a compact JWS with a JWK or a JWK Set and print its payload.", jose_verify},
    {"jose", "decrypt", NULL, NULL, OPT(KEY), "--key FILE < JWE",
     "Decrypt a compact JWE with a JWK or a JWK Set and print its plaintext.", jose_decrypt},
};
/* clang-format on */

static const struct commands commands = {rows, sizeof rows / sizeof rows[0]};

/* A file that we open must not become standard output. */
static bool standard_files_exist(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < STDERR_FILENO)
        fd = dup(fd);
    if (fd > STDERR_FILENO)
        close(fd);
    return fd >= 0;
}

/* No secret in a core dump, no file of ours open to others, no death by a closed pipe. */
static bool process_prepare(void)
{
    static const struct rlimit none = {0, 0};
    umask(077);
    return standard_files_exist() && setrlimit(RLIMIT_CORE, &none) == 0 &&
           signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

/* "yes" to standard output, all else to standard error. */
static enum status output_write(struct ctl *c, enum status s)
{
    FILE *file = s == STATUS_YES ? stdout : stderr;
    if (c->out.overflowed)
        return ctl_no("the output is larger than memory");
    setvbuf(file, NULL, _IONBF, 0); /* no copy of a secret in a buffer of stdio's */
    if (fwrite(c->out.p, 1, c->out.n, file) != c->out.n && s == STATUS_YES)
        return ctl_no("done, but standard output failed: %s", strerror(errno));
    return s;
}

static enum status run(int argc, char *const argv[], struct ctl *c)
{
    const struct command *command = NULL;
    enum status s = options_read(&commands, argc, argv, c, &command);
    if (s == STATUS_YES && command != NULL)
        s = command->run(c);
    bool drop = command != NULL && s != STATUS_YES && !c->tell_on_no;
    return drop ? s : output_write(c, s);
}

int main(int argc, char *argv[])
{
    struct ctl c = {.now = (int64_t)time(NULL)};
    char *out = malloc(OUTPUT_BYTES);
    if (!process_prepare() || out == NULL || !arena_init(&c.arena, MEMORY_BYTES)) {
        free(out);
        return (int)ctl_no("out of memory, or the process cannot be set up");
    }
    c.out = buf_over(out, OUTPUT_BYTES);
    enum status s = run(argc - 1, argv + 1, &c);
    store_close(c.store);
    OPENSSL_cleanse(out, c.out.n);
    free(out);
    arena_free(&c.arena);
    return (int)s;
}
