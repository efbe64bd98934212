#include "ctl.h"
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096 /* before it is escaped */
#define FAULTS_MAX     65536

static void say(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* One write(2), so that lines of several processes do not mix. */
static void say(const char *fmt, va_list ap)
{
    char text[LINE_MAX_BYTES], line[4 * LINE_MAX_BYTES + 64];
    struct buf out = BUF(line);
    vsnprintf(text, sizeof text, fmt, ap);
    buf_puts(&out, "fhir-authctl: ");
    report_escape(&out, slice_of(text));
    buf_putc(&out, '\n');
    ssize_t ignored = write(STDERR_FILENO, out.p, out.n);
    (void)ignored; /* there is nowhere left to complain */
}

void ctl_say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

enum status ctl_no(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return STATUS_NO;
}

enum status ctl_misuse(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return STATUS_USAGE;
}

enum status ctl_config(struct ctl *c)
{
    struct buf faults = buf_in(&c->arena, FAULTS_MAX);
    if (config_load(config_path(), &c->config, &faults) == ERR_OK)
        return STATUS_YES;
    struct slice rest = buf_slice(&faults), line;
    while (slice_cut(&rest, '\n', &line))
        if (line.n > 0)
            ctl_say("%.*s", SLICE_FMT(line));
    if (faults.n == 0 || faults.overflowed)
        ctl_say("%s: there are more faults than can be shown", config_path());
    return STATUS_NO;
}

enum status ctl_store(struct ctl *c, bool create)
{
    const struct config *f = &c->config;
    enum err e = create ? store_create(f->store_path, f->store_busy_timeout_ms, &c->store)
                        : store_open(f->store_path, f->store_busy_timeout_ms, &c->store);
    if (e == ERR_OK)
        return STATUS_YES;
    if (!create && access(f->store_path, F_OK) != 0)
        return ctl_no("there is no store %s yet; fhir-authctl key generate makes it",
                      f->store_path);
    return ctl_store_no(c, e);
}

enum status ctl_open(struct ctl *c)
{
    enum status s = ctl_config(c);
    return s == STATUS_YES ? ctl_store(c, false) : s;
}

enum status ctl_store_no(struct ctl *c, enum err e)
{
    if (e == ERR_STORE && c->store != NULL)
        return ctl_no("store %s: %s", c->config.store_path, store_fault(c->store));
    return ctl_no("store %s: %s", c->config.store_path, err_row(e)->text);
}
