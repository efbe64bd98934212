#include "options.h"

#include <string.h>

static const struct {
    const char *name;
    bool has_value;
} rows[OPT_COUNT] = {
    [OPT_CA] = {"ca", true},
    [OPT_DPOP] = {"dpop", true},
    [OPT_GRACE] = {"grace", true},
    [OPT_ID] = {"id", true},
    [OPT_IMPORT_SECRET] = {"import-secret", true},
    [OPT_JSON] = {"json", false},
    [OPT_JWKS] = {"jwks", true},
    [OPT_JWKS_URI] = {"jwks-uri", true},
    [OPT_KEY] = {"key", true},
    [OPT_NAME] = {"name", true},
    [OPT_NOW] = {"now", false},
    [OPT_SCOPE] = {"scope", true},
    [OPT_SECRET] = {"secret", false},
    [OPT_TLS_BOUND] = {"tls-bound", true},
    [OPT_TLS_CERTIFICATE] = {"tls-certificate", true},
    [OPT_TLS_SAN_DNS] = {"tls-san-dns", true},
    [OPT_TLS_SAN_EMAIL] = {"tls-san-email", true},
    [OPT_TLS_SAN_IP] = {"tls-san-ip", true},
    [OPT_TLS_SAN_URI] = {"tls-san-uri", true},
    [OPT_TLS_SUBJECT] = {"tls-subject", true},
    [OPT_TOKEN_FILE] = {"token-file", true},
    [OPT_TOKEN_LIFETIME] = {"token-lifetime", true},
    [OPT_USE] = {"use", true},
    [OPT_WARM] = {"warm", true},
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

void usage_write(const struct commands *all, const char *noun, const char *verb, struct buf *out)
{
    buf_puts(out, "usage:\n");
    for (size_t i = 0; i < all->count; i++) {
        const struct command *row = &all->rows[i];
        bool other_verb = verb != NULL && row->verb != NULL && !is(verb, row->verb);
        if ((noun != NULL && !is(noun, row->noun)) || other_verb)
            continue;
        buf_printf(out, "  fhir-authctl %s%s%s%s%s\n        %s\n", row->noun,
                   row->verb != NULL ? " " : "", row->verb != NULL ? row->verb : "",
                   *row->arguments ? " " : "", row->arguments, row->help);
    }
    if (noun == NULL)
        buf_puts(out, "The configuration is read from $FHIR_AUTH_CONF, else " CONFIG_DEFAULT_PATH
                      ".\nExit status: 0 yes or done, 1 no, 2 usage or an unreadable key file.\n"
                      "See fhir-authctl(8).\n");
}

static const struct command *command_find(const struct commands *all, const char *noun,
                                          const char *verb)
{
    for (size_t i = 0; i < all->count; i++)
        if (is(noun, all->rows[i].noun) &&
            (verb == NULL || all->rows[i].verb == NULL || is(verb, all->rows[i].verb)))
            return &all->rows[i];
    return NULL;
}

struct command_name {
    char text[48];
};

/* "client add", or "explain", for messages. */
static struct command_name command_name(const struct command *command)
{
    struct command_name name = {""};
    struct buf text = BUF(name.text);
    buf_printf(&text, "%s%s%s", command->noun, command->verb != NULL ? " " : "",
               command->verb != NULL ? command->verb : "");
    return name;
}

static bool is_help(const char *word)
{
    return is(word, "-h") || is(word, "--help");
}

/* The value is behind '=' or the next argument; *i is moved past what was used. */
static enum status option_read(const struct command *command, int argc, char *const argv[], int *i,
                               struct ctl *c)
{
    const char *word = argv[*i] + 2;
    size_t n = strcspn(word, "=");
    for (size_t k = 0; k < OPT_COUNT; k++) {
        if ((command->options & (1u << k)) == 0 || !slice_is((struct slice){word, n}, rows[k].name))
            continue;
        if (c->options[k] != NULL)
            return ctl_misuse("--%s is given twice", rows[k].name);
        if (!rows[k].has_value && word[n] == '=')
            return ctl_misuse("--%s takes no value", rows[k].name);
        if (rows[k].has_value && word[n] != '=' && *i + 1 >= argc)
            return ctl_misuse("--%s needs a value", rows[k].name);
        if (!rows[k].has_value)
            c->options[k] = "";
        else
            c->options[k] = word[n] == '=' ? word + n + 1 : argv[++*i];
        return STATUS_YES;
    }
    return ctl_misuse("%s has no option --%.*s; if it is an argument, put -- before it",
                      command_name(command).text, (int)n, word);
}

/* *help: the usage was asked for, and nothing behind that was looked at. */
static enum status arguments_read(const struct command *command, int argc, char *const argv[],
                                  struct ctl *c, bool *help)
{
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        if (!only_operands && is(argv[i], "--")) {
            only_operands = true;
        } else if (!only_operands && is_help(argv[i])) {
            *help = true;
            return STATUS_YES;
        } else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
            enum status s = option_read(command, argc, argv, &i, c);
            if (s != STATUS_YES)
                return s;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            return ctl_misuse("%s has no option %s; if it is an argument, put -- before it",
                              command_name(command).text, argv[i]);
        } else if (command->operand != NULL && c->operand == NULL) {
            c->operand = argv[i];
        } else if (command->second != NULL && c->second == NULL) {
            c->second = argv[i];
        } else {
            return ctl_misuse("%s does not take the argument '%s'", command_name(command).text,
                              argv[i]);
        }
    }
    if (command->operand != NULL && c->operand == NULL)
        return ctl_misuse("%s needs a %s", command_name(command).text, command->operand);
    if (command->second != NULL && c->second == NULL)
        return ctl_misuse("%s needs a %s", command_name(command).text, command->second);
    return STATUS_YES;
}

enum status options_read(const struct commands *all, int argc, char *const argv[], struct ctl *c,
                         const struct command **out)
{
    const char *noun = argc > 0 && !is_help(argv[0]) ? argv[0] : NULL;
    const char *verb = noun != NULL && argc > 1 && !is_help(argv[1]) ? argv[1] : NULL;
    const struct command *command = noun != NULL ? command_find(all, noun, verb) : NULL;

    if (noun != NULL && command == NULL && command_find(all, noun, NULL) == NULL)
        return ctl_misuse("unknown command '%s'; see fhir-authctl --help", noun);
    if (noun != NULL && command == NULL)
        return ctl_misuse("unknown command '%s %s'; see fhir-authctl %s --help", noun, verb, noun);
    *out = NULL;
    if (command == NULL || (verb == NULL && command->verb != NULL)) {
        usage_write(all, noun, NULL, &c->out);
        bool help = argc > (noun != NULL ? 1 : 0); /* what is there and no name is -h or --help */
        return help ? STATUS_YES : STATUS_USAGE;
    }
    bool help = false;
    int words = command->verb != NULL ? 2 : 1;
    enum status s = arguments_read(command, argc - words, argv + words, c, &help);
    if (help)
        usage_write(all, command->noun, command->verb, &c->out);
    else if (s == STATUS_YES)
        *out = command;
    return s;
}
